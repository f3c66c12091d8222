"""Definitions of custom fields; a field goes with its values."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models.expressions import RawSQL
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.core.errors import DomainError
from apps.core.locks import transaction_lock
from apps.organization import custom_fields
from apps.organization.choices import FieldTarget, FieldType, FilledBy
from apps.organization.models import CustomField

FIELDS_LIMITS = {  # Source: data-model.md 1.3
    FilledBy.MANUAL: 100,
    FilledBy.RULES: 200,
}
FIELDS_MESSAGES = {
    FilledBy.MANUAL: _("There are 100 custom fields already that people fill: delete one first."),
    FilledBy.RULES: _("There are 200 custom fields already that rules fill: delete one first."),
}
WORDS_LIMIT = 100
LOCK = "organization.custom_fields"
WORDS_MESSAGE = _("A field that holds one of some words needs 1 to 100 words, no other has any.")


class FieldRefused(DomainError):
    """A field that cannot be kept."""

    code = "custom_field_refused"


@transaction.atomic
def create_field(
    *,
    nql_id: str,
    name: str,
    target: str,
    type: str,
    words: Sequence[str],
    personal_class: str,
    actor: Account,
    now: datetime,
    filled_by: str = FilledBy.MANUAL,
) -> CustomField:
    """Add a field that people fill in, or one whose rules come with `set_field_rules`.

    Raises:
        FieldRefused: there are too many, the id is taken, an enum has no words, or no rules can
            fill such a field.
    """
    transaction_lock(LOCK)
    if reason := problem_of_filler(filled_by, target):
        raise FieldRefused(message=reason)
    if CustomField.objects.filter(target=target, nql_id=nql_id).exists():
        raise FieldRefused(message=_("There is a field of this id."))
    if (type == FieldType.ENUM) != bool(words) or len(words) > WORDS_LIMIT:
        raise FieldRefused(message=WORDS_MESSAGE)
    field = CustomField.objects.create(
        nql_id=nql_id,
        name=name,
        target=target,
        type=type,
        words=list(words),
        personal_class=personal_class,
        filled_by=filled_by,
        created_at=now,
    )
    detail: dict[str, object] = {"class": personal_class, "filled_by": str(filled_by)}
    record_field(AuditCode.CUSTOM_FIELD_CREATED, field, actor, now, detail)
    return field


def problem_of_filler(filled_by: str, target: str) -> Promise | None:
    """Return why no more field of a kind can be made. Cost: 1 query."""
    kind = FilledBy(filled_by)
    if kind == FilledBy.RULES and target != FieldTarget.DEVICE:
        return _("Rules fill fields of devices alone.")
    if CustomField.objects.filter(filled_by=kind).count() >= FIELDS_LIMITS[kind]:
        return FIELDS_MESSAGES[kind]
    return None


@transaction.atomic
def change_field(
    *, field: CustomField, name: str, personal_class: str, actor: Account, now: datetime
) -> None:
    """Give a field another name or class; what it holds stays."""
    old = {"name": field.name, "class": field.personal_class}
    field.name, field.personal_class = name, personal_class
    field.save(update_fields=["name", "personal_class"])
    new = {"name": name, "class": personal_class}
    record_field(AuditCode.CUSTOM_FIELD_CHANGED, field, actor, now, {"old": old, "new": new})


@transaction.atomic
def delete_field(*, field: CustomField, actor: Account, now: datetime) -> int:
    """Remove a field with all its values; return how many there were. Cost: 1 UPDATE of these.

    Whoever is writing one of them is waited for; from then on nobody does (`querysets.held`).
    """
    transaction_lock(LOCK)  # so that no run over the fleet fills it meanwhile
    list(CustomField.objects.select_for_update().filter(pk=field.pk))
    rows = custom_fields.rows_with(field)
    number = 0 if rows is None else rows.update(custom=RawSQL("custom - %s", [field.nql_id]))
    record_field(AuditCode.CUSTOM_FIELD_DELETED, field, actor, now, {"values": number})
    field.delete()
    return number


def record_field(
    code: AuditCode, field: CustomField, actor: Account, now: datetime, detail: dict[str, object]
) -> None:
    """Write the audit row of a change of a definition."""
    audit.record(
        code=code,
        actor=actor,
        object_kind="custom_field",
        object_id=str(field.uid),
        object_label=f"#{field.nql_id}",
        detail={"target": field.target, **detail},
        at=now,
    )
