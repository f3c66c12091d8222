"""Answers for load balancers."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import OperationalError
from django.test import Client

from dex import database, readiness


class Away:
    """A database that does not answer."""

    def cursor(self) -> None:
        raise OperationalError("away")


class TestHealthz:
    def test_answers_without_a_query(self, client: Client) -> None:
        assert client.get("/healthz").content == b"ok\n"


class TestReadyz:
    def test_answers_when_the_database_does(self, client: Client, db: None) -> None:
        assert client.get("/readyz").status_code == 200

    def test_says_so_when_the_database_is_away(
        self, client: Client, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(readiness, "connection", Away())

        assert client.get("/readyz").status_code == 503

    def test_answers_while_the_cache_is_away(
        self, client: Client, db: None, tmp_path: Path, settings: LazySettings
    ) -> None:
        settings.CACHES = database.caches("", "", tmp_path)  # where no server listens

        assert client.get("/readyz").status_code == 200
