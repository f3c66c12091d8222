"""manage.py data_inventory: print, check or write down what is stored about people."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.gdpr.data_inventory import entries, exports, papers, problems

FORMATS = {"json": exports.as_json, "csv": exports.as_csv, "html": exports.as_html}


class Command(BaseCommand):
    """Print the inventory of every field, check it, or write the papers made from it."""

    help = "Print the inventory of every field that is stored; --check looks for gaps in it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to do."""
        parser.add_argument("--check", action="store_true", help="Fail where a field has a gap.")
        parser.add_argument(
            "--write-docs", action="store_true", help="Write docs/data-model.md and retention.md."
        )
        parser.add_argument("--format", choices=sorted(FORMATS), default="csv")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, or say in a sentence what is wrong."""
        if options["check"]:
            self._check()
        elif options["write_docs"]:
            for path in papers.write():
                self.stdout.write(f"{path.name} is written.")
        else:
            self.stdout.write(FORMATS[options["format"]](entries()))

    def _check(self) -> None:
        found = list(problems())
        for sentence in found:
            self.stderr.write(sentence)
        if found:
            raise CommandError(f"{len(found)} gaps in the data inventory.")
        self.stdout.write(f"{len(list(entries()))} fields, no gap.")
