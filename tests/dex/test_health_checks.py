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

from apps.core import health
from dex import health_checks

pytestmark = pytest.mark.django_db

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
        monkeypatch.setitem(health_checks.LOG_SETTINGS, "log_error_verbosity", "other")

        found = health_checks.check_log_settings(now)

        assert (found.level, found.text) == (
            "warning",
            "Set on the PostgreSQL server: log_error_verbosity.",
        )

    def test_counts_missing_migrations(self, now: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")

        found = health_checks.check_migrations(now)

        assert (found.level, found.text[:12]) == ("error", "1 migrations")

    def test_compares_the_clocks(self) -> None:
        assert health_checks.check_clock(timezone.now()).level == "ok"
        assert health_checks.check_clock(timezone.now() - timedelta(minutes=1)).level == "error"


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

        assert (found.level, found.text) == ("error", "Others can read: open.")

    def test_reports_a_broker_that_does_not_answer(self, now: datetime, settings: Any) -> None:
        settings.CELERY_BROKER_URL = "redis://:secret@127.0.0.1:1/0"

        found = health_checks.check_broker(now)

        assert found.level == "error"
        assert "secret" not in found.text

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
