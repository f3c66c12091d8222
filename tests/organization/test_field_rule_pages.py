"""Pages of the rules that fill a custom field: nothing is kept before its preview was answered."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.devices import ruled_fields
from apps.devices.models import Device
from apps.organization.models import CustomField, Entity
from tests.devices.test_classification import make_devices
from tests.devices.test_ruled_fields import gives, make_ruled
from tests.factories.accounts import make_account, make_profile
from tests.factories.organization import grant
from tests.organization.test_fields import FIELDS, make_field
from tests.organization.test_rule_pages import text, token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

RIGHTS = ["organization.view_customfield", "organization.change_customfield"]


def address(field: CustomField) -> str:
    return f"{FIELDS}{field.pk}/rules/"


def press(client: Client, field: CustomField, page: str, **answer: Any) -> str:
    """Answer a page that holds a draft; return the next one."""
    found = client.post(address(field), {"token": token(page), **answer}, follow=True)
    return text(found)


def typed(value: str, *conditions: tuple[str, str]) -> dict[str, Any]:
    return {
        "gives": value,
        "matching": "all",
        "fact": [fact for fact, _value in conditions],
        "value": [part for _fact, part in conditions],
    }


def kept(field: CustomField) -> list[Any]:
    field.refresh_from_db()
    return [*(rule["value"] for rule in field.rules), field.otherwise]


class TestRules:
    def test_follow_the_making_of_a_field(self, ada_client: Client) -> None:
        form = {
            "nql_id": "floor",
            "name": "Floor",
            "target": "device",
            "filled_by": "rules",
            "type": "int",
            "personal_class": "none",
        }
        wrong = ada_client.post(f"{FIELDS}add/", {**form, "target": "user"})
        assert "Rules fill fields of devices alone." in text(wrong)

        page = text(ada_client.post(f"{FIELDS}add/", form, follow=True))

        assert "Rules of Floor" in page
        assert address(CustomField.objects.get()) in text(
            ada_client.get(f"{FIELDS}{CustomField.objects.get().pk}/change/")
        )

    def test_are_kept_once_the_preview_is_answered(
        self, ada: Account, ada_client: Client, paris: Entity
    ) -> None:
        field = make_ruled(ada)
        make_devices(3, paris, "lab")
        make_devices(1, paris, "desk")

        page = text(ada_client.get(address(field)))
        page = press(ada_client, field, page, edit="new", otherwise="7")
        page = press(ada_client, field, page, take="new", **typed("5", ("device_name", "lab-*")))
        assert "Device name: lab-*" in page
        assert 'value="7"' in page
        page = press(ada_client, field, page, preview="yes", otherwise="7")
        assert "4 devices would have another value than now." in page
        assert kept(field) == [None]

        page = press(ada_client, field, page, keep="yes")
        assert "The rules are kept." in page
        assert kept(field) == [5, 7]
        assert "4 devices wait to be filled" in text(ada_client.get(address(field)))

        ruled_fields.run_waiting()
        assert Device.objects.filter(custom={"floor": 5}).count() == 3
        assert "wait to be filled" not in text(ada_client.get(address(field)))

    def test_show_what_was_typed_and_what_is_wrong(self, ada: Account, ada_client: Client) -> None:
        field = make_ruled(ada)
        page = text(ada_client.get(address(field)))

        wrong = press(ada_client, field, page, preview="yes", otherwise="many")
        assert "This is no whole number." in wrong
        assert 'value="many"' in wrong

        page = press(ada_client, field, page, edit="new", otherwise="")
        answer = typed("many", ("local_address", "10.1"), ("platform", "linux"))
        page = press(ada_client, field, page, take="new", **answer)
        assert "This is no whole number." in page
        assert "This is no network" in page
        assert 'value="10.1"' in page

    def test_are_changed_ordered_and_removed_by_buttons(
        self, ada: Account, ada_client: Client, paris: Entity
    ) -> None:
        rules = [gives(number, ("platform", "linux")) for number in (1, 2, 3)]
        field = make_ruled(ada, *rules)
        page = text(ada_client.get(address(field)))

        page = press(ada_client, field, page, up="2", otherwise="")
        page = press(ada_client, field, page, down="0", otherwise="")
        page = press(ada_client, field, page, remove="2", otherwise="")
        page = press(ada_client, field, page, edit="0", otherwise="")
        assert 'value="linux"' in page
        page = press(ada_client, field, page, take="0", **typed("9", ("entity", "Paris")))
        page = press(ada_client, field, page, preview="yes", otherwise="")
        press(ada_client, field, page, keep="yes")

        assert kept(field) == [9, 1, None]

    def test_keep_what_somebody_else_changed_meanwhile(
        self, ada: Account, ada_client: Client
    ) -> None:
        field = make_ruled(ada)
        mine = press(
            ada_client, field, text(ada_client.get(address(field))), preview="yes", otherwise="1"
        )
        theirs = press(
            ada_client, field, text(ada_client.get(address(field))), preview="yes", otherwise="2"
        )
        press(ada_client, field, theirs, keep="yes")

        page = press(ada_client, field, mine, keep="yes")

        assert "changed meanwhile" in page
        assert kept(field) == [2]

    def test_are_taken_from_no_forged_or_foreign_page(
        self, ada: Account, ada_client: Client, client_for: Any
    ) -> None:
        field, other = make_ruled(ada), make_ruled(ada, nql_id="other")
        page = text(ada_client.get(address(field)))
        eve = client_for(make_account("eve", kind="administrator"))

        for client, place, found in (
            (ada_client, field, token(page) + "x"),
            (ada_client, other, token(page)),
            (eve, field, token(page)),
        ):
            answer = {"token": found, "keep": "yes"}
            assert client.post(address(place), answer).status_code == 404
        for button in ("99", "x", "-1"):
            answer = {"token": token(page), "edit": button}
            assert ada_client.post(address(field), answer).status_code == 404

    def test_belong_to_no_field_that_people_fill(self, ada: Account, ada_client: Client) -> None:
        assert ada_client.get(address(make_field(ada))).status_code == 404


class TestStrangers:
    def test_are_let_in_nowhere(
        self, ada: Account, cleo_client: Client, ben_client: Client
    ) -> None:
        field = make_ruled(ada)

        for client in (cleo_client, ben_client):
            assert client.get(address(field)).status_code == 403
            assert client.post(address(field), {"keep": "yes"}).status_code == 403

    def test_with_a_part_of_the_tree_see_no_rules(
        self, ada: Account, client_for: Any, paris: Entity, lyon: Entity
    ) -> None:
        field = make_ruled(ada, gives(1, ("entity", lyon.pk)))
        profile = make_profile(permissions=RIGHTS)
        grant(profile, paris)
        client = client_for(make_account(profile=profile))

        assert "Lyon" not in text(client.get(f"{FIELDS}{field.pk}/change/"))
        assert client.get(address(field)).status_code == 403

    @pytest.mark.parametrize("fact", ["device_name", "distinguished_name"])
    def test_at_a_strict_level_find_nobody_by_a_hidden_name(
        self, ada: Account, client_for: Any, paris: Entity, fact: str
    ) -> None:
        make_devices(1, paris, "ada-laptop")
        field = make_ruled(ada)
        profile = make_profile(privacy_level=2, permissions=[*RIGHTS, "devices.view_device"])
        grant(profile, Entity.objects.root())
        client = client_for(make_account(profile=profile))
        page = text(client.get(address(field)))
        page = press(client, field, page, edit="new", otherwise="")
        page = press(client, field, page, take="new", **typed("1", (fact, "ada*")))

        for button in ("preview", "keep"):
            answer = press(client, field, page, **{button: "yes"})
            assert "that your profile hides" in answer
            assert "would have another value" not in answer
        assert kept(field) == [None]

    def test_at_a_strict_level_learn_no_hidden_value(
        self, ada: Account, client_for: Any, paris: Entity
    ) -> None:
        make_devices(2, paris)
        field = make_ruled(ada, type="string", personal_class="direct", otherwise="Bob")
        ruled_fields.run_waiting()
        profile = make_profile(privacy_level=2, permissions=[*RIGHTS, "devices.view_device"])
        grant(profile, Entity.objects.root())
        client = client_for(make_account(profile=profile))

        for answer in (
            client.get(address(field), follow=True),
            client.post(address(field), {"preview": "yes", "otherwise": "Eve"}, follow=True),
        ):
            assert "Your profile hides the values of this field" in text(answer)
            assert "Bob" not in text(answer)
            assert "would have another value" not in text(answer)
        assert kept(field) == ["Bob"]
