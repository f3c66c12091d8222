"""Who may approve that more is collected, until when, and once."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.collectors.choices import ConfigurationState, Level
from apps.collectors.models import CollectorConfiguration
from apps.core.approvals import services as approvals
from apps.core.approvals.models import Approval
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.accounts import make_account
from tests.factories.changes import approval, approve, change
from tests.factories.collectors import make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

HOUR = timedelta(hours=1)


class TestApproving:
    def test_is_refused_to_who_asked(self, ada: Account, dora: Account) -> None:
        make_machine()
        change(ada, values={"focus_time": "on"})

        with pytest.raises(approvals.OwnApproval):
            approve(ada, NOW + 25 * HOUR)

    def test_is_open_to_who_asked_after_a_day_where_nobody_else_could(self, ada: Account) -> None:
        make_machine()
        change(ada, values={"focus_time": "on"})

        with pytest.raises(approvals.OwnApproval):
            approve(ada, NOW + 23 * HOUR)
        decided = approve(ada, NOW + 24 * HOUR)

        assert decided.is_single_person
        record = InboxEvent.objects.get(code=AuditCode.CONFIGURATION_APPROVED)
        assert record.detail["single_person"] is True

    @pytest.mark.usefixtures("ben")  # who may approve, in Paris
    def test_of_the_instance_does_not_wait_for_who_has_one_entity(self, ada: Account) -> None:
        make_machine()
        change(ada, values={"focus_time": "on"})

        assert approve(ada, NOW + 24 * HOUR).is_single_person

    @pytest.mark.usefixtures("ben")
    def test_of_an_entity_waits_for_who_has_it(self, ada: Account, paris: Entity) -> None:
        make_machine()
        change(ada, Level.ENTITY, entity=paris, values={"focus_time": "on"})

        with pytest.raises(approvals.OwnApproval):
            approve(ada, NOW + 24 * HOUR)

    def test_does_not_wait_for_a_closed_account(self, ada: Account, dora: Account) -> None:
        make_machine()
        change(ada, values={"focus_time": "on"})
        Account.objects.filter(pk=dora.pk).update(state="disabled")

        assert approve(ada, NOW + 24 * HOUR).is_single_person

    def test_is_over_after_72_hours(self, ada: Account, dora: Account) -> None:
        make_machine()
        row = change(ada, values={"focus_time": "on"}).waiting

        with pytest.raises(approvals.ApprovalLapsed):
            approve(dora, NOW + 72 * HOUR)
        number = approvals.lapse_due(now=NOW + 72 * HOUR)

        assert row is not None
        row.refresh_from_db()
        assert (number, row.state) == (1, ConfigurationState.DRAFT)
        assert InboxEvent.objects.filter(code=AuditCode.APPROVAL_LAPSED).count() == 1

    def test_of_a_place_that_is_gone_lapses_or_is_refused(
        self, ada: Account, dora: Account, lyon: Entity
    ) -> None:
        make_machine()
        change(ada, Level.ENTITY, entity=lyon, values={"focus_time": "on"})
        lyon.delete()

        with pytest.raises(approvals.ChangedRequest):
            approve(dora)

        assert approvals.lapse_due(now=NOW + 72 * HOUR) == 1

    def test_of_another_change_than_was_seen_is_refused(self, ada: Account, dora: Account) -> None:
        make_machine()
        row = change(ada, values={"focus_time": "on"}).waiting
        assert row is not None
        CollectorConfiguration.objects.filter(pk=row.pk).update(
            switches={**row.switches, "destination_domains": "on"}
        )

        with pytest.raises(approvals.ChangedRequest):
            approve(dora)

    def test_refuses_with_a_reason_only(self, ada: Account, dora: Account) -> None:
        make_machine()
        row = change(ada, values={"focus_time": "on"}).waiting
        asked = approval()
        answer: dict[str, Any] = {
            "approval": asked,
            "seen": asked.change_hash,
            "is_approved": False,
            "actor": dora,
            "now": NOW,
        }

        with pytest.raises(approvals.RefusalNeedsReason):
            approvals.decide(**answer)
        approvals.decide(**answer, reason="Not agreed with the council")

        assert row is not None
        row.refresh_from_db()
        assert row.state == ConfigurationState.DRAFT

    def test_happens_once(self, ada: Account, dora: Account) -> None:
        make_machine()
        change(ada, values={"focus_time": "on"})
        asked = approve(dora)

        with pytest.raises(approvals.AlreadyDecided):
            approvals.decide(
                approval=asked, seen=asked.change_hash, is_approved=True, actor=dora, now=NOW
            )


@pytest.mark.django_db(transaction=True)
def test_of_two_approvals_at_once_one_counts(
    clean_database: None, ada: Account, dora: Account
) -> None:
    emil = make_account("emil", kind="administrator")
    make_machine()
    change(ada, values={"focus_time": "on"})
    asked = approval()
    barrier, answers = threading.Barrier(2), []

    def decide(actor: Account) -> None:
        barrier.wait()
        try:
            approvals.decide(
                approval=asked, seen=asked.change_hash, is_approved=True, actor=actor, now=NOW
            )
            answers.append("approved")
        except approvals.AlreadyDecided:
            answers.append("too late")
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=[actor]) for actor in (dora, emil)]
    [thread.start() for thread in threads]  # type: ignore[func-returns-value]
    [thread.join() for thread in threads]  # type: ignore[func-returns-value]

    assert sorted(answers) == ["approved", "too late"]
    assert InboxEvent.objects.filter(code=AuditCode.CONFIGURATION_APPROVED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_narrowing_and_an_approval_at_once_do_not_wait_for_each_other(
    clean_database: None, ada: Account, dora: Account
) -> None:
    make_machine()
    change(ada, values={"focus_time": "on"})
    asked = approval()
    barrier, answers = threading.Barrier(2), []

    def narrow() -> None:
        barrier.wait()
        try:
            change(ada, values={"username": "hashed"})
            answers.append("narrowed")
        finally:
            connection.close()

    def decide() -> None:
        barrier.wait()
        try:
            approvals.decide(
                approval=asked, seen=asked.change_hash, is_approved=True, actor=dora, now=NOW
            )
            answers.append("approved")
        except (approvals.AlreadyDecided, approvals.ChangedRequest):
            answers.append("too late")
        finally:
            connection.close()

    threads = [threading.Thread(target=narrow), threading.Thread(target=decide)]
    [thread.start() for thread in threads]  # type: ignore[func-returns-value]
    [thread.join() for thread in threads]  # type: ignore[func-returns-value]

    row = CollectorConfiguration.objects.in_force().get()
    assert "narrowed" in answers
    assert len(answers) == 2
    assert row.switches["username"] == "hashed"
    assert not CollectorConfiguration.objects.waiting().exists()


def test_the_database_refuses_an_approval_by_who_asked(ada: Account) -> None:
    make_machine()
    change(ada, values={"focus_time": "on"})

    with pytest.raises(IntegrityError):
        Approval.objects.update(state="approved", decided_by_id=ada.pk)
