"""Values of custom fields on one object."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.organization import custom_fields
from apps.organization.choices import FieldTarget
from apps.organization.models import CustomField

PEOPLE_AND_DEVICES = (FieldTarget.DEVICE, FieldTarget.USER)


@transaction.atomic
def set_values(
    *, obj: Any, values: Mapping[CustomField, Any], actor: Account, now: datetime
) -> int:
    """Write values on one object, None to take one away; return how many changed.

    Whether the caller may change it, the page has asked. Cost: 3 queries, 1 for each change.

    Raises:
        custom_fields.FilledByRules: of a field whose values follow from rules.
        custom_fields.FieldGone: of a field that is deleted meanwhile.
    """
    custom_fields.refuse_ruled(values)
    custom_fields.hold(values.keys())
    row = type(obj)._default_manager.select_for_update().get(pk=obj.pk)
    changed = [field for field, value in values.items() if custom_fields.put(row, field, value)]
    if changed:
        row.save(update_fields=["custom"])
    for field in changed:
        _record(row, field, actor, now)
    return len(changed)


def _record(row: Any, field: CustomField, actor: Account, now: datetime) -> None:
    is_removed = field.nql_id not in row.custom
    audit.record(
        code=AuditCode.CUSTOM_VALUES_CHANGED,
        actor=actor,
        object_kind=field.target,
        object_id=str(row.uid),
        subjects=[(field.target, row.pk)] if field.target in PEOPLE_AND_DEVICES else [],
        detail={"field": field.nql_id, "is_removed": is_removed},  # a value may name somebody
        at=now,
    )
