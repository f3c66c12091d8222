"""The processes of an instance, in the order of their start."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from dex import paths
from dex.operations import postgres, valkey
from dex.operations.accounts import Account
from dex.operations.installation import Installation
from dex.operations.supervisor import Process

WEB_WORKERS = 2
TASK_WORKERS = 2
CELERY = ("-m", "celery", "--quiet", "--app=dex.celery:app")
ENROLMENT_KEY_FILE = "enrolment-key"
STOP_SECONDS = {  # how long each may take to stop, in the order of their start
    "postgres": 60.0,  # it writes a checkpoint
    "broker": 15.0,
    "cache": 15.0,
    "prepare": 20.0,
    "web": 20.0,
    "worker": 20.0,
    "beat": 20.0,
    "collector": 15.0,
}


def database(at: Installation) -> Process:
    """Return the embedded PostgreSQL."""
    return Process(
        name="postgres",
        command=at.cluster.command,
        account=at.account,
        folder=at.home / "postgres",
        environment=at.plain_environment(),
        stop_signal=postgres.STOP_SIGNAL,
        stop_seconds=STOP_SECONDS["postgres"],
    )


def broker(at: Installation) -> Process:
    """Return the embedded broker: what it holds lies in DEX_HOME/broker."""
    return _valkey(at, "broker", at.home / "broker", valkey.BROKER)


def cache(at: Installation) -> Process:
    """Return the embedded cache, which keeps nothing."""
    return _valkey(at, "cache", at.home / "run", valkey.CACHE)


def web(at: Installation) -> Process:
    """Return the web server with its worker processes."""
    options = [
        "--interface=wsgi",
        f"--host={at.host}",
        f"--port={at.port}",
        f"--workers={WEB_WORKERS}",
        "--blocking-threads=4",
        "--respawn-failed-workers",
        "--workers-kill-timeout=10",
        "--no-ws",
    ]
    return _python(at, "web", ["-m", "granian", *options, "dex.wsgi:application"])


def worker(at: Installation, queues: Sequence[str]) -> Process:
    """Return the worker of all queues."""
    options = [
        f"--concurrency={TASK_WORKERS}",
        f"--queues={','.join(queues)}",
        "--without-gossip",
        "--without-mingle",
        "--loglevel=INFO",
    ]
    return _python(at, "worker", [*CELERY, "worker", *options])


def beat(at: Installation) -> Process:
    """Return the clock that puts periodic tasks into their queues."""
    options = ["--pidfile=", "--loglevel=INFO"]
    return _python(at, "beat", [*CELERY, "beat", *options])


def collector(at: Installation) -> Process:
    """Return the collector of this machine; root's runs as root, to read what only root may."""
    return Process(
        name="collector",
        command=[
            sys.executable,
            "-m",
            "dex_collector",
            "run",
            f"--state={at.collector_state}",
            f"--server={at.local_address}",
            f"--enrolment-key-file={at.collector_state / ENROLMENT_KEY_FILE}",
        ],
        account=Account.current(),
        folder=at.collector_state,
        environment=at.plain_environment() | {"PYTHONPATH": str(at.code / "collector")},
        stop_seconds=STOP_SECONDS["collector"],
    )


def command(at: Installation, *arguments: str) -> Process:
    """Return a management command, which runs once as the application."""
    return _python(at, "prepare", ["manage.py", *arguments])


def _python(at: Installation, name: str, arguments: Sequence[str]) -> Process:
    return Process(
        name=name,
        command=[at.python(), *arguments],
        account=at.account,
        folder=at.code,
        environment=at.environment(name),
        stop_signal=signal.SIGTERM,
        stop_seconds=STOP_SECONDS[name],
    )


def _valkey(at: Installation, name: str, data: Path, settings: dict[str, str]) -> Process:
    return Process(
        name=name,
        command=valkey.command(paths.socket_folder(at.home, name), data, settings),
        account=at.account,
        folder=data,
        environment=at.plain_environment(),
        stop_seconds=STOP_SECONDS[name],
    )
