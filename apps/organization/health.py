"""Health of the tree, for `manage.py doctor`."""

from datetime import datetime

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat

from apps.core import health
from apps.core.health import Finding
from apps.organization.choices import EntityKind
from apps.organization.models import Entity
from apps.organization.querysets import EntityQuerySet


def check_tree(now: datetime) -> Finding:
    """Find out whether the paths, on which view domains rest, agree with the parents."""
    built_in = Entity.objects.exclude(kind=EntityKind.ORDINARY).count()
    if built_in != len(EntityKind) - 1:
        return Finding("error", "The root or the entity of the unclassified is missing.")
    wrong = misplaced_entities().count()
    if wrong:
        return Finding("error", f"{wrong} entities have another path than their place.")
    return Finding("ok", "The tree of entities is sound.")


def misplaced_entities() -> EntityQuerySet:
    """Return entities whose path is not their parent's with their own id."""
    expected = Concat(F("parent__path"), Cast(F("pk"), CharField()), Value("/"))
    return Entity.objects.filter(parent__isnull=False).exclude(path=expected)


health.register("organization.tree", check_tree)
