"""docs/data-model.md and docs/retention.md say what the models say."""

import pytest

from apps.gdpr.data_inventory import entries, papers
from apps.nql import catalog
from tests.gdpr.data_model_names import TABLES
from tests.gdpr.data_model_words import WORDS

PARTS_OF = {"connection.tcp_events": "tcp", "connection.udp_events": "udp"}


@pytest.mark.django_db
class TestPapers:
    @pytest.mark.parametrize("name", ["data-model.md", "retention.md"])
    def test_are_as_the_models_are(self, name: str) -> None:
        stale = [path.name for path in papers.stale()]

        assert name not in stale, "run `manage.py data_inventory --write-docs`"

    @pytest.mark.case("data-model.1")
    def test_list_the_same_fields_as_the_inventory_and_the_catalogue(self) -> None:
        text = papers.made()[papers.DOCS / "data-model.md"]

        assert [e.field for e in entries() if f"| `{e.field}` |" not in text] == []
        asked = [field.path for table in catalog.tables() for field in table.fields]
        assert [path for path in asked if f"`{path}`" not in text] == []


class TestDataModel:
    @pytest.mark.case("data-model.1")
    @pytest.mark.parametrize("name", sorted(TABLES))
    def test_every_name_of_the_specification_can_be_asked_and_no_other(self, name: str) -> None:
        wanted = {path: kind for kind, paths in TABLES[name].items() for path in paths.split()}
        table = catalog.table(name)

        assert table is not None
        assert {field.path: asked_type(field) for field in table.fields} == wanted

    @pytest.mark.case("data-model.1")
    @pytest.mark.parametrize("name", sorted(TABLES))
    def test_every_word_of_the_specification_is_one_of_its_enumeration(self, name: str) -> None:
        table = catalog.table(name)

        assert table is not None
        offered = {field.path: set(field.values) for field in table.fields if field.values}
        assert offered == {path: set(text.split()) for path, text in WORDS.get(name, {}).items()}

    @pytest.mark.case("data-model.1")
    def test_there_is_no_other_table(self) -> None:
        assert {table.name for table in catalog.tables()} == {*TABLES, *PARTS_OF}

    @pytest.mark.case("data-model.1")
    @pytest.mark.parametrize("name", sorted(PARTS_OF))
    def test_connections_by_protocol_are_those_of_one_table(self, name: str) -> None:
        part, whole = catalog.table(name), catalog.table("connection.events")

        assert part is not None
        assert whole is not None
        assert part.only == {"protocol": PARTS_OF[name]}
        assert (part.model, list(part.fields)) == (whole.model, list(whole.fields))


def asked_type(field: catalog.Field) -> str:
    """Return the type of a field as the names write it."""
    return f"{field.type} {field.metric[0]}" if field.metric else field.type
