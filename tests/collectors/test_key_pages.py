"""Pages of enrolment keys."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apps.accounts.models import Account
from apps.collectors.models import EnrolmentKey
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.collectors import configure, make_key
from tests.factories.organization import grant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

KEYS = "/admin/collectors/enrolmentkey/"


def key_form(**values: Any) -> dict[str, Any]:
    """Return what the form of a new key posts."""
    return {
        "name": "Laptops",
        "entity": "",
        "platforms": ["linux"],
        "purpose": "fleet",
        "expires_on": "2026-05-31",
        "maximum_uses": "10",
    } | values


class TestEnrolmentKeys:
    def test_offer_ninety_days(self, ada_client: Client) -> None:
        page = ada_client.get(f"{KEYS}add/").content.decode()

        assert 'value="2026-05-31"' in page

    def test_show_their_text_once(self, ada_client: Client) -> None:
        response = ada_client.post(f"{KEYS}add/", key_form())

        key = EnrolmentKey.objects.get()
        page = response.content.decode()
        text = page.split('id="dex-key-text">')[1].split("<")[0]
        assert "no-store" in response["Cache-Control"]
        assert text.startswith("dexk-")
        assert f"dex-collector install --server {settings.DEX_PUBLIC_URL} " in page
        assert text not in ada_client.get(f"{KEYS}{key.pk}/change/").content.decode()
        assert text.split("-")[1] not in ada_client.get(KEYS).content.decode()

    def test_hold_what_was_chosen(self, ada_client: Client, paris: Entity) -> None:
        ada_client.post(f"{KEYS}add/", key_form(entity=paris.pk))

        key = EnrolmentKey.objects.get()
        assert (key.name, key.entity, key.platforms, key.maximum_uses) == (
            "Laptops",
            paris,
            ["linux"],
            10,
        )
        assert key.expires_at.isoformat() == "2026-06-01T00:00:00+00:00"

    @pytest.mark.parametrize(
        ("field", "value"),
        [("name", ""), ("expires_on", "2026-03-01"), ("maximum_uses", "0"), ("purpose", "local")],
    )
    def test_refuse_what_makes_no_sense(self, ada_client: Client, field: str, value: str) -> None:
        response = ada_client.post(f"{KEYS}add/", key_form(**{field: value}))

        assert "errorlist" in response.content.decode() or "error" in response.content.decode()
        assert not EnrolmentKey.objects.exists()

    def test_say_that_they_wait_for_a_confirmation(self, ada_client: Client) -> None:
        response = ada_client.post(f"{KEYS}add/", key_form())

        assert "confirmed what is collected" in response.content.decode()
        assert "inactive until collection is confirmed" in ada_client.get(KEYS).content.decode()

    def test_are_active_once_collection_is_confirmed(self, ada_client: Client) -> None:
        configure()
        make_key()

        assert "inactive" not in ada_client.get(KEYS).content.decode()

    def test_are_made_by_ben_for_paris_alone(
        self, ben_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        page = ben_client.get(f"{KEYS}add/").content.decode()
        ben_client.post(f"{KEYS}add/", key_form(entity=lyon.pk))
        ben_client.post(f"{KEYS}add/", key_form(entity=""))

        assert "Lyon" not in page
        assert not EnrolmentKey.objects.exists()
        ben_client.post(f"{KEYS}add/", key_form(entity=paris.pk))
        assert EnrolmentKey.objects.get().entity == paris

    @pytest.mark.parametrize("model", ["enrolmentkey", "collectorconfiguration"])
    def test_go_to_entities_that_are_managed(
        self, ben: Account, ben_client: Client, lyon: Entity, model: str
    ) -> None:
        assert ben.main_profile is not None
        grant(ben.main_profile, lyon, actions=["view_device"])
        field = {"app_label": "collectors", "model_name": model, "field_name": "entity"}

        found = ben_client.get("/admin/autocomplete/", field).json()["results"]

        assert [entry["text"] for entry in found] == ["Paris"]

    def test_of_another_entity_are_not_there_for_ben(
        self, ben_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        make_key(entity=paris)
        make_key(entity=lyon)
        hidden = EnrolmentKey.objects.get(entity=lyon)

        assert "key 1" not in ben_client.get(KEYS).content.decode()
        assert ben_client.get(f"{KEYS}{hidden.pk}/change/").status_code == 404
        assert ben_client.post(f"{KEYS}{hidden.pk}/revoke/").status_code == 404

    def test_are_revoked_after_a_question(self, ada_client: Client) -> None:
        make_key()
        key = EnrolmentKey.objects.get()

        question = ada_client.post(f"{KEYS}{key.pk}/revoke/").content.decode()
        key.refresh_from_db()
        was_revoked = key.revoked_at
        ada_client.post(f"{KEYS}{key.pk}/revoke/", {"confirmed": "yes"})

        key.refresh_from_db()
        assert "Revoke this enrolment key?" in question
        assert was_revoked is None
        assert key.revoked_at == NOW

    def test_are_revoked_from_the_list_after_a_question(self, ada_client: Client) -> None:
        make_key()
        key = EnrolmentKey.objects.get()
        form = {"action": "revoke", "_selected_action": [key.pk]}

        question = ada_client.post(KEYS, form).content.decode()
        ada_client.post(KEYS, {**form, "confirmed": "yes"})

        key.refresh_from_db()
        assert "Revoke 1 enrolment key?" in question
        assert key.revoked_at == NOW

    def test_are_never_changed(self, ada_client: Client) -> None:
        make_key()
        key = EnrolmentKey.objects.get()

        ada_client.post(f"{KEYS}{key.pk}/change/", key_form(name="Mine"))

        assert not EnrolmentKey.objects.filter(name="Mine").exists()

    def test_are_deleted_by_nobody(self, ada_client: Client) -> None:
        make_key()
        key = EnrolmentKey.objects.get()

        response = ada_client.post(f"{KEYS}{key.pk}/delete/", {"post": "yes"})

        assert response.status_code == 403

    def test_expire(self, ada_client: Client) -> None:
        configure()
        make_key(expires_at=NOW - timedelta(days=1))

        assert "expired" in ada_client.get(KEYS).content.decode()
