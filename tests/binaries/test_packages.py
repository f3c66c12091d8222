"""What is installed, and what came and went."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Account
from apps.binaries.models import (
    InstalledPackage,
    Package,
    PackageInstallation,
    PackageUninstallation,
    StalePresence,
)
from apps.binaries.services import packages
from apps.collectors.choices import Level
from apps.collectors.models import RefusalCount
from apps.collectors.services import deletion, jobs
from apps.devices.models import InventoryPart
from tests.conftest import NOW
from tests.factories.collectors import Machine, configure, device_of, make_machine
from tests.factories.programs import package, scan

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


@pytest.fixture
def machine(db: None, fixed_clock: Any) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


def installed() -> list[tuple[str, str]]:
    """Return what is installed, by name and version."""
    rows = InstalledPackage.objects.order_by("package__name", "package__version")
    return list(rows.values_list("package__name", "package__version"))


def came() -> list[tuple[str, str, str]]:
    """Return what appeared: name, version and the version before."""
    rows = PackageInstallation.objects.order_by("package__name", "package__version_key")
    return list(rows.values_list("package__name", "package__version", "previous_version"))


def left() -> list[tuple[str, str]]:
    """Return what went, by name and version."""
    rows = PackageUninstallation.objects.order_by("package__name", "package__version")
    return list(rows.values_list("package__name", "package__version"))


class TestPackages:
    def test_keep_what_was_told(self, machine: Machine) -> None:
        item = package(
            version="25.8.3-1",
            type="update",
            parent_name="Office",
            installation_time="2026-02-01T08:00:00Z",
        )

        assert scan(machine, item).json()["refused"] == []

        row = InstalledPackage.objects.select_related("package").get()
        assert (row.device, row.first_seen_at) == (device_of(machine), NOW)
        assert row.installation_time_at == NOW.replace(month=2, day=1, hour=8)
        known = row.package
        assert (known.name, known.version, known.version_key) == (
            "LibreOffice",
            "25.8.3-1",
            [25, 8, 3, 1],
        )
        assert (known.publisher, known.platform) == ("The Document Foundation", "linux")
        assert (known.architecture, known.type, known.source) == ("x64", "update", "dpkg")
        assert (known.parent_name, known.first_seen_at) == ("Office", NOW)

    def test_are_the_same_on_every_device(self, machine: Machine) -> None:
        scan(machine, package())

        scan(make_machine(), package())

        assert Package.objects.count() == 1
        assert InstalledPackage.objects.count() == 2

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "Other"},
            {"version": "25.8.4"},
            {"publisher": "Collabora"},
            {"architecture": "arm64"},
            {"type": "update"},
            {"source": "flatpak"},
            {"name": "LibreOffice25.8.3", "version": ""},
        ],
    )
    def test_differ_by_what_makes_them(self, machine: Machine, change: dict[str, Any]) -> None:
        scan(machine, package(), {**package(), **change})

        assert Package.objects.count() == 2

    def test_told_twice_in_one_list_are_one(self, machine: Machine) -> None:
        scan(machine, package(), package(installation_time="2026-02-01T08:00:00Z"))

        assert InstalledPackage.objects.count() == 1

    def test_stay_when_one_item_is_wrong(self, machine: Machine) -> None:
        scan(machine, package("a"))

        answer = scan(machine, package("b"), {"name": ""})

        [refusal] = answer.json()["refused"]
        assert refusal["pointer"] == "/inventory/0/items/1/name"
        assert installed() == [("a", "25.8.3")]

    @pytest.mark.case("data-model.16")
    def test_with_a_nul_are_refused_alone(self, machine: Machine) -> None:
        answer = machine.send(
            {"kind": "device_performance.boots", "occurred_at": "2026-03-02T11:00:00Z"},
            inventory=[
                {"part": "packages", "hash": "1", "full": True, "items": [{"name": "a\x00b"}]}
            ],
        )

        assert answer.json()["accepted"] == 1
        assert [refusal["code"] for refusal in answer.json()["refused"]] == ["not_storable"]
        assert installed() == []

    def test_correct_an_installation_time(self, machine: Machine) -> None:
        scan(machine, package("a"), package("b"))

        scan(machine, package("a", installation_time="2026-02-01T08:00:00Z"), package("b"))

        times = dict(InstalledPackage.objects.values_list("package__name", "installation_time_at"))
        assert times == {"a": NOW.replace(month=2, day=1, hour=8), "b": None}
        assert came() == []

    def test_write_only_what_differs(self, machine: Machine) -> None:
        scan(machine, *(package(f"p{number}") for number in range(3)))
        before = dict(InstalledPackage.objects.values_list("package__name", "pk"))

        scan(machine, package("p0"), package("p2"), package("p3"))

        after = dict(InstalledPackage.objects.values_list("package__name", "pk"))
        assert after.keys() == {"p0", "p2", "p3"}
        assert {name: after[name] for name in ("p0", "p2")} == {
            name: before[name] for name in ("p0", "p2")
        }

    @pytest.mark.parametrize("number", [2, 400])
    def test_cost_as_many_statements_however_many_they_are(
        self, machine: Machine, number: int
    ) -> None:
        scan(machine, *(package(f"p{n}") for n in range(number)))
        new = [package(f"p{n}", "26") for n in range(number)]

        with CaptureQueriesContext(connection) as queries:
            scan(machine, *new)

        ours = [q["sql"] for q in queries if "binaries_" in q["sql"]]
        assert InstalledPackage.objects.count() == number
        assert len(ours) <= 12

    def test_leave_a_mark_on_the_entity(self, machine: Machine) -> None:
        scan(machine, package())

        mark = StalePresence.objects.get()
        assert (mark.device, mark.entity) == (device_of(machine), device_of(machine).entity)


class TestDifference:
    def test_of_the_first_scan_tells_nothing(self, machine: Machine) -> None:
        scan(machine, package("a"))

        assert (came(), left()) == ([], [])

    def test_tells_what_came_and_went(self, machine: Machine) -> None:
        scan(machine, package("a"), package("b"))

        scan(machine, package("b"), package("c"))

        assert (came(), left()) == ([("c", "25.8.3", "")], [("a", "25.8.3")])
        row = PackageInstallation.objects.get()
        assert (row.device, row.occurred_at, row.user, row.source) == (
            device_of(machine),
            NOW,
            None,
            "server",
        )
        assert (row.number_of_installations, row.context_id) == (1, device_of(machine).context_id)

    def test_of_an_upgrade_knows_the_version_before(self, machine: Machine) -> None:
        scan(machine, package("a", "1.9"), package("b", "1"))

        scan(machine, package("a", "1.10"), package("b", "1"))

        assert came() == [("a", "1.10", "1.9")]
        assert PackageInstallation.objects.get().previous_version_key == [1, 9]
        assert left() == [("a", "1.9")]

    def test_knows_an_upgrade_whose_name_holds_the_version(self, machine: Machine) -> None:
        scan(machine, package("7-Zip 23.01", "23.01"))

        scan(machine, package("7-Zip 24.08", "24.08", publisher="Pavlov"))

        assert came() == [("7-Zip 24.08", "24.08", "23.01")]

    def test_of_forged_names_is_told_as_fast_as_of_others(self) -> None:
        item = {"name": "1" * 50_000, "architecture": "x64", "type": "program", "source": "dpkg"}
        before = time.process_time()

        packages._kinship(item)

        assert time.process_time() - before < 1

    @pytest.mark.parametrize("change", [{"architecture": "x86"}, {"source": "flatpak"}])
    def test_takes_no_other_program_for_the_version_before(
        self, machine: Machine, change: dict[str, Any]
    ) -> None:
        scan(machine, package("a", "1"))

        scan(machine, package("a", "2", **change))

        assert came() == [("a", "2", "")]

    def test_takes_each_version_before_once(self, machine: Machine) -> None:
        scan(machine, package("kernel", "6.1"))

        scan(machine, package("kernel", "6.3"), package("kernel", "6.2"))

        assert came() == [("kernel", "6.2", "6.1"), ("kernel", "6.3", "")]

    def test_of_a_repeat_is_none(self, machine: Machine) -> None:
        scan(machine, package("a"))
        scan(machine, package("b"))
        counts = (len(came()), len(left()))

        scan(machine, package("b"))

        assert (len(came()), len(left())) == counts == (1, 1)

    @pytest.mark.case("data-model.4")
    def test_of_a_batch_sent_twice_counts_once(self, machine: Machine) -> None:
        scan(machine, package("a"))
        content = machine.batch(
            inventory=[{"part": "packages", "hash": "2", "full": True, "items": [package("b")]}]
        )

        answers = [machine.post(content).content for _ in range(2)]

        assert answers[0] == answers[1]
        assert (len(came()), len(left())) == (1, 1)

    def test_after_a_long_leave_tells_nothing(self, machine: Machine) -> None:
        scan(machine, package("a"))
        InventoryPart.objects.update(received_at=NOW - timedelta(days=31))

        scan(machine, package("b"))

        assert (came(), left(), installed()) == ([], [], [("b", "25.8.3")])

    def test_is_never_taken_from_a_batch(self, machine: Machine) -> None:
        answer = machine.send(
            {"kind": "package.installations", "occurred_at": "2026-03-02T11:00:00Z", "fields": {}}
        )

        assert [refusal["code"] for refusal in answer.json()["refused"]] == ["unknown_kind"]
        assert came() == []


class TestSwitch:
    @pytest.mark.case("data-model.5")
    def test_off_leaves_no_trace(self, machine: Machine) -> None:
        configure(packages="off")

        answer = scan(machine, package())

        assert answer.json()["dropped_by_configuration"] == 1
        assert (Package.objects.count(), InstalledPackage.objects.count()) == (0, 0)
        assert RefusalCount.objects.get().kind == "inventory.packages"

    def test_off_may_delete_what_was_kept(self, machine: Machine, ada: Account) -> None:
        scan(machine, package("a"))
        scan(machine, package("b"))
        configure(packages="off")

        place = {"level": Level.INSTANCE, "entity": None, "device": None}
        parameters = {**place, "switches": ["packages"]}
        jobs.start(kind=deletion.KIND, parameters=parameters, actor=ada, now=NOW)
        jobs.run_open()

        assert (installed(), came(), left()) == ([], [], [])

    def test_on_again_tells_no_installation_of_what_was_there(self, machine: Machine) -> None:
        scan(machine, package("a"))
        InstalledPackage.objects.all().delete()  # as a deletion after a narrowing does

        scan(machine, package("a"), package("b"))

        assert (len(installed()), came()) == (2, [])
