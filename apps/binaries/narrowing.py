"""What of packages goes when a configuration collects them no more."""

from apps.binaries.models import InstalledPackage
from apps.collectors.services.deletion import State, register_state

register_state(State("packages", InstalledPackage))
