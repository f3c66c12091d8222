"""Pages of the sites: nothing is kept before its preview was answered."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.accounts.scope import scope_of
from apps.core.personal_data.classes import PrivacyLevel
from apps.core.scope import Scope
from apps.devices import site_runs
from apps.devices.models import ClassificationRun
from apps.organization.models import Entity, Site
from apps.organization.services import EntityInUse, delete_entity
from tests.conftest import NOW
from tests.devices.test_classification import make_devices
from tests.factories.accounts import make_account, make_profile
from tests.factories.organization import grant
from tests.factories.sites import make_sites, site
from tests.organization.test_rule_pages import text, token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

SITES = "/admin/organization/site/"
PREVIEW = f"{SITES}preview/"
RIGHTS = ["organization.view_site", "organization.change_site"]


def names() -> list[str]:
    return [found.name for found in Site.objects.as_rules()]


def form(*conditions: tuple[str, str], **values: str) -> dict[str, Any]:
    return {
        "name": "Paris HQ",
        "type": "onsite",
        "country": "France",
        "city": "Paris",
        "is_active": "on",
        "matching": "any",
        "fact": [fact for fact, _value in conditions],
        "value": [value for _fact, value in conditions],
        **values,
    }


class TestSites:
    def test_are_kept_once_the_preview_is_answered(self, ada_client: Client, paris: Entity) -> None:
        make_devices(3, paris, "paris")
        assert "There are no sites" in text(ada_client.get(SITES))
        assert "public_ip_location" in text(ada_client.get(f"{SITES}add/"))

        page = text(ada_client.post(f"{SITES}add/", form(("device_name", "paris-*"))))

        assert "3 devices would have another place." in page
        assert "paris-2" in page
        assert "no site" in page
        assert names() == []

        answer = {"token": token(page), "confirmed": "yes"}
        page = text(ada_client.post(PREVIEW, answer, follow=True))
        assert names() == ["Paris HQ"]
        assert "The sites are kept." in page
        assert "Paris, France" in page
        assert [run.purpose for run in ClassificationRun.objects.all()] == ["sites"]

    def test_are_changed_in_their_place(self, ada_client: Client) -> None:
        make_sites(site("A", ("platform", "linux")), site("B", ("platform", "macos")))
        address = f"{SITES}{Site.objects.get(name='A').pk}/change/"
        assert 'value="linux"' in text(ada_client.get(address))

        page = text(ada_client.post(address, form(("local_address", "10.1.0.0/16"), name="C")))
        ada_client.post(PREVIEW, {"token": token(page), "confirmed": "yes"})

        assert names() == ["C", "B"]

    def test_are_deleted_and_ordered_after_a_preview(self, ada_client: Client) -> None:
        make_sites(*(site(name, ("platform", "linux")) for name in "ABC"))
        uids = {row.name: str(row.uid) for row in Site.objects.all()}

        page = text(ada_client.get(f"{SITES}{Site.objects.get(name='B').pk}/delete/"))
        ada_client.post(PREVIEW, {"token": token(page), "confirmed": "yes"})
        order = {"rule": [uids["C"], uids["A"]], "preview": "yes"}
        page = text(ada_client.post(f"{SITES}order/", order))
        ada_client.post(PREVIEW, {"token": token(page), "confirmed": "yes"})

        assert names() == ["C", "A"]

    def test_show_what_is_wrong(self, ada_client: Client) -> None:
        page = text(ada_client.post(f"{SITES}add/", form(("public_address", "203.0.113"))))

        assert "This is no network" in page
        assert 'name="token"' not in page

    def test_refuse_a_name_twice(self, ada_client: Client) -> None:
        make_sites(site("paris hq", ("platform", "linux")))

        page = text(ada_client.post(f"{SITES}add/", form(("platform", "linux"))))

        assert "There is a site of this name." in page

    def test_take_no_proposal_of_another_list(self, ada_client: Client, paris: Entity) -> None:
        page = text(ada_client.post(f"{SITES}add/", form(("platform", "linux"))))

        answer = {"token": token(page), "confirmed": "yes"}
        response = ada_client.post("/admin/organization/classificationrule/preview/", answer)

        assert response.status_code == 404

    def test_keep_an_entity_that_they_name(self, ada: Account, paris: Entity) -> None:
        make_sites(site("Paris", ("entity", str(paris.pk))))

        with pytest.raises(EntityInUse):
            delete_entity(entity=paris, actor=ada, now=NOW)


class TestRights:
    @pytest.mark.parametrize("page", ["", "add/", "order/", "run/"])
    def test_are_those_of_the_whole_tree(
        self, client_for: Any, paris: Entity, cleo: Account, page: str
    ) -> None:
        profile = make_profile(permissions=RIGHTS)
        grant(profile, paris)
        partial = client_for(make_account(profile=profile))
        make_sites(site("Secret", ("platform", "linux")))

        assert client_for(cleo).get(f"{SITES}{page}").status_code == 403
        response = partial.get(f"{SITES}{page}")
        assert response.status_code == (200 if page == "" else 403)
        assert "Secret" not in response.content.decode()

    def test_hide_places_from_whom_devices_are_hidden(self, ada: Account) -> None:
        scope: Scope = scope_of(ada)
        rules = [site("A", ("platform", "linux"))]
        level = PrivacyLevel.USERS_DEVICES_DESTINATIONS
        hidden = replace(scope, privacy_level=level)

        assert not site_runs.Machines().hides(rules, scope)
        assert site_runs.Machines().hides(rules, hidden)
