"""Answers for load balancers."""

from contextlib import closing
from pathlib import Path
from socket import AF_UNIX
from socket import socket as Socket

import pytest
from django.core.cache.backends.redis import RedisCache
from django.db import OperationalError
from django.test import Client

from dex import readiness


class Away:
    """A database that does not answer."""

    def cursor(self) -> None:
        raise OperationalError("away")


class TestHealthz:
    def test_answers_without_a_query(self, client: Client) -> None:
        assert client.get("/healthz").content == b"ok\n"


class TestReadyz:
    def test_answers_when_database_and_cache_do(self, client: Client, db: None) -> None:
        assert client.get("/readyz").status_code == 200

    def test_says_so_when_the_database_is_away(
        self, client: Client, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(readiness, "connection", Away())

        assert client.get("/readyz").status_code == 503

    def test_says_so_when_the_cache_is_away(
        self, client: Client, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        socket = tmp_path / "valkey.sock"
        with closing(Socket(AF_UNIX)) as server:
            server.bind(str(socket))  # as of a server that was killed: nobody listens
        monkeypatch.setattr(readiness, "cache", RedisCache(f"unix://{socket}", {}))

        assert client.get("/readyz").status_code == 503
