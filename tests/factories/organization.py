"""Entities and grants with dull defaults."""

from collections.abc import Iterable
from itertools import count

from django.contrib.auth.models import Permission

from apps.accounts.models import Profile
from apps.organization.choices import EntityKind
from apps.organization.models import Entity, EntityGroupPermission
from apps.organization.services.tree import _insert

_numbers = count(1)


def make_entity(name: str = "", parent: Entity | None = None) -> Entity:
    """Return an entity, by default below the root."""
    return _insert(
        name=name or f"Entity {next(_numbers)}",
        parent=parent or Entity.objects.root(),
        kind=EntityKind.ORDINARY,
    )


def grant(
    profile: Profile,
    *entities: Entity,
    actions: Iterable[str] = ("view_device", "act_on_device", "manage_device"),
) -> None:
    """Give a profile actions on entities."""
    permissions = Permission.objects.filter(
        content_type__app_label="organization",
        content_type__model="entity",
        codename__in=list(actions),
    )
    EntityGroupPermission.objects.bulk_create(
        EntityGroupPermission(
            group_id=profile.group_id, permission=permission, content_object=entity
        )
        for permission in permissions
        for entity in entities
    )
