"""The database: embedded PostgreSQL, or the server or Citus cluster that DATABASE_URL names."""

import select
from pathlib import Path
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from dex import paths

NAME = "dex"
APPLICATION_ROLE = "dex"
PREPARE_THRESHOLD = 5  # runs; what asks to be prepared is so at its first
RABBITMQ = ("amqp://", "amqps://", "pyamqp://")
CONNECT_SECONDS = 10  # unless DATABASE_URL says another connect_timeout
CACHE_SECONDS = 2
CACHE_ENTRIES = 20_000  # rows of a cache in the database, which counts them at each write
QUESTION = ""  # by which the pool asks a connection, at each loan, whether it lives


class PooledConnection(psycopg.Connection[Any]):
    """One that answers the pool by itself while its line is silent: that saves a round trip.

    A server that ends a connection says so on the line, and so does its system when it dies. A line
    that was cut without a word is found by the first statement, as it would be by the question.
    """

    def execute(self, query: Any, *arguments: Any, **options: Any) -> psycopg.Cursor[Any]:
        """Run a statement; the pool's question only where the server has said something."""
        if query == QUESTION and not _has_word(self.fileno()):
            return self.cursor()
        return super().execute(query, *arguments, **options)


POOL = {
    "min_size": 0,
    "max_size": 8,
    "timeout": 5,  # seconds until "no connection" is an error
    "connection_class": PooledConnection,
}


def embedded(home: Path, password: str, process: str) -> dict[str, Any]:
    """Return Django's settings of the embedded server; `process`: see DEX_PROCESS."""
    return _settings(
        {
            "host": str(paths.socket_folder(home, "postgres")),
            "dbname": NAME,
            "user": APPLICATION_ROLE,
            "password": password,
            # Nothing stands between us and this server: statements may stay prepared on it.
            "prepare_threshold": PREPARE_THRESHOLD,
        },
        process,
    )


def external(url: str, process: str) -> dict[str, Any]:
    """Return Django's settings of the server that `url` (a libpq address) names.

    psycopg reads it itself: django-environ leaves a percent-encoded socket folder as it is.

    Raises:
        ImproperlyConfigured: the address is not one of PostgreSQL, or names no database.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://")
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as problem:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {problem}") from None
    if not parts.get("dbname") or not parts.get("user"):
        raise ImproperlyConfigured(
            "DATABASE_URL names no database or no role: write postgresql://role:password@host/name"
        )
    return _settings(parts, process)


def caches(url: str, broker_url: str, embedded_socket: Path) -> dict[str, Any]:
    """Return Django's CACHES: the server that `url` names, else the embedded one.

    With RabbitMQ as the broker and no `url`, the database is the cache.
    """
    options: dict[str, int]
    if not url and broker_url.startswith(RABBITMQ):
        backend, location = "apps.core.caches.CountingDatabaseCache", "dex_cache"
        options = {"MAX_ENTRIES": CACHE_ENTRIES}
    else:
        backend = "apps.core.caches.CountingRedisCache"
        location = url or f"unix://{embedded_socket}/valkey.sock"
        # A server that is silent is as good as away: nobody waits for it longer.
        options = {"socket_timeout": CACHE_SECONDS, "socket_connect_timeout": CACHE_SECONDS}
    return {
        "default": {
            "BACKEND": backend,
            "LOCATION": location,
            "KEY_PREFIX": "dex",
            "OPTIONS": options,
        }
    }


def _has_word(line: int) -> bool:
    """Return whether something came on a socket that nobody has read, its end included."""
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return bool(poll.poll(0))


def _settings(parts: dict[str, Any], process: str) -> dict[str, Any]:
    known = {"host", "port", "dbname", "user", "password"}
    rest = {name: value for name, value in parts.items() if name not in known}
    is_pooled = process == "web"  # forked workers cannot share one, commands need none
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "NAME": parts["dbname"],
        "USER": parts["user"],
        "PASSWORD": parts.get("password", ""),
        "CONN_MAX_AGE": 0 if is_pooled else 60,  # seconds
        "CONN_HEALTH_CHECKS": True,  # the pool too gives no dead connection away then
        "OPTIONS": {"application_name": f"dex {process}", "connect_timeout": CONNECT_SECONDS}
        | ({"pool": POOL} if is_pooled else {})
        | rest,
    }
