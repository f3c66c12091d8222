"""No list of the console ranks persons where the instance refuses that, whoever adds a column."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.admin.utils import lookup_field
from django.db import models
from django.test import Client
from django.urls import reverse

from apps.collectors.switches import REFUSED
from apps.core.personal_data.ranking import ranks
from apps.devices.models import Device
from tests.conftest import NOW
from tests.factories.collectors import configure

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("fixed_clock"),
    pytest.mark.case("privacy.23"),
]


def ranking_fields(model: type[models.Model]) -> list[Any]:
    """Return the fields of a table that would rank persons."""
    return [field for field in model._meta.concrete_fields if ranks(model, field.name)]


LISTED = [model for model in admin.site._registry if ranking_fields(model)]
# No column of devices tells what the last login was; a filter by address could.
DRAWN = [model for model in LISTED if model is not Device]


# Of columns that the database derives.
DERIVED = {"state": "active", "destination_type": "internet", "failed_connection_ratio": 0.5}


class Watched:
    """Takes the place of a field on a model, and notes that a row's value is read."""

    def __init__(self, name: str, read: set[str]) -> None:
        self.name, self.read = name, read

    def __get__(self, row: Any, owner: Any = None) -> Any:
        self.read.add(self.name)
        return row.__dict__[self.name]

    def __set__(self, row: Any, value: Any) -> None:
        row.__dict__[self.name] = value


def url_of(model: type[models.Model]) -> str:
    """Return the address of a list."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def listed(client: Client, model: type[models.Model], query: str = "") -> Any:
    """Return a list as the page has it."""
    page: Any = client.get(url_of(model) + query)
    return page.context_data["cl"]


JUST_NOW = re.compile(r'"users_session"\."start_time_at" < [-+:. 0-9]+')


def sample_of(field: Any) -> Any:
    """Return some value of a field."""
    if field.is_relation:
        return field.related_model(pk=1)
    if field.name in DERIVED:
        return DERIVED[field.name]
    if field.choices:
        return field.choices[0][0]
    samples: dict[type, Any] = {
        models.DateTimeField: NOW,
        models.BooleanField: True,
        models.IntegerField: 1,
        models.FloatField: 1.0,
        models.UUIDField: uuid4(),
        models.GenericIPAddressField: "10.0.0.1",
        models.TextField: "x",
        models.CharField: "x",
    }
    return next((v for kind, v in samples.items() if isinstance(field, kind)), field.get_default())


def read_by_columns(columns: Any, model: type[models.Model], patch: pytest.MonkeyPatch) -> set[str]:
    """Return which of the fields that would rank persons the columns of a list read."""
    row = model()
    for field in model._meta.concrete_fields:
        row.__dict__[field.attname] = sample_of(field)
        if field.is_relation:
            setattr(row, field.name, sample_of(field))
    read: set[str] = set()
    for field in ranking_fields(model):
        patch.setattr(model, field.attname, Watched(field.attname, read))
    for column in columns.list_display:
        lookup_field(column, row, columns.model_admin)
    return read


def offered(columns: Any) -> Iterator[str]:
    """Yield the addresses of a list that its filters and heads offer, and those of more heads."""
    for spec in columns.filter_specs:
        yield from (choice["query_string"] for choice in spec.choices(columns))
    for place in range(1, len(columns.list_display) + 4):
        yield from (f"?o={place}", f"?o=-{place}")


def asked_for(client: Client, model: type[models.Model], queries: Iterable[str]) -> set[str]:
    """Return by which of the fields that would rank persons these lists are narrowed or sorted.

    Events always lie in a window of time, and rows past their term are on no list; nor are sessions
    that began just now.
    """
    time = getattr(model, "TIME_FIELD", None)
    names = [field.column for field in ranking_fields(model) if field.column != time]
    asked = [conditions(listed(client, model, query).queryset) for query in queries]
    kept = conditions(model.objects.kept()) if hasattr(model.objects, "kept") else ""  # type: ignore[attr-defined]
    return {
        name
        for name in names
        for sql in asked
        if f'"{name}"' in JUST_NOW.sub("", sql).replace(kept, "")
    }


def conditions(rows: models.QuerySet[Any]) -> str:
    """Return by what rows are narrowed and sorted."""
    return str(rows.query).partition(" WHERE " if " WHERE " in str(rows.query) else " ORDER BY ")[2]


@pytest.mark.parametrize("model", LISTED, ids=lambda model: model._meta.label)
class TestRefused:
    @pytest.fixture(autouse=True)
    def _refused(self, db: None) -> None:
        configure(individual_ranking=REFUSED)

    def test_no_column_reads_what_would_rank_persons(
        self, ada_client: Client, model: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        columns = listed(ada_client, model)

        assert read_by_columns(columns, model, monkeypatch) == set()

    def test_no_filter_and_no_order_does(self, ada_client: Client, model: Any) -> None:
        queries = list(offered(listed(ada_client, model)))

        assert asked_for(ada_client, model, queries) == set()

    def test_no_address_may_ask_for_it(self, ada_client: Client, model: Any) -> None:
        answers = {
            ada_client.get(url_of(model), {f"{field.name}__gte": str(sample_of(field))}).status_code
            for field in ranking_fields(model)
        }

        assert answers == {400}


@pytest.mark.parametrize("model", DRAWN, ids=lambda model: model._meta.label)
def test_where_it_is_allowed_columns_read_it(
    ada_client: Client, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure()
    columns = listed(ada_client, model)

    assert read_by_columns(columns, model, monkeypatch)
