"""Pages of every event table: bounded, uncounted, one row by its whole address."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.core.admin.events import EventAdmin, address_of, microseconds, time_of
from apps.events import kinds, rollups
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    boot,
    collector_event,
    configure,
    connectivity,
    execution,
    login,
    make_machine,
    performance,
    stop,
)
from tests.factories.inventory import part
from tests.factories.programs import crash, package, scan, traffic
from tests.factories.sessions import at, change, sample, vdi, vdi_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

MODELS = [model for model, _ in kinds.event_models()]
every_table = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


@pytest.fixture
def rows(db: None, fixed_clock: datetime) -> None:
    """Have rows in every event table, daily ones included."""
    configure(virtual_session_metrics="on")
    machine = make_machine()
    machine.send(inventory=[part("hardware", {"model": "T14"})])
    machine.send(
        boot(),
        stop("sleeps"),
        stop("system_crashes"),
        stop("hard_resets"),
        collector_event("started"),
        connectivity(),
        connectivity("2026-03-01T11:55:00Z"),
        performance(),
        performance("2026-03-01T11:55:00Z"),
        execution(),
        execution("2026-03-01T11:30:00Z"),
        login(),
        change("lock", at(9)),
        sample(at(9)),
        sample("2026-03-01T11:30:00Z"),
        vdi_session(at(9)),
        vdi(at(9)),
        vdi("2026-03-01T11:30:00Z"),
        vdi(at(9), seconds=30),
        crash(),
        traffic(),
        traffic("2026-03-01T11:30:00Z"),
        users=ADA_ROSSI,
        binaries=SOFFICE,
        inventory=[part("hardware", {"model": "T16"})],
    )
    scan(machine, package("a"))
    scan(machine, package("b"))
    rollups.roll_up_dirty()


def list_of(model: Any) -> str:
    """Return the address of a list."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page_of(model: Any, address: str) -> str:
    """Return the address of a row's page."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    return reverse(name, args=[address])


@pytest.mark.usefixtures("rows")
class TestEventPages:
    @every_table
    def test_are_event_pages(self, model: Any) -> None:
        assert isinstance(admin.site.get_model_admin(model), EventAdmin)

    @pytest.mark.case("data-model.12")
    @every_table
    def test_list_without_a_count_and_within_a_window(self, ada_client: Client, model: Any) -> None:
        with CaptureQueriesContext(connection) as queries:
            response = ada_client.get(list_of(model), {"window": "7d"})

        table = model._meta.db_table
        asked = [q["sql"] for q in queries if f'FROM "{table}"' in q["sql"]]
        assert response.status_code == 200
        assert address_of(model.objects.order_by("-id")[0]) in response.content.decode()
        assert 1 <= len(asked) <= 12  # slices of time, each twice as long as the one before
        assert not [sql for sql in asked if "COUNT(" in sql.upper()]
        assert all(f'"{model.TIME_FIELD}" >= ' in sql and "LIMIT" in sql for sql in asked)

    @pytest.mark.case("data-model.12")
    @every_table
    def test_open_a_row_by_device_time_and_id(self, ada_client: Client, model: Any) -> None:
        row = model.objects.order_by("-id")[0]

        assert ada_client.get(page_of(model, address_of(row))).status_code == 200

    @pytest.mark.case("data-model.12")
    @pytest.mark.parametrize("change", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
    @every_table
    def test_open_no_other(
        self, ada_client: Client, model: Any, change: tuple[int, int, int]
    ) -> None:
        row = model.objects.order_by("-id")[0]
        parts = (row.device_id, microseconds(time_of(row)), row.pk)
        other = "-".join(str(part + by * 10**6) for part, by in zip(parts, change, strict=True))

        assert ada_client.get(page_of(model, other)).status_code in (302, 404)


class TestWindow:
    def test_shows_nothing_older(
        self, ada_client: Client, rows: None, fixed_clock: datetime
    ) -> None:
        from apps.devices.models import PerformanceSample

        page = ada_client.get(list_of(PerformanceSample), {"window": "1h"}).content.decode()
        old = PerformanceSample.objects.filter(bucket__lt=fixed_clock - timedelta(hours=1)).get()

        assert address_of(old) not in page
