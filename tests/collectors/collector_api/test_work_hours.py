"""Outside work hours nothing is linked to a person, whatever a device sends (privacy.md 2)."""

import json
from typing import Any

import pytest

from apps.binaries.models import ExecutionSample
from apps.collectors import effective
from apps.collectors.choices import Level, Preset
from apps.collectors.models import Collector, RefusalCount
from apps.collectors.services import configuration
from apps.collectors.switches import PRESETS
from apps.devices.models import (
    ConnectivitySample,
    Device,
    InventoryPart,
    LocalAdmin,
    NetworkAdapter,
    PerformanceSample,
)
from apps.users.models import User, UserDevice
from tests.conftest import NOW
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    Machine,
    collector_of,
    connectivity,
    execution,
    make_machine,
    performance,
)
from tests.factories.inventory import DISKS, LOCAL_ADMINS, NETWORK, part
from tests.factories.sessions import ACCOUNT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

EARLY = "2026-03-02T05:30:00Z"  # Monday
SUNDAY = "2026-03-01T10:00:00Z"
AT_NOON = "2026-03-02T11:30:00Z"
LATER = "2026-03-02T11:50:00Z"
MORNING = {"days": [1], "start": "07:00", "end": "11:45"}
PLACE: dict[str, Any] = {
    "wifi_ssid": "Home",
    "wifi_bssid": "0a:0b:0c:0d:0e:0f",
    "local_ip": "192.168.7.20",
    "gateway_ip": "192.168.7.1",
    "dns_ips": ["192.168.7.1"],
}
AT_HOME: dict[str, Any] = {**PLACE, "local_ip": "192.168.99.9"}
DICTIONARIES: dict[str, Any] = {"users": ADA_ROSSI, "binaries": SOFFICE}


def machine_under(rule: str = "schedule", **details: Any) -> Machine:
    """Return a machine that measures by the standard preset but for work hours."""
    decide(details, work_hours=rule)
    return make_machine()


def decide(details: dict[str, Any], **values: str) -> None:
    """Put the standard preset in force on the whole instance, `values` differing from it."""
    configuration.save_configuration(
        level=Level.INSTANCE,
        preset=Preset.CUSTOM,
        values={**PRESETS[Preset.STANDARD], **values},
        details=details,
        now=NOW,
    )


class TestOutside:
    @pytest.mark.case("privacy.25")
    @pytest.mark.parametrize("rule", ["schedule", "on_site"])
    @pytest.mark.parametrize("bucket", [EARLY, SUNDAY])
    def test_a_forged_row_loses_its_user_and_performance_goes_on(
        self, rule: str, bucket: str
    ) -> None:
        machine = machine_under(rule)

        response = machine.send(execution(bucket), performance(bucket), **DICTIONARIES)

        assert response.json()["accepted"] == 2
        assert ExecutionSample.objects.get().user is None
        assert not User.objects.exists()
        assert PerformanceSample.objects.count() == 1
        count = RefusalCount.objects.get()
        assert (count.kind, count.code, count.number) == ("execution.events", "work_hours", 1)

    @pytest.mark.parametrize("user", [1, None])
    def test_a_forged_row_tells_nobodys_focus(self, user: int | None) -> None:
        configured = {**PRESETS[Preset.STANDARD], "work_hours": "schedule", "focus_time": "on"}
        configuration.save_configuration(
            level=Level.INSTANCE, preset=Preset.CUSTOM, values=configured, now=NOW
        )
        machine = make_machine()

        for bucket in (EARLY, AT_NOON):
            record = execution(bucket, user=user)
            record["metrics"]["focus_time_ms"] = {"sum": 60_000}
            machine.send(record, **DICTIONARIES)

        rows = ExecutionSample.objects.order_by("bucket")
        assert [row.focus_time_ms_sum for row in rows] == [None, 60_000]  # type: ignore[attr-defined]
        assert RefusalCount.objects.get().number == 1

    def test_a_forged_row_tells_nobodys_place(self) -> None:
        configured = {
            **PRESETS[Preset.STANDARD],
            "work_hours": "schedule",
            "wifi_identifiers": "on",
        }
        configuration.save_configuration(
            level=Level.INSTANCE, preset=Preset.CUSTOM, values=configured, now=NOW
        )
        machine = make_machine()

        for bucket in (EARLY, AT_NOON):
            machine.send(connectivity(bucket, wifi_channel=36, **PLACE))

        rows = ConnectivitySample.objects.order_by("bucket").values("wifi_channel", *PLACE)
        nowhere = {"wifi_channel": 36, **dict.fromkeys(PLACE)}
        assert list(rows) == [nowhere, {"wifi_channel": 36, **PLACE}]
        count = RefusalCount.objects.get()
        assert (count.kind, count.code, count.number) == ("connectivity.events", "work_hours", 1)

    def test_a_network_without_place_is_not_counted(self) -> None:
        machine_under().send(connectivity(EARLY, wifi_channel=36))

        assert ConnectivitySample.objects.count() == 1
        assert not RefusalCount.objects.exists()

    def test_a_row_without_user_is_not_counted(self) -> None:
        machine_under().send(execution(EARLY, user=None), **DICTIONARIES)

        assert ExecutionSample.objects.count() == 1
        assert not RefusalCount.objects.exists()

    def test_the_hours_are_those_of_the_configuration(self) -> None:
        night = {"days": [1], "start": "05:00", "end": "05:45"}

        machine_under(schedule=night).send(execution(EARLY), execution(AT_NOON), **DICTIONARIES)

        rows = ExecutionSample.objects.order_by("bucket")
        assert [row.user is not None for row in rows] == [True, False]

    def test_a_time_beyond_the_calendar_is_refused_alone(self) -> None:
        machine = machine_under()

        response = machine.send(
            execution("9999-12-31T23:45:00Z"),
            execution("2026-03-02T09:00:00Z"),
            device_clock="2026-03-02T10:00:00Z",
            **DICTIONARIES,
        )

        assert response.json()["accepted"] == 1


class TestWithin:
    @pytest.mark.parametrize("rule", ["always", "schedule"])
    def test_a_row_keeps_its_user(self, rule: str) -> None:
        machine_under(rule).send(execution(AT_NOON), **DICTIONARIES)

        assert ExecutionSample.objects.get().user is not None

    @pytest.mark.parametrize(("offset", "is_kept"), [("+120", True), ("-300", False)])
    def test_is_told_by_the_zone_of_the_device(self, offset: str, is_kept: bool) -> None:
        machine = machine_under()

        machine.check_in(**{"Dex-Utc-Offset": offset})
        machine.send(execution(EARLY), **DICTIONARIES)

        assert (ExecutionSample.objects.get().user is not None) is is_kept


class TestZone:
    @pytest.mark.parametrize("text", ["x", "1e3", "+900", "٣", "", "--1", "99999"])
    def test_is_refused_where_it_is_none(self, text: str) -> None:
        machine = machine_under()

        response = machine.check_in(**{"Dex-Utc-Offset": text})

        assert response.status_code == 422
        assert response.json()["code"] == "invalid"

    def test_is_kept_until_the_device_tells_another(self) -> None:
        machine = machine_under()

        machine.check_in(**{"Dex-Utc-Offset": "+60"})
        first = Collector.objects.get().utc_offset_minutes
        machine.check_in()

        assert (first, Collector.objects.get().utc_offset_minutes) == (60, None)


class TestInventory:
    @pytest.mark.parametrize(
        ("days", "kept"), [([1], {"users", "local_admins", "disks"}), ([6], {"disks"})]
    )
    def test_of_people_is_dropped_and_counted(self, days: list[int], kept: set[str]) -> None:
        machine = machine_under(schedule={"days": days, "start": "07:00", "end": "24:00"})

        machine.send(
            inventory=[
                part("users", [ACCOUNT]),
                part("local_admins", LOCAL_ADMINS),
                part("disks", DISKS),
            ]
        )

        counts = RefusalCount.objects.filter(code="work_hours").values_list("kind", "number")
        dropped = {"users", "local_admins", "disks"} - kept
        assert set(InventoryPart.objects.values_list("part", flat=True)) == kept
        assert (UserDevice.objects.exists(), LocalAdmin.objects.exists()) == (
            "users" in kept,
            "local_admins" in kept,
        )
        assert dict(counts) == {f"inventory.{name}": 1 for name in dropped}

    @pytest.mark.case("privacy.25")
    def test_tells_no_address_and_is_told_again_at_work(self) -> None:
        at_night = {"days": [6], "start": "07:00", "end": "24:00"}
        machine = machine_under(schedule=at_night)
        report = part("network", NETWORK)

        machine.send(connectivity(EARLY, **PLACE), inventory=[report])
        kept = list(NetworkAdapter.objects.values_list("name", "is_up", "address"))
        again = {"part": "network", "hash": report["hash"], "base": report["hash"]}
        answer = machine.send(inventory=[again])

        assert kept == [("wlp0s20f3", True, None), ("docker0", False, None)]
        assert Device.objects.get().collector_local_ip is None
        count = RefusalCount.objects.get(kind="inventory.network")
        assert (count.code, count.number) == ("work_hours", 2)
        assert answer.json()["need_full"] == ["network"]

    def test_without_address_is_not_counted(self) -> None:
        machine = machine_under(schedule={"days": [6], "start": "07:00", "end": "24:00"})

        machine.send(inventory=[part("network", [{"name": "eth0"}])])

        assert NetworkAdapter.objects.get().name == "eth0"
        assert not RefusalCount.objects.exists()

    def test_keeps_addresses_at_work(self) -> None:
        machine_under().send(inventory=[part("network", NETWORK)])

        assert NetworkAdapter.objects.get(name="wlp0s20f3").address == "192.168.17.42"


class TestLastAddress:
    """The address that the page of a device tells."""

    @pytest.mark.parametrize("rule", ["schedule", "on_site"])
    def test_stays_that_of_the_last_work_hours(self, rule: str) -> None:
        machine = machine_under(rule, schedule=MORNING)

        machine.send(connectivity(AT_NOON, primary_physical_adapter_type="wifi", **PLACE))
        machine.send(connectivity(LATER, primary_physical_adapter_type="ethernet", **AT_HOME))

        device = Device.objects.get()
        assert device.connectivity_last_connectivity_type == "ethernet"
        assert device.collector_local_ip == PLACE["local_ip"]

    def test_is_that_of_the_last_work_hours_in_a_batch(self) -> None:
        machine_under(schedule=MORNING).send(
            connectivity(AT_NOON, **PLACE), connectivity(LATER, **AT_HOME)
        )

        assert Device.objects.get().collector_local_ip == PLACE["local_ip"]

    def test_is_none_once_the_device_tells_none_at_work(self) -> None:
        machine = machine_under(schedule=MORNING)

        machine.send(connectivity(AT_NOON, **PLACE))
        machine.send(connectivity("2026-03-02T11:35:00Z", vpn_status="disconnected"))

        assert Device.objects.get().collector_local_ip is None

    def test_goes_outside_work_hours_once_it_is_forbidden(self) -> None:
        machine = machine_under(schedule=MORNING)
        machine.send(connectivity(AT_NOON, **PLACE))
        decide({"schedule": MORNING}, work_hours="schedule", local_addresses="off")

        machine.send(connectivity(LATER, **AT_HOME))

        assert Device.objects.get().collector_local_ip is None

    def test_is_any_where_people_are_always_measured(self) -> None:
        machine = machine_under("always")

        machine.send(connectivity(EARLY, **PLACE))
        machine.send(connectivity(LATER, **AT_HOME))

        assert Device.objects.get().collector_local_ip == AT_HOME["local_ip"]


class TestDelivery:
    def test_of_hours_networks_and_lists(self) -> None:
        machine = machine_under(
            "on_site",
            schedule={"days": [6], "start": "07:00", "end": "24:00"},
            networks=["10.0.0.0/8", "10.0.0.1", "corp.example"],
            listed_groups=["Finance"],
            listed_binaries=["teams.exe"],
        )

        document = json.loads(machine.check_in().json()["configuration"]["document"])

        assert document["work_hours"] == {
            "days": [6],
            "start": "07:00",
            "end": "24:00",
            "on_site": {
                "gateways": ["10.0.0.1"],
                "ranges": ["10.0.0.0/8"],
                "dns_suffixes": ["corp.example"],
            },
        }
        assert {"Finance", "sudo", "Administrators"} <= set(document["lists"]["user_groups"])
        assert document["lists"]["network_connections"] == ["teams.exe"]

    def test_is_understood_by_the_collector(self) -> None:
        from dex_collector import configuration as collector

        machine = machine_under(schedule={"days": [6], "start": "07:00", "end": "24:00"})
        document = machine.check_in().json()["configuration"]["document"]

        understood = collector.parse(document).work_hours

        assert (sorted(understood.days), understood.start.hour) == ([6], 7)

    def test_lists_are_asked_by_the_pipeline_in_lower_case(self) -> None:
        machine = machine_under(listed_groups=["Finance"], listed_binaries=["Teams.exe"])

        policy = effective.for_collector(collector_of(machine)).policy

        assert {"finance", "sudo"} <= policy.listed("user_groups")
        assert policy.listed("network_connections") == {"teams.exe"}
        assert policy.listed("executions") == frozenset()
