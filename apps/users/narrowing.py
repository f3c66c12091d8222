"""What a narrower configuration takes out of the tables of users that no event kind knows."""

from apps.collectors.services.deletion import State, register_state
from apps.users.models import UserDevice

# The user's own groups and rights are summed up from these, each night.
register_state(State("user_groups", UserDevice, columns=("groups", "rights")))
