"""The registry of health checks."""

from datetime import datetime

import pytest
from django.db import OperationalError

from apps.core import health
from apps.core.health import Finding


def broken(_now: datetime) -> Finding:
    """Fail."""
    raise OSError("secret path")


class TestRun:
    def test_goes_on_after_a_broken_check(
        self, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        checks = {"a": broken, "b": lambda now: Finding("ok", f"It is {now:%A}.")}
        monkeypatch.setattr(health, "_checks", checks)

        found = dict(health.run(now))

        assert found["a"] == Finding("error", "The check itself failed: OSError.")
        assert found["b"] == Finding("ok", "It is Monday.")

    def test_says_when_it_is_the_database_that_is_away(
        self, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def ask(_now: datetime) -> Finding:
            raise OperationalError("connection to server at secret.example.com failed")

        monkeypatch.setattr(health, "_checks", {"a": ask})

        assert dict(health.run(now)) == {
            "a": Finding("error", "The database did not answer (OperationalError).")
        }

    def test_knows_each_name_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health, "_checks", {"a": broken})

        with pytest.raises(ValueError, match="registered already"):
            health.register("a", broken)
