"""Changes of the rules that classify devices: always the whole list, as it was looked at."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.core.errors import DomainError
from apps.core.locks import transaction_lock
from apps.organization import fleet
from apps.organization.choices import Matching
from apps.organization.classification import (
    CONDITIONS_LIMIT,
    RULES_LIMIT,
    Rule,
    conditions_as_json,
)
from apps.organization.models import NAME_LENGTH, ClassificationRule, Entity

NAMED_IN_AUDIT = 40  # rules; the row of the log has a limit


class RuleRefused(DomainError):
    """A list of rules that cannot be kept."""

    code = "rule_refused"


class RulesChangedMeanwhile(DomainError):
    """Somebody changed the rules since they were looked at."""

    code = "rules_changed_meanwhile"
    status = 409
    message = _("The rules were changed meanwhile. Look at them again.")


class Told(Protocol):
    """A rule of whatever purpose that can be written down."""

    @property
    def uid(self) -> str:
        """Return that of its row, "" while there is none."""
        ...

    @property
    def name(self) -> str:
        """Return what it is called."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        ...


def fingerprint(rules: Sequence[Told]) -> str:
    """Return a mark by which two lists of rules are told apart."""
    text = json.dumps([rule.as_json() for rule in rules], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def check_rules(rules: Sequence[Rule]) -> None:
    """Refuse what no list of rules may be. Cost: 1 query.

    Raises:
        RuleRefused: with a sentence that says why.
    """
    if len(rules) > RULES_LIMIT:
        raise RuleRefused(message=_("There are more rules than 500."))
    names = [rule.name.casefold() for rule in rules]
    wanted = {rule.entity_id for rule in rules}
    if len(set(names)) < len(names):
        raise RuleRefused(message=_("There is a rule of this name."))
    if Entity.objects.filter(pk__in=wanted).count() < len(wanted):
        raise RuleRefused(message=_("There is no such entity."))
    for rule in rules:
        if reason := problem_of(rule):
            raise RuleRefused(message=reason)


def problem_of(rule: Rule) -> Promise | None:
    """Return why a rule cannot be kept, whatever the others are."""
    if not rule.name or len(rule.name) > NAME_LENGTH or "\0" in rule.name:
        return _("Give the rule a name of up to 100 letters.")
    if not rule.conditions or len(rule.conditions) > CONDITIONS_LIMIT:
        return _("A rule has 1 to 20 conditions.")
    if rule.matching not in Matching.values:
        return _("Say whether all conditions have to hold, or one.")
    return None


@transaction.atomic
def replace_rules(
    *, rules: Sequence[Rule], base: str, actor: Account | None, now: datetime
) -> None:
    """Put a list of rules in the place of the present one, and have the fleet classified anew.

    base: fingerprint of the list that was looked at. Cost: one statement for each rule.

    Raises:
        RulesChangedMeanwhile: the present list is another one.
        RuleRefused: the new list cannot be kept.
    """
    transaction_lock("organization.rules")
    present = ClassificationRule.objects.as_rules()
    if fingerprint(present) != base:
        raise RulesChangedMeanwhile
    if fingerprint(rules) == base:
        return
    check_rules(rules)
    _write(rules)
    fleet.known().begin(actor, now)
    audit.record(
        code=AuditCode.CLASSIFICATION_RULES_CHANGED,
        actor=actor,
        object_kind="classification_rules",
        detail=difference(present, rules),
        at=now,
    )


@transaction.atomic
def apply_rules(*, actor: Account, now: datetime) -> None:
    """Have the present rules applied to the whole fleet again."""
    fleet.known().begin(actor, now)
    audit.record(
        code=AuditCode.CLASSIFICATION_RULES_CHANGED,
        actor=actor,
        object_kind="classification_rules",
        detail={"is_applied_again": True},
        at=now,
    )


def _write(rules: Sequence[Rule]) -> None:
    kept = [rule.uid for rule in rules if rule.uid]
    ClassificationRule.objects.exclude(uid__in=kept).delete()
    rows = {str(row.uid): row for row in ClassificationRule.objects.all()}
    if missing := set(kept) - set(rows):
        raise RulesChangedMeanwhile(pointer=f"/{sorted(missing)[0]}")
    for position, rule in enumerate(rules, start=1):
        row = rows.get(rule.uid) or ClassificationRule()
        row.name, row.entity_id = rule.name, rule.entity_id
        row.position, row.is_active = position, rule.is_active
        row.matching, row.conditions = rule.matching, conditions_as_json(rule.conditions)
        row.save()


def difference(old: Sequence[Told], new: Sequence[Told]) -> dict[str, Any]:
    """Return what changed: uids and numbers; names stand with the rules."""
    before = {rule.uid: rule for rule in old}
    after = {rule.uid: rule for rule in new if rule.uid}
    changed = [uid for uid in before.keys() & after.keys() if before[uid] != after[uid]]
    added = [rule.name for rule in new if not rule.uid]
    return {
        "rules": len(new),
        "added": added[:NAMED_IN_AUDIT],
        "changed": [after[uid].name for uid in sorted(changed)][:NAMED_IN_AUDIT],
        "removed": [before[uid].name for uid in sorted(before.keys() - after.keys())][
            :NAMED_IN_AUDIT
        ],
        "is_reordered": [rule.uid for rule in old if rule.uid in after]
        != [rule.uid for rule in new if rule.uid],
        "hash": {"old": fingerprint(old), "new": fingerprint(new)},
    }
