"""Addresses of servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.utils import ConnectionHandler

from dex import database, paths
from tests import conftest


class TestExternal:
    def test_reads_an_address_with_options(self) -> None:
        found = database.external(
            "postgresql://dex:p%40ss@db.example:6432/fleet?sslmode=require", "web"
        )

        assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", "6432", "fleet")
        assert (found["USER"], found["PASSWORD"]) == ("dex", "p@ss")
        assert found["OPTIONS"]["sslmode"] == "require"
        assert found["OPTIONS"]["connect_timeout"] == database.CONNECT_SECONDS

    def test_reads_a_percent_encoded_socket_folder(self) -> None:
        found = database.external("postgresql://dex@%2Fvar%2Frun%2Fpostgresql/dex", "command")

        assert found["HOST"] == "/var/run/postgresql"

    @pytest.mark.parametrize(
        ("url", "sentence"),
        [
            ("mysql://dex@host/dex", "must begin with postgresql://"),
            ("postgresql://dex@host", "names no database or no role"),
            ("postgresql://dex@host/dex?nonsense=1", "cannot be read"),
        ],
    )
    def test_stops_at_another_address(self, url: str, sentence: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=sentence):
            database.external(url, "command")

    def test_pools_connections_of_the_web_processes_alone(self) -> None:
        url = "postgresql://dex@host/dex"

        assert "pool" in database.external(url, "web")["OPTIONS"]
        assert "pool" not in database.external(url, "worker")["OPTIONS"]


class TestPool:
    def test_survives_a_restart_of_the_server(self, pooled: DatabaseWrapper) -> None:
        before = backend(pooled)
        with conftest.DATABASE.cluster.connect() as owner:
            owner.execute("SELECT pg_terminate_backend(%s, 5000)", [before])

        after = backend(pooled)

        assert after != before

    def test_asks_a_connection_nothing_while_its_line_is_silent(
        self, pooled: DatabaseWrapper
    ) -> None:
        lent = backend(pooled)

        pooled.ensure_connection()

        with conftest.DATABASE.cluster.connect() as owner:
            told = owner.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [lent])
            assert told.fetchone() == ("SELECT pg_backend_pid()",)


@pytest.fixture
def pooled(db: None) -> Iterator[DatabaseWrapper]:
    """Return a connection to the database of the tests, as a web process has it."""
    tests = settings.DATABASES["default"]
    found = database.embedded(paths.home(), tests["PASSWORD"], "web") | {"NAME": tests["NAME"]}
    wrapper = DatabaseWrapper(ConnectionHandler({"default": found}).settings["default"], "pooled")
    yield wrapper
    wrapper.close_pool()


def backend(connection: DatabaseWrapper) -> int:
    """Return the server's process in one request."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    connection.close()  # back into the pool
    return int(pid)


class TestCaches:
    def test_uses_the_embedded_server(self) -> None:
        found = database.caches("", "redis://broker", Path("/run/cache"))["default"]

        assert found["LOCATION"] == "unix:///run/cache/valkey.sock"

    @pytest.mark.parametrize("scheme", ["amqp", "amqps", "pyamqp"])
    def test_uses_the_database_beside_rabbitmq(self, scheme: str) -> None:
        found = database.caches("", f"{scheme}://broker", Path("/run/cache"))["default"]

        assert found["BACKEND"].endswith("DatabaseCache")

    def test_prefers_its_own_address(self) -> None:
        found = database.caches("redis://cache", "amqp://broker", Path("/run/cache"))["default"]

        assert found["LOCATION"] == "redis://cache"


class TestSocketFolder:
    def test_lies_below_home(self) -> None:
        assert paths.socket_folder(Path("/var/lib/dex"), "broker") == Path(
            "/var/lib/dex/run/broker"
        )

    def test_moves_to_a_short_place(self) -> None:
        folder = paths.socket_folder(Path("/" + "x" * 90), "postgres")

        assert len(str(folder)) + len(paths.LONGEST_SOCKET_NAME) <= paths.SOCKET_PATH_BYTES
        assert folder == paths.socket_folder(Path("/" + "x" * 90), "postgres")
        assert folder != paths.socket_folder(Path("/" + "y" * 90), "postgres")
