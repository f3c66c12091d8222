"""Pages of the tree."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Profile
from apps.collectors.models import EnrolmentKey
from apps.devices.models import FleetNow
from apps.organization.models import Entity, EntityGroupPermission
from tests.conftest import NOW
from tests.factories.accounts import make_account, make_profile
from tests.factories.collectors import device_of, make_key, make_machine
from tests.factories.devices import move_device
from tests.factories.organization import grant, make_entity

pytestmark = pytest.mark.django_db

ENTITIES = "/admin/organization/entity/"
VIEW_DOMAINS = "/admin/organization/viewdomain/"
LIST_QUERIES = 8
PAGE_QUERIES = 15


class TestEntityAdmin:
    def test_draws_the_tree(
        self, ada_client: Client, paris: Entity, django_assert_max_num_queries: Any
    ) -> None:
        make_entity("Floor", paris)

        with django_assert_max_num_queries(10):
            page = ada_client.get(ENTITIES).content.decode()

        assert page.index("\N{EM SPACE}Paris") < page.index("\N{EM SPACE}\N{EM SPACE}Floor")

    def test_is_closed_to_cleo(self, cleo_client: Client) -> None:
        assert cleo_client.get(ENTITIES).status_code == 403

    def test_shows_no_more_than_the_view_domain(
        self, client_for: Any, paris: Entity, lyon: Entity
    ) -> None:
        profile = make_profile(permissions=["organization.view_entity"])
        grant(profile, paris)

        client = client_for(make_account(profile=profile))

        page = client.get(ENTITIES).content.decode()
        assert "Paris" in page
        assert "Lyon" not in page
        assert client.get(f"{ENTITIES}{lyon.pk}/change/").status_code == 404

    def test_adds_an_entity(self, ada_client: Client, paris: Entity) -> None:
        response = ada_client.post(f"{ENTITIES}add/", {"name": "Floor", "parent": paris.pk})

        assert response.status_code == 302
        assert Entity.objects.get(name="Floor").parent == paris

    def test_keeps_what_was_typed_when_a_name_is_taken(
        self, ada_client: Client, paris: Entity
    ) -> None:
        root = Entity.objects.root()

        response = ada_client.post(f"{ENTITIES}add/", {"name": "Paris", "parent": root.pk})

        assert response.status_code == 200
        assert "There is an entity of this name" in response.content.decode()

    def test_offers_the_entity_above_by_its_name(self, ada_client: Client, paris: Entity) -> None:
        floor = make_entity("Floor", paris)
        room = make_entity("Room", floor)
        make_entity("Empty quarter")

        page = ada_client.get(f"{ENTITIES}{room.pk}/change/").content.decode()

        assert f'<option value="{floor.pk}" selected>Paris / Floor</option>' in page
        assert "Empty quarter" not in page

    def test_moves_an_entity(self, ada_client: Client, paris: Entity, lyon: Entity) -> None:
        form = {"name": "Paris", "parent": lyon.pk}

        ada_client.post(f"{ENTITIES}{paris.pk}/change/", form)

        paris.refresh_from_db()
        assert paris.path.startswith(lyon.path)

    def test_says_why_it_makes_no_circle(self, ada_client: Client, paris: Entity) -> None:
        floor = make_entity("Floor", paris)

        response = ada_client.post(
            f"{ENTITIES}{paris.pk}/change/", {"name": "Paris", "parent": floor.pk}
        )

        assert "cannot be moved below itself" in response.content.decode()

    def test_renames_the_root(self, ada_client: Client) -> None:
        root = Entity.objects.root()

        ada_client.post(f"{ENTITIES}{root.pk}/change/", {"name": "Example Ltd"})

        root.refresh_from_db()
        assert (root.name, root.parent) == ("Example Ltd", None)

    def test_deletes_no_built_in_entity(self, ada_client: Client) -> None:
        url = f"{ENTITIES}{Entity.objects.unclassified().pk}/delete/"

        assert ada_client.post(url, {"post": "yes"}).status_code == 403


class TestDeletion:
    """Of an entity: asked for, or refused with what keeps it and what to do."""

    def delete(self, client: Client, entity: Entity) -> str:
        """Confirm the deletion; return what the page says then."""
        url = f"{ENTITIES}{entity.pk}/delete/"
        response = client.post(url, {"confirmed": "yes"}, follow=True)
        return html.unescape(response.content.decode())

    def test_is_asked_for_first(self, ada_client: Client, paris: Entity) -> None:
        question = ada_client.get(f"{ENTITIES}{paris.pk}/delete/").content.decode()
        is_there = Entity.objects.filter(pk=paris.pk).exists()

        answer = self.delete(ada_client, paris)

        assert "Delete this entity?" in question
        assert is_there
        assert "The entity is deleted." in answer
        assert not Entity.objects.filter(pk=paris.pk).exists()

    def test_is_refused_while_entities_are_below(self, ada_client: Client, paris: Entity) -> None:
        make_entity("Floor", paris)

        page = ada_client.get(f"{ENTITIES}{paris.pk}/delete/", follow=True).content.decode()

        assert "It is in use by: entities." in page
        assert "Delete this entity?" not in page

    @pytest.mark.usefixtures("fixed_clock")
    def test_is_refused_for_good_where_devices_have_been(
        self, ada_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        device = device_of(make_machine(paris))
        move_device(device=device, entity=lyon, now=NOW)

        page = self.delete(ada_client, paris)

        assert "It cannot be deleted: what was recorded while it was in use names it" in page
        assert "Rename it, or move it below another entity" in page
        assert Entity.objects.filter(pk=paris.pk).exists()

    @pytest.mark.usefixtures("fixed_clock")
    def test_is_refused_while_a_key_leads_there(self, ada_client: Client, paris: Entity) -> None:
        make_key(entity=paris)
        page = self.delete(ada_client, paris)

        EnrolmentKey.objects.update(revoked_at=NOW)
        later = self.delete(ada_client, paris)

        assert "It is in use by: enrolment keys." in page
        assert "It cannot be deleted" in later

    def test_takes_its_figures_along(self, ada_client: Client, paris: Entity) -> None:
        FleetNow.objects.create(
            entity=paris, platform="linux", devices=1, active_day=0, active_week=0
        )

        assert "The entity is deleted." in self.delete(ada_client, paris)

    def test_is_closed_to_those_who_see_a_part(self, client_for: Any, paris: Entity) -> None:
        permissions = ["organization.view_entity", "organization.delete_entity"]
        profile = make_profile(permissions=permissions)
        grant(profile, paris)
        client = client_for(make_account(profile=profile))

        response = client.post(f"{ENTITIES}{paris.pk}/delete/", {"confirmed": "yes"})

        assert response.status_code == 403
        assert Entity.objects.filter(pk=paris.pk).exists()


class TestViewDomainAdmin:
    def test_is_closed_to_cleo(self, cleo_client: Client) -> None:
        assert cleo_client.get(VIEW_DOMAINS).status_code == 403

    def test_lists_what_profiles_see(self, ada_client: Client, paris: Entity) -> None:
        grant(make_profile("Desk"), paris)

        page = ada_client.get(VIEW_DOMAINS).content.decode()

        assert "Desk" in page
        assert "Paris" in page

    @pytest.mark.parametrize("number", [5, 45])
    def test_asks_the_same_number_of_questions_whatever_its_length(
        self,
        ada_client: Client,
        paris: Entity,
        lyon: Entity,
        django_assert_num_queries: Any,
        number: int,
    ) -> None:
        for place in range(number):
            grant(make_profile(f"Desk {place:02d}"), lyon, paris)

        with django_assert_num_queries(LIST_QUERIES):
            page = ada_client.get(VIEW_DOMAINS).content.decode()

        assert page.count("Lyon, Paris") + page.count("Paris, Lyon") == number

    def test_shows_the_first_nodes_only(self, ada_client: Client) -> None:
        grant(make_profile("Desk"), *[make_entity(f"Floor {place}") for place in range(6)])

        page = ada_client.get(VIEW_DOMAINS).content.decode()

        assert "Floor 4 …" in page
        assert "Floor 5" not in page

    def test_grants_nodes(self, ada_client: Client, paris: Entity) -> None:
        profile = make_profile()

        response = ada_client.post(
            f"{VIEW_DOMAINS}{profile.pk}/change/", {"view_device": [paris.pk]}
        )

        assert response.status_code == 302
        assert EntityGroupPermission.objects.get().content_object == paris

    def test_shows_what_is_granted(self, ada_client: Client, paris: Entity) -> None:
        profile = make_profile()
        grant(profile, paris)

        page = ada_client.get(f"{VIEW_DOMAINS}{profile.pk}/change/").content.decode()

        assert len(re.findall(rf'<option value="{paris.pk}" selected>Paris<', page)) == 3

    @pytest.mark.parametrize("number", [5, 45])
    def test_names_what_is_granted_alone(
        self, ada_client: Client, paris: Entity, django_assert_num_queries: Any, number: int
    ) -> None:
        profile = make_profile()
        floors = [make_entity(f"Floor {place:02d}", paris) for place in range(number)]
        make_entity("Empty quarter")
        grant(profile, *floors)

        with django_assert_num_queries(PAGE_QUERIES):
            page = ada_client.get(f"{VIEW_DOMAINS}{profile.pk}/change/").content.decode()

        assert page.count("selected>Paris / Floor 04<") == 3
        assert "Empty quarter" not in page

    def test_completes_names(self, ada_client: Client, paris: Entity, lyon: Entity) -> None:
        page = ada_client.get(f"{VIEW_DOMAINS}{make_profile().pk}/change/").content.decode()

        field = re.findall(r'data-(app-label|model-name|field-name)="(\w+)"', page)[:3]
        query = {name.replace("-", "_"): value for name, value in field}
        found = ada_client.get("/admin/autocomplete/", {**query, "term": "par"}).json()
        assert found["results"] == [{"id": str(paris.pk), "text": "Paris"}]

    def test_keeps_the_choice_when_something_is_wrong(
        self, ada_client: Client, paris: Entity
    ) -> None:
        url = f"{VIEW_DOMAINS}{make_profile().pk}/change/"

        response = ada_client.post(url, {"view_device": [paris.pk, 999_999, "x"]})

        page = response.content.decode()
        assert response.status_code == 200
        assert "selected>Paris<" in page

    def test_leaves_the_built_in_profile_alone(self, ada_client: Client) -> None:
        url = f"{VIEW_DOMAINS}{Profile.objects.administrator().pk}/change/"

        assert ada_client.post(url, {}).status_code == 403
