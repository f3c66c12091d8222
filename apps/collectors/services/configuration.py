"""Configurations: saved as new rows, so that the past stays known."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.collectors import switches
from apps.collectors.choices import ConfigurationState, Level, Preset
from apps.collectors.models import CollectorConfiguration
from apps.core import generations
from apps.core.errors import DomainError
from apps.core.locks import transaction_lock
from apps.devices.models import Device
from apps.organization.models import Entity


class UnknownSwitch(DomainError):
    """A switch or value that does not exist."""

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
    entity: Entity | None = None,
    device: Device | None = None,
    legal_basis: str = "",
    purpose: str = "",
    is_confirmed: bool = True,
    replaces: int | None = None,
    actor: Account | None = None,
) -> CollectorConfiguration:
    """Put a configuration in force at its level; the one before is kept as replaced.

    values: the switches of a custom configuration; those of a preset come with it.
    replaces: id of the configuration that the caller saw; None skips the check.

    Raises:
        UnknownSwitch: names each wrong switch or value.
        ChangedMeanwhile: another one is in force than `replaces`.
    """
    chosen = dict(values or {}) if preset == Preset.CUSTOM else dict(switches.PRESETS[preset])
    if wrong := switches.problems(chosen):
        raise UnknownSwitch(message=" ".join(wrong))
    with transaction.atomic():
        transaction_lock("collectors.configuration")
        before = (
            CollectorConfiguration.objects.in_force()
            .filter(level=level, entity=entity, device=device)
            .first()
        )
        if replaces is not None and (before is None or before.pk != replaces):
            raise ChangedMeanwhile
        if before is not None:
            before.state, before.replaced_at = ConfigurationState.REPLACED, now
            before.save(update_fields=["state", "replaced_at"])
        saved = CollectorConfiguration.objects.create(
            level=level,
            entity=entity,
            device=device,
            preset=preset,
            switches=chosen,
            version=_next_version(),
            legal_basis=legal_basis,
            purpose=purpose,
            confirmed_at=now if is_confirmed else None,
            created_at=now,
        )
        generations.bump(generations.CONFIGURATION)
        _record(saved, before, actor, now)
    return saved


def withdraw_configuration(
    *, configuration: CollectorConfiguration, actor: Account, now: datetime
) -> None:
    """Take an entity's or device's configuration out of force: the level above holds again."""
    with transaction.atomic():
        configuration.state, configuration.replaced_at = ConfigurationState.REPLACED, now
        configuration.save(update_fields=["state", "replaced_at"])
        generations.bump(generations.CONFIGURATION)
        _record(configuration, configuration, actor, now)


def _next_version() -> int:
    newest = CollectorConfiguration.objects.aggregate(newest=Max("version"))["newest"]
    return (newest or 0) + 1


def _record(
    saved: CollectorConfiguration,
    before: CollectorConfiguration | None,
    actor: Account | None,
    now: datetime,
) -> None:
    old = before.switches if before else {}
    changed = {
        name: {"old": old.get(name), "new": saved.switches.get(name)}
        for name in sorted({*old, *saved.switches})
        if old.get(name) != saved.switches.get(name)
    }
    audit.record(
        actor=actor,
        code=AuditCode.CONFIGURATION_SAVED,
        object_kind="collector_configuration",
        object_id=str(saved.pk),
        object_label=saved.level,
        subjects=[("device", saved.device_id)] if saved.device_id else [],
        detail={"preset": saved.preset, "state": saved.state, "changed": changed},
        at=now,
    )
