"""Collectors: how devices enrol, what they may tell, and the doors they knock on."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CollectorsConfig(AppConfig):
    """Application `collectors`."""

    name = "apps.collectors"
    verbose_name = _("Collectors")

    def ready(self) -> None:
        from apps.collectors import (  # noqa: F401
            approvals,
            events,
            health,
            nql,
            origins,
            panels,
            personal_data,
            ranking,
            report_panels,
        )
        from apps.collectors.services import deletion, moves  # noqa: F401
