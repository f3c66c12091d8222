"""Programs to which nothing refers any more."""

from datetime import timedelta

import pytest

from apps.binaries import tasks, upkeep
from apps.binaries.models import (
    Binary,
    BinaryClaim,
    ConnectionDaily,
    ExecutionDaily,
    InstalledPackage,
    Package,
    Presence,
)
from apps.core import generations
from apps.events import rollups
from apps.events.models import UpkeepRun
from tests.conftest import NOW
from tests.factories.collectors import ADA_ROSSI, SOFFICE, device_of, execution, make_machine
from tests.factories.programs import package, scan, traffic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

LONG_AGO = NOW - timedelta(days=40)


def purge() -> dict[str, int]:
    """Purge, and return what went."""
    run = upkeep.purge_orphans(now=NOW)
    assert run is not None
    return dict(run.counts)


class TestBinaries:
    def test_go_when_nothing_refers_to_them(self) -> None:
        make_machine().send(execution(), users=ADA_ROSSI, binaries=SOFFICE)
        upkeep.refresh_presence(now=NOW)
        Binary.objects.update(last_seen_at=LONG_AGO)

        assert purge() == {"binaries_purged": 1, "packages_purged": 0}

        assert [model.objects.count() for model in (Binary, BinaryClaim, Presence)] == [0, 0, 0]

    @pytest.mark.parametrize(
        ("record", "model"),
        [
            (execution("2026-03-01T10:00:00Z"), ExecutionDaily),
            (traffic("2026-03-01T10:00:00Z"), ConnectionDaily),
        ],
    )
    def test_stay_while_a_day_refers_to_them(self, record: dict[str, object], model: type) -> None:
        make_machine().send(record, users=ADA_ROSSI, binaries=SOFFICE)
        rollups.roll_up_dirty()
        Binary.objects.update(last_seen_at=LONG_AGO)
        before = purge()["binaries_purged"]
        model.objects.all().delete()  # type: ignore[attr-defined]

        after = purge()["binaries_purged"]

        assert (before, after) == (0, 1)

    def test_stay_while_samples_may_refer_to_them(self) -> None:
        make_machine().send(execution(), users=ADA_ROSSI, binaries=SOFFICE)
        Binary.objects.update(last_seen_at=NOW - timedelta(days=31))

        assert purge()["binaries_purged"] == 0

    def test_are_forgotten_by_every_process(self) -> None:
        make_machine().send(execution(), users=ADA_ROSSI, binaries=SOFFICE)
        Binary.objects.update(last_seen_at=LONG_AGO)
        before = generations.read(generations.DIMENSIONS)

        purge()

        assert generations.read(generations.DIMENSIONS) == before + 1

    def test_go_by_the_thousand(self) -> None:
        Binary.objects.bulk_create(
            Binary(
                identity=str(number),
                name="a",
                platform="linux",
                first_seen_at=LONG_AGO,
                last_seen_at=NOW if number % 2 else LONG_AGO,
            )
            for number in range(2_500)
        )

        assert purge()["binaries_purged"] == 1_250
        assert purge()["binaries_purged"] == 0
        assert Binary.objects.count() == 1_250


class TestPackages:
    def test_go_some_time_after_the_last_device(self) -> None:
        machine = make_machine()
        scan(machine, package("a"), package("b"))
        upkeep.recount_packages(now=NOW)
        scan(machine, package("b"))
        at_once = purge()["packages_purged"]
        Package.objects.update(last_seen_at=LONG_AGO)

        later = purge()["packages_purged"]

        assert (at_once, later) == (0, 1)
        assert Package.objects.get().name == "b"

    def test_go_with_the_device_that_had_them(self) -> None:
        machine = make_machine()
        scan(machine, package("a"))
        Package.objects.update(last_seen_at=LONG_AGO)
        before = purge()["packages_purged"]
        device_of(machine).delete()

        after = purge()["packages_purged"]

        assert (before, after, InstalledPackage.objects.count()) == (0, 1, 0)

    def test_are_seen_last_when_they_leave(self) -> None:
        machine = make_machine()
        scan(machine, package("a"))
        Package.objects.update(last_seen_at=LONG_AGO)

        scan(machine)

        assert Package.objects.get().last_seen_at == NOW

    def test_are_what_the_task_purges(self) -> None:
        tasks.purge_orphans(of_a_newer_version=True)

        assert UpkeepRun.objects.get().task == "binaries.purge_orphans"
