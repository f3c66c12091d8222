"""Values of custom fields: shown and written on the pages of what they are about."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.binaries import upkeep
from apps.binaries.models import Binary, Package
from apps.organization import custom_fields
from apps.organization.models import Entity
from apps.users.models import User
from tests.conftest import NOW
from tests.factories.accounts import make_account, make_profile
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    configure,
    device_of,
    execution,
    make_machine,
)
from tests.factories.organization import grant
from tests.factories.programs import package, scan
from tests.organization.test_fields import make_field

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

MODELS = {"user": User, "binary": Binary, "package": Package}
each_target = pytest.mark.parametrize("target", ["device", *MODELS])


@dataclass
class Page:
    """The page of one object that has custom fields."""

    obj: Any

    @property
    def url(self) -> str:
        """Return its address, without the last part."""
        meta = self.obj._meta
        return f"/admin/{meta.app_label}/{meta.model_name}/{self.obj.pk}/"

    def permissions(self, *verbs: str) -> list[str]:
        """Return permissions on the model; devices are managed, and changed by nobody."""
        meta = self.obj._meta
        known = {"change": "manage"} if meta.model_name == "device" else {}
        return [f"{meta.app_label}.{known.get(verb, verb)}_{meta.model_name}" for verb in verbs]

    def shown(self, client: Client) -> str:
        """Return the page."""
        return client.get(f"{self.url}change/").content.decode()

    def fill(self, client: Client, value: str, old: str = "") -> Any:
        """Send the form as a browser does: with what stood there."""
        form = {"initial-cost_centre": old, "cost_centre": value}
        return client.post(f"{self.url}fields/", form)

    def values(self) -> dict[str, Any]:
        """Return what is kept."""
        self.obj.refresh_from_db()
        found: dict[str, Any] = self.obj.custom
        return found


@pytest.fixture
def pages(paris: Entity) -> dict[str, Page]:
    """Return a page of each kind, all of one device in Paris."""
    configure(upn="clear")
    machine = make_machine(paris)
    machine.send(execution(), users=ADA_ROSSI, binaries=SOFFICE)
    scan(machine, package())
    upkeep.refresh_presence(now=NOW)
    binary = Binary.objects.get(name="soffice.bin")
    return {
        "device": Page(device_of(machine)),
        "user": Page(User.objects.get()),
        "binary": Page(binary),
        "package": Page(Package.objects.get()),
    }


class TestValuesOnPages:
    @each_target
    def test_are_written_shown_and_audited(
        self, ada: Account, ada_client: Client, pages: dict[str, Page], target: str
    ) -> None:
        make_field(ada, target=target, type="int")
        page = pages[target]

        assert "This is no whole number." in page.fill(ada_client, "many").content.decode()
        assert page.fill(ada_client, "1717").status_code == 302

        assert page.values() == {"cost_centre": 1717}
        assert "1717" in page.shown(ada_client)
        event = InboxEvent.objects.get(code=AuditCode.CUSTOM_VALUES_CHANGED)
        assert (event.object_kind, event.object_id) == (target, str(page.obj.uid))
        assert "1717" not in str(event.detail)

        page.fill(ada_client, "", old="1717")
        assert page.values() == {}

    def test_stay_where_nobody_touched_them(
        self, ada: Account, ada_client: Client, pages: dict[str, Page]
    ) -> None:
        make_field(ada, target="user")
        page = pages["user"]
        User.objects.update(custom={"cost_centre": "written meanwhile", "other": 1})

        page.fill(ada_client, "old", old="old")

        assert page.values() == {"cost_centre": "written meanwhile", "other": 1}
        assert not InboxEvent.objects.filter(code=AuditCode.CUSTOM_VALUES_CHANGED).exists()

    def test_are_chosen_among_words(
        self, ada: Account, ada_client: Client, pages: dict[str, Page]
    ) -> None:
        make_field(ada, target="binary", type="enum", words=["red", "blue"])
        page = pages["binary"]

        assert '<option value="blue">' in ada_client.get(f"{page.url}fields/").content.decode()
        assert page.fill(ada_client, "green").status_code == 200
        assert page.fill(ada_client, "blue").status_code == 302
        assert page.values() == {"cost_centre": "blue"}

    @pytest.mark.parametrize("target", MODELS)  # of devices: test_fields
    @pytest.mark.parametrize(
        ("personal_class", "level", "is_seen"),
        [("direct", 0, True), ("direct", 1, False), ("behaviour", 1, False), ("none", 3, True)],
    )
    def test_show_what_the_class_of_the_field_allows(
        self,
        ada: Account,
        client_for: Any,
        paris: Entity,
        pages: dict[str, Page],
        target: str,
        personal_class: str,
        level: int,
        is_seen: bool,
    ) -> None:
        make_field(ada, target=target, personal_class=personal_class)
        page = pages[target]
        MODELS[target].objects.update(custom={"cost_centre": "Zebra 17"})  # type: ignore[attr-defined]
        permissions = page.permissions("view", "change")
        profile = make_profile(privacy_level=level, permissions=permissions)
        grant(profile, paris)
        client = client_for(make_account(profile=profile))

        assert ("Zebra 17" in page.shown(client)) == is_seen
        assert ("cost_centre" in client.get(f"{page.url}fields/").content.decode()) == is_seen

        page.fill(client, "new", old="Zebra 17")
        assert (page.values()["cost_centre"] == "new") == is_seen


class TestStrangers:
    @each_target
    def test_write_nothing_without_the_right_to_change(
        self,
        ada: Account,
        cleo_client: Client,
        client_for: Any,
        paris: Entity,
        pages: dict[str, Page],
        target: str,
    ) -> None:
        make_field(ada, target=target)
        page = pages[target]
        reader = make_profile(permissions=page.permissions("view"))
        grant(reader, paris)
        looker = make_profile(permissions=page.permissions("view", "change"))
        grant(looker, paris, actions=["view_device"])

        for client in (
            cleo_client,
            client_for(make_account(profile=reader)),
            client_for(make_account(profile=looker)),
        ):
            assert page.fill(client, "K").status_code == 403
            assert "/fields/" not in page.shown(client)
        assert page.values() == {}

    @each_target
    def test_of_another_entity_find_nothing(
        self,
        ada: Account,
        client_for: Any,
        lyon: Entity,
        pages: dict[str, Page],
        target: str,
    ) -> None:
        make_field(ada, target=target)
        page = pages[target]
        profile = make_profile(permissions=page.permissions("view", "change"))
        grant(profile, lyon)

        assert page.fill(client_for(make_account(profile=profile)), "K").status_code == 404
        assert page.values() == {}


class TestTargets:
    def test_of_a_table_without_fields_is_an_error(self) -> None:
        with pytest.raises(LookupError):
            custom_fields.target_of(Entity)
