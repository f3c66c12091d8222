"""What the instance decided on ranking persons."""

from dataclasses import dataclass, field

from apps.collectors import effective
from apps.collectors.choices import ConfigurationState, Level
from apps.collectors.effective import InForce
from apps.collectors.models import CollectorConfiguration
from apps.collectors.switches import ALLOWED
from apps.core import clock, generations
from apps.core.personal_data import ranking


@dataclass(frozen=True, slots=True)
class _Decision:
    """The instance's configuration at one generation.

    Not the snapshot of `effective`: that holds every device's, which pages do not need.
    """

    generation: int = -1
    in_force: InForce = field(default_factory=InForce)

    def holds(self, generation: int) -> bool:
        """Return whether this is the decision still; an announced one may have come into force."""
        if generation != self.generation:
            return False
        planned = self.in_force.planned
        return not planned or planned[0].starts_at > clock.now()


_decision = _Decision()


def is_allowed(generation: int | None = None) -> bool:
    """Return whether lists may rank persons now.

    generation: of the configuration, None to ask for it. Cost: none where this process has read the
    configuration at that generation, else 1 query; 1 more to ask for it.
    """
    global _decision
    if generation is None:
        generation = generations.read(generations.CONFIGURATION)
    known = _decision
    if not known.holds(generation):
        known = _decision = _Decision(generation, _read())
    return known.in_force.ranking == ALLOWED


def forget() -> None:
    """Forget what this process has read."""
    global _decision
    _decision = _Decision()


def _read() -> InForce:
    rows = CollectorConfiguration.objects.filter(
        level=Level.INSTANCE, state__in=[ConfigurationState.ACTIVE, ConfigurationState.ANNOUNCED]
    )
    return effective.arrange(rows, clock.now())


ranking.register_rule(is_allowed)
