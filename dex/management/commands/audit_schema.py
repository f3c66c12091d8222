"""Print the SQL that the owner of an external database runs once."""

from typing import Any

from django.core.management import BaseCommand, CommandError

from dex.operations import roles

HEAD = """\
-- dex: roles and the schema of the audit log. Run once as the owner of the database's cluster, in
-- the database of dex, and again after an upgrade that changes it:
--     psql --dbname=dex --file=this.sql
-- Then give the application its password: ALTER ROLE dex PASSWORD '...';

"""


class Command(BaseCommand):
    """Print roles and audit schema; changes nothing."""

    help = "Print the SQL (roles, schema `audit`) for the owner of an external database."
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--print", action="store_true", help="print the SQL")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["print"]:
            raise CommandError("This command only prints: write `audit_schema --print`.")
        self.stdout.write(HEAD + roles.owner_sql())
