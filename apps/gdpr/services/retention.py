"""Changing how long rows are kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.gdpr import rules, terms
from apps.gdpr.choices import RetentionClass
from apps.gdpr.models import RetentionPolicy
from apps.gdpr.rules import DAY, HOUR

SHORTER_AFTER = DAY  # long enough for somebody to notice a mistake

Wanted = Mapping[RetentionClass, timedelta]


def change_terms(*, wanted: Wanted, actor: Account | None, now: datetime) -> list[RetentionPolicy]:
    """Give classes new terms; return the policies that changed.

    A longer term holds at once and brings nothing back; a shorter one holds after 24 hours, for
    all rows, old ones included. A class that is not named stays as it is.

    Raises:
        OutOfRange, Conflict: nothing was changed.
    """
    with transaction.atomic():
        rows = {row.retention_class: row for row in RetentionPolicy.objects.select_for_update()}
        rules.check(
            {RetentionClass(name): row.wanted_term for name, row in rows.items()} | {**wanted}
        )
        changed = [row for name, row in rows.items() if name in wanted]
        changed = [row for row in changed if _change(row, wanted, now)]
        for row in changed:
            row.save()
        if changed:
            audit.record(
                actor=actor,
                code=AuditCode.RETENTION_CHANGED,
                object_kind="retention",
                detail={str(row.retention_class): _told(row) for row in changed},
                at=now,
            )
        transaction.on_commit(terms.forget)
    return changed


def _change(row: RetentionPolicy, wanted: Wanted, now: datetime) -> bool:
    """Set what was asked for; return whether it differs from what holds or waits."""
    term = wanted[RetentionClass(row.retention_class)]
    if term == row.wanted_term:
        return False
    row.term = row.term_at(now)
    row.next_term, row.next_at = (term, now + SHORTER_AFTER) if term < row.term else (None, None)
    row.term = max(row.term, term)
    row.changed_at = now
    return True


def _told(row: RetentionPolicy) -> dict[str, object]:
    """Return what the audit log keeps of a change, terms in hours."""
    told: dict[str, object] = {"hours": row.term // HOUR}
    if row.next_term is not None:
        told |= {"next_hours": row.next_term // HOUR, "next_at": str(row.next_at)}
    return told
