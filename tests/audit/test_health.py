"""Health and upkeep of the audit log."""

from datetime import datetime

import pytest

from apps.audit import health, partitions, tasks

pytestmark = pytest.mark.django_db


class TestCheckPartitions:
    def test_counts_the_days_ahead(self, now: datetime) -> None:
        assert health.check_partitions(now).level == "ok"

    @pytest.mark.parametrize(("days", "level"), [(0, "error"), (2, "warning")])
    def test_says_when_they_run_out(
        self, days: int, level: str, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(partitions, "days_ahead", lambda: days)

        assert health.check_partitions(now).level == level


class TestCheckRights:
    def test_is_content_with_two_roles(self, now: datetime) -> None:
        assert health.check_rights(now).level == "ok"


class TestMakePartitions:
    def test_may_run_at_any_time(self) -> None:
        tasks.make_partitions()

        assert partitions.days_ahead() == 8
