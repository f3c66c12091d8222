"""Pages of the rules: nothing is kept before its preview was answered."""

import re
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.devices.models import ClassificationRun, Device
from apps.organization.models import ClassificationRule, Entity
from tests.devices.test_classification import make_devices
from tests.factories.accounts import make_account, make_profile
from tests.factories.organization import grant, make_entity
from tests.factories.rules import make_rules, rule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

RULES = "/admin/organization/classificationrule/"
PREVIEW = f"{RULES}preview/"
RIGHTS = [
    "organization.view_classificationrule",
    "organization.change_classificationrule",
]


def token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def text(response: Any) -> str:
    assert response.status_code == 200
    return response.content.decode()  # type: ignore[no-any-return]


def form(entity: Entity, *conditions: tuple[str, str], **values: str) -> dict[str, Any]:
    return {
        "name": "Lyon by name",
        "entity": entity.pk,
        "is_active": "on",
        "matching": "all",
        "fact": [fact for fact, _value in conditions],
        "value": [value for _fact, value in conditions],
        **values,
    }


def names() -> list[str]:
    return [found.name for found in ClassificationRule.objects.as_rules()]


class TestRules:
    def test_are_kept_once_the_preview_is_answered(
        self, ada_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        make_devices(3, paris, "lyon")

        page = text(ada_client.post(f"{RULES}add/", form(lyon, ("device_name", "lyon-*"))))

        assert "3 devices would move." in page
        assert "lyon-2" in page
        assert names() == []

        answer = {"token": token(page), "confirmed": "yes"}
        page = text(ada_client.post(PREVIEW, answer, follow=True))
        assert names() == ["Lyon by name"]
        assert "The rules are kept." in page
        assert "Lyon by name" in page
        assert ClassificationRun.objects.count() == 1
        assert Device.objects.filter(entity=paris).count() == 3  # until the run

    def test_show_what_was_typed_and_what_is_wrong(self, ada_client: Client, lyon: Entity) -> None:
        conditions = ("local_address", "10.1"), ("platform", "linux")

        page = text(ada_client.post(f"{RULES}add/", form(lyon, *conditions)))

        assert "This is no network" in page
        assert 'value="10.1"' in page
        assert 'name="token"' not in page

    def test_are_changed_in_their_place(
        self, ada_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        make_rules(
            rule(paris, ("platform", "linux"), name="A"),
            rule(lyon, ("platform", "macos"), name="B"),
        )
        row = ClassificationRule.objects.get(name="A")
        address = f"{RULES}{row.pk}/change/"
        assert 'value="linux"' in text(ada_client.get(address))

        values = form(lyon, ("platform", "windows"), name="C")
        page = text(ada_client.post(address, values))
        ada_client.post(PREVIEW, {"token": token(page), "confirmed": "yes"})

        assert names() == ["C", "B"]
        assert ClassificationRule.objects.get(name="C").pk == row.pk

    def test_are_deleted_after_a_preview(self, ada_client: Client, paris: Entity) -> None:
        make_rules(rule(paris, ("platform", "linux"), name="A"))
        row = ClassificationRule.objects.get()

        page = text(ada_client.get(f"{RULES}{row.pk}/delete/"))
        ada_client.post(PREVIEW, {"token": token(page), "confirmed": "yes"})

        assert names() == []

    def test_are_ordered_by_buttons(self, ada_client: Client, paris: Entity) -> None:
        make_rules(*(rule(paris, ("platform", "linux"), name=name) for name in "ABC"))
        uids = {row.name: str(row.uid) for row in ClassificationRule.objects.all()}
        order = {"rule": [uids[name] for name in "ABC"]}

        page = text(ada_client.post(f"{RULES}order/", {**order, "up": uids["C"]}))
        shown = re.findall(r'name="rule" value="([^"]+)"', page)
        assert shown == [uids[name] for name in "ACB"]
        assert names() == ["A", "B", "C"]

        page = text(ada_client.post(f"{RULES}order/", {"rule": shown, "preview": "yes"}))
        ada_client.post(PREVIEW, {"token": token(page), "confirmed": "yes"})
        assert names() == ["A", "C", "B"]

    def test_keep_what_somebody_else_changed_meanwhile(
        self, ada_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        page = text(ada_client.post(f"{RULES}add/", form(lyon, ("device_name", "lyon-*"))))
        make_rules(rule(paris, ("platform", "linux"), name="A"))

        answer = {"token": token(page), "confirmed": "yes"}
        page = text(ada_client.post(PREVIEW, answer, follow=True))

        assert "changed meanwhile" in page
        assert names() == ["A"]

    def test_are_taken_from_no_forged_or_foreign_page(
        self, ada_client: Client, client_for: Any, lyon: Entity
    ) -> None:
        page = text(ada_client.post(f"{RULES}add/", form(lyon, ("device_name", "*"))))
        other = client_for(make_account("eve", kind="administrator"))

        for client, found in ((ada_client, token(page) + "x"), (other, token(page))):
            response = client.post(PREVIEW, {"token": found, "confirmed": "yes"})
            assert response.status_code == 404
        assert names() == []

    def test_are_applied_again(self, ada_client: Client, paris: Entity) -> None:
        make_rules(rule(paris, ("platform", "linux")))

        page = text(ada_client.get(f"{RULES}run/"))
        assert ClassificationRun.objects.count() == 1

        ada_client.post(PREVIEW, {"token": token(page), "confirmed": "yes"})
        assert ClassificationRun.objects.count() == 2


class TestStrangers:
    @pytest.mark.parametrize("name", ["", "add/", "order/", "preview/", "run/"])
    def test_are_let_in_nowhere(self, cleo_client: Client, ben_client: Client, name: str) -> None:
        for client in (cleo_client, ben_client):
            assert client.get(RULES + name).status_code == 403
            assert client.post(RULES + name, {"confirmed": "yes"}).status_code in (403, 405)

    def test_with_a_part_of_the_tree_see_its_rules_alone(
        self, client_for: Any, paris: Entity, lyon: Entity
    ) -> None:
        make_rules(
            rule(paris, ("platform", "linux"), name="Here"),
            rule(lyon, ("platform", "macos"), name="There"),
        )
        profile = make_profile(permissions=RIGHTS)
        grant(profile, paris)
        client = client_for(make_account(profile=profile))

        page = text(client.get(RULES))
        assert "Here" in page
        assert "There" not in page

        here, there = (ClassificationRule.objects.get(name=name) for name in ("Here", "There"))
        assert client.get(f"{RULES}{there.pk}/change/").status_code == 404
        page = text(client.get(f"{RULES}{here.pk}/change/"))
        assert "<form method" not in page.split("dex-rules-title")[1]
        for name in ("add/", "order/", "run/", f"{here.pk}/delete/"):
            assert client.get(RULES + name).status_code == 403
        assert client.post(f"{RULES}{here.pk}/change/", form(paris)).status_code in (200, 403)
        assert names() == ["Here", "There"]

    def test_with_a_part_of_the_tree_learn_no_other_entitys_name(
        self, client_for: Any, paris: Entity
    ) -> None:
        hidden, floor = make_entity("Secret lab"), make_entity("Floor", paris)
        make_rules(rule(floor, ("key_entity", str(hidden.pk)), ("key_entity", str(floor.pk))))
        profile = make_profile(permissions=RIGHTS)
        grant(profile, floor)
        client = client_for(make_account(profile=profile))
        row = ClassificationRule.objects.get()

        for url in (RULES, f"{RULES}{row.pk}/change/"):
            page = text(client.get(url))
            assert "Floor" in page
            assert "Secret lab" not in page
            assert "Paris" not in page

    def test_at_a_strict_level_see_no_names_in_a_preview(
        self, client_for: Any, paris: Entity, lyon: Entity
    ) -> None:
        make_devices(1, paris, "ada-laptop")
        client = client_for(self.strict(3))

        page = text(client.post(f"{RULES}add/", form(lyon, ("platform", "linux"))))

        assert "1 device would move." in page
        assert "ada-laptop" not in page

    @pytest.mark.parametrize("level", [1, 2, 3])
    @pytest.mark.parametrize(
        ("fact", "value"),
        [
            ("device_name", "ada*"),
            ("local_address", "10.1.2.3/32"),
            ("distinguished_name", "CN=ada*"),
        ],
    )
    def test_at_a_strict_level_find_nobody_by_a_hidden_name(
        self, client_for: Any, paris: Entity, lyon: Entity, level: int, fact: str, value: str
    ) -> None:
        make_devices(1, paris, "ada-laptop")
        client = client_for(self.strict(level))

        answer = client.post(f"{RULES}add/", form(lyon, (fact, value)), follow=True)
        assert "1 device would move." not in text(answer)
        assert "that your profile hides" in text(answer)

        make_rules(rule(lyon, (fact, value)))
        assert "1 device would move." not in text(client.get(f"{RULES}run/", follow=True))

    def strict(self, level: int) -> Account:
        """Return an account that sees the whole tree, and no names."""
        rights = [*RIGHTS, "devices.view_device"]
        profile = make_profile(privacy_level=level, permissions=rights)
        grant(profile, Entity.objects.root())
        return make_account(profile=profile)


class TestNaming:
    def test_of_entities_names_those_above(self, ada_client: Client, paris: Entity) -> None:
        floor = make_entity("Floor", paris)
        make_rules(rule(floor, ("key_entity", str(floor.pk))))

        page = text(ada_client.get(RULES))

        assert page.count("Paris / Floor") == 2
