"""Fixtures of all tests. The environment is set here, before Django reads its settings."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

import pytest

from tests import environment

HOME = environment.prepare()
DATABASE = environment.TestDatabase(HOME)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday

pytest_plugins = ["tests.fixtures"]


def pytest_configure() -> None:
    """Read the settings, and change what only a test may change."""
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = environment.DATABASE
    settings.CACHES["default"] = {"BACKEND": "tests.caches.CountingLocMemCache"}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick
    settings.DEX_PARTITION_DAYS_AHEAD = 1
    settings.DEX_PARTITION_DAYS_BEHIND = 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let each process read the settings in surroundings of its own, not in ours."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure() -> None:
    """Stop the cluster of this run."""
    DATABASE.stop()


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """Make the test database by the bootstrap role; migrate it as the application's."""
    from django.core.management import call_command
    from django.db import connections
    from django.test import TransactionTestCase

    from apps.events import ids

    DATABASE.start()
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0, interactive=False)
        make_event_partitions()
        connections.close_all()
    DATABASE.remember()

    def restore(_case: TransactionTestCase) -> None:
        connections.close_all()
        DATABASE.restore()
        ids.forget_block()  # the sequence it came from is back where it was

    TransactionTestCase._fixture_teardown = restore  # type: ignore[attr-defined]
    yield
    with django_db_blocker.unblock():
        connections.close_all()


def make_event_partitions() -> None:
    """Make the partitions of 27 February to 4 March 2026, around NOW."""
    if find_spec("apps.events.partitions") is None:
        return
    from django.test import override_settings

    from apps.events import partitions

    with override_settings(DEX_PARTITION_DAYS_BEHIND=3, DEX_PARTITION_DAYS_AHEAD=2):
        partitions.apply(partitions.make_plan(now=NOW))


@pytest.fixture
def now() -> datetime:
    """Return the instant at which tests take place."""
    return NOW


@pytest.fixture
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Stop the clock of all doors at NOW."""
    monkeypatch.setattr("apps.core.clock.now", lambda: NOW)
    return NOW


@pytest.fixture
def clean_database(transactional_db: None) -> None:
    """Let a test commit; afterwards all is as the migrations left it, the audit schema too."""


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Forget counted rates and cached ids between tests."""
    from django.core.cache import cache

    from apps.binaries.services import claims
    from apps.collectors import effective, ranking
    from apps.core import limits
    from apps.events import dimensions

    yield
    cache.clear()
    limits.own.forget()
    effective.forget()
    ranking.forget()
    dimensions.forget()
    claims.forget()
