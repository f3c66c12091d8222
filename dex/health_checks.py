"""Checks of the installation itself, for `manage.py doctor` and the health page."""

import shutil
import stat
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from kombu import Connection

from apps.core import limits
from apps.core.health import Finding, register
from dex.operations.preflight import OLDEST_POSTGRES
from dex.timezones import zone_file

NEARLY_FULL_RATIO = 0.05
NEARLY_FULL_BYTES = 1024**3
CLOCK_SECONDS = 5
BROKER_SECONDS = 5

ROLES = {  # role -> may sign in
    "dex": True,
    "dex_audit": False,
    "dex_reader": False,
}
LOG_SETTINGS = {  # PostgreSQL's log prints no values
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
LOCKS_PER_TRANSACTION = 256  # partitions that one transaction may touch


def check_database(_now: datetime) -> Finding:
    """Say which server answers, and whether it is new enough."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        version = cursor.fetchone()[0]
    text = f"PostgreSQL {version // 10_000}.{version % 10_000} answers."
    return Finding("ok" if version >= OLDEST_POSTGRES else "error", text)


def check_roles(_now: datetime) -> Finding:
    """Compare the roles with those of architecture.md 5."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolcanlogin, rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls"
            " FROM pg_roles WHERE rolname = ANY(%s)",
            [list(ROLES)],
        )
        found = {name: (may_sign_in, is_powerful) for name, may_sign_in, is_powerful in cursor}
        cursor.execute(
            "SELECT current_user, nspowner = current_user::regrole"
            " FROM pg_namespace WHERE nspname = 'audit'"
        )
        current, is_only_one = cursor.fetchone()
    if is_only_one:
        return Finding("warning", f"{current} is the only role of dex: see audit.rights.")
    wrong = [name for name, may in ROLES.items() if found.get(name) != (may, False)]
    if current != "dex":
        wrong.append(f"{current} (connected as it)")
    if wrong:
        return Finding("error", f"Not as they should be: {', '.join(wrong)}.")
    return Finding("ok", "dex, dex_audit and dex_reader are as they should be.")


def check_log_settings(_now: datetime) -> Finding:
    """Compare PostgreSQL's settings that keep values out of its log."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)",
            [[*LOG_SETTINGS, "max_locks_per_transaction"]],
        )
        found = dict(cursor.fetchall())
    wrong = [name for name, value in LOG_SETTINGS.items() if found.get(name) != value]
    if int(found["max_locks_per_transaction"]) < LOCKS_PER_TRANSACTION:
        wrong.append("max_locks_per_transaction")
    if wrong:
        return Finding("warning", f"Set on the PostgreSQL server: {', '.join(wrong)}.")
    return Finding("ok", "PostgreSQL's log prints no values.")


def check_migrations(_now: datetime) -> Finding:
    """Count the migrations that are not applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        return Finding("error", f"{len(plan)} migrations are not applied: start `manage.py up`.")
    return Finding("ok", "All migrations are applied.")


def check_clock(now: datetime) -> Finding:
    """Compare this machine's clock with the database's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        seconds = abs((cursor.fetchone()[0] - now).total_seconds())
    if seconds > CLOCK_SECONDS:
        return Finding(
            "error", f"The database's clock is {seconds:.0f} s away from this machine's."
        )
    return Finding("ok", "The database's clock agrees with this machine's.")


def check_cache(_now: datetime) -> Finding:
    """Write a value into the cache and read it back."""
    try:
        cache.set("doctor", "here", timeout=10)
        is_kept = cache.get("doctor") == "here"
    except limits.CACHE_ERRORS as error:
        text = f"The cache does not answer ({type(error).__name__})"
        return Finding("error", f"{text}: each process counts rate limits by itself.")
    if not is_kept:
        return Finding("error", "The cache does not keep what is written.")
    return Finding("ok", "The cache answers.")


def check_broker(_now: datetime) -> Finding:
    """Open a connection to the broker."""
    url = settings.CELERY_BROKER_URL
    try:
        with Connection(url, connect_timeout=BROKER_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0.2, timeout=BROKER_SECONDS)
    except Exception as error:  # noqa: BLE001 - each transport has errors of its own
        kind = type(error).__name__
        return Finding("error", f"The broker ({urlsplit(url).scheme}) does not answer: {kind}.")
    return Finding("ok", "The broker answers.")


def check_disk(_now: datetime) -> Finding:
    """Say how much of the disk is free; below the limit collectors are told to wait."""
    usage = shutil.disk_usage(settings.DEX_DISK_PATH)
    text = f"{usage.free / 1024**3:.1f} GB of {usage.total / 1024**3:.1f} GB are free."
    if usage.free < max(NEARLY_FULL_BYTES, usage.total * NEARLY_FULL_RATIO):
        return Finding("error", f"{text} Batches of collectors are refused.")
    return Finding("ok", text)


def check_secrets(_now: datetime) -> Finding:
    """Find secrets that other accounts can read."""
    folder = Path(settings.DEX_SECRETS_DIR)
    if not folder.is_dir():
        return Finding("warning", "There is no folder of secrets yet.")
    paths = [folder, *folder.iterdir()]
    open_ones = [path.name for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_ones:
        return Finding("error", f"Others can read: {', '.join(sorted(open_ones))}.")
    return Finding("ok", f"{len(paths) - 1} secrets, readable by one account.")


def check_time_zone(_now: datetime) -> Finding:
    """Say whether the instance's zone is fixed."""
    if zone_file(settings.DEX_HOME).is_file():
        return Finding("ok", f"The instance lives in {settings.TIME_ZONE}.")
    return Finding("warning", f"The zone is not fixed yet; it would be {settings.TIME_ZONE}.")


register("database.server", check_database)
register("database.roles", check_roles)
register("database.log_settings", check_log_settings)
register("database.migrations", check_migrations)
register("machine.clock", check_clock)
register("machine.disk", check_disk)
register("servers.broker", check_broker)
register("servers.cache", check_cache)
register("instance.secrets", check_secrets)
register("instance.time_zone", check_time_zone)
