"""What a narrower configuration takes out of the tables of users that no event kind knows."""

from typing import Any

from django.db import models

from apps.collectors.services import reductions
from apps.collectors.services.deletion import State, register_state
from apps.users.groups import BUILT_IN_DOMAIN, BUILT_IN_SID
from apps.users.models import Session, UserDevice


def listed_groups(field: models.Field[Any, Any]) -> str | None:
    """Return the SQL of the groups that are on the list; the same as `users.groups`."""
    if field.name != "groups":
        return None
    return f"""ARRAY(
        SELECT name FROM unnest({field.column}) WITH ORDINALITY AS known (name, number)
        WHERE lower(name) ~ '^{BUILT_IN_SID.pattern}$'
           OR lower(name) = ANY(%(listed)s)
           OR (starts_with(lower(name), '{BUILT_IN_DOMAIN}')
               AND substr(lower(name), {len(BUILT_IN_DOMAIN) + 1}) = ANY(%(listed)s))
        ORDER BY number
    )"""


# The user's own groups and rights are summed up from these, each night.
register_state(State("user_groups", UserDevice, columns=("groups", "rights")))
register_state(State("local_addresses", Session, columns=("client_ip",)))
reductions.register(
    reductions.Reduction("user_groups", "listed", listed_groups, detail="listed_groups")
)
