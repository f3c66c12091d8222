"""What the configuration forbids leaves no trace, even in a batch that brings it."""

from typing import Any

import pytest
from django.db import connection

from apps.binaries.metrics import EXECUTION
from apps.binaries.models import ExecutionSample
from apps.collectors.choices import Preset
from apps.collectors.management.commands import make_local_enrolment_key
from apps.collectors.models import CollectorConfiguration, RefusalCount
from apps.devices.models import Device, Disk
from apps.users.models import Login, User, UserDevice
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    Machine,
    boot,
    configure,
    device_of,
    execution,
    login,
    make_machine,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

HASHED = "h:" + "0" * 32
DICTIONARIES: dict[str, Any] = {"users": ADA_ROSSI, "binaries": SOFFICE}
NETWORK = {n: m for n, m in EXECUTION.items() if m.switch == "network_connections"}


def machine_under(**switches: str) -> Machine:
    """Return an enrolled machine under the standard preset but for `switches`."""
    configure(Preset.STANDARD, **switches)
    return make_machine()


def dropped() -> dict[tuple[str, str], int]:
    """Return what the configuration made the server drop, by kind and switch."""
    counts = RefusalCount.objects.filter(origin="configuration")
    return {(count.kind, count.code): count.number for count in counts}


def traces(text: str) -> list[str]:
    """Return the tables, partitions and audit schema included, that hold `text` anywhere."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname IN ('public', 'audit')"
            " AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table} t WHERE t::text ILIKE %s)", [text])
            found += [table] * cursor.fetchone()[0]
    return found


def anywhere(text: str) -> str:
    """Return the pattern that finds `text` within a row."""
    return f"%{text}%"


class TestUsername:
    def test_clear_keeps_the_name(self) -> None:
        machine_under().send(login(), **DICTIONARIES)

        user = User.objects.get()
        assert (user.name, user.name_privacy_level) == ("a.rossi@CORP", "clear")
        # The device says who logged in last.
        assert sorted(traces(anywhere("rossi"))) == ["public.devices_device", "public.users_user"]

    @pytest.mark.case("data-model.5")
    @pytest.mark.parametrize("value", ["hashed", "none"])
    def test_leaves_no_trace_of_a_forged_clear_name(self, value: str) -> None:
        response = machine_under(username=value).send(login(), execution(), **DICTIONARIES)

        assert response.json()["accepted"] == 2
        assert response.json()["dropped_by_configuration"] == 2
        assert Login.objects.get().user is None
        assert ExecutionSample.objects.get().user is None
        assert traces(anywhere("rossi")) == []
        assert dropped() == {
            ("session.logins", "username"): 1,
            ("execution.events", "username"): 1,
        }

    @pytest.mark.parametrize("value", ["clear", "hashed"])
    def test_takes_a_pseudonym(self, value: str) -> None:
        users = {"1": {"name": HASHED, "type": "domain_user"}}

        machine_under(username=value).send(login(), users=users)

        user = User.objects.get()
        assert (user.name_privacy_level, user.hash_epoch) == ("hashed", 0)
        assert user.name.startswith("u1_")
        assert traces(anywhere(HASHED)) == []

    def test_none_takes_no_pseudonym(self) -> None:
        users = {"1": {"name": HASHED, "type": "domain_user"}}

        machine_under(username="none").send(login(), users=users)

        assert not User.objects.exists()
        assert not UserDevice.objects.exists()

    @pytest.mark.parametrize("name", ["h:ada.rossi", HASHED + "0", HASHED[:-1], "H" + HASHED[1:]])
    def test_takes_no_name_for_a_pseudonym(self, name: str) -> None:
        users = {"1": {"name": name, "type": "domain_user"}}

        machine_under(username="hashed").send(login(), users=users)

        assert not User.objects.exists()


class TestDeviceName:
    @pytest.mark.case("data-model.5")
    @pytest.mark.parametrize("name", ["ada-laptop", "h:ada-laptop", HASHED + "ada-laptop"])
    def test_hashed_leaves_no_trace_of_a_forged_clear_name(self, name: str) -> None:
        machine = machine_under(device_name="hashed")

        response = machine.send(inventory=[system(name)])

        assert device_of(machine).name == ""
        assert traces(anywhere("ada-laptop")) == []
        assert response.json()["dropped_by_configuration"] == 1
        assert dropped() == {("inventory.operating_system", "device_name"): 1}

    def test_hashed_takes_a_pseudonym(self) -> None:
        machine = machine_under(device_name="hashed")

        machine.send(inventory=[system(HASHED)])

        assert device_of(machine).name == HASHED
        assert dropped() == {}

    def test_clear_keeps_the_name(self) -> None:
        machine = machine_under()

        machine.send(inventory=[system("renamed")])

        assert device_of(machine).name == "renamed"
        assert dropped() == {}


class TestSerialNumbers:
    @pytest.mark.case("data-model.5")
    def test_off_leaves_no_trace_of_forged_ones(self) -> None:
        machine = machine_under(serial_numbers="off")

        response = machine.send(inventory=[hardware(), disks()])

        assert Device.objects.get().hardware_model == "T14"
        assert Disk.objects.get().name == "sda"
        assert traces(anywhere("SECRET")) == []
        assert response.json()["dropped_by_configuration"] == 4
        assert dropped() == {
            ("inventory.hardware", "serial_numbers"): 3,
            ("inventory.disks", "serial_numbers"): 1,
        }

    def test_on_keeps_them(self) -> None:
        machine_under().send(inventory=[hardware(), disks()])

        assert Device.objects.get().hardware_machine_serial_number == "SECRET-3"
        assert Disk.objects.get().serial_number == "SECRET-4"


class TestKinds:
    @pytest.mark.case("data-model.5")
    @pytest.mark.parametrize(
        ("switch", "record", "model"),
        [
            ("session_events", login(), Login),
            ("executions", execution(), ExecutionSample),
        ],
    )
    def test_off_leaves_no_trace_of_a_forged_record(
        self, switch: str, record: dict[str, Any], model: Any
    ) -> None:
        machine = machine_under(**{switch: "off"})

        response = machine.send(record, boot(), **DICTIONARIES)

        assert response.json()["accepted"] == 1
        assert response.json()["refused"] == []
        assert not model.objects.exists()
        assert traces(anywhere("rossi")) == traces(anywhere("soffice")) == []
        assert dropped() == {(record["kind"], switch): 1}

    def test_logins_alone_keeps_logins(self) -> None:
        machine_under(session_events="logins").send(login(), **DICTIONARIES)

        assert Login.objects.count() == 1


class TestMetrics:
    @pytest.mark.case("privacy.3")
    @pytest.mark.case("data-model.5")
    def test_focus_time_off_stores_the_row_without_it(self) -> None:
        machine = machine_under(focus_time="off")
        forged = execution(focus_time_ms={"sum": 5}, cpu_time_ms={"sum": 7})

        response = machine.send(forged, **DICTIONARIES)

        row = ExecutionSample.objects.get()
        assert (row.focus_time_ms_sum, row.cpu_time_ms_sum) == (None, 7)
        assert response.json()["dropped_by_configuration"] == 1
        assert dropped() == {("execution.events", "focus_time"): 1}

    def test_focus_time_on_stores_it(self) -> None:
        machine_under(focus_time="on").send(execution(focus_time_ms={"sum": 5}), **DICTIONARIES)

        assert ExecutionSample.objects.get().focus_time_ms_sum == 5

    @pytest.mark.case("data-model.5")
    @pytest.mark.parametrize("value", ["off", "listed_binaries"])
    @pytest.mark.parametrize("metric", sorted(NETWORK))
    def test_network_connections_off_stores_none_of_them(self, value: str, metric: str) -> None:
        machine = machine_under(network_connections=value)
        figures = {"sum": 5, "count": 1, "min": 5, "max": 5}
        sent = {name: figures[name] for name in ("sum", *figures) if name in parts(metric)}

        response = machine.send(execution() | {"metrics": {metric: sent}}, **DICTIONARIES)

        assert response.json()["accepted"] == 1
        row = ExecutionSample.objects.get()
        assert {getattr(row, f"{metric}_{part}") for part in parts(metric)} == {None}
        assert dropped() == {("execution.events", "network_connections"): 1}

    def test_adds_the_drops_of_a_day_up(self) -> None:
        machine = machine_under(focus_time="off")
        forged = execution(focus_time_ms={"sum": 5})

        machine.send(forged, forged, **DICTIONARIES)
        machine.send(forged, **DICTIONARIES)

        assert dropped() == {("execution.events", "focus_time"): 3}

    def test_a_narrowing_holds_at_once(self) -> None:
        machine = machine_under(focus_time="on")
        machine.send(execution(focus_time_ms={"sum": 5}), **DICTIONARIES)
        configure(focus_time="off")

        machine.send(execution(focus_time_ms={"sum": 5}), **DICTIONARIES)

        sums = ExecutionSample.objects.order_by("id").values_list("focus_time_ms_sum", flat=True)
        assert list(sums) == [5, None]


class TestFreshInstance:
    @pytest.mark.case("privacy.1")
    def test_has_the_standard_preset(self) -> None:
        make_local_enrolment_key.ensure_configuration()

        found = CollectorConfiguration.objects.get()
        assert (found.preset, found.confirmed_at) == ("standard", None)
        wanted = ("username", "user_activity", "focus_time", "wifi_identifiers")
        assert [found.switches[name] for name in wanted] == ["clear", "on", "off", "off"]

    def test_keeps_what_was_configured(self) -> None:
        configure(username="none")

        make_local_enrolment_key.ensure_configuration()

        assert CollectorConfiguration.objects.get().switches["username"] == "none"


def parts(metric: str) -> tuple[str, ...]:
    """Return the figures of a metric on the wire."""
    return NETWORK[metric].high_resolution


def system(host_name: str) -> dict[str, Any]:
    """Return a report of the operating system."""
    fields = {"platform": "linux", "host_name": host_name}
    return {"part": "operating_system", "hash": "1" * 64, "full": True, "fields": fields}


def hardware() -> dict[str, Any]:
    """Return a report of the hardware with serial numbers."""
    serials = ["bios_serial_number", "chassis_serial_number", "machine_serial_number"]
    fields = {"model": "T14"} | {name: f"SECRET-{n}" for n, name in enumerate(serials, 1)}
    return {"part": "hardware", "hash": "1" * 64, "full": True, "fields": fields}


def disks() -> dict[str, Any]:
    """Return a report of one disk with its serial number."""
    items = [{"name": "sda", "serial_number": "SECRET-4"}]
    return {"part": "disks", "hash": "1" * 64, "full": True, "items": items}
