"""What a narrower configuration takes out of the tables of users that no event kind knows."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, OuterRef, QuerySet

from apps.collectors.services import reductions
from apps.collectors.services.deletion import State, register_state
from apps.core import generations
from apps.devices.models import DeviceChange, Volume
from apps.users.choices import NamePrivacyLevel
from apps.users.conversion import cut_folders
from apps.users.groups import BUILT_IN_DOMAIN, BUILT_IN_SID
from apps.users.models import Session, User, UserDevice


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


def of_these_alone(devices: Sequence[int], every: Sequence[int]) -> QuerySet[User]:
    """Return the users of these devices whom no device out of `every` can tell of any more."""
    uses = UserDevice.objects.filter(user=OuterRef("pk"))
    return User.objects.filter(
        Exists(uses.filter(device_id__in=devices)), ~Exists(uses.exclude(device_id__in=every))
    )


def forget_users(devices: Sequence[int], every: Sequence[int]) -> int:
    """Delete users whom no device may name any more; others lose their links to these devices.

    Cost: 5 queries, and those of Django's deletion.
    """
    with transaction.atomic():
        rows, _by_table = of_these_alone(devices, every).delete()
        links, _by_table = UserDevice.objects.filter(device_id__in=devices).delete()
        generations.bump(generations.DIMENSIONS)  # no process knows them by their ids any more
    return rows + links


def forget_principal_names(
    *levels: NamePrivacyLevel,
) -> Callable[[Sequence[int], Sequence[int]], int]:
    """Return what empties the principal names that are of these levels."""

    def forget(devices: Sequence[int], every: Sequence[int]) -> int:
        held = of_these_alone(devices, every).filter(upn_privacy_level__in=levels)
        return held.update(upn="", upn_privacy_level=NamePrivacyLevel.NONE)

    return forget


CLEAR, HASHED = NamePrivacyLevel.CLEAR, NamePrivacyLevel.HASHED
# Where names are hashed, conversion takes the place of this: then they stay one person's.
register_state(State("username", Volume, forget=lambda devices, _every: cut_folders(devices)))
register_state(State("username", DeviceChange, only={"item__startswith": "volumes."}))
register_state(State("username", Session, only={"user__isnull": False}))
register_state(State("username", User, forget=forget_users))
register_state(State("upn=clear", User, forget=forget_principal_names(CLEAR)))
register_state(State("upn", User, forget=forget_principal_names(CLEAR, HASHED)))
# The user's own groups and rights are summed up from these, each night.
register_state(State("user_groups", UserDevice, columns=("groups", "rights")))
register_state(State("local_addresses", Session, columns=("client_ip",)))
reductions.register(
    reductions.Reduction("user_groups", "listed", listed_groups, detail="listed_groups")
)
