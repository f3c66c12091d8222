"""Event tables as PostgreSQL has them, and what a kind must bring to get one."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from apps.devices.models import Boot, Device, PerformanceDaily, PerformanceSample
from apps.events import checks, dimensions, inventory, kinds, retention
from apps.events.choices import Retention
from apps.events.metrics import Counter, Gauge, column_names
from apps.events.models import DailyEvent
from tests.conftest import NOW

MODELS = [model for model, _ in kinds.event_models()]
every_table = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


def asked(sql: str, table: str) -> list[Any]:
    """Return the first column of a query about a table."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [table])
        return [row[0] for row in cursor.fetchall()]


def columns_of(model: Any, index: Any) -> list[str]:
    """Return the columns of an index."""
    return [str(model._meta.get_field(name).column) for name in index.fields]


@pytest.mark.django_db
class TestTable:
    @every_table
    def test_is_partitioned_by_its_time(self, model: Any) -> None:
        sql = "SELECT pg_get_partkeydef(%s::regclass)"

        assert asked(sql, model._meta.db_table) == [f"RANGE ({model.TIME_FIELD})"]

    @every_table
    def test_has_no_key_and_no_constraint(self, model: Any) -> None:
        sql = "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype <> 'n'"

        assert asked(sql, model._meta.db_table) == []

    @every_table
    def test_has_two_indexes_and_those_of_its_model(self, model: Any) -> None:
        sql = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s::regclass"

        texts = [text.partition(" USING ")[2] for text in asked(sql, model._meta.db_table)]
        indexes = sorted(text.partition(" WHERE ")[0] for text in texts)

        time = model.TIME_FIELD
        own = [f"btree ({', '.join(columns_of(model, index))})" for index in model._meta.indexes]
        assert indexes == sorted([f"brin ({time})", f"btree (device_id, {time})", *own])

    @every_table
    def test_of_samples_has_no_other_index_but_of_rare_facts(self, model: Any) -> None:
        is_daily = issubclass(model, DailyEvent)

        whole = [index for index in model._meta.indexes if index.condition is None]
        assert is_daily or not whole  # a further one costs ingest

    @every_table
    def test_has_no_default_partition(self, model: Any) -> None:
        sql = "SELECT partdefid FROM pg_partitioned_table WHERE partrelid = %s::regclass"

        assert asked(sql, model._meta.db_table) == [0]

    @every_table
    def test_needs_an_id_and_a_device(self, model: Any) -> None:
        sql = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnotnull"

        assert {"id", "device_id", model.TIME_FIELD} <= set(asked(sql, model._meta.db_table))

    @every_table
    def test_has_the_columns_of_its_model(self, model: Any) -> None:
        sql = (
            "SELECT attname FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        )

        assert set(asked(sql, model._meta.db_table)) == {
            field.column for field in model._meta.concrete_fields
        }

    @every_table
    def test_is_not_walked_when_a_device_is_deleted(self, model: Any) -> None:
        related = {relation.related_model for relation in Device._meta.related_objects}

        assert model not in related


class TestColumns:
    def test_of_a_counter_are_one_in_samples_and_four_a_day(self) -> None:
        counter = Counter("", None)  # type: ignore[arg-type]

        assert column_names("a", counter, daily=False) == ["a_sum"]
        assert column_names("a", counter, daily=True) == ["a_sum", "a_count", "a_min", "a_max"]

    def test_of_a_gauge_are_four_in_both(self) -> None:
        gauge = Gauge("", None)  # type: ignore[arg-type]

        assert column_names("a", gauge, daily=False) == column_names("a", gauge, daily=True)


class TestRegistries:
    def test_refuse_a_kind_twice(self) -> None:
        with pytest.raises(ImproperlyConfigured, match="twice"):
            kinds.register(kinds.PunctualKind(name="device_performance.boots", model=Boot))

    def test_refuse_a_kind_whose_table_lacks_a_column(self) -> None:
        kind = kinds.PunctualKind(name="x", model=Boot, dimensions={"user": "users"})

        with pytest.raises(ImproperlyConfigured, match="user_id"):
            kinds.register(kind)

    def test_refuse_a_kind_whose_table_lacks_a_metric(self) -> None:
        kind = kinds.SampledKind(
            name="x",
            model=PerformanceSample,
            daily_model=PerformanceDaily,
            bucket_seconds=300,
            metrics={"coffee": Counter("", None)},  # type: ignore[arg-type]
        )

        with pytest.raises(ImproperlyConfigured, match="coffee_sum"):
            kinds.register(kind)

    @pytest.mark.parametrize("dictionary", ["users", "binaries"])
    def test_refuse_a_dimension_twice(self, dictionary: str) -> None:
        with pytest.raises(ImproperlyConfigured, match="twice"):
            dimensions.register(dimensions.find(dictionary))

    def test_refuse_a_part_twice(self) -> None:
        part = inventory.find("disks")

        assert part is not None
        with pytest.raises(ImproperlyConfigured, match="twice"):
            inventory.register(part)

    def test_keep_the_rules_of_event_tables(self) -> None:
        assert checks.event_tables_keep_the_rules() == []

    @pytest.mark.parametrize("kind", list(kinds.sampled()), ids=lambda kind: kind.name)
    def test_know_no_bucket_about_persons_finer_than_a_quarter_of_an_hour(
        self, kind: kinds.SampledKind
    ) -> None:
        is_the_exception = kind.switch == "virtual_session_metrics"  # off in every preset
        assert kind.bucket_seconds >= 900 or "user" not in kind.dimensions or is_the_exception


@pytest.mark.django_db
class TestRetention:
    @pytest.mark.parametrize(
        ("term", "days"),
        [
            (Retention.OPERATIONAL, 30),
            (Retention.HIGHRES, 30),
            (Retention.HIGHRES_DETAIL, 14),
            (Retention.DAILY, 396),
        ],
    )
    def test_has_the_default_terms(self, term: Retention, days: int) -> None:
        assert (NOW - retention.oldest_kept(term, NOW)).days == days

    def test_asks_whoever_registered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(retention, "_terms", retention._terms)

        retention.register(lambda _term: 7)

        assert retention.days_kept(Retention.DAILY) == 7
