"""On how many devices of each entity programs ran."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.binaries import tasks, upkeep
from apps.binaries.models import Binary, ExecutionSample, Package, Presence
from apps.collectors import ranking
from apps.core.scope import Scope
from apps.devices.models import Device, InventoryPart
from apps.events import rollups
from apps.events.models import RolledUpDay, UpkeepRun
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.collectors import ADA_ROSSI, SOFFICE, device_of, execution, make_machine
from tests.factories.devices import move_device
from tests.factories.programs import package, scan

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

YESTERDAY = "2026-03-01T10:00:00Z"
LAST_RUN = datetime.fromisoformat("2026-03-02T11:30:00+00:00")


def run_on(entity: Entity, number: int, *buckets: str) -> None:
    """Have a device of an entity run a program, by default half an hour ago."""
    machine = make_machine(
        entity,
        host_name=f"laptop-{number}",
        install_id=f"{number:032x}",
        fingerprints={"machine_id": f"{number:064x}"},
    )
    records = [execution(bucket) for bucket in buckets] or [execution()]
    answer = machine.send(*records, users=ADA_ROSSI, binaries=SOFFICE)
    assert answer.json()["refused"] == []


def found() -> dict[str, tuple[int, datetime]]:
    """Return devices and last time by entity."""
    return {
        row.entity.name: (row.devices, row.last_seen_at)
        for row in Presence.objects.select_related("entity")
    }


class TestRefreshPresence:
    def test_counts_devices_by_entity(self, paris: Entity, lyon: Entity) -> None:
        run_on(paris, 1, "2026-03-02T11:15:00Z", "2026-03-02T11:30:00Z")
        run_on(paris, 2)
        run_on(lyon, 3, "2026-03-02T09:00:00Z")

        run = upkeep.refresh_presence(now=NOW)

        assert found() == {"Paris": (2, LAST_RUN), "Lyon": (1, LAST_RUN - timedelta(minutes=150))}
        assert run is not None
        assert run.counts == {"presences_written": 2, "presences_removed": 0}

    def test_changes_nothing_the_second_time(self, paris: Entity) -> None:
        run_on(paris, 1)
        upkeep.refresh_presence(now=NOW)
        before = list(Presence.objects.values())

        run = upkeep.refresh_presence(now=NOW)

        assert list(Presence.objects.values()) == before
        assert run is not None
        assert run.counts == {"presences_written": 0, "presences_removed": 0}

    def test_follows_a_device_that_moves(self, paris: Entity, lyon: Entity) -> None:
        run_on(paris, 1)
        upkeep.refresh_presence(now=NOW)
        Device.objects.update(entity=lyon)

        upkeep.refresh_presence(now=NOW)

        assert found() == {"Lyon": (1, LAST_RUN)}

    def test_knows_a_day_before_and_after_it_is_rolled_up(self, paris: Entity) -> None:
        run_on(paris, 1, YESTERDAY)
        upkeep.refresh_presence(now=NOW)
        before = found()
        rollups.close_days(now=NOW)
        upkeep.refresh_presence(now=NOW)
        between = found()
        rollups.roll_up_dirty()

        upkeep.refresh_presence(now=NOW)

        assert [rows["Paris"][0] for rows in (before, between, found())] == [1, 1, 1]

    def test_reads_the_daily_rows_alone_once_a_day_is_done(self, paris: Entity) -> None:
        run_on(paris, 1, YESTERDAY)
        rollups.close_days(now=NOW)
        rollups.roll_up_dirty()
        ExecutionSample.objects.all().delete()

        upkeep.refresh_presence(now=NOW)

        assert RolledUpDay.objects.filter(day=date(2026, 3, 1)).exists()
        assert {name: devices for name, (devices, _last) in found().items()} == {"Paris": 1}

    def test_forgets_what_ran_long_ago(self, paris: Entity) -> None:
        run_on(paris, 1)
        upkeep.refresh_presence(now=NOW)

        run = upkeep.refresh_presence(now=NOW + timedelta(days=32))

        assert found() == {}
        assert run is not None
        assert run.counts["presences_removed"] == 1

    def test_is_what_the_task_does(self, paris: Entity) -> None:
        run_on(paris, 1)

        tasks.refresh_presence(of_a_newer_version=True)

        assert found() == {"Paris": (1, LAST_RUN)}
        assert UpkeepRun.objects.get().task == "binaries.refresh_presence"


class TestPermittedTo:
    @pytest.fixture(autouse=True)
    def programs(self, fixed_clock: datetime, paris: Entity, lyon: Entity) -> None:
        """Have a program run in Paris and Lyon."""
        run_on(paris, 1)
        run_on(lyon, 2)
        run_on(lyon, 3)
        upkeep.refresh_presence(now=NOW)
        ranking.is_allowed()  # every process knows it after its first page

    def test_reads_no_event(self, ben_scope: Scope) -> None:
        with CaptureQueriesContext(connection) as queries:
            rows = list(Binary.objects.permitted_to(ben_scope))

        [sql] = [query["sql"] for query in queries]
        assert len(rows) == 1
        assert "binaries_presence" in sql
        assert "execution" not in sql

    def test_keeps_nothing_of_another_entity(self, ben_scope: Scope, lyon: Entity) -> None:
        Device.objects.update(entity=lyon)
        upkeep.refresh_presence(now=NOW)

        assert list(Binary.objects.permitted_to(ben_scope)) == []

    @pytest.mark.case("access.29")
    def test_counts_devices_that_are_seen_only(
        self, ada_client: Client, ben_client: Client, django_assert_max_num_queries: Any
    ) -> None:
        address = f"/admin/binaries/binary/{Binary.objects.get().pk}/change/"

        with django_assert_max_num_queries(14):
            seen_by_ada = ada_client.get(address).content.decode()
        with django_assert_max_num_queries(18):
            seen_by_ben = ben_client.get(address).content.decode()

        assert devices_of(seen_by_ada) == "3"
        assert devices_of(seen_by_ben) == "1"


def devices_of(page: str) -> str:
    """Return what the page of a program says of its devices."""
    return (
        page.split("Devices in the last 30 days")[1]
        .split("<dd")[1]
        .split(">")[1]
        .split("<")[0]
        .strip()
    )


class TestPackagePresence:
    def found(self) -> dict[tuple[str, str], int]:
        """Return devices by entity and package."""
        rows = Presence.objects.filter(package__isnull=False)
        return {
            (row.entity.name, row.package.name): row.devices  # type: ignore[union-attr]
            for row in rows.select_related("entity", "package")
        }

    def test_counts_devices_where_something_changed(self, paris: Entity, lyon: Entity) -> None:
        first, second, third = (make_machine(entity) for entity in (paris, paris, lyon))
        scan(first, package("a"), package("b"))
        scan(second, package("a"))
        scan(third, package("a"))

        upkeep.refresh_presence(now=NOW)

        assert self.found() == {("Paris", "a"): 2, ("Paris", "b"): 1, ("Lyon", "a"): 1}
        assert {row.last_seen_at for row in Presence.objects.all()} == {NOW}

    def test_forgets_what_left(self, paris: Entity) -> None:
        machine = make_machine(paris)
        scan(machine, package("a"), package("b"))
        upkeep.refresh_presence(now=NOW)
        scan(machine, package("b"))

        upkeep.refresh_presence(now=NOW)

        assert self.found() == {("Paris", "b"): 1}

    def test_leaves_alone_where_nothing_changed(self, paris: Entity, lyon: Entity) -> None:
        scan(make_machine(paris), package("a"))
        upkeep.refresh_presence(now=NOW)
        Presence.objects.update(devices=7)
        scan(make_machine(lyon), package("a"))

        upkeep.refresh_presence(now=NOW)

        assert self.found() == {("Paris", "a"): 7, ("Lyon", "a"): 1}

    def test_follows_a_device_that_moves(self, paris: Entity, lyon: Entity) -> None:
        machine = make_machine(paris)
        scan(machine, package("a"))
        upkeep.refresh_presence(now=NOW)
        move_device(device=device_of(machine), entity=lyon, now=NOW)

        upkeep.refresh_presence(now=NOW)

        assert self.found() == {("Lyon", "a"): 1}

    def test_is_counted_anew_as_a_whole(self, paris: Entity) -> None:
        machine = make_machine(paris)
        scan(machine, package("a"))
        later = NOW + timedelta(days=1)
        InventoryPart.objects.update(received_at=later)  # a report that nothing changed
        upkeep.recount_packages(now=later)
        seen = (self.found(), Package.objects.get().last_seen_at)
        device_of(machine).delete()

        upkeep.recount_packages(now=later)

        assert seen == ({("Paris", "a"): 1}, later)
        assert self.found() == {}

    def test_changes_nothing_the_second_time(self, paris: Entity) -> None:
        scan(make_machine(paris), package("a"))
        upkeep.refresh_presence(now=NOW)

        runs = [upkeep.refresh_presence(now=NOW), upkeep.recount_packages(now=NOW)]

        nothing = {"presences_written": 0, "presences_removed": 0}
        assert [run.counts for run in runs if run] == [nothing, nothing]

    def test_leaves_binaries_alone(self, paris: Entity) -> None:
        run_on(paris, 1)
        upkeep.refresh_presence(now=NOW)

        upkeep.recount_packages(now=NOW)

        assert Presence.objects.filter(binary__isnull=False).count() == 1

    def test_shows_packages_where_they_are(
        self, paris: Entity, lyon: Entity, ben_scope: Scope
    ) -> None:
        scan(make_machine(paris), package("a"))
        scan(make_machine(lyon), package("b"))
        upkeep.refresh_presence(now=NOW)

        assert [row.name for row in Package.objects.permitted_to(ben_scope)] == ["a"]

    def test_is_what_the_task_counts(self, paris: Entity) -> None:
        tasks.recount_packages(of_a_newer_version=True)

        assert UpkeepRun.objects.get().task == "binaries.recount_packages"
