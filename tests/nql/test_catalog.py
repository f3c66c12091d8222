"""The catalogue of what can be asked."""

import pytest

from apps.core.models import Generation
from apps.nql import catalog
from apps.nql.catalog import CatalogError, Field, Link, Table


def table(*fields: Field, **values: object) -> Table:
    """Return a table over the counters of core, not registered."""
    known = {"name": "test.counters", "model": Generation, "kind": "object", "record": "counter"}
    return Table(**{**known, "fields": fields, **values})  # type: ignore[arg-type]


class TestField:
    @pytest.mark.parametrize(
        ("path", "type_", "column"),
        [
            ("name", "string", "name"),
            ("hardware.memory", "bytes", "hardware_memory_bytes"),
            ("last_seen", "datetime", "last_seen_at"),
            ("time_until.desktop", "duration", "time_until_desktop_ms"),
            ("cpu.usage", "percent", "cpu_usage_ratio"),
            ("throughput", "bit rate", "throughput_bps"),
        ],
    )
    def test_finds_its_column_by_the_rule(self, path: str, type_: str, column: str) -> None:
        assert Field(path, type_).columns == (column,)  # type: ignore[arg-type]

    def test_of_a_gauge_has_four_columns(self) -> None:
        field = Field("cpu.usage", "percent", metric="gauge")

        assert field.columns == tuple(
            f"cpu_usage_ratio_{part}" for part in ("sum", "count", "min", "max")
        )

    def test_of_a_counter_has_its_sum(self) -> None:
        assert Field("faults", "int", metric="counter").columns == ("faults_sum",)

    def test_needs_the_words_of_an_enum(self) -> None:
        with pytest.raises(CatalogError, match="needs its values"):
            Field("platform", "enum")

    def test_has_a_type_that_exists(self) -> None:
        with pytest.raises(CatalogError, match="is no type"):
            Field("platform", "text")  # type: ignore[arg-type]


class TestTable:
    def test_knows_its_fields_by_path(self) -> None:
        name = Field("name", "string")

        assert table(name).field("name") is name
        assert table(name).field("colour") is None

    def test_has_no_field_twice(self) -> None:
        with pytest.raises(CatalogError, match="field twice"):
            table(Field("name", "string"), Field("name", "int"))

    def test_takes_the_class_of_a_field_from_the_registry(self) -> None:
        found = table(Field("name", "string")).class_of("name")

        assert found is not None
        assert found.value.value == "none"


class TestCatalog:
    def test_refuses_a_name_that_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(catalog, "_tables", {})
        catalog.register(table(Field("name", "string")))

        with pytest.raises(CatalogError, match="registered already"):
            catalog.register(table(Field("value", "int")))

    def test_names_columns_and_links_that_are_not_there(self) -> None:
        wrong = table(Field("colour", "string"), links=[Link("owner", "owner_id", "x.y")])

        assert list(catalog.problems(wrong)) == [
            "test.counters colour: core.Generation has no colour.",
            "test.counters link owner: no column owner_id.",
            "test.counters link owner: no table x.y.",
        ]

    def test_has_no_problem_in_what_the_apps_offer(self) -> None:
        assert [p for offered in catalog.tables() for p in catalog.problems(offered)] == []
