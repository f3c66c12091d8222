"""What of programs goes when a configuration collects them no more, or of fewer ones."""

from apps.binaries.metrics import TRAFFIC
from apps.binaries.models import Binary, InstalledPackage
from apps.collectors.services import reductions
from apps.collectors.services.deletion import State, register_state

# The same as `events.is_listed`.
IS_LISTED = f"""EXISTS (
    SELECT FROM {Binary._meta.db_table} AS known
    WHERE known.id = binary_id AND lower(known.name) = ANY(%(listed)s)
)"""

register_state(State("packages", InstalledPackage))
reductions.register_listing(reductions.Listing(TRAFFIC, IS_LISTED, detail="listed_binaries"))
