"""Configurations: saved as new rows, so that the past stays known."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.collectors import details as known
from apps.collectors import effective, switches
from apps.collectors.choices import ConfigurationState, Level, Preset
from apps.collectors.models import CollectorConfiguration
from apps.collectors.services import epochs
from apps.core import generations
from apps.core.errors import DomainError
from apps.core.locks import transaction_lock
from apps.devices.models import Device
from apps.organization.models import Entity

LOCK = "collectors.configuration"


class UnknownSwitch(DomainError):
    """A switch, value or detail that does not exist."""

    code = "configuration_invalid"
    status = 422


class ChangedMeanwhile(DomainError):
    """Somebody else saved this configuration since the form was opened."""

    code = "changed_meanwhile"
    status = 409
    message = _(
        "Somebody changed this configuration meanwhile. Open it again and repeat your change."
    )


def save_configuration(
    *,
    level: Level,
    preset: Preset,
    now: datetime,
    values: Mapping[str, str] | None = None,
    details: Mapping[str, Any] | None = None,
    entity: Entity | None = None,
    device: Device | None = None,
    legal_basis: str = "",
    purpose: str = "",
    is_confirmed: bool = True,
    replaces: int | None = None,
    actor: Account | None = None,
    code: AuditCode = AuditCode.CONFIGURATION_SAVED,
) -> CollectorConfiguration:
    """Put a configuration in force at its level at once; the one before is kept as replaced.

    For what needs nobody's consent; people come by `changes.change_configuration`, which asks.

    values: the switches of a custom configuration; those of a preset come with it.
    replaces: id of the configuration that the caller saw; None skips the check.

    Raises:
        UnknownSwitch: names each wrong switch or value.
        ChangedMeanwhile: another one is in force than `replaces`.
    """
    with transaction.atomic():
        transaction_lock(LOCK)
        row = new_configuration(
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
        row.confirmed_at = now if is_confirmed else None
        before = _in_force_at(row)
        if replaces is not None and (before is None or before.pk != replaces):
            raise ChangedMeanwhile
        activate(row, now=now)
        record(row, before, code, actor, now)
    return row


def new_configuration(
    *,
    level: Level,
    preset: Preset,
    now: datetime,
    values: Mapping[str, str] | None = None,
    details: Mapping[str, Any] | None = None,
    entity: Entity | None = None,
    device: Device | None = None,
    legal_basis: str = "",
    purpose: str = "",
    actor: Account | None = None,
) -> CollectorConfiguration:
    """Return a configuration as a draft, not stored yet.

    What the whole instance alone decides is left out below it.

    Raises:
        UnknownSwitch: names each wrong switch, value or detail.
    """
    chosen = dict(values or {}) if preset == Preset.CUSTOM else dict(switches.PRESETS[preset])
    if wrong := switches.problems(chosen):
        raise UnknownSwitch(message=" ".join(wrong))
    if level != Level.INSTANCE:
        chosen = switches.collected(chosen)
    try:
        cleaned = known.cleaned(details or {})
    except ValidationError as error:
        raise UnknownSwitch(message=" ".join(error.messages)) from error
    return CollectorConfiguration(
        level=level,
        entity=entity,
        device=device,
        preset=preset,
        switches=chosen,
        details=cleaned,
        state=ConfigurationState.DRAFT,
        legal_basis=legal_basis,
        purpose=purpose,
        author=actor,
        created_at=now,
    )


def activate(row: CollectorConfiguration, *, now: datetime) -> None:
    """Put a configuration in force in the caller's transaction, under LOCK; it is stored.

    A withdrawal leaves nothing in force at its place. Where names come in clear from now on,
    a new epoch begins: the pseudonymous past stays pseudonymous.
    """
    username = _username_at(row, now)
    before = _in_force_at(row)
    if before is not None:
        before.state, before.replaced_at = ConfigurationState.REPLACED, now
        before.save(update_fields=["state", "replaced_at"])
    row.version = row.version or next_version()
    row.state = ConfigurationState.ACTIVE
    if row.is_withdrawal:
        row.state, row.replaced_at = ConfigurationState.REPLACED, now
    row.save()
    is_first = before is None and row.level == Level.INSTANCE  # nobody was hashed before it
    if username == "hashed" and _username_at(row, now) == "clear" and not is_first:
        epochs.begin(reason="user names in clear", now=now)
    generations.bump(generations.CONFIGURATION)


def next_version() -> int:
    """Return the number of the next configuration. Cost: 1 query, under LOCK."""
    newest = CollectorConfiguration.objects.aggregate(newest=Max("version"))["newest"]
    return (newest or 0) + 1


def record(
    saved: CollectorConfiguration,
    before: CollectorConfiguration | None,
    code: AuditCode,
    actor: Account | None,
    now: datetime,
    **more: Any,
) -> None:
    """Tell the audit log what differs from the configuration before."""
    old, new = (before.settings if before else {}), saved.settings
    changed = {
        name: {"old": _short(old.get(name)), "new": _short(new.get(name))}
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }
    audit.record(
        actor=actor,
        code=code,
        object_kind="collector_configuration",
        object_id=str(saved.pk),
        object_label=saved.level,
        subjects=[("device", saved.device_id)] if saved.device_id else [],
        detail={"preset": saved.preset, "state": saved.state, "changed": changed, **more},
        at=now,
    )


def _username_at(row: CollectorConfiguration, now: datetime) -> str:
    """Return in which form names come in at the place of `row`. Cost: 1 query."""
    holding = effective.arrange(CollectorConfiguration.objects.in_force(), now)
    return str(holding.at(effective.place_of(row), effective.path_of(row))["username"])


def _in_force_at(row: CollectorConfiguration) -> CollectorConfiguration | None:
    rows = CollectorConfiguration.objects.in_force()
    return rows.at(row.level, row.entity, row.device).first()


def _short(value: Any) -> Any:
    """Return a value for the log; of a list its length: a row has room for a summary only."""
    return len(value) if isinstance(value, list) else value
