"""Reads of the tree."""

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.core.personal_data import PrivacyLevel
from apps.core.scope import Scope
from apps.organization.models import Entity
from tests.factories.organization import make_entity

pytestmark = pytest.mark.django_db


def scope_on(*entities: Entity, action: str = "view_device") -> Scope:
    """Return a scope that is granted one action on some nodes."""
    nodes = frozenset(str(entity.pk) for entity in entities)
    return Scope(1, frozenset(), PrivacyLevel.FULL, {action: nodes})


class TestEntityQuerySet:
    def test_has_a_root_and_a_place_for_the_unclassified(self) -> None:
        root, unclassified = Entity.objects.root(), Entity.objects.unclassified()

        assert (root.name, root.path) == ("Organisation", f"/{root.pk}/")
        assert unclassified.path == f"/{root.pk}/{unclassified.pk}/"

    def test_grants_a_node_with_all_below_it(self, paris: Entity, lyon: Entity) -> None:
        floor = make_entity("First floor", paris)
        room = make_entity("Room", floor)

        granted = Entity.objects.granting(scope_on(paris), "view_device")

        assert set(granted) == {paris, floor, room}

    def test_grants_what_is_made_later_below_a_node(self, paris: Entity) -> None:
        scope = scope_on(paris)

        later = make_entity("Later", paris)

        assert later in Entity.objects.granting(scope, "view_device")

    def test_confuses_no_ids_that_begin_alike(self, paris: Entity) -> None:
        many = [make_entity(parent=Entity.objects.root()) for _ in range(12)]

        granted = Entity.objects.granting(scope_on(many[0]), "view_device")

        assert list(granted) == [many[0]]

    def test_grants_each_action_apart(self, paris: Entity) -> None:
        scope = scope_on(paris, action="view_device")

        assert not Entity.objects.granting(scope, "manage_device").exists()

    def test_grants_nothing_without_a_grant(self) -> None:
        scope = Scope(1, frozenset(), PrivacyLevel.FULL, {})

        assert not Entity.objects.granting(scope, "view_device").exists()

    def test_grants_everything_to_an_unrestricted_scope(self, ada_scope: Scope) -> None:
        assert Entity.objects.granting(ada_scope, "view_device").count() == Entity.objects.count()

    def test_asks_once_as_a_subquery(
        self, paris: Entity, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        granted = Entity.objects.granting(scope_on(paris), "view_device")

        with django_assert_num_queries(1):
            list(Entity.objects.filter(parent__in=granted))

    def test_keeps_branches_together(self, paris: Entity) -> None:
        floor = make_entity("First floor", paris)

        names = [e.name for e in Entity.objects.below(paris).in_tree_order()]

        assert names == ["Paris", floor.name]
