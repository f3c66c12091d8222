"""The machinery of event tables; knows no kind by name."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    """Application `events`."""

    name = "apps.events"
    verbose_name = _("Events")

    def ready(self) -> None:
        from apps.core import shipped
        from apps.events import checks, health, partitions, personal_data  # noqa: F401

        # Tables without partitions accept nothing: they are made with the tables.
        shipped.register("events.partitions", partitions.create_after_migrate)
