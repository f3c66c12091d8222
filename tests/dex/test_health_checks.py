"""What `manage.py doctor` says about the installation itself."""

from collections import namedtuple
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.redis import RedisCache
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from kombu import Connection

from apps.core import health
from apps.events.models import UpkeepRun
from dex import health_checks
from tests import conftest
from tests.dex import servers
from tests.instances import wait_for

pytestmark = pytest.mark.django_db

FILES = "django.core.files.storage.FileSystemStorage"
GB = 1024**3
Usage = namedtuple("Usage", "total used free")


class TestDatabase:
    def test_names_the_server(self, now: datetime) -> None:
        assert health_checks.check_database(now).text.startswith("PostgreSQL 18.")

    def test_finds_the_roles_in_order(self, now: datetime) -> None:
        assert health_checks.check_roles(now).level == "ok"

    def test_reports_another_role(self, now: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE dex_reader")

        found = health_checks.check_roles(now)

        assert found.level == "error"
        assert "dex_reader (connected as it)" in found.text

    def test_finds_a_log_without_values(self, now: datetime) -> None:
        assert health_checks.check_log_settings(now).level == "ok"

    def test_names_a_setting_that_lets_values_into_the_log(
        self, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(health_checks.LOG_SETTINGS, "log_error_verbosity", ("other",))

        found = health_checks.check_log_settings(now)

        assert (found.level, found.text) == (
            "warning",
            "Set in postgresql.conf: log_error_verbosity = other.",
        )

    @pytest.mark.parametrize(
        ("setting", "value", "good"),
        [("log_statement", "mod", "none"), ("log_min_duration_statement", "250", "-1")],
    )
    def test_names_one_that_logs_statements(
        self, now: datetime, setting: str, value: str, good: str
    ) -> None:
        with conftest.DATABASE.cluster.connect() as owner:
            owner.execute(f"GRANT SET ON PARAMETER {setting} TO dex")
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL {setting} = '{value}'")
            found = health_checks.check_log_settings(now)
        finally:
            with conftest.DATABASE.cluster.connect() as owner:
                owner.execute(f"REVOKE SET ON PARAMETER {setting} FROM dex")

        assert found.text == f"Set in postgresql.conf: {setting} = {good}."

    def test_counts_missing_migrations(self, now: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")

        found = health_checks.check_migrations(now)

        assert (found.level, found.text[:26]) == ("error", "Migrations not applied: 1.")

    def test_names_a_server_that_is_too_old(
        self, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(health_checks, "OLDEST_POSTGRES", 990_000)

        found = health_checks.check_database(now)

        assert found.level == "error"
        assert found.text.endswith("; dex needs 99 or newer.")

    def test_compares_the_clocks_at_the_moment_of_the_check(
        self, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        good = health_checks.check_clock(now)  # when the first check began
        monkeypatch.setattr("apps.core.clock.now", lambda: timezone.now() - timedelta(minutes=1))

        bad = health_checks.check_clock(now)

        assert good.level == "ok"
        assert (bad.level, bad.text[:27]) == ("error", "The database's clock is 60 ")


class TestMachine:
    @pytest.mark.parametrize(
        ("free", "level"), [(200 * GB, "ok"), (40 * GB, "error"), (GB // 2, "error")]
    )
    def test_reports_a_disk_that_is_nearly_full(
        self, now: datetime, monkeypatch: pytest.MonkeyPatch, free: int, level: str
    ) -> None:
        usage = Usage(1000 * GB, 1000 * GB - free, free)
        monkeypatch.setattr(health_checks.shutil, "disk_usage", lambda _path: usage)

        assert health_checks.check_disk(now).level == level

    def test_names_a_secret_that_others_can_read(
        self, now: datetime, tmp_path: Path, settings: Any
    ) -> None:
        settings.DEX_SECRETS_DIR = tmp_path
        tmp_path.chmod(0o700)
        (tmp_path / "safe").touch(mode=0o600)
        (tmp_path / "open").touch()
        (tmp_path / "open").chmod(0o644)

        found = health_checks.check_secrets(now)

        assert found.level == "error"
        assert found.text.startswith(f"Other accounts can read in {tmp_path}: open.")

    def test_reports_a_broker_that_does_not_answer(self, now: datetime, settings: Any) -> None:
        settings.CELERY_BROKER_URL = "redis://:secret@127.0.0.1:1/0"

        found = health_checks.check_broker(now)

        assert found.level == "error"
        assert "secret" not in found.text

    def test_counts_the_tasks_that_wait(self, now: datetime, settings: Any) -> None:
        with servers.valkey_server() as valkey:
            settings.CELERY_BROKER_URL = f"{valkey}0"
            wait_for(lambda: health_checks.check_broker(now).level == "ok")
            with Connection(f"{valkey}0") as broker, broker.SimpleQueue("default") as queue:
                queue.put({})

            found = health_checks.check_broker(now)

        assert (found.level, found.text) == (
            "ok",
            "The broker (redis) answers, tasks that wait in it: 1.",
        )

    @pytest.mark.parametrize(("hours", "level"), [(1, "ok"), (30, "error")])
    def test_reports_that_nothing_is_done(self, now: datetime, hours: int, level: str) -> None:
        at = now - timedelta(hours=hours)
        UpkeepRun.objects.create(task="events.roll_up", started_at=at, finished_at=at)

        assert health_checks.check_upkeep(now).level == level

    def test_tries_the_storage_and_leaves_nothing(
        self, now: datetime, settings: Any, tmp_path: Path
    ) -> None:
        where = {"BACKEND": FILES, "OPTIONS": {"location": tmp_path}}
        settings.STORAGES = settings.STORAGES | {"default": where}

        assert health_checks.check_storage(now).level == "ok"
        assert list(tmp_path.iterdir()) == []

    def test_says_what_a_cache_that_is_away_means(
        self, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        away = RedisCache(f"unix://{tmp_path}/valkey.sock", {})
        monkeypatch.setattr(health_checks, "cache", away)

        found = health_checks.check_cache(now)

        assert (found.level, found.text) == (
            "error",
            "The cache does not answer (ConnectionError): each process counts rate limits by itself.",
        )


class TestDoctor:
    def test_prints_a_line_each_and_fails_when_one_does(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        findings = [
            ("a.b", health.Finding("ok", "Fine.")),
            ("c.d", health.Finding("error", "Bad.")),
        ]
        monkeypatch.setattr(health, "run", lambda now: iter(findings))

        with pytest.raises(SystemExit) as ended:
            call_command("doctor")

        assert ended.value.code == 1
        words = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert words == [["ok", "a.b", "Fine."], ["FAILED", "c.d", "Bad."]]
