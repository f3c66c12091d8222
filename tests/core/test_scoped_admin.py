"""Pages that show no more than a scope allows, tried on devices."""

import re
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.accounts.scope import scope_of
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.core.personal_data import PrivacyLevel
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.core.devices import hide, make_device
from tests.factories.accounts import make_account, make_profile
from tests.factories.organization import grant

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.urls")]

LIST = "/probe/devices/device/"
SERIALS = (
    "hardware_bios_serial_number",
    "hardware_chassis_serial_number",
    "hardware_machine_serial_number",
)
FORM = "/editing/devices/device/"
AUTOCOMPLETE = "/probe/autocomplete/"


@pytest.fixture
def laptop(paris: Entity) -> Device:
    """Return a device in Paris."""
    return make_device("paris-laptop", paris, hardware_bios_serial_number="SN-4711")


@pytest.fixture
def hidden(ben: Account) -> Account:
    """Return Ben, to whom devices are hidden."""
    hide(ben, PrivacyLevel.USERS_DEVICES)
    return ben


def autocomplete(client: Client, term: str = "") -> Any:
    """Ask for devices as the field of a boot does."""
    field = {"app_label": "devices", "model_name": "boot", "field_name": "device", "term": term}
    return client.get(AUTOCOMPLETE, field)


class TestRows:
    def test_are_those_of_the_view_domain(
        self, ben_client: Client, laptop: Device, lyon: Entity
    ) -> None:
        make_device("lyon-laptop", lyon)

        page = ben_client.get(LIST).content.decode()

        assert "paris-laptop" in page
        assert "lyon-laptop" not in page

    def test_outside_it_answer_404(self, ben_client: Client, lyon: Entity) -> None:
        other = make_device("lyon-laptop", lyon)

        assert ben_client.get(f"{LIST}{other.pk}/change/").status_code == 404

    def test_outside_it_are_not_completed(
        self, ben_client: Client, laptop: Device, lyon: Entity
    ) -> None:
        make_device("lyon-laptop", lyon)

        found = autocomplete(ben_client, "laptop").json()["results"]

        assert [entry["id"] for entry in found] == [str(laptop.pk)]

    def test_that_are_completed_are_recorded(self, ada_client: Client, laptop: Device) -> None:
        autocomplete(ada_client, "paris")

        row = InboxEvent.objects.get(code=AuditCode.IDENTITIES_LISTED)
        assert row.subjects == [["device", str(laptop.pk)]]
        assert row.detail["filter"]["term"] == audit.digest("paris")

    def test_are_closed_to_cleo(self, cleo_client: Client, laptop: Device) -> None:
        assert cleo_client.get(LIST).status_code == 403
        assert cleo_client.get(f"{LIST}{laptop.pk}/change/").status_code == 403
        assert autocomplete(cleo_client).status_code == 404


@pytest.mark.usefixtures("hidden", "laptop")
class TestHiddenFields:
    def test_are_tokens_in_the_list(self, ben_client: Client) -> None:
        page = ben_client.get(LIST).content.decode()

        assert "paris-laptop" not in page
        assert "SN-4711" not in page
        assert re.search(r"device-[0-9a-z]{6}", page)

    def test_are_in_no_history(self, ben_client: Client, laptop: Device) -> None:
        assert ben_client.get(f"{LIST}{laptop.pk}/history/").status_code == 404

    def test_are_tokens_on_the_page(self, ben_client: Client, laptop: Device) -> None:
        page = ben_client.get(f"{LIST}{laptop.pk}/change/").content.decode()

        assert "paris-laptop" not in page
        assert "SN-4711" not in page
        assert re.search(r"device-[0-9a-z]{6}", page)

    @pytest.mark.case("access.30")
    def test_are_not_searched(self, ben_client: Client) -> None:
        page = ben_client.get(LIST, {"q": "no such name"}).content.decode()

        assert re.search(r"device-[0-9a-z]{6}", page)  # the text made no difference

    def test_have_no_filter(self, ben_client: Client) -> None:
        page = ben_client.get(LIST).content.decode()

        assert "hardware_bios_serial_number" not in re.sub(r'class="[^"]*"', "", page)

    @pytest.mark.parametrize(
        "lookup", ["name", "name__startswith", "hardware_bios_serial_number__exact"]
    )
    def test_do_not_filter_an_address(self, ben_client: Client, lookup: str) -> None:
        response = ben_client.get(LIST, {lookup: "p"})

        assert response.status_code in (302, 400)

    @pytest.mark.case("access.30")
    def test_are_not_sorted_by(self, ben_client: Client, paris: Entity) -> None:
        make_device("aaa", paris)

        orders = [
            re.findall(rf"{LIST}(\d+)/", ben_client.get(LIST, {"o": order}).content.decode())
            for order in ["1", "-1"]
        ]

        assert orders[0] == orders[1]

    def test_are_not_completed(self, ben_client: Client) -> None:
        assert autocomplete(ben_client, "paris").status_code == 404

    def test_are_not_in_a_form(self, ben_client: Client, laptop: Device) -> None:
        page = ben_client.get(f"{FORM}{laptop.pk}/change/").content.decode()

        assert 'name="configuration_tag"' in page
        assert 'name="name"' not in page
        assert "paris-laptop" not in page

    def test_are_not_changed_by_a_form(self, ben_client: Client, laptop: Device) -> None:
        form = {"name": "mine", "configuration_tag": "x"}

        response = ben_client.post(f"{FORM}{laptop.pk}/change/", form)

        laptop.refresh_from_db()
        assert response.status_code == 302
        assert (laptop.name, laptop.configuration_tag) == ("paris-laptop", "x")


class TestShownFields:
    @pytest.mark.parametrize(
        "query", [{"operating_system_platform": "a\0"}, {"entity": "9" * 30}, {"q": "a\0"}]
    )
    def test_are_filtered_by_what_a_column_can_hold(
        self, ada_client: Client, query: dict[str, str]
    ) -> None:
        assert ada_client.get(LIST, query).status_code in (200, 302, 400)

    def test_are_searched(self, ben_client: Client, laptop: Device, paris: Entity) -> None:
        make_device("other", paris)

        page = ben_client.get(LIST, {"q": "paris"}).content.decode()

        assert "paris-laptop" in page
        assert ">other<" not in page

    def test_are_completed(self, ben_client: Client, laptop: Device) -> None:
        [entry] = autocomplete(ben_client, "paris").json()["results"]

        assert entry["text"].startswith("paris-laptop")

    @pytest.mark.case("privacy.36")
    def test_of_a_one_user_device_are_hidden_at_level_1(
        self, ben: Account, ben_client: Client, laptop: Device, paris: Entity
    ) -> None:
        own = make_device("adas-laptop", paris, is_one_user=True)
        for device, serial in ((laptop, "SHARED-4711"), (own, "OWN-0815")):
            Device.objects.filter(pk=device.pk).update(
                **dict.fromkeys(SERIALS, serial), is_one_user=device == own
            )
        hide(ben, PrivacyLevel.USERS)

        page = ben_client.get(LIST).content.decode()
        its_page = ben_client.get(f"{FORM}{own.pk}/change/").content.decode()
        own.refresh_from_db()
        laptop.refresh_from_db()
        scope = scope_of(ben)

        assert "paris-laptop" in page
        assert scope.show(own, "name") in page
        assert not any(trace in page + its_page for trace in ("adas-laptop", "OWN-0815"))
        assert not any("OWN" in str(scope.show(own, name)) for name in SERIALS)
        assert {scope.show(laptop, name) for name in SERIALS} == {"SHARED-4711"}


class TestChange:
    def test_needs_the_grant_on_the_entity(
        self, client_for: Any, laptop: Device, paris: Entity
    ) -> None:
        profile = make_profile(permissions=["devices.view_device", "devices.change_device"])
        grant(profile, paris, actions=["view_device"])
        client = client_for(make_account(profile=profile))

        response = client.post(f"{FORM}{laptop.pk}/change/", {"configuration_tag": "x"})

        assert response.status_code == 403
