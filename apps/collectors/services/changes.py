"""Changes that people make: what narrows holds at once, what widens needs others (privacy.md 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.collectors import differences, effective
from apps.collectors.choices import ConfigurationState, KeyPurpose, Level, Preset
from apps.collectors.effective import InForce
from apps.collectors.models import CollectorConfiguration, EnrolmentKey
from apps.collectors.services import configuration as base
from apps.collectors.services.configuration import LOCK, ChangedMeanwhile
from apps.collectors.switches import BY_NAME, preset_of
from apps.core import generations
from apps.core.approvals import services as approvals
from apps.core.approvals.choices import ApprovalState
from apps.core.approvals.models import Approval
from apps.core.errors import DomainError
from apps.core.locks import transaction_lock
from apps.devices.models import Device
from apps.organization.models import Entity

KIND = "configuration"  # of approvals
NOTICE = timedelta(days=7)


class WideningNeedsReasons(DomainError):
    """Collecting more needs a purpose and a legal basis."""

    code = "widening_needs_reasons"
    status = 422
    message = _("Give purpose and legal basis: this collects or shows more than before.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change.

    active: what holds now of it, None where nothing changed at once. waiting: what must be
    approved first. is_narrower: something is not collected any more.
    """

    active: CollectorConfiguration | None
    waiting: CollectorConfiguration | None
    is_narrower: bool = False


def change_configuration(
    *,
    level: Level,
    preset: Preset,
    now: datetime,
    actor: Account,
    values: Mapping[str, str] | None = None,
    details: Mapping[str, Any] | None = None,
    entity: Entity | None = None,
    device: Device | None = None,
    legal_basis: str = "",
    purpose: str = "",
    replaces: int | None = None,
) -> Outcome:
    """Change what is collected at one place.

    What narrows is in force at once. What widens becomes a request for approval, and the rest of
    the change does not wait for it. A change takes the place of one that was waiting there.
    The first decision on the whole instance is no change: nobody had decided anything before.

    Raises:
        UnknownSwitch, ChangedMeanwhile: see `configuration.save_configuration`.
        WideningNeedsReasons: purpose or legal basis is missing.
    """
    with transaction.atomic():
        transaction_lock(LOCK)
        wanted = base.new_configuration(
            level=level,
            preset=preset,
            values=values,
            details=details,
            entity=entity,
            device=device,
            legal_basis=legal_basis,
            purpose=purpose,
            actor=actor,
            now=now,
        )
        return _Change(wanted, replaces, actor, now).make()


def withdraw_configuration(
    *, configuration: CollectorConfiguration, actor: Account, now: datetime
) -> Outcome:
    """Take an entity's or device's configuration out of force: the level above holds again.

    Where that collects more it waits as a whole for approval.
    """
    with transaction.atomic():
        transaction_lock(LOCK)
        wanted = CollectorConfiguration(
            level=configuration.level,
            entity=configuration.entity,
            device=configuration.device,
            preset=Preset.CUSTOM,
            is_withdrawal=True,
            legal_basis=configuration.legal_basis,
            purpose=configuration.purpose,
            author=actor,
            created_at=now,
        )
        return _Change(wanted, configuration.pk, actor, now).make()


class _Change:
    """One change under way, in a transaction that holds LOCK."""

    def __init__(
        self, wanted: CollectorConfiguration, replaces: int | None, actor: Account, now: datetime
    ) -> None:
        self.wanted, self.actor, self.now = wanted, actor, now
        settle_due(now=now)
        rows = CollectorConfiguration.objects.at(wanted.level, wanted.entity, wanted.device)
        self.in_force = rows.in_force().first()
        self.waiting = rows.waiting().first()
        if replaces is not None and (self.in_force is None or self.in_force.pk != replaces):
            raise ChangedMeanwhile
        self.holding: InForce = effective.read()
        self.place = effective.place_of(wanted)
        self.path = effective.path_of(wanted)
        settings = None if wanted.is_withdrawal else wanted.settings
        self.before = self.holding.at(self.place, self.path)
        self.after = self.holding.having(self.place, settings).at(self.place, self.path)

    def make(self) -> Outcome:
        """Put in force what may be, ask for the rest."""
        if self._is_first_decision():
            return Outcome(self._put_in_force(self.wanted), None)
        self._drop_waiting()
        is_narrower = differences.is_narrower(self.before, self.after)
        if not differences.is_wider(self.before, self.after):
            return Outcome(self._put_in_force(self.wanted, is_narrower), None, is_narrower)
        has_reasons = self.wanted.purpose.strip() and self.wanted.legal_basis.strip()
        if not has_reasons and not self.wanted.is_withdrawal:  # what is above has its own
            raise WideningNeedsReasons
        narrowed = self._narrowed_part() if is_narrower else None
        active = self._put_in_force(narrowed, True) if narrowed else None
        return Outcome(active, self._ask(), active is not None)

    def _is_first_decision(self) -> bool:
        is_decided = self.in_force is not None and self.in_force.confirmed_at is not None
        return self.wanted.level == Level.INSTANCE and not is_decided

    def _put_in_force(
        self, row: CollectorConfiguration, is_narrower: bool = False
    ) -> CollectorConfiguration:
        row.confirmed_at = self.now
        base.activate(row, now=self.now)
        code = AuditCode.CONFIGURATION_NARROWED if is_narrower else AuditCode.CONFIGURATION_SAVED
        base.record(row, self.in_force, code, self.actor, self.now)
        return row

    def _narrowed_part(self) -> CollectorConfiguration | None:
        """Return the part of the change that collects less, as a configuration of its own.

        None for a withdrawal: it cannot be done by halves.
        """
        if self.wanted.is_withdrawal:
            return None
        settings = differences.narrowed(self.before, self.after)
        above = self.holding.having(self.place, {}).at(self.place, self.path)
        own = {*self.wanted.settings, *(self.in_force.settings if self.in_force else {})}
        kept = {n: v for n, v in settings.items() if n in own or v != above[n]}
        switches = {name: value for name, value in kept.items() if name in BY_NAME}
        return base.new_configuration(
            level=Level(self.wanted.level),
            preset=preset_of(switches),
            values=switches,
            details={name: value for name, value in kept.items() if name not in BY_NAME},
            entity=self.wanted.entity,
            device=self.wanted.device,
            legal_basis=self.wanted.legal_basis,
            purpose=self.wanted.purpose,
            actor=self.actor,
            now=self.now,
        )

    def _ask(self) -> CollectorConfiguration:
        row = self.wanted
        row.state, row.version = ConfigurationState.PENDING, base.next_version()
        row.save()
        base.record(
            row, self.in_force, AuditCode.CONFIGURATION_WIDENING_ASKED, self.actor, self.now
        )
        approvals.ask(kind=KIND, object_id=row.pk, actor=self.actor, now=self.now)
        return row

    def _drop_waiting(self) -> None:
        """Let go of what waited here: this change takes its place, approved or not."""
        row = self.waiting
        if row is None:
            return
        asked = Approval.objects.waiting().filter(kind=KIND, object_id=row.pk).first()
        if asked is not None:
            approvals.withdraw(approval=asked, actor=self.actor, now=self.now)
        _back_to_draft(row)


def cancel_announcement(
    *, configuration: CollectorConfiguration, actor: Account, now: datetime
) -> None:
    """Take back what is announced, before it holds: it becomes a draft.

    Raises:
        ChangedMeanwhile: it is not announced any more.
    """
    with transaction.atomic():
        transaction_lock(LOCK)
        row = CollectorConfiguration.objects.get(pk=configuration.pk)
        is_over = row.starts_at is None or row.starts_at <= now
        if row.state != ConfigurationState.ANNOUNCED or is_over:
            raise ChangedMeanwhile
        _back_to_draft(row)
        base.record(row, _in_force_beside(row), AuditCode.CONFIGURATION_SAVED, actor, now)


def decided(approval: Approval, actor: Any, now: datetime) -> None:
    """Carry out what was decided on a request, in its transaction."""
    transaction_lock(LOCK)
    row = CollectorConfiguration.objects.filter(pk=approval.object_id).first()
    if row is None:
        return  # its entity or device went, and it with them
    if approval.state != ApprovalState.APPROVED:
        _back_to_draft(row)
        return
    row.approver = actor
    row.announced_at, row.starts_at = now, now + notice_period()
    row.state = ConfigurationState.ANNOUNCED
    row.save()
    before = _in_force_beside(row)
    base.record(
        row,
        before,
        AuditCode.CONFIGURATION_APPROVED,
        actor,
        now,
        starts_at=row.starts_at.isoformat(),
        single_person=approval.is_single_person,
    )
    if row.starts_at <= now:
        _begin(row, now)
    else:
        generations.bump(generations.CONFIGURATION)  # devices announce it


def settle_due(*, now: datetime) -> int:
    """Put announced configurations in force whose time has come; return their number.

    They hold from that time on whether or not this has run: see `effective.arrange`.
    """
    number = 0
    with transaction.atomic():
        transaction_lock(LOCK)
        due = CollectorConfiguration.objects.announced().filter(starts_at__lte=now)
        for row in due.order_by("starts_at"):
            _begin(row, now)
            number += 1
    return number


def notice_period() -> timedelta:
    """Return how long employees know of a widening first: not at all before the first device.

    The instance's own machine apart. Cost: 1 query.
    """
    others = EnrolmentKey.objects.exclude(purpose=KeyPurpose.LOCAL).filter(uses__gt=0)
    return NOTICE if others.exists() else timedelta(0)


def change_of(object_id: int) -> dict[str, Any] | None:
    """Return what a waiting configuration asks for; None where it does not wait any more."""
    row = CollectorConfiguration.objects.filter(
        pk=object_id, state=ConfigurationState.PENDING
    ).first()
    if row is None:
        return None
    before = _in_force_beside(row)
    return {
        "level": row.level,
        "entity": row.entity_id,
        "device": row.device_id,
        "settings": row.settings,
        "is_withdrawal": row.is_withdrawal,
        "legal_basis": row.legal_basis,
        "purpose": row.purpose,
        "replaces": before.pk if before else None,
    }


def _begin(row: CollectorConfiguration, now: datetime) -> None:
    before = _in_force_beside(row)
    row.confirmed_at = row.announced_at
    base.activate(row, now=now)
    base.record(row, before, AuditCode.CONFIGURATION_IN_FORCE, None, now)


def _back_to_draft(row: CollectorConfiguration) -> None:
    was_announced = row.state == ConfigurationState.ANNOUNCED
    row.state, row.starts_at = ConfigurationState.DRAFT, None
    row.save(update_fields=["state", "starts_at"])
    if was_announced:
        generations.bump(generations.CONFIGURATION)


def _in_force_beside(row: CollectorConfiguration) -> CollectorConfiguration | None:
    rows = CollectorConfiguration.objects.in_force()
    return rows.at(row.level, row.entity, row.device).first()
