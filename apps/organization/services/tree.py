"""Changes of the tree and of who may see which part of it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Length, Substr
from django.utils.translation import gettext_lazy as _

from apps.accounts.choices import ProfileKind
from apps.accounts.models import Account, Profile
from apps.accounts.scope import scope_of
from apps.accounts.services import ExceedsOwnRights, refuse_deciding
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.core.errors import DomainError
from apps.organization import sites
from apps.organization.choices import EntityKind
from apps.organization.models import CustomField, Entity, EntityGroupPermission, Site
from apps.organization.uses import uses_of

ROOT_NAME = "Organisation"
UNCLASSIFIED_NAME = "Unclassified"
Guard = Callable[[Entity, Entity], None]  # a branch, and where it shall hang
_guards: list[Guard] = []
_TREE_LOCK = 7_301  # advisory transaction lock: one change of the tree's shape at a time


class BuiltInEntity(DomainError):
    """The root and "Unclassified" carry the tree: they stay where they are."""

    code = "built_in_entity"
    message = _("This entity belongs to every organisation and cannot be moved or deleted.")


class EntityInOwnBranch(DomainError):
    """A branch cannot hang below itself."""

    code = "entity_in_own_branch"
    message = _("An entity cannot be moved below itself.")


class EntityInUse(DomainError):
    """Entities below it, devices in it, rules or old figures that name it would lose their place."""

    code = "entity_in_use"
    status = 409


class EntityNameTaken(DomainError):
    """Two entities side by side need two names."""

    code = "entity_name_taken"
    message = _("There is an entity of this name at this place.")


class ViewDomainOnAdditionalProfile(DomainError):
    """Only a main profile has a view domain. Source: access.md 2.2."""

    code = "view_domain_on_additional_profile"
    message = _("An additional profile has no view domain of its own.")


def ensure_built_in_entities() -> None:
    """Make the root and "Unclassified" where they are missing; safe at any time."""
    root = Entity.objects.filter(kind=EntityKind.ROOT).first() or _insert(
        name=ROOT_NAME, parent=None, kind=EntityKind.ROOT
    )
    if not Entity.objects.filter(kind=EntityKind.UNCLASSIFIED).exists():
        _insert(name=UNCLASSIFIED_NAME, parent=root, kind=EntityKind.UNCLASSIFIED)


@transaction.atomic
def create_entity(*, name: str, parent: Entity, actor: Account, now: datetime) -> Entity:
    """Add an entity below `parent`.

    Raises:
        EntityNameTaken: a sibling has this name.
    """
    lock_tree()
    parent.refresh_from_db()
    _refuse_taken(name, parent)
    entity = _insert(name=name, parent=parent, kind=EntityKind.ORDINARY)
    _record(AuditCode.ENTITY_CREATED, entity, actor, now, {"parent": parent.pk})
    return entity


@transaction.atomic
def rename_entity(*, entity: Entity, name: str, actor: Account, now: datetime) -> Entity:
    """Give an entity another name.

    Raises:
        EntityNameTaken: a sibling has this name.
    """
    _refuse_taken(name, entity.parent, but=entity)
    old, entity.name = entity.name, name
    entity.save(update_fields=["name"])
    _record(AuditCode.ENTITY_RENAMED, entity, actor, now, {"old": old, "new": name})
    return entity


@transaction.atomic
def move_entity(*, entity: Entity, parent: Entity, actor: Account, now: datetime) -> Entity:
    """Hang an entity with all below it under another parent; its devices go with it.

    Cost: one UPDATE of the branch.

    Raises:
        BuiltInEntity: the root and "Unclassified" stay.
        EntityInOwnBranch: `parent` lies below `entity`.
        EntityNameTaken: an entity of this name is there.
        DomainError: an upper app refuses it, see `register_guard`.
    """
    lock_tree()
    entity.refresh_from_db()
    parent.refresh_from_db()
    _refuse_built_in(entity)
    if parent.path.startswith(entity.path):
        raise EntityInOwnBranch
    _refuse_taken(entity.name, parent, but=entity)
    for refuse in _guards:
        refuse(entity, parent)
    old_parent = entity.parent_id
    # Before the entities are locked: a run over the fleet locks itself first, then what it reads.
    CustomField.objects.restart()  # their rules may read where an entity stands
    if Site.objects.exists():  # their conditions, too
        sites.known().begin(actor, now)
    _move_branch(entity, parent)
    detail: dict[str, object] = {"old_parent": old_parent, "new_parent": parent.pk}
    _record(AuditCode.ENTITY_MOVED, entity, actor, now, detail)
    return entity


@transaction.atomic
def delete_entity(*, entity: Entity, actor: Account, now: datetime) -> None:
    """Remove an empty entity; grants on it go with it.

    Raises:
        BuiltInEntity: the root and "Unclassified" stay.
        EntityInUse: it has entities below it, or rows of other tables refer to it; says which.
    """
    lock_tree()
    _refuse_built_in(entity)
    if problem := uses_of(entity).problem:
        raise EntityInUse(message=problem)
    _record(AuditCode.ENTITY_DELETED, entity, actor, now, {})
    entity.delete()


@transaction.atomic
def set_view_domain(
    *,
    profile: Profile,
    grants: Mapping[str, Iterable[Entity]],
    actor: Account,
    now: datetime,
) -> None:
    """Replace what a main profile may do on the tree.

    grants: for each action ("view_device", "act_on_device", "manage_device") the nodes.
    Whoever acts on or manages devices sees them too. Effective from the next request on.

    Raises:
        ViewDomainOnAdditionalProfile: only main profiles have one.
        ExceedsOwnRights: `actor` does not see the whole tree, or the profile is more.
        CannotChangeOwnRights: `actor` holds the profile.
    """
    refuse_deciding(profile, actor)
    if not scope_of(actor).is_unrestricted:
        raise ExceedsOwnRights
    if profile.kind != ProfileKind.MAIN:
        raise ViewDomainOnAdditionalProfile
    wanted = {action: {entity.pk for entity in nodes} for action, nodes in grants.items()}
    wanted["view_device"] = set().union(*wanted.values()) if wanted else set()
    permissions = _entity_permissions()
    EntityGroupPermission.objects.filter(group_id=profile.group_id).delete()
    EntityGroupPermission.objects.bulk_create(
        EntityGroupPermission(
            group_id=profile.group_id, permission=permissions[action], content_object_id=node
        )
        for action, nodes in wanted.items()
        for node in sorted(nodes)
    )
    audit.record(
        code=AuditCode.VIEW_DOMAIN_CHANGED,
        actor=actor,
        object_kind="profile",
        object_id=str(profile.pk),
        object_label=profile.name,
        detail={action: sorted(nodes)[:200] for action, nodes in wanted.items()},
        at=now,
    )


def _entity_permissions() -> dict[str, Permission]:
    """Return the permissions on entities by codename."""
    rows = Permission.objects.filter(
        content_type__app_label="organization", content_type__model="entity"
    )
    return {permission.codename: permission for permission in rows}


def register_guard(refuse: Guard) -> None:
    """Have an upper app refuse moves of a branch by a DomainError; called from its `ready()`."""
    _guards.append(refuse)


def _insert(*, name: str, parent: Entity | None, kind: str) -> Entity:
    """Insert a node; its path ends with its own id, so the id is drawn first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('organization_entity', 'id'))")
        number = int(cursor.fetchone()[0])
    above = parent.path if parent else "/"
    return Entity.objects.create(
        id=number, name=name, parent=parent, kind=kind, path=f"{above}{number}/"
    )


def _move_branch(entity: Entity, parent: Entity) -> None:
    """Write the new parent and, in one statement, the paths of the whole branch."""
    old, new = entity.path, f"{parent.path}{entity.pk}/"
    Entity.objects.filter(pk=entity.pk).update(parent=parent)
    Entity.objects.filter(path__startswith=old).update(
        path=Concat(Value(new), Substr(F("path"), Length(Value(old)) + 1))
    )
    entity.refresh_from_db()


def lock_tree() -> None:
    """Let one transaction at a time change the shape: two moves could else make a circle."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TREE_LOCK])


def _refuse_built_in(entity: Entity) -> None:
    if entity.kind != EntityKind.ORDINARY:
        raise BuiltInEntity


def _refuse_taken(name: str, parent: Entity | None, but: Entity | None = None) -> None:
    siblings = Entity.objects.filter(parent=parent, name=name)
    if but is not None:
        siblings = siblings.exclude(pk=but.pk)
    if siblings.exists():
        raise EntityNameTaken


def _record(
    code: AuditCode, entity: Entity, actor: Account, now: datetime, detail: dict[str, object]
) -> None:
    """Write the audit row of a change of the tree."""
    audit.record(
        code=code,
        actor=actor,
        object_kind="entity",
        object_id=str(entity.pk),
        object_label=entity.name,
        detail=detail,
        at=now,
    )
