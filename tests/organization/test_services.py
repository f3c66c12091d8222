"""Changes of the tree."""

from datetime import datetime

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.choices import ProfileKind
from apps.accounts.models import Account
from apps.accounts.scope import scope_of
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.organization import services
from apps.organization.models import Entity, EntityGroupPermission
from tests.factories.accounts import make_account, make_profile
from tests.factories.organization import grant, make_entity

pytestmark = pytest.mark.django_db


def last_code() -> int:
    """Return the code of the newest audit row."""
    return InboxEvent.objects.order_by("-id").values_list("code", flat=True)[0]


class TestCreateEntity:
    def test_puts_it_below_its_parent(self, ada: Account, paris: Entity, now: datetime) -> None:
        entity = services.create_entity(name="Floor", parent=paris, actor=ada, now=now)

        assert entity.path == f"{paris.path}{entity.pk}/"
        assert entity.depth == 2
        assert last_code() == AuditCode.ENTITY_CREATED

    def test_refuses_a_name_that_a_sibling_has(
        self, ada: Account, paris: Entity, now: datetime
    ) -> None:
        with pytest.raises(services.EntityNameTaken):
            services.create_entity(name="Paris", parent=Entity.objects.root(), actor=ada, now=now)


class TestRenameEntity:
    def test_keeps_its_place(self, ada: Account, paris: Entity, now: datetime) -> None:
        services.rename_entity(entity=paris, name="Paris West", actor=ada, now=now)

        paris.refresh_from_db()
        assert paris.name == "Paris West"
        assert last_code() == AuditCode.ENTITY_RENAMED


class TestMoveEntity:
    def test_takes_the_whole_branch(
        self, ada: Account, paris: Entity, lyon: Entity, now: datetime
    ) -> None:
        floor = make_entity("Floor", paris)
        room = make_entity("Room", floor)

        services.move_entity(entity=floor, parent=lyon, actor=ada, now=now)

        room.refresh_from_db()
        assert room.path == f"{lyon.path}{floor.pk}/{room.pk}/"
        assert last_code() == AuditCode.ENTITY_MOVED

    def test_takes_it_out_of_a_view_domain(
        self, ada: Account, ben: Account, paris: Entity, lyon: Entity, now: datetime
    ) -> None:
        floor = make_entity("Floor", paris)

        services.move_entity(entity=floor, parent=lyon, actor=ada, now=now)

        assert floor not in Entity.objects.permitted_to(scope_of(ben))

    def test_refuses_a_circle(self, ada: Account, paris: Entity, now: datetime) -> None:
        floor = make_entity("Floor", paris)

        with pytest.raises(services.EntityInOwnBranch):
            services.move_entity(entity=paris, parent=floor, actor=ada, now=now)

    def test_leaves_the_built_in_ones_alone(
        self, ada: Account, paris: Entity, now: datetime
    ) -> None:
        unclassified = Entity.objects.unclassified()

        with pytest.raises(services.BuiltInEntity):
            services.move_entity(entity=unclassified, parent=paris, actor=ada, now=now)


class TestDeleteEntity:
    def test_removes_an_empty_one_with_its_grants(
        self, ada: Account, ben: Account, paris: Entity, now: datetime
    ) -> None:
        services.delete_entity(entity=paris, actor=ada, now=now)

        assert not Entity.objects.filter(name="Paris").exists()
        assert not EntityGroupPermission.objects.exists()

    def test_is_refused_while_something_hangs_below(
        self, ada: Account, paris: Entity, now: datetime
    ) -> None:
        make_entity("Floor", paris)

        with pytest.raises(services.EntityInUse):
            services.delete_entity(entity=paris, actor=ada, now=now)


class TestSetViewDomain:
    def test_replaces_the_grants(
        self, ada: Account, paris: Entity, lyon: Entity, now: datetime
    ) -> None:
        profile = make_profile()
        grant(profile, paris)

        services.set_view_domain(
            profile=profile, grants={"view_device": [lyon]}, actor=ada, now=now
        )

        scope = scope_of(make_account(profile=profile))
        assert scope.grants == {"view_device": {str(lyon.pk)}}
        assert last_code() == AuditCode.VIEW_DOMAIN_CHANGED

    def test_lets_those_see_who_act(self, ada: Account, paris: Entity, now: datetime) -> None:
        profile = make_profile()

        services.set_view_domain(
            profile=profile, grants={"act_on_device": [paris]}, actor=ada, now=now
        )

        scope = scope_of(make_account(profile=profile))
        assert scope.grants["view_device"] == {str(paris.pk)}

    def test_is_refused_on_an_additional_profile(
        self, ada: Account, paris: Entity, now: datetime
    ) -> None:
        profile = make_profile(kind=ProfileKind.ADDITIONAL)

        with pytest.raises(services.ViewDomainOnAdditionalProfile):
            services.set_view_domain(
                profile=profile, grants={"view_device": [paris]}, actor=ada, now=now
            )


class TestEnsureBuiltInEntities:
    def test_may_run_again(self) -> None:
        before = Entity.objects.count()

        services.ensure_built_in_entities()

        assert Entity.objects.count() == before


class TestEntity:
    def test_of_the_kind_root_is_alone(self, paris: Entity) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Entity.objects.filter(pk=paris.pk).update(kind="root", parent=None)
