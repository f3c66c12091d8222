"""What the instance decided on ranking persons."""

from apps.collectors import effective
from apps.collectors.choices import ConfigurationState, Level
from apps.collectors.models import CollectorConfiguration
from apps.collectors.switches import ALLOWED
from apps.core import clock
from apps.core.personal_data import ranking


def is_allowed() -> bool:
    """Return whether lists may rank persons now. Cost: 1 query."""
    rows = CollectorConfiguration.objects.filter(
        level=Level.INSTANCE, state__in=[ConfigurationState.ACTIVE, ConfigurationState.ANNOUNCED]
    )
    return effective.arrange(rows, clock.now()).ranking == ALLOWED


ranking.register_rule(is_allowed)
