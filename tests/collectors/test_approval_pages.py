"""The pages on which somebody else agrees that more is collected."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Account
from apps.collectors.choices import Level, Preset
from apps.collectors.forms import LEGAL_BASES
from apps.collectors.models import CollectorConfiguration
from apps.collectors.services import changes
from apps.core.approvals.models import Approval
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.accounts import PASSWORD, make_account, make_profile
from tests.factories.collectors import make_machine
from tests.factories.organization import grant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

APPROVALS = "/admin/core/approval/"
CONFIGURATIONS = "/admin/collectors/collectorconfiguration/"
INSTANCE = f"{CONFIGURATIONS}add/?level=instance"


def ask(actor: Account, entity: Entity | None = None) -> Approval:
    """Ask for focus time, of an entity or of the whole instance."""
    from apps.collectors.switches import PRESETS

    wider = {"focus_time": "on"}
    changes.change_configuration(
        level=Level.ENTITY if entity else Level.INSTANCE,
        entity=entity,
        preset=Preset.CUSTOM,
        values=wider if entity else {**PRESETS[Preset.STANDARD], **wider},
        legal_basis=LEGAL_BASES[0],
        purpose="Fewer slow devices",
        actor=actor,
        now=NOW,
    )
    return Approval.objects.waiting().latest("pk")


def answer(asked: Approval, decision: str = "approve", **values: str) -> dict[str, str]:
    """Return what the page that decides posts."""
    return {"seen": asked.change_hash, "decision": decision, "reason": "", **values}


@pytest.fixture
def dora_client(db: None, client_for: Any) -> Client:
    """Return a client signed in as a second administrator."""
    return client_for(make_account("dora", kind="administrator"))


class TestList:
    def test_says_what_waits_and_who_must_act(self, ada: Account, dora_client: Client) -> None:
        make_machine()
        asked = ask(ada)

        page = dora_client.get(APPROVALS).content.decode()
        detail = dora_client.get(f"{APPROVALS}{asked.pk}/change/").content.decode()

        assert "whole instance" in page
        assert "You can decide." in detail
        assert "Focus time" in detail
        assert "collects more" in detail

    def test_is_open_to_who_may_ask(self, ben_client: Client, ada: Account, lyon: Entity) -> None:
        make_machine()
        asked = ask(ada, lyon)

        assert ben_client.get(APPROVALS).status_code == 200
        assert "Lyon" not in ben_client.get(APPROVALS).content.decode()
        assert ben_client.get(f"{APPROVALS}{asked.pk}/change/").status_code == 404

    def test_is_a_file_with_the_same_names(self, ada: Account, dora_client: Client) -> None:
        make_machine()
        ask(ada)

        text = b"".join(dora_client.get(f"{APPROVALS}csv/")).decode()

        assert "whole instance" in text

    def test_costs_the_same_for_many(
        self,
        dora_client: Client,
        ada: Account,
        paris: Entity,
        lyon: Entity,
        django_assert_num_queries: Any,
    ) -> None:
        make_machine()
        ask(ada, lyon)
        dora_client.get(APPROVALS)
        with CaptureQueriesContext(connection) as one:
            dora_client.get(APPROVALS)
        ask(ada, paris)

        with django_assert_num_queries(len(one)):
            page = dora_client.get(APPROVALS).content.decode()

        assert "Lyon" in page
        assert "Paris" in page


class TestStartPage:
    def test_tells_what_waits_for_oneself_alone(
        self, ada_client: Client, dora_client: Client, cleo_client: Client, ada: Account
    ) -> None:
        make_machine()
        before = dora_client.get("/admin/").content.decode()
        ask(ada)

        pages = [c.get("/admin/").content.decode() for c in (dora_client, ada_client, cleo_client)]

        assert "Waiting for approval" not in before
        assert ["Waiting for approval" in page for page in pages] == [True, False, False]


class TestDeciding:
    def test_is_closed_to_cleo(self, cleo_client: Client, ada: Account) -> None:
        make_machine()
        address = f"{APPROVALS}{ask(ada).pk}"

        answers = [
            cleo_client.get(APPROVALS),
            cleo_client.get(f"{address}/change/"),
            cleo_client.get(f"{address}/decide/"),
            cleo_client.post(f"{address}/decide/", {"decision": "approve"}),
            cleo_client.post(f"{address}/withdraw/", {"confirmed": "yes"}),
        ]

        assert {response.status_code for response in answers} <= {403, 404}
        assert Approval.objects.waiting().exists()

    def test_of_the_instance_is_not_for_who_has_one_entity(
        self, ben_client: Client, ada: Account
    ) -> None:
        make_machine()
        asked = ask(ada)

        response = ben_client.post(f"{APPROVALS}{asked.pk}/decide/", answer(asked))

        assert response.status_code == 403
        assert Approval.objects.waiting().exists()

    def test_of_another_entity_is_not_there(
        self, ben_client: Client, ada: Account, lyon: Entity
    ) -> None:
        make_machine()
        asked = ask(ada, lyon)

        response = ben_client.post(f"{APPROVALS}{asked.pk}/decide/", answer(asked))

        assert response.status_code == 404
        assert Approval.objects.waiting().exists()

    def test_of_the_own_entity_is_theirs(
        self, ben_client: Client, ada: Account, paris: Entity
    ) -> None:
        make_machine()
        asked = ask(ada, paris)

        response = ben_client.post(f"{APPROVALS}{asked.pk}/decide/", answer(asked))

        assert response.status_code == 302
        assert CollectorConfiguration.objects.announced().get().entity == paris

    def test_needs_the_permission_to_approve(
        self, ada: Account, paris: Entity, client_for: Any
    ) -> None:
        profile = make_profile(permissions=["collectors.configure"])
        grant(profile, paris)
        client = client_for(make_account("fay", profile=profile))
        make_machine()
        asked = ask(ada, paris)

        response = client.post(f"{APPROVALS}{asked.pk}/decide/", answer(asked))

        assert client.get(f"{APPROVALS}{asked.pk}/change/").status_code == 200
        assert response.status_code == 403

    def test_approves(self, dora_client: Client, ada: Account) -> None:
        make_machine()
        asked = ask(ada)
        page = dora_client.get(f"{APPROVALS}{asked.pk}/decide/").content.decode()

        dora_client.post(f"{APPROVALS}{asked.pk}/decide/", answer(asked))

        assert asked.change_hash in page
        assert "Fewer slow devices" in page
        assert "Legitimate interest" in page or "legitimate interest" in page
        assert CollectorConfiguration.objects.announced().exists()

    def test_refuses_with_a_reason(self, dora_client: Client, ada: Account) -> None:
        make_machine()
        asked = ask(ada)
        address = f"{APPROVALS}{asked.pk}/decide/"

        without = dora_client.post(address, answer(asked, "refuse"))
        dora_client.post(address, answer(asked, "refuse", reason="Ask the council"))

        asked.refresh_from_db()
        assert without.status_code == 422
        assert (asked.state, asked.reason) == ("refused", "Ask the council")

    def test_of_what_was_not_seen_is_refused(self, dora_client: Client, ada: Account) -> None:
        make_machine()
        asked = ask(ada)

        response = dora_client.post(f"{APPROVALS}{asked.pk}/decide/", answer(asked, seen="0" * 64))

        assert response.status_code == 409
        assert Approval.objects.waiting().exists()

    def test_of_the_own_request_is_refused(
        self, ada_client: Client, ada: Account, dora_client: Client
    ) -> None:
        ada.set_password(PASSWORD)
        ada.save()
        ada_client.force_login(ada)
        make_machine()
        asked = ask(ada)

        response = ada_client.post(
            f"{APPROVALS}{asked.pk}/decide/", answer(asked, password=PASSWORD)
        )

        assert response.status_code == 403
        assert Approval.objects.waiting().exists()

    def test_alone_after_a_day_asks_for_the_password(
        self, ada_client: Client, ada: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from datetime import timedelta

        ada.set_password(PASSWORD)
        ada.save()
        ada_client.force_login(ada)
        make_machine()
        asked = ask(ada)
        monkeypatch.setattr("apps.core.clock.now", lambda: NOW + timedelta(hours=25))
        address = f"{APPROVALS}{asked.pk}/decide/"

        wrong = ada_client.post(address, answer(asked, password="guess"))
        right = ada_client.post(address, answer(asked, password=PASSWORD))

        assert (wrong.status_code, right.status_code) == (403, 302)
        assert Approval.objects.get().is_single_person

    def test_is_withdrawn_by_who_asked_alone(
        self, ada_client: Client, ada: Account, dora_client: Client
    ) -> None:
        make_machine()
        address = f"{APPROVALS}{ask(ada).pk}/withdraw/"

        other = dora_client.post(address, {"confirmed": "yes"})
        own = ada_client.post(address, {"confirmed": "yes"})

        assert (other.status_code, own.status_code) == (403, 302)
        assert Approval.objects.get().state == "withdrawn"


class TestAsking:
    def form(self, **values: Any) -> dict[str, Any]:
        """Return what the page posts: the standard preset but for `values`, with work hours."""
        from apps.collectors.switches import PRESETS

        switches = {f"switch_{n}": v for n, v in PRESETS[Preset.STANDARD].items()}
        return {
            "preset": "custom",
            "legal_basis": LEGAL_BASES[0],
            "purpose": "Fewer slow devices",
            "replaces": "",
            "days": ["1", "2", "3", "4", "5"],
            "start": "06:00",
            "end": "20:00",
            **switches,
            **values,
        }

    def test_leads_to_what_waits(self, ada_client: Client) -> None:
        make_machine()

        response = ada_client.post(INSTANCE, self.form(switch_focus_time="on"), follow=True)

        page = response.content.decode()
        assert "another administrator must approve it" in page
        assert CollectorConfiguration.objects.waiting().get().state == "pending"
        assert "waits already" in ada_client.get(INSTANCE).content.decode()

    def test_keeps_lists_and_hours(self, ada_client: Client) -> None:
        ada_client.post(
            INSTANCE,
            self.form(
                listed_groups="finance\r\nboard\r\nfinance",
                networks="10.1.2.3/8\r\nCorp.Example\r\n10.0.0.1",
                days=["6"],
                start="07:30",
                end="24:00",
            ),
        )

        details = CollectorConfiguration.objects.in_force().get().details
        assert details == {
            "listed_groups": ["board", "finance"],
            "listed_binaries": [],
            "networks": ["10.0.0.0/8", "10.0.0.1", "corp.example"],
            "schedule": {"days": [6], "start": "07:30", "end": "24:00"},
        }

    @pytest.mark.parametrize(
        "wrong",
        [
            {"start": "20:00", "end": "06:00"},
            {"start": "6", "end": "x"},
            {"networks": "10.0.0.0/99"},
            {"networks": "not a network"},
            {"listed_groups": "x" * 300},
            {"days": ["8"]},
        ],
    )
    def test_refuses_what_makes_no_sense(self, ada_client: Client, wrong: dict[str, Any]) -> None:
        response = ada_client.post(INSTANCE, self.form(**wrong))

        assert response.status_code == 200
        assert "errorlist" in response.content.decode()
        assert not CollectorConfiguration.objects.exists()

    def test_leaves_details_open_below_the_instance(
        self, ada_client: Client, paris: Entity
    ) -> None:
        make_machine()
        url = f"{CONFIGURATIONS}add/?level=entity&entity={paris.pk}"
        form = self.form(
            has_schedule="on",
            days=["1"],
            **{f"switch_{name}": "" for name in changes.BY_NAME},
        )

        ada_client.post(url, form)

        row = CollectorConfiguration.objects.get(entity=paris)
        assert (row.switches, list(row.details)) == ({}, ["schedule"])

    def test_can_be_repeated_from_the_draft(self, ada_client: Client, ada: Account) -> None:
        make_machine()
        asked = ask(ada)
        ada_client.post(f"{APPROVALS}{asked.pk}/withdraw/", {"confirmed": "yes"})
        row = CollectorConfiguration.objects.get(state="draft")

        page = ada_client.get(f"{INSTANCE}&from={row.pk}").content.decode()

        assert 'name="switch_focus_time" value="on" checked' in page
