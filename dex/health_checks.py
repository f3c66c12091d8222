"""Checks of the installation itself, for `manage.py doctor` and the health page."""

import shutil
import stat
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max
from kombu import Connection

from apps.core import clock, limits
from apps.core.health import Finding, register
from apps.events.models import UpkeepRun
from dex.operations.preflight import OLDEST_POSTGRES
from dex.timezones import zone_file

NEARLY_FULL_RATIO = 0.05
NEARLY_FULL_BYTES = 1024**3
CLOCK_SECONDS = 5
BROKER_SECONDS = 5
MANY_TASKS = 1_000
UPKEEP_SILENCE = timedelta(hours=25)  # an administrator may move tasks to once a day

ROLES = {  # role -> may sign in
    "dex": True,
    "dex_audit": False,
    "dex_reader": False,
}
LOG_SETTINGS = {  # PostgreSQL's log prints no values, which statements hold: setting -> good ones
    "log_error_verbosity": ("terse",),
    "log_min_error_statement": ("panic",),
    "log_parameter_max_length_on_error": ("0",),
    "log_statement": ("none", "ddl"),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
}
LOCKS_PER_TRANSACTION = 256  # partitions that one transaction may touch


def check_database(_now: datetime) -> Finding:
    """Say which server answers, and whether it is new enough."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        version = cursor.fetchone()[0]
    text = f"PostgreSQL {version // 10_000}.{version % 10_000} answers"
    if version < OLDEST_POSTGRES:
        return Finding("error", f"{text}; dex needs {OLDEST_POSTGRES // 10_000} or newer.")
    return Finding("ok", f"{text}.")


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
            "SELECT current_user, (SELECT pg_get_userbyid(nspowner) = current_user"
            " FROM pg_namespace WHERE nspname = 'audit')"
        )
        current, is_only_one = cursor.fetchone()
    if is_only_one:
        return Finding("warning", f"{current} is the only role of dex: see audit.rights.")
    wrong = [name for name, may in ROLES.items() if found.get(name) != (may, False)]
    if current != "dex":
        wrong.append(f"{current} (connected as it)")
    if wrong:
        text = f"Not as they should be: {', '.join(wrong)}."
        return Finding("error", f"{text} Run what `manage.py audit_schema --print` prints.")
    return Finding("ok", "dex, dex_audit and dex_reader are as they should be.")


def check_log_settings(_now: datetime) -> Finding:
    """Compare PostgreSQL's settings that keep values out of its log."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)",
            [[*LOG_SETTINGS, "max_locks_per_transaction"]],
        )
        found = dict(cursor.fetchall())
    wrong = [
        f"{name} = {good[0]}" for name, good in LOG_SETTINGS.items() if found.get(name) not in good
    ]
    if int(found["max_locks_per_transaction"]) < LOCKS_PER_TRANSACTION:
        wrong.append(f"max_locks_per_transaction = {LOCKS_PER_TRANSACTION}")
    if wrong:
        return Finding("warning", f"Set in postgresql.conf: {', '.join(wrong)}.")
    return Finding("ok", "PostgreSQL's log prints no values.")


def check_migrations(_now: datetime) -> Finding:
    """Count the migrations that are not applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        return Finding("error", f"Migrations not applied: {len(plan)}. Start `manage.py up`.")
    return Finding("ok", "All migrations are applied.")


def check_clock(_now: datetime) -> Finding:
    """Compare this machine's clock with the database's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        seconds = abs(
            (cursor.fetchone()[0] - clock.now()).total_seconds()
        )  # other checks took time
    if seconds > CLOCK_SECONDS:
        return Finding(
            "error",
            f"The database's clock is {seconds:.0f} s away from this machine's: both need NTP.",
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
    name = f"The broker ({urlsplit(url).scheme})"
    try:
        with Connection(url, connect_timeout=BROKER_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0.2, timeout=BROKER_SECONDS)
            waiting = sum(_waiting(broker, queue) for queue in settings.DEX_QUEUES)
    except Exception as error:  # noqa: BLE001 - each transport has errors of its own
        return Finding("error", f"{name} does not answer: {type(error).__name__}.")
    text = f"{name} answers, tasks that wait in it: {waiting}."
    if waiting > MANY_TASKS:
        return Finding("warning", f"{text} Is a worker running?")
    return Finding("ok", text)


def _waiting(broker: Connection, queue: str) -> int:
    """Return how many tasks wait in a queue, 0 where no worker has made it yet."""
    with broker.channel() as channel:
        try:
            return int(channel.queue_declare(queue, passive=True).message_count)
        except broker.channel_errors:
            return 0


def check_upkeep(now: datetime) -> Finding:
    """Find out whether beat and worker are at work, by what they have done."""
    last = UpkeepRun.objects.aggregate(last=Max("started_at"))["last"]
    if last is None or now - last > UPKEEP_SILENCE:
        hours = UPKEEP_SILENCE.total_seconds() / 3_600
        return Finding(
            "error", f"No periodic task was done for {hours:.0f} h: do worker and beat run?"
        )
    return Finding("ok", "Worker and beat do their tasks.")


def check_storage(_now: datetime) -> Finding:
    """Write a file into the storage, read it back and delete it."""
    name = default_storage.save("doctor", ContentFile(b"here"))
    try:
        with default_storage.open(name) as file:
            is_kept = file.read() == b"here"
    finally:
        default_storage.delete(name)
    if not is_kept:
        return Finding("error", "The storage does not keep what is written.")
    return Finding("ok", "The storage keeps what is written.")


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
        text = f"Other accounts can read in {folder}: {', '.join(sorted(open_ones))}."
        return Finding("error", f"{text} Take their rights away (chmod go=).")
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
register("servers.upkeep", check_upkeep)
register("instance.storage", check_storage)
register("instance.secrets", check_secrets)
register("instance.time_zone", check_time_zone)
