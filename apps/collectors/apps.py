"""Collectors: how devices enrol, what they may tell, and the doors they knock on."""

from django.apps import AppConfig
from django.db.models import Q
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
        from apps.collectors.choices import ConfigurationState
        from apps.collectors.models import CollectorConfiguration, EnrolmentKey
        from apps.collectors.services import deletion, moves  # noqa: F401
        from apps.organization import uses

        uses.tells_of_past(EnrolmentKey, Q(revoked_at__isnull=False))
        uses.tells_of_past(CollectorConfiguration, Q(state=ConfigurationState.REPLACED))
