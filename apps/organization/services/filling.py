"""Changes of the rules that fill a custom field: always all of them, as they were looked at."""

from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.core.errors import DomainError
from apps.core.locks import transaction_lock
from apps.organization import custom_fields
from apps.organization.choices import FilledBy, Matching
from apps.organization.classification import CONDITIONS_LIMIT
from apps.organization.field_rules import Filling
from apps.organization.models import CustomField
from apps.organization.services.fields import LOCK, record_field

RULES_LIMIT = 100  # of one field


class FieldRulesRefused(DomainError):
    """Rules that a field cannot have."""

    code = "field_rules_refused"


class FieldRulesChangedMeanwhile(DomainError):
    """Somebody changed the rules since they were looked at."""

    code = "field_rules_changed_meanwhile"
    status = 409
    message = _("The rules were changed meanwhile. Look at them again.")


@transaction.atomic
def set_field_rules(
    *, field: CustomField, filling: Filling, base: str, actor: Account, now: datetime
) -> None:
    """Give a field other rules, and have the values of the fleet computed anew.

    base: fingerprint of the rules that were looked at; the same rules again are applied again.

    Raises:
        FieldRulesChangedMeanwhile: the present rules are others, or the field is gone.
        FieldRulesRefused: the field cannot have such rules.
    """
    transaction_lock(LOCK)
    row = CustomField.objects.filter(pk=field.pk).first()
    if row is None or Filling.of_row(row).fingerprint != base:
        raise FieldRulesChangedMeanwhile
    if reason := problem_of_filling(row, filling):
        raise FieldRulesRefused(message=reason)
    found = filling.as_json()
    row.rules, row.otherwise, row.filled_device_id = found["rules"], found["otherwise"], 0
    row.save(update_fields=["rules", "otherwise", "filled_device_id"])
    detail = {
        "rules": len(filling.rules),
        "hash": {"old": base, "new": filling.fingerprint},  # a value may name somebody
    }
    record_field(AuditCode.CUSTOM_FIELD_RULES_CHANGED, row, actor, now, detail)


def problem_of_filling(field: CustomField, filling: Filling) -> Promise | None:
    """Return why a field cannot have such rules."""
    if field.filled_by != FilledBy.RULES:
        return _("People fill this field: it has no rules.")
    if len(filling.rules) > RULES_LIMIT:
        return _("A field has at most 100 rules.")
    for rule in filling.rules:
        if not 0 < len(rule.conditions) <= CONDITIONS_LIMIT:
            return _("A rule has 1 to 20 conditions.")
        if rule.matching not in Matching.values:
            return _("Say whether all conditions have to hold, or one.")
    values = [filling.otherwise, *(rule.value for rule in filling.rules)]
    if not all(custom_fields.accepts(field, value) for value in values):
        return _("A value is none that the field can hold.")
    return None
