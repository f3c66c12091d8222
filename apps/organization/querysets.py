"""Reads of the tree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models.expressions import RawSQL

from apps.organization.choices import EntityKind, FilledBy
from apps.organization.classification import AnyRule, Classifier, Conditional, Rule, key_entities
from apps.organization.sites import SiteRule

if TYPE_CHECKING:
    from apps.core.scope import Scope
    from apps.organization.models import ClassificationRule, CustomField, Entity, Site

# Entities with a granted node among their ancestors (or themselves). PostgreSQL hashes the array
# once, so the cost is entities times depth, however many nodes are granted.
_GRANTED = """
SELECT entity.id
FROM organization_entity AS entity,
     LATERAL unnest(string_to_array(trim(BOTH '/' FROM entity.path), '/')::bigint[]) AS step (node)
WHERE step.node = ANY (%s::bigint[])
"""


class EntityQuerySet(models.QuerySet["Entity"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep entities on which `scope` grants `action` for devices."""
        return self.granting(scope, f"{action}_device")

    def granting(self, scope: Scope, action: str) -> Self:
        """Keep entities on which `scope` grants `action`, descendants of granted nodes included.

        action: a codename on entities ("view_device", "act_on_device", "manage_device"). Meant
        as a subquery: `filter(entity__in=Entity.objects.granting(...))`.
        """
        if scope.is_unrestricted:
            return self.all()
        nodes = scope.grants.get(action, frozenset())
        if not nodes:
            return self.none()
        return self.filter(pk__in=RawSQL(_GRANTED, [sorted(int(node) for node in nodes)]))

    def below(self, entity: Entity) -> Self:
        """Keep `entity` and its descendants."""
        return self.filter(path__startswith=entity.path)

    def in_tree_order(self) -> Self:
        """Order parents before their children, each branch together."""
        return self.order_by("path")

    def trails(self, entities: Sequence[Entity]) -> dict[int, str]:
        """Return for entities by id where they stand: "France / Paris", the root left out.

        Only ancestors among these rows are named. Cost: 1 query.
        """
        steps = {
            entity.pk: [int(step) for step in entity.path.split("/")[2:-1]] for entity in entities
        }
        wanted = {step for trail in steps.values() for step in trail}
        names = dict(self.filter(pk__in=wanted).order_by().values_list("pk", "name"))
        own = {entity.pk: entity.name for entity in entities}
        return {
            key: " / ".join(names[step] for step in trail if step in names) or own[key]
            for key, trail in steps.items()
        }

    def root(self) -> Entity:
        """Return the top of the tree. Cost: 1 query."""
        return self.get(kind=EntityKind.ROOT)

    def unclassified(self) -> Entity:
        """Return the entity of devices that no rule classifies. Cost: 1 query."""
        return self.get(kind=EntityKind.UNCLASSIFIED)


class ClassificationRuleQuerySet(models.QuerySet["ClassificationRule"]):
    """Chainable filters, and the rules as a whole."""

    def permitted_to(self, scope: Scope) -> Self:
        """Keep the rules whose entity the caller sees."""
        if scope.is_unrestricted:
            return self.all()
        from apps.organization.models import Entity

        return self.filter(entity__in=Entity.objects.permitted_to(scope))

    def as_rules(self) -> list[Rule]:
        """Return the rules in their order, inactive ones included. Cost: 1 query."""
        return [Rule.of_row(row) for row in self.order_by("position")]


class SiteQuerySet(models.QuerySet["Site"]):
    """Chainable filters, and the sites as a whole."""

    def permitted_to(self, scope: Scope) -> Self:
        """Keep all for those who see the whole tree, none else: a site is of no entity."""
        return self.all() if scope.is_unrestricted else self.none()

    def as_rules(self) -> list[SiteRule]:
        """Return the sites in their order, inactive ones included. Cost: 1 query."""
        return [SiteRule.of_row(row) for row in self.order_by("position")]


class CustomFieldQuerySet(models.QuerySet["CustomField"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope) -> Self:
        """Keep all: a definition says nothing of any device or person."""
        return self.all()

    def about(self, target: str) -> Self:
        """Keep the fields of one target, by name."""
        return self.filter(target=target).order_by("name", "pk")

    def ruled(self) -> Self:
        """Keep the fields that rules fill."""
        return self.filter(filled_by=FilledBy.RULES)

    def waiting(self) -> Self:
        """Keep the fields that not all devices are filled with yet."""
        return self.ruled().filter(filled_device_id__isnull=False)

    def held(self, keys: Collection[int]) -> list[CustomField]:
        """Return those of these fields that nobody deletes before the end of this transaction.

        Whoever writes values asks for them so: what a deletion has taken, is left out at once and
        not waited for, as the deletion in turn waits for rows that the writer has taken. Cost: 1 query.
        """
        table = self.model._meta.db_table
        return list(
            self.raw(
                f"SELECT * FROM {table} WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE SKIP LOCKED",
                [list(keys)],
            )
        )

    def restart(self) -> int:
        """Have the rules of these fields asked again for the whole fleet, soon. Cost: 1 query."""
        return self.ruled().update(filled_device_id=0)


def classifier_of(rules: Sequence[AnyRule]) -> Classifier[AnyRule]:
    """Return rules ready to be asked. Cost: 1 query where conditions name entities."""
    return Classifier(rules, paths_of(rules))


def paths_of(rules: Iterable[Conditional]) -> dict[int, str]:
    """Return the paths of the entities that conditions name. Cost: 1 query, none for none."""
    from apps.organization.models import Entity

    named = key_entities(rules)
    rows = Entity.objects.filter(pk__in=named).values_list("pk", "path") if named else []
    return dict(rows)
