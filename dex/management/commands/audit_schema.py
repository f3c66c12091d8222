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
ONE_ROLE_HEAD = """\
-- dex: the schema of the audit log, for a server that grants one role only. Run once as that role,
-- in the database of dex, and again after an upgrade that changes it:
--     psql --dbname=dex --file=this.sql
-- The role could change the log then: `manage.py doctor` warns of it (audit.W002).

"""


class Command(BaseCommand):
    """Print roles and audit schema; changes nothing."""

    help = "Print the SQL (roles, schema `audit`) for the owner of an external database."
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--print", action="store_true", help="print the SQL")
        parser.add_argument(
            "--one-role",
            action="store_true",
            help="for a server that grants no role of their own to dex and its audit log",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["print"]:
            raise CommandError("This command only prints: write `audit_schema --print`.")
        if options["one_role"]:
            self.stdout.write(ONE_ROLE_HEAD + roles.one_role_sql())
        else:
            self.stdout.write(HEAD + roles.owner_sql())
