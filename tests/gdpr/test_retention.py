"""How long rows are kept: rules of the set, the day before a shorter term, longer ones."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.core.approvals import services as approvals
from apps.core.approvals.models import Approval
from apps.events import retention
from apps.events.choices import Retention
from apps.gdpr import rules, terms
from apps.gdpr.choices import RetentionClass
from apps.gdpr.models import RetentionChange, RetentionPolicy
from apps.gdpr.rules import RULES, Conflict, OutOfRange
from apps.gdpr.services.retention import change_terms
from tests.conftest import NOW
from tests.gdpr.changing import DAY, change, days, somebody

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

URL = "/admin/gdpr/retentionpolicy/"


class TestRules:
    def test_every_class_of_event_tables_has_one(self) -> None:
        assert set(retention.DEFAULT_DAYS) <= {name.value for name in RULES}
        assert {kept.value for kept in Retention} <= {name.value for name in RULES}

    def test_shipped_terms_are_those_of_the_machinery(self) -> None:
        shipped = {
            name: RULES[RetentionClass(name)].default / DAY for name in retention.DEFAULT_DAYS
        }

        assert shipped == retention.DEFAULT_DAYS

    def test_shipped_terms_obey_the_rules(self) -> None:
        rules.check({name: rule.default for name, rule in RULES.items()})

    @pytest.mark.parametrize(
        ("name", "term"),
        [
            (RetentionClass.INVENTORY, 31 * DAY),
            (RetentionClass.OPERATIONAL, 0 * DAY),
            (RetentionClass.HIGHRES_DETAIL, 31 * DAY),
            (RetentionClass.REALTIME, 3 * DAY),
            (RetentionClass.REALTIME, timedelta(minutes=90)),
            (RetentionClass.DAILY, 397 * DAY),
            (RetentionClass.DAILY_PERSON, 29 * DAY),
            (RetentionClass.SECURITY, 179 * DAY),
            (RetentionClass.STUB, 401 * DAY),
        ],
    )
    def test_refuses_a_term_out_of_range(self, name: RetentionClass, term: timedelta) -> None:
        with pytest.raises(OutOfRange) as refused:
            change_terms(wanted={name: term}, actor=somebody(), now=NOW)

        assert refused.value.code == "retention_out_of_range"
        assert str(name.label) in str(refused.value)

    @pytest.mark.parametrize(
        ("name", "number", "bound"),
        [
            (RetentionClass.OPERATIONAL, 91, RetentionClass.INVENTORY),
            (RetentionClass.HIGHRES, 31, RetentionClass.OPERATIONAL),
            (RetentionClass.DAILY_PERSON, 397 - 1, RetentionClass.DAILY),
        ],
    )
    def test_refuses_a_class_that_outlives_another(
        self, name: RetentionClass, number: int, bound: RetentionClass
    ) -> None:
        change({RetentionClass.DAILY: 100})

        with pytest.raises(Conflict) as refused:
            change_terms(wanted={name: number * DAY}, actor=somebody(), now=NOW)

        assert refused.value.code == "retention_conflict"
        assert str(name.label) in str(refused.value)
        assert str(bound.label) in str(refused.value)

    def test_refuses_the_whole_set_for_one(self) -> None:
        with pytest.raises(Conflict):
            change({RetentionClass.OPERATIONAL: 10, RetentionClass.DAILY: 200})

        assert days("daily") == 396

    def test_counts_what_waits(self) -> None:
        change({RetentionClass.OPERATIONAL: 7, RetentionClass.HIGHRES: 7, "highres_detail": 7})  # type: ignore[dict-item]

        with pytest.raises(Conflict):
            change({RetentionClass.HIGHRES: 8})


class TestChangeTerms:
    def test_waits_a_day_before_a_shorter_term_holds(self) -> None:
        change({RetentionClass.DAILY: 60, RetentionClass.DAILY_PERSON: 60})

        assert days("daily", NOW + DAY - timedelta(seconds=1)) == 396
        assert days("daily", NOW + DAY) == 60

    def test_leaves_shorter_terms_to_one_person(self) -> None:
        changed = change({RetentionClass.DAILY_PERSON: 60})

        assert changed.asked is None
        assert not Approval.objects.exists()

    def test_takes_back_what_waits(self) -> None:
        change({RetentionClass.DAILY_PERSON: 60})
        change({RetentionClass.DAILY_PERSON: 90})

        assert days("daily_person", NOW + 2 * DAY) == 90

    def test_changes_nothing_for_the_same_term(self) -> None:
        change({RetentionClass.DAILY_PERSON: 60})

        again = change({RetentionClass.DAILY_PERSON: 60}, NOW + DAY / 2)

        assert (again.policies, again.asked) == ([], None)
        assert days("daily_person", NOW + DAY) == 60

    def test_never_keeps_a_class_longer_than_its_bound(self) -> None:
        RetentionPolicy.objects.filter(retention_class="operational").update(term=7 * DAY)

        assert days("highres") == 7

    def test_is_audited(self, ada: Account) -> None:
        change_terms(wanted={RetentionClass.DAILY_PERSON: 60 * DAY}, actor=ada, now=NOW)

        event = InboxEvent.objects.get(code=AuditCode.RETENTION_CHANGED)
        assert event.code == 6031
        assert event.actor_label == "ada"
        assert event.detail["daily_person"]["next_hours"] == 60 * 24

    def test_other_processes_know_within_a_minute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert days("inventory") == 90
        RetentionPolicy.objects.filter(retention_class="inventory").update(term=180 * DAY)
        assert days("inventory") == 90
        later = terms._known.read_at + 61

        monkeypatch.setattr("time.monotonic", lambda: later)

        assert days("inventory") == 180


class TestLongerTerms:
    """They need somebody else (privacy.md 12)."""

    def asked(self, number: int = 180) -> Approval:
        """Return the request for a longer term of the inventory."""
        change({RetentionClass.INVENTORY: number})
        return Approval.objects.waiting().get()

    def decide(self, asked: Approval, actor: Account, now: datetime = NOW, **options: Any) -> None:
        """Answer a request, by default yes."""
        answer = {"is_approved": True, **options}
        approvals.decide(approval=asked, seen=asked.change_hash, actor=actor, now=now, **answer)
        terms.forget()

    def test_wait_for_another_person(self, ada: Account) -> None:
        asked = self.asked()
        before = days("inventory", NOW + 10 * DAY)

        self.decide(asked, ada)

        assert (before, days("inventory")) == (90, 180)
        event = InboxEvent.objects.get(code=AuditCode.RETENTION_CHANGED)
        assert (event.actor_label, event.detail["inventory"]) == ("ada", {"hours": 180 * 24})

    def test_are_not_decided_by_who_asks(self, ada: Account) -> None:
        with pytest.raises(approvals.OwnApproval):
            self.decide(self.asked(), somebody(), NOW + 2 * DAY)

        assert days("inventory") == 90

    def test_may_be_refused(self, ada: Account) -> None:
        self.decide(self.asked(), ada, is_approved=False, reason="too long")

        assert days("inventory") == 90
        assert not RetentionChange.objects.filter(state="asked").exists()

    def test_may_be_asked_for_again(self, ada: Account) -> None:
        self.asked()

        self.decide(self.asked(365), ada)

        assert days("inventory") == 365

    def test_do_not_wait_together_with_shorter_ones(self) -> None:
        change({RetentionClass.INVENTORY: 180, RetentionClass.DAILY_PERSON: 60})

        assert days("daily_person", NOW + DAY) == 60
        assert days("inventory", NOW + DAY) == 90

    def test_must_still_fit_when_they_are_approved(self, ada: Account) -> None:
        change({RetentionClass.OPERATIONAL: 60})
        asked = Approval.objects.waiting().get()
        RetentionPolicy.objects.filter(retention_class="inventory").update(term=30 * DAY)

        with pytest.raises(Conflict):
            self.decide(asked, ada)

    def test_are_shown_while_they_wait(self, ada_client: Client) -> None:
        asked = self.asked()

        page = ada_client.get(URL).content.decode()
        detail = ada_client.get(f"/admin/core/approval/{asked.pk}/change/").content.decode()

        assert "Inventory: 180 days" in page
        assert "180 days" in detail
