"""Bring the database up to this code; the launcher calls it at each start."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from apps.accounts.models import Account
from apps.accounts.services import create_main_administrator
from apps.core import clock
from apps.core.models import Instance
from apps.events import upkeep

MIGRATION_LOCK = "dex.migrate"
LOGIN = "admin"


class Command(BaseCommand):
    """Migrate, fill what every instance has, and say so in one line of JSON.

    Reads two lines from the standard input: the password for a main administrator, used if there
    is none, and one that an earlier start made and did not tell, or nothing.
    """

    help = "Internal: migrate and prepare the database. Called by `up`."
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--collectstatic", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        password, untold = sys.stdin.readline().strip(), sys.stdin.readline().strip()
        with only_one():
            if newer := unknown_migrations():
                self.answer({"newer": newer})
                return
            migrate()
        if options["collectstatic"]:
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        upkeep.rotate_partitions(now=clock.now())
        call_command("sync_schedule", verbosity=0)
        found = {"instance": Instance.objects.current().name, "untold": login_with(untold)}
        try:
            found["administrator"] = make_administrator(password)
        except ValidationError as problem:
            found["refused"] = " ".join(problem.messages)
        self.answer(found)

    def answer(self, found: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(found))


@contextmanager
def only_one() -> Iterator[None]:
    """Let one process migrate at a time; others wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [MIGRATION_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [MIGRATION_LOCK])


def unknown_migrations() -> list[str]:
    """Return applied migrations that this code does not have: a newer dex made the data."""
    loader = MigrationLoader(connection, ignore_no_migrations=True)
    ours = {config.label for config in apps.get_app_configs()}
    unknown = set(loader.applied_migrations) - set(loader.disk_migrations)
    return sorted(f"{app}.{name}" for app, name in unknown if app in ours)


def migrate() -> None:
    """Apply the migrations, and the cache's table where the database is the cache."""
    call_command("migrate", interactive=False, verbosity=0)
    if settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
        call_command("createcachetable", verbosity=0)


def make_administrator(password: str) -> str:
    """Return the login of the main administrator if this call made it, else an empty text."""
    if not password or Account.objects.main_administrators().exists():
        return ""
    return create_main_administrator(login=LOGIN, password=password, now=clock.now()).get_username()


def login_with(password: str) -> str:
    """Return the login of the main administrator if this is its password, else an empty text."""
    account = Account.objects.main_administrators().first() if password else None
    return account.get_username() if account and account.check_password(password) else ""
