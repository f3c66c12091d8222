"""Print a new enrolment key for the collector of the instance's own machine."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from apps.collectors.choices import KeyPurpose, Level, Preset
from apps.collectors.models import CollectorConfiguration
from apps.collectors.services import configuration, enrolment
from apps.core import clock

TERM = timedelta(hours=1)


class Command(BaseCommand):
    """Called by `manage.py up` when the local collector has no identity yet."""

    help = "Prints a key, good for one enrolment within an hour, for this machine's own collector."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the key alone to standard output."""
        now = clock.now()
        with transaction.atomic():
            ensure_configuration()
            _key, text = enrolment.create_key(
                name=f"this machine, {now:%Y-%m-%d %H:%M:%S.%f}",
                purpose=KeyPurpose.LOCAL,
                expires_at=now + TERM,
                maximum_uses=1,
                now=now,
            )
        self.stdout.write(text)


def ensure_configuration() -> None:
    """Put the reference defaults in force, to be confirmed, where nothing is configured yet."""
    if not CollectorConfiguration.objects.filter(level=Level.INSTANCE).exists():
        configuration.save_configuration(
            level=Level.INSTANCE, preset=Preset.STANDARD, is_confirmed=False, now=clock.now()
        )
