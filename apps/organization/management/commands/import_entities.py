"""Add entities from a file, or put the rules of a file in the place of the present ones."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core import clock
from apps.core.errors import DomainError
from apps.core.personal_data import PrivacyLevel
from apps.core.scope import Scope
from apps.organization import entity_files, fleet, rule_files, services
from apps.organization.classification import Rule
from apps.organization.models import ClassificationRule
from apps.organization.places import Places

EVERYTHING = Scope(
    account_id=0,
    permissions=frozenset(),
    privacy_level=PrivacyLevel.FULL,
    grants={},
    is_unrestricted=True,
)


class Command(BaseCommand):
    """What the pages under Organisation do with a file, for those who work on the host."""

    help = "Adds the entities of a CSV file (path, or parent and name); --rules: replaces rules."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, and whether only to look."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--rules", action="store_true", help="the file holds rules")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        """Name every bad line, or say what was done or would be."""
        try:
            data = options["file"].read_bytes()
            do = self._rules if options["rules"] else self._entities
            do(data, options["dry_run"])
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        except DomainError as error:
            raise CommandError(str(error)) from None

    def _entities(self, data: bytes, is_dry_run: bool) -> None:
        plan = entity_files.plan(data)
        self._refuse(plan.problems)
        if not is_dry_run:
            plan = services.import_entities(data=data, actor=None, now=clock.now())
        for place in plan.added_places:
            self.stdout.write(f"+ {place}")
        done = "would be added" if is_dry_run else "added"
        self.stdout.write(f"{len(plan.added)} entities {done}, {plan.known} are there already.")

    def _rules(self, data: bytes, is_dry_run: bool) -> None:
        present = ClassificationRule.objects.as_rules()
        plan = rule_files.plan(data, present)
        self._refuse(plan.problems)
        if is_dry_run:
            self._tell(plan.rules)
            return
        base = services.fingerprint(present)
        services.replace_rules(rules=plan.rules, base=base, actor=None, now=clock.now())
        self.stdout.write(f"{len(plan.rules)} rules kept; devices move within a few minutes.")

    def _tell(self, rules: Any) -> None:
        found = fleet.known().preview(rules, EVERYTHING, 1)
        places = Places()
        for number, rule in enumerate(rules):
            self.stdout.write(f"{found.by_rule.get(number, 0)} devices: {_named(rule)}")
        for (old, new), number in found.moves.items():
            self.stdout.write(f"{number} devices: {places.name(old)} -> {places.name(new)}")
        self.stdout.write(f"{len(rules)} rules; {found.moving} devices would move.")

    def _refuse(self, problems: Any) -> None:
        for problem in problems:
            self.stderr.write(str(problem))
        if problems:
            raise CommandError(f"{len(problems)} lines are wrong; nothing was changed.")


def _named(rule: Rule) -> str:
    return rule.name if rule.is_active else f"{rule.name} (not active)"
