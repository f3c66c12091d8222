"""The profiles that every instance has."""

from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.utils.translation import gettext_noop

from apps.accounts.models import Profile
from apps.accounts.querysets import ADMINISTRATOR
from apps.core import shipped
from apps.core.personal_data import PrivacyLevel


@dataclass(frozen=True, slots=True)
class ShippedProfile:
    """A profile as it is made once; an administrator may change all but the built-in one.

    permissions: "app.codename"; those of apps that are not there yet are added when they come.
    """

    built_in: str
    name: str
    description: str
    privacy_level: PrivacyLevel
    permissions: tuple[str, ...] = ()


PROFILES = (
    ShippedProfile(
        built_in=ADMINISTRATOR,
        name=gettext_noop("Administrator"),
        description=gettext_noop("All data, all entities. Held by administrators alone."),
        privacy_level=PrivacyLevel.FULL,
    ),
)


def make_profiles() -> None:
    """Make shipped profiles that are missing and give Administrator every permission."""
    for wanted in PROFILES:
        profile = Profile.objects.filter(built_in=wanted.built_in).first() or _make(wanted)
        if wanted.built_in == ADMINISTRATOR:
            profile.group.permissions.add(*Permission.objects.exclude(group=profile.group))


def _make(wanted: ShippedProfile) -> Profile:
    """Insert one profile with its group."""
    group, _ = Group.objects.get_or_create(name=wanted.name)
    return Profile.objects.create(
        group=group,
        name=wanted.name,
        description=wanted.description,
        built_in=wanted.built_in,
        privacy_level=wanted.privacy_level,
    )


shipped.register("accounts.profiles", make_profiles)
