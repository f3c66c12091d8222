"""Check an installation: one line per check, exit status 1 if one fails."""

import sys
from typing import Any

from django.core.management import BaseCommand

from apps.core import clock, health

WORDS = {"ok": "ok", "warning": "warning", "error": "FAILED"}


class Command(BaseCommand):
    """Run every registered check."""

    help = "Check the installation: one line each, exit status 1 if one fails."
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        findings = list(health.run(clock.now()))
        for name, finding in findings:
            self.stdout.write(f"{WORDS[finding.level]:<8} {name:<28} {finding.text}")
        if any(finding.level == "error" for _name, finding in findings):
            sys.exit(1)
