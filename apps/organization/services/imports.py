"""Entities from a file: all of it or nothing."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.core.errors import DomainError
from apps.organization import entity_files
from apps.organization.choices import EntityKind
from apps.organization.entity_files import Plan, Steps
from apps.organization.models import Entity
from apps.organization.places import Places, fold
from apps.organization.services.tree import lock_tree

NAMED_IN_AUDIT = 20  # entities; the row of the log has a limit


class FileHasProblems(DomainError):
    """A file of which a line is wrong changes nothing."""

    code = "file_has_problems"
    message = _("The file has lines that are wrong. Nothing was changed.")


@transaction.atomic
def import_entities(*, data: bytes | str, actor: Account | None, now: datetime) -> Plan:
    """Add the entities of a file that are not there yet; safe to run twice.

    Cost: one INSERT for each depth of the tree.

    Raises:
        FileHasProblems: a line is wrong. SheetRefused: it cannot be read at all.
    """
    lock_tree()
    plan = entity_files.plan(data)
    if plan.problems:
        raise FileHasProblems
    if plan.added:
        _insert(plan.added)
        audit.record(
            code=AuditCode.ENTITIES_IMPORTED,
            actor=actor,
            object_kind="entity",
            detail={
                "added": len(plan.added),
                "known": plan.known,
                "first": plan.added_places[:NAMED_IN_AUDIT],
            },
            at=now,
        )
    return plan


def _insert(added: Sequence[Steps]) -> None:
    """Insert entities level by level, each below one that is there or was inserted before."""
    places = Places()
    ids = iter(_draw_ids(len(added)))
    made: dict[Steps, int] = {}
    paths = dict(places.paths)
    for depth in sorted({len(steps) for steps in added}):
        rows = []
        for steps in (steps for steps in added if len(steps) == depth):
            parent_id = _parent(steps[:-1], made, places)
            key = made[fold(steps)] = next(ids)
            paths[key] = f"{paths[parent_id]}{key}/"
            rows.append(
                Entity(
                    id=key,
                    parent_id=parent_id,
                    name=steps[-1],
                    kind=EntityKind.ORDINARY,
                    path=paths[key],
                )
            )
        Entity.objects.bulk_create(rows)


def _parent(steps: Steps, made: dict[Steps, int], places: Places) -> int:
    if not steps:
        return places.root_id
    return made.get(fold(steps)) or places.key(steps)


def _draw_ids(number: int) -> list[int]:
    """Return ids of the table's sequence. Cost: 1 query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('organization_entity', 'id')) "
            "FROM generate_series(1, %s)",
            [number],
        )
        return [int(row[0]) for row in cursor.fetchall()]
