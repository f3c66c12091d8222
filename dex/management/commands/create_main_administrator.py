"""manage.py create_main_administrator: the first account of an instance."""

import sys
from getpass import getpass
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts import services
from apps.core import clock
from apps.core.errors import DomainError
from dex import env


class Command(BaseCommand):
    """Make the main administrator; there is exactly one."""

    help = (
        "Make the main administrator. The password comes from DEX_ADMIN_PASSWORD or the file that "
        "DEX_ADMIN_PASSWORD_FILE names, from the standard input where that is no terminal, else it "
        "is asked for."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the login and --dry-run."""
        parser.add_argument("--login", default="admin", help="Login; default: admin.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would happen.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the account, or say in a sentence why not."""
        if options["dry_run"]:
            self.stdout.write(f"Would make the main administrator {options['login']}.")
            return
        try:
            account = services.create_main_administrator(
                login=options["login"], password=read_password(), now=clock.now()
            )
        except (DomainError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"The main administrator is {account.login}.")


def read_password() -> str:
    """Return the password, never from an argument, which other processes could read."""
    if password := env.text("DEX_ADMIN_PASSWORD"):
        return password
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return getpass("Password: ")
