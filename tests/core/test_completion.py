"""Names that complete, and lists narrowed by them, tried on entities and devices."""

import re
from typing import Any

import pytest
from django.test import Client

from apps.core.admin.autocomplete import keys_of
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.core.devices import make_device
from tests.factories.organization import make_entity

pytestmark = pytest.mark.django_db

AUTOCOMPLETE = "/admin/autocomplete/"
LIST = "/admin/devices/device/"
MISSING = 999_999
QUERIES = 7  # session, account, rights; count, page and names


@pytest.fixture
def floor(paris: Entity) -> Entity:
    """Return an entity below Paris."""
    return make_entity("Floor", paris)


@pytest.fixture
def laptop(floor: Entity) -> Device:
    """Return a device of that floor."""
    return make_device("floor-laptop", floor)


@pytest.fixture
def other(lyon: Entity) -> Device:
    """Return a device outside Ben's domain."""
    return make_device("lyon-laptop", lyon)


def completed(client: Client, term: str = "", **query: Any) -> list[str]:
    """Return what is offered for the entity of a device."""
    field = {"app_label": "devices", "model_name": "device", "field_name": "entity", "term": term}
    response = client.get(AUTOCOMPLETE, {**field, **query})
    return [entry["text"] for entry in response.json()["results"]]


def listed(client: Client, entity: Any) -> str:
    """Return the list of an entity's devices, without what differs from page to page."""
    page = client.get(LIST, {"entity__id__exact": entity}).content.decode()
    page = re.sub(r'(nonce|csrfmiddlewaretoken)"? ?(value)?="[^"]*"', "", page)
    return re.sub(rf'(?<=exact=){entity}\b|(?<=value="){entity}(?=")', "ENTITY", page)


class TestEntities:
    def test_are_told_apart_by_where_they_stand(
        self, ada_client: Client, floor: Entity, lyon: Entity
    ) -> None:
        make_entity("Floor", lyon)

        assert completed(ada_client, "floor") == ["Paris / Floor", "Lyon / Floor"]

    def test_are_those_of_the_view_domain(
        self, ben_client: Client, floor: Entity, lyon: Entity
    ) -> None:
        assert completed(ben_client) == ["Paris", "Paris / Floor"]

    def test_name_nothing_above_the_view_domain(self, ben_client: Client, paris: Entity) -> None:
        above = make_entity("Secret region")
        paris.parent, paris.path = above, f"{above.path}{paris.pk}/"
        paris.save()

        assert completed(ben_client) == ["Paris"]

    def test_come_in_pages(self, ada_client: Client, paris: Entity) -> None:
        made = [make_entity(f"Room {number:02d}", paris) for number in range(25)]

        pages = [completed(ada_client, "room", page=number) for number in (1, 2)]

        assert [len(page) for page in pages] == [20, 5]
        assert sorted(pages[0] + pages[1]) == [f"Paris / {room.name}" for room in made]

    def test_cost_the_same_whatever_their_number(
        self, ada_client: Client, paris: Entity, django_assert_num_queries: Any
    ) -> None:
        completed(ada_client)

        with django_assert_num_queries(QUERIES):
            completed(ada_client)
        [make_entity(f"Room {number:02d}", paris) for number in range(25)]
        with django_assert_num_queries(QUERIES):
            completed(ada_client)

    def test_are_not_offered_to_cleo(self, cleo_client: Client, paris: Entity) -> None:
        field = {"app_label": "devices", "model_name": "device", "field_name": "entity"}

        assert cleo_client.get(AUTOCOMPLETE, field).status_code == 403


@pytest.mark.usefixtures("laptop", "other")
class TestFilter:
    def test_holds_no_name_that_is_not_chosen(self, ada_client: Client, floor: Entity) -> None:
        make_entity("Empty quarter")

        page = ada_client.get(LIST).content.decode()

        assert "Empty quarter" not in page
        assert 'name="entity__id__exact"' in page

    def test_keeps_the_devices_of_the_entity_alone(
        self, ada_client: Client, paris: Entity, floor: Entity
    ) -> None:
        assert "floor-laptop" in listed(ada_client, floor.pk)
        assert "lyon-laptop" not in listed(ada_client, floor.pk)
        assert "floor-laptop" not in listed(ada_client, paris.pk)  # it stands below

    def test_tells_what_is_chosen_and_how_to_take_it_off(
        self, ada_client: Client, floor: Entity
    ) -> None:
        query = {"entity__id__exact": str(floor.pk), "hardware_type__exact": "laptop", "q": "floor"}

        page = ada_client.get(LIST, query).content.decode()

        assert "<strong>Paris / Floor</strong>" in page
        assert re.search(
            r'href="\?hardware_type__exact=laptop&amp;q=floor" aria-label="Remove the filter', page
        )
        assert re.search(rf'<option value="{floor.pk}" selected[^>]*>Paris / Floor<', page)

    def test_keeps_the_other_filters_when_it_is_sent(
        self, ada_client: Client, floor: Entity
    ) -> None:
        query = {"entity__id__exact": str(floor.pk), "hardware_type__exact": "laptop", "p": "1"}

        page = ada_client.get(LIST, query).content.decode()

        form = re.search(r"<form[^>]*dex-completion-form.*?</form>", page, re.DOTALL)
        assert form is not None
        hidden = re.findall(r'type="hidden" name="(\w+)" value="(\w*)"', form[0])
        assert hidden == [("hardware_type__exact", "laptop")]

    def test_tells_of_the_other_filters_too(self, ada_client: Client) -> None:
        page = ada_client.get(LIST, {"operating_system_platform__exact": "linux"})

        assert [chosen.value for chosen in page.context["cl"].chosen] == ["Linux"]

    def test_takes_an_empty_choice_for_none(self, ada_client: Client) -> None:
        page = ada_client.get(LIST, {"entity__id__exact": ""})

        assert page.context["cl"].result_count == 2
        assert page.context["cl"].chosen == []

    @pytest.mark.case("access.3")
    def test_answers_for_what_is_hidden_as_for_what_is_missing(
        self, ben_client: Client, ada_client: Client, lyon: Entity
    ) -> None:
        hidden, missing = listed(ben_client, lyon.pk), listed(ben_client, MISSING)

        assert "Lyon" not in hidden
        assert hidden == missing
        assert "<strong>Lyon</strong>" in listed(ada_client, lyon.pk)

    @pytest.mark.parametrize("value", ["x", "9" * 30, "-1", "a\0", "²"])
    def test_bears_any_address(self, ada_client: Client, value: str) -> None:
        response = ada_client.get(LIST, {"entity__id__exact": value})

        assert response.status_code in (200, 302, 400)

    def test_bears_counts(self, ada_client: Client, floor: Entity) -> None:
        response = ada_client.get(LIST, {"entity__id__exact": str(floor.pk), "_facets": "True"})

        assert response.status_code == 200

    def test_brings_its_scripts(self, ada_client: Client) -> None:
        page = ada_client.get(LIST).content.decode()

        assert page.count("dex/completion.js") == 1
        assert page.index("select2.full") < page.index("dex/completion.js")


class TestKeys:
    def test_are_what_a_bigint_holds(self) -> None:
        assert keys_of(["7", 8, "", "x", "²", "-1", "9" * 19]) == [7, 8]
