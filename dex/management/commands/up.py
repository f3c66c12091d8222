"""Start an instance and keep it running: what `make run` calls."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand

from dex import env, paths, timezones
from dex.operations import bootstrap, code, languages
from dex.operations.accounts import SYSTEM_ACCOUNT, Account, service_account
from dex.operations.background import Report, detach
from dex.operations.guard import Lock, run_guarded
from dex.operations.installation import LOCK_FILE, MADE_ACCOUNT_FILE, Installation
from dex.operations.output import Output
from dex.operations.problems import StartProblem
from dex.operations.supervisor import Stopped, Supervisor


class Command(BaseCommand):
    """Start the servers, prepare the database, then keep web, worker and beat running."""

    help = (
        "Start dex: embedded PostgreSQL and Valkey (or the servers that DATABASE_URL,"
        " CELERY_BROKER_URL and DEX_CACHE_URL name), web, worker, beat and the collector of this"
        " machine. Ctrl-C stops everything; the data stay in DEX_HOME."
    )
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--host", default=settings.DEX_HOST, help="address to listen on")
        parser.add_argument("--port", type=int, default=settings.DEX_PORT, help="port to listen on")
        parser.add_argument(
            "--no-collector", action="store_true", help="start no collector on this machine"
        )
        parser.add_argument(
            "--detach", action="store_true", help="go on in the background; `down` stops it"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        report = detach() if options["detach"] else Report()
        try:
            at = make_ready(options)
        except (StartProblem, ImproperlyConfigured) as problem:
            report.failed(f"dex: {problem}")
            sys.exit(1)
        except KeyboardInterrupt:
            sys.exit(130)
        sys.exit(run_guarded(lambda: supervise(at, report)))


def make_ready(options: dict[str, Any]) -> Installation:
    """Return the installation, locked, looked at and with its folders and code in place."""
    os.umask(0o022)
    had_account = Account.named(SYSTEM_ACCOUNT) is not None
    at = installation(options)
    at.make_folders()
    if not had_account and not at.account.is_current:
        (at.launcher / MADE_ACCOUNT_FILE).touch()
    Lock(at.launcher / LOCK_FILE).take()
    bootstrap.check(at)
    at.python()
    languages.compile_stale(languages.LOCALE)
    if at.code != paths.CODE:
        code.deploy(paths.CODE, at.code)
    fix_time_zone(at)
    return at


def installation(options: dict[str, Any]) -> Installation:
    """Return what environment and switches ask for."""
    if not env.text("DEX_PUBLIC_URL"):
        settings.DEX_PUBLIC_URL = f"http://localhost:{options['port']}"
    wants_collector = env.flag("DEX_LOCAL_COLLECTOR", default=not settings.DATABASE_URL)
    return Installation(
        home=settings.DEX_HOME,
        account=service_account(),
        host=options["host"],
        port=options["port"],
        database_url=settings.DATABASE_URL,
        broker_url=env.text("CELERY_BROKER_URL"),
        cache_url=env.text("DEX_CACHE_URL"),
        has_collector=wants_collector and not options["no_collector"],
    )


def fix_time_zone(at: Installation) -> None:
    """Fix the instance's zone at the first start; say so when another one is asked for later."""
    fixed = timezones.fix(at.home)
    wanted = env.text("DEX_TIME_ZONE", fixed)
    if wanted != fixed:
        sys.stderr.write(
            f"dex: this instance lives in {fixed} since its first start;"
            f" DEX_TIME_ZONE={wanted} changes nothing.\n"
        )


def supervise(at: Installation, report: Report) -> int:
    """Run the instance until it is stopped; return the exit status."""
    output = Output(at.log)
    output.forget_old()
    supervisor = Supervisor(output)
    problem = ""
    try:
        start = bootstrap.Start(at, supervisor)
        report.ready(start.run())
        start.forget_first_password()
        supervisor.watch()
    except (StartProblem, ImproperlyConfigured) as found:
        problem = str(found)
    except Stopped:
        pass
    finally:
        supervisor.stop()
    if problem:
        report.failed(f"dex: {problem}")
    return 1 if problem else 0
