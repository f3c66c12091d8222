"""Daily rows lose their persons at their term; figures stay, and late rows change nothing of it."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from apps.binaries.models import ExecutionDaily
from apps.devices.models import Device
from apps.events import folding, kinds, rollups
from apps.events.daily import daily_model_of
from apps.events.ids import draw
from apps.events.models import RolledUpDay
from apps.gdpr import terms, upkeep
from apps.gdpr.models import FoldedDay, RetentionPolicy
from tests.conftest import NOW
from tests.events.rows import add_execution
from tests.factories.collectors import ADA_ROSSI, SOFFICE, device_of, execution, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

DAY = date(2026, 2, 28)
BUCKET = datetime.fromisoformat("2026-02-28T10:00:00+00:00")
METRICS: dict[str, Any] = {
    "cpu_time_ms_sum": 100,
    "memory_bytes_sum": 50,
    "memory_bytes_count": 2,
    "memory_bytes_min": 20,
    "memory_bytes_max": 30,
    "execution_duration_ms_sum": 900_000,
}


@pytest.fixture
def device() -> Device:
    """Return a device that two people use, with a day of each and of nobody."""
    device = device_of(make_machine())
    Device.objects.filter(pk=device.pk).update(is_one_user=False)
    for user, factor in ((1, 1), (2, 10), (None, 100)):
        values = {name: value * factor for name, value in METRICS.items()}
        add_execution(bucket=BUCKET, device_id=device.pk, user_id=user, binary_id=7, **values)
    add_execution(bucket=BUCKET, device_id=device.pk, user_id=1, binary_id=8, **METRICS)
    rollups.mark_dirty(device_id=device.pk, days=[DAY], now=NOW)
    rollups.roll_up_dirty(before=NOW)
    RolledUpDay.objects.create(day=DAY, rolled_up_at=NOW)
    return device


def end_term(**by: float) -> None:
    """Let the term of the person in daily rows be so long."""
    RetentionPolicy.objects.filter(retention_class="daily_person").update(term=timedelta(**by))
    terms.forget()


def totals() -> list[tuple[Any, ...]]:
    """Return what device and binary did on each day."""
    rows = ExecutionDaily.objects.values_list("device_id", "binary_id", "bucket")
    return list(
        rows.annotate(
            Sum("cpu_time_ms_sum"),
            Sum("cpu_time_ms_count"),
            Sum("memory_bytes_sum"),
            Sum("memory_bytes_count"),
        ).order_by("binary_id")
    )


class TestFold:
    @pytest.mark.case("data-model.13")
    @pytest.mark.case("privacy.26")
    def test_takes_the_person_and_leaves_the_figures(self, device: Device) -> None:
        before = totals()
        end_term(days=1)

        run = upkeep.fold_persons(now=NOW)

        assert totals() == before
        assert set(ExecutionDaily.objects.values_list("user_id", flat=True)) == {None}
        merged = ExecutionDaily.objects.get(binary_id=7)
        assert (merged.cpu_time_ms_sum, merged.cpu_time_ms_count) == (11_100, 3)
        assert (merged.cpu_time_ms_min, merged.cpu_time_ms_max) == (100, 10_000)
        assert (merged.memory_bytes_min, merged.memory_bytes_max) == (20, 3_000)
        assert run is not None
        assert run.counts == {"days_folded": 1, "rows_folded": 4}

    @pytest.mark.case("privacy.26")
    def test_empties_activity_where_one_person_uses_the_device(self, device: Device) -> None:
        Device.objects.update(is_one_user=True)
        end_term(days=1)

        upkeep.fold_persons(now=NOW)

        row = ExecutionDaily.objects.get(binary_id=7)
        kind = kinds.find("execution.events")
        assert isinstance(kind, kinds.SampledKind)
        emptied = folding.appraisal_columns(kind)
        assert {"execution_duration_ms_sum", "execution_duration_ms_max"} <= set(emptied)
        assert {getattr(row, name) for name in emptied} == {None}
        assert row.cpu_time_ms_sum == 11_100

    def test_leaves_activity_where_several_do(self, device: Device) -> None:
        end_term(days=1)

        upkeep.fold_persons(now=NOW)

        assert ExecutionDaily.objects.get(binary_id=8).execution_duration_ms_sum == 900_000

    def test_waits_for_the_term(self, device: Device) -> None:
        end_term(days=3)

        upkeep.fold_persons(now=NOW)

        assert ExecutionDaily.objects.filter(user_id__isnull=False).count() == 3
        assert not FoldedDay.objects.exists()

    def test_changes_nothing_the_second_time(self, device: Device) -> None:
        end_term(days=1)
        upkeep.fold_persons(now=NOW)
        rows = list(ExecutionDaily.objects.order_by("id").values())
        FoldedDay.objects.all().delete()  # as after a run that was stopped

        run = upkeep.fold_persons(now=NOW)

        assert list(ExecutionDaily.objects.order_by("id").values()) == rows
        assert run is not None
        assert run.counts == {"days_folded": 1, "rows_folded": 0}

    def test_keeps_the_days_apart(self, device: Device) -> None:
        later = rollups.day_start(DAY + timedelta(days=1))
        for user in (1, 2):
            ExecutionDaily.objects.create(
                id=draw(1)[0],
                bucket=later,
                device_id=device.pk,
                context_id=1,
                user_id=user,
                binary_id=7,
                cpu_time_ms_sum=1,
            )
        end_term(days=1, hours=13)

        upkeep.fold_persons(now=NOW)

        assert ExecutionDaily.objects.filter(bucket=later).count() == 2

    def test_late_rows_do_not_bring_the_person_back(self, device: Device) -> None:
        end_term(days=1)
        upkeep.fold_persons(now=NOW)

        add_execution(bucket=BUCKET, device_id=device.pk, user_id=2, binary_id=7, cpu_time_ms_sum=5)
        rollups.mark_dirty(device_id=device.pk, days=[DAY], now=NOW)
        rollups.roll_up_dirty(before=NOW)

        row = ExecutionDaily.objects.get(binary_id=7)
        assert row.user_id is None
        assert row.cpu_time_ms_sum == 11_105

    def test_a_batch_that_comes_late_has_no_person_either(self) -> None:
        machine = make_machine()
        end_term(days=1)

        machine.send(
            execution("2026-02-28T10:00:00Z"),
            users=ADA_ROSSI,
            binaries=SOFFICE,
        )
        rollups.roll_up_dirty(before=NOW)

        assert ExecutionDaily.objects.get().user_id is None


class TestKinds:
    @pytest.mark.parametrize("kind", list(kinds.sampled()), ids=lambda kind: kind.name)
    def test_every_kind_can_be_folded(self, kind: kinds.SampledKind) -> None:
        assert folding.fold(kind, start=rollups.day_start(DAY), device_ids=[1]) == 0

    @pytest.mark.parametrize("kind", list(kinds.sampled()), ids=lambda kind: kind.name)
    def test_whatever_has_a_user_is_concerned(self, kind: kinds.SampledKind) -> None:
        columns = {field.column for field in daily_model_of(kind)._meta.concrete_fields}

        assert folding.concerns(kind) or "user_id" not in columns


@pytest.mark.usefixtures("clean_database")
class TestLock:
    """A fold waits for roll-ups under way, which do not wait for each other."""

    @pytest.mark.parametrize(
        ("first", "second", "waits"),
        [(True, True, False), (True, False, True), (False, True, True)],
    )
    def test_keeps_folds_and_roll_ups_apart(self, first: bool, second: bool, waits: bool) -> None:
        holder, other = connection, connection.copy()
        try:
            with transaction.atomic(), other.cursor() as cursor:
                folding.lock_daily_rows(is_shared=first)
                assert holder.in_atomic_block
                kind = "_shared" if second else ""
                cursor.execute(
                    f"SELECT pg_try_advisory_lock{kind}(hashtextextended('events.daily_rows', 0))"
                )
                assert cursor.fetchone() == (not waits,)
        finally:
            other.close()
