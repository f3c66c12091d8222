"""Pages of the console over 100,000 devices: by whom they are asked for, time and queries.

Through Django's test client, in process: the time of our code and the database. "half" is an
account whose profile is granted every other one of 5,000 entities.
"""

import statistics
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

from benchmarks.report import Row, emit
from benchmarks.surroundings import Surroundings

ROUNDS = 5
PER_PAGE = 50
LIST_BUDGET_MS, DEVICE_BUDGET_MS = 300, 500
PATIENCE_MS = 10_000  # of a statement; a page that needs more counts with this
MEMORY = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


def run(_surroundings: Surroundings, scale: int) -> list[Row]:
    """Make the fleet where it is missing, then ask for each page."""
    from django.test import override_settings

    from apps.binaries import upkeep
    from apps.core import clock
    from benchmarks import fleet

    end = fleet.make(scale, now=clock.now())
    upkeep.refresh_presence(now=end)  # else "half" would see no program
    rows = []
    _be_patient_for(PATIENCE_MS)
    with override_settings(CACHES=MEMORY), mock.patch("apps.core.clock.now", return_value=end):
        for login, share in ((fleet.MAIN, 1), (fleet.HALF, 2)):
            client = _client(login)
            for name, address, budget in _pages(fleet.DEVICES // share):
                rows += _measure(f"pages.{name}.{login.partition('-')[2]}", client, address, budget)
    _be_patient_for(0)  # without end
    return rows


def _be_patient_for(milliseconds: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = {milliseconds}")


def _pages(devices: int) -> Iterator[tuple[str, str, float]]:
    from django.urls import reverse

    from benchmarks import fleet

    listed = reverse("admin:devices_device_changelist")
    binaries = reverse("admin:binaries_binary_changelist")
    yield "device_list", listed, LIST_BUDGET_MS
    yield "device_list_search", f"{listed}?q=device-4711", LIST_BUDGET_MS
    yield (
        "device_list_filter",
        f"{listed}?operating_system_platform__exact=linux",
        LIST_BUDGET_MS,
    )
    yield "device_list_middle", f"{listed}?p={devices // PER_PAGE // 2}", LIST_BUDGET_MS
    yield "device_list_last", f"{listed}?p={devices // PER_PAGE}", LIST_BUDGET_MS
    yield (
        "device",
        reverse("admin:devices_device_change", args=[fleet.FIRST_DEVICE]),
        DEVICE_BUDGET_MS,
    )
    yield "binary_list", binaries, LIST_BUDGET_MS
    yield "binary_list_search", f"{binaries}?q=tool-1", LIST_BUDGET_MS
    packages = reverse("admin:binaries_package_changelist")
    yield "package_list", packages, LIST_BUDGET_MS
    yield "package_list_search", f"{packages}?q=tool-1", LIST_BUDGET_MS


def _measure(name: str, client: Any, address: str, budget: float) -> list[Row]:
    """Ask once to warm up and to count queries, then a few times; the median counts."""
    from django.db import connection

    queries: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        response = client.get(address)
    times = [] if response.status_code == 200 else [float(PATIENCE_MS)]
    for _ in range(ROUNDS if not times else 0):
        start = time.perf_counter()
        client.get(address)
        times.append((time.perf_counter() - start) * 1_000)
    return [
        emit(Row(name, "", statistics.median(times), "ms", budget, at_most=True)),
        emit(Row(f"{name}.queries", "", len(queries), "queries")),
        emit(Row(f"{name}.size", "", len(response.content) / 1_000, "kB")),
    ]


def _client(login: str) -> Any:
    from django.test import Client

    from apps.accounts.models import Account

    client = Client(SERVER_NAME="localhost", raise_request_exception=False)
    client.force_login(Account.objects.get(login=login))
    return client
