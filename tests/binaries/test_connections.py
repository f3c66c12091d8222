"""Connections of programs, as samples and by day."""

from pathlib import Path
from typing import Any

import pytest

from apps.binaries.models import Binary, ConnectionDaily, ConnectionSample, ExecutionSample
from apps.collectors.choices import Level, Preset
from apps.collectors.models import RefusalCount
from apps.collectors.services import configuration
from apps.collectors.switches import PRESETS
from apps.events import rollups
from tests.conftest import NOW
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    Machine,
    configure,
    execution,
    make_machine,
)
from tests.factories.geography import write_places
from tests.factories.programs import traffic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

YESTERDAY = ["2026-03-01T10:00:00Z", "2026-03-01T10:15:00Z", "2026-03-01T18:00:00Z"]
CDN, OTHER_CDN, PRINTER = "93.184.216.34", "93.184.216.35", "192.168.1.9"
IN_PARIS = "203.0.113.9"  # in the file of the test


def send(*records: dict[str, Any], machine: Machine | None = None) -> Any:
    """Send the connections of one program."""
    sender = machine or make_machine()
    return sender.send(*records, users=ADA_ROSSI, binaries=SOFFICE)


def amount(number: int, **more: int) -> dict[str, Any]:
    """Return counters."""
    return {
        "number_of_connections": {"sum": number},
        **{f"number_of_{name}_connections": {"sum": value} for name, value in more.items()},
    }


@pytest.fixture
def _places(tmp_path: Path, settings: Any) -> None:
    """Have countries known of the networks of documentation."""
    settings.DEX_ADDRESS_FILES = [write_places(tmp_path)]


class TestConnection:
    def test_keeps_what_was_told(self) -> None:
        configure(destination_domains="on")

        answer = send(traffic(destination_domain="example.org", metrics=amount(4, failed=1)))

        row = ConnectionSample.objects.select_related("binary", "user").get()
        assert answer.json()["refused"] == []
        assert (row.binary.name, row.user.name) == ("soffice.bin", "a.rossi@CORP")
        assert (row.protocol, row.destination_ip, row.destination_port) == ("tcp", CDN, 443)
        assert (row.destination_domain, row.destination_country) == ("example.org", None)
        assert (row.number_of_connections_sum, row.failed_connection_ratio) == (4, 0.25)

    @pytest.mark.parametrize(
        ("address", "type_", "private"),
        [
            (CDN, "internet", None),
            ("2606:2800:220:1::1", "internet", None),
            ("172.32.0.1", "internet", None),
            ("10.1.2.3", "intranet", "10.1.2.3"),
            ("172.31.255.255", "intranet", "172.31.255.255"),
            (PRINTER, "intranet", PRINTER),
            ("100.64.0.1", "intranet", "100.64.0.1"),
            ("169.254.1.1", "intranet", "169.254.1.1"),
            ("224.0.0.251", "intranet", "224.0.0.251"),
            ("fd12::1", "intranet", "fd12::1"),
            ("fe80::1", "intranet", "fe80::1"),
            ("::ffff:10.0.0.1", "intranet", "::ffff:10.0.0.1"),
            ("127.0.0.53", "local", "127.0.0.53"),
            ("::1", "local", "::1"),
            (None, "unknown", None),
        ],
    )
    def test_knows_a_destination_by_its_address(
        self, address: str | None, type_: str, private: str | None
    ) -> None:
        send(traffic(destination_ip=address))

        row = ConnectionSample.objects.get()
        assert (row.destination_type, row.destination_private_ip) == (type_, private)

    @pytest.mark.parametrize("switch", ["country", "city"])
    @pytest.mark.usefixtures("_places")
    def test_tells_the_country_of_its_destination(self, switch: str) -> None:
        configure(public_ip_location=switch)

        answer = send(traffic(destination_ip=IN_PARIS), traffic(destination_ip=CDN))

        assert answer.json()["dropped_by_configuration"] == 0
        countries = ConnectionSample.objects.order_by("id").values_list("destination_country")
        assert list(countries) == [("France",), (None,)]

    @pytest.mark.usefixtures("_places")
    def test_tells_no_country_unless_the_switch_lets_it(self) -> None:
        answer = send(traffic(destination_ip=IN_PARIS))

        assert answer.json()["dropped_by_configuration"] == 0  # nothing was told
        assert ConnectionSample.objects.get().destination_country is None

    def test_takes_no_country_from_a_device(self) -> None:
        configure(public_ip_location="country")

        answer = send(traffic(destination_country="Spain"))

        assert [refused["code"] for refused in answer.json()["refused"]] == ["unknown_field"]

    @pytest.mark.parametrize(
        ("metrics", "ratio"),
        [(amount(0, failed=0), None), (amount(3), None), (amount(3, failed=3), 1.0)],
    )
    def test_has_a_ratio_where_it_was_tried(self, metrics: Any, ratio: float | None) -> None:
        send(traffic(metrics=metrics))

        assert ConnectionSample.objects.get().failed_connection_ratio == ratio

    @pytest.mark.case("data-model.9")
    @pytest.mark.case("data-model.16")
    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"protocol": "icmp"}, "protocol"),
            ({"destination_port": 65_536}, "destination_port"),
            ({"destination_port": -1}, "destination_port"),
            ({"destination_ip": "10.0.0.256"}, "destination_ip"),
            ({"destination_ip": "10.0.0.0/8"}, "destination_ip"),
            ({"destination_type": "internet"}, "destination_type"),
            ({"url": "https://example.org/?q=1"}, "url"),
        ],
    )
    def test_that_is_wrong_is_refused_alone(self, fields: dict[str, Any], name: str) -> None:
        answer = send(traffic(**fields), traffic())

        [refusal] = answer.json()["refused"]
        assert (refusal["index"], refusal["pointer"]) == (0, f"/events/0/fields/{name}")
        assert ConnectionSample.objects.count() == 1


class TestDay:
    @pytest.mark.usefixtures("_places")
    def test_keeps_the_country(self) -> None:
        configure(public_ip_location="country")
        send(traffic(YESTERDAY[0], destination_ip=IN_PARIS))

        rollups.roll_up_dirty()

        assert ConnectionDaily.objects.get().destination_country == "France"

    def roll_up(self) -> list[tuple[Any, ...]]:
        """Compute the days; return destination, port, attempts and ratio of each row."""
        rollups.roll_up_dirty()
        rows = ConnectionDaily.objects.order_by("destination_type", "destination_domain")
        return list(
            rows.values_list(
                "destination_type",
                "destination_domain",
                "destination_private_ip",
                "number_of_connections_sum",
                "failed_connection_ratio",
            )
        )

    @pytest.mark.case("data-model.3")
    def test_forgets_public_addresses_and_keeps_private_ones(self) -> None:
        configure(destination_domains="on")
        first, second, third = YESTERDAY

        send(
            traffic(first, amount(4, failed=1), destination_domain="a.org"),
            traffic(second, amount(6), destination_ip=OTHER_CDN, destination_domain="a.org"),
            traffic(second, amount(2, failed=2), destination_ip=PRINTER),
            traffic(third, amount(2, failed=0), destination_ip=PRINTER),
            traffic(third, amount(1), destination_ip=None),
        )

        assert self.roll_up() == [
            ("internet", "a.org", None, 10, 0.1),
            ("intranet", None, PRINTER, 4, 0.5),
            ("unknown", None, None, 1, None),
        ]

    def test_tells_destinations_apart_by_domain_and_port(self) -> None:
        configure(destination_domains="on")

        send(
            traffic(YESTERDAY[0], destination_domain="a.org"),
            traffic(YESTERDAY[0], destination_domain="b.org"),
            traffic(YESTERDAY[0], destination_domain="b.org", destination_port=80),
        )
        rollups.roll_up_dirty()

        assert ConnectionDaily.objects.count() == 3

    @pytest.mark.case("data-model.4")
    def test_adds_up_two_batches_of_one_key(self) -> None:
        machine = make_machine()
        send(traffic(YESTERDAY[0], amount(1)), machine=machine)
        send(traffic(YESTERDAY[0], amount(2)), machine=machine)

        assert [row[3] for row in self.roll_up()] == [3]

    @pytest.mark.case("data-model.11")
    def test_counts_as_its_samples_do(self) -> None:
        send(*(traffic(bucket, amount(number)) for number, bucket in enumerate(YESTERDAY, 1)))
        rollups.roll_up_dirty()

        day = ConnectionDaily.objects.get()
        sums = [row.number_of_connections_sum or 0 for row in ConnectionSample.objects.all()]
        assert (day.number_of_connections_count, day.number_of_connections_sum) == (3, sum(sums))
        assert (day.number_of_connections_min, day.number_of_connections_max) == (1, 3)


def list_programs(*names: str, network_connections: str = "listed_binaries") -> None:
    """Have connections kept of these programs alone."""
    configuration.save_configuration(
        level=Level.INSTANCE,
        preset=Preset.CUSTOM,
        values={**PRESETS[Preset.STANDARD], "network_connections": network_connections},
        details={"listed_binaries": list(names)},
        now=NOW,
    )


@pytest.mark.case("data-model.5")
class TestSwitches:
    @pytest.mark.parametrize("value", ["off", "listed_binaries"])
    def test_off_leave_no_trace(self, value: str) -> None:
        configure(network_connections=value)

        answer = send(traffic(destination_domain="example.org"))

        assert answer.json()["dropped_by_configuration"] == 1
        assert (ConnectionSample.objects.count(), Binary.objects.count()) == (0, 0)
        assert RefusalCount.objects.get().code == "network_connections"

    @pytest.mark.parametrize("listed", ["soffice.bin", "SOFFICE.BIN"])
    def test_for_listed_programs_keep_those(self, listed: str) -> None:
        list_programs(listed)
        unlisted = {"8": {"name": "teams"}, "9": {"name": "x" * 300}}

        answer = make_machine().send(
            traffic(),
            traffic() | {"binary": 8},
            traffic() | {"binary": 9},
            traffic() | {"binary": 10},
            traffic() | {"binary": None},
            users=ADA_ROSSI,
            binaries={**SOFFICE, **unlisted},
        )

        assert answer.json()["dropped_by_configuration"] == 4
        assert [row.binary.name for row in ConnectionSample.objects.all()] == ["soffice.bin"]
        assert [row.name for row in Binary.objects.all()] == ["soffice.bin"]

    def test_off_drop_listed_programs_too(self) -> None:
        list_programs("soffice.bin", network_connections="off")

        answer = send(traffic())

        assert answer.json()["dropped_by_configuration"] == 1
        assert ConnectionSample.objects.count() == 0

    def test_for_listed_programs_keep_the_traffic_of_their_executions(self) -> None:
        list_programs("soffice.bin")
        told: dict[str, Any] = {
            "cpu_time_ms": {"sum": 1_500},
            "incoming_traffic_bytes": {"sum": 9_000},
        }

        answer = make_machine().send(
            execution("2026-03-02T11:30:00Z", **told),
            execution("2026-03-02T11:30:00Z", **told) | {"binary": 8},
            users=ADA_ROSSI,
            binaries={**SOFFICE, "8": {"name": "teams"}},
        )

        rows = ExecutionSample.objects.values_list(
            "binary__name", "cpu_time_ms_sum", "incoming_traffic_bytes_sum"
        )
        assert set(rows) == {("soffice.bin", 1_500, 9_000), ("teams", 1_500, None)}
        assert answer.json()["dropped_by_configuration"] == 1
        assert RefusalCount.objects.get().code == "network_connections"

    def test_for_listed_programs_keep_no_execution_that_is_off(self) -> None:
        configuration.save_configuration(
            level=Level.INSTANCE,
            preset=Preset.CUSTOM,
            values={
                **PRESETS[Preset.STANDARD],
                "network_connections": "listed_binaries",
                "executions": "off",
            },
            details={"listed_binaries": ["soffice.bin"]},
            now=NOW,
        )

        send(execution("2026-03-02T11:30:00Z"))

        assert not ExecutionSample.objects.exists()

    def test_off_for_domains_leave_the_rest(self) -> None:
        answer = send(traffic(destination_domain="example.org"))

        row = ConnectionSample.objects.get()
        assert (row.destination_domain, row.destination_ip) == (None, CDN)
        assert answer.json()["dropped_by_configuration"] == 1
        assert RefusalCount.objects.get().code == "destination_domains"
