"""Lists of rules, whose order counts: changed as a whole, as they were looked at."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from django.db import transaction

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.core.errors import DomainError
from apps.core.locks import transaction_lock
from apps.organization.classification import Condition, conditions_as_json

NAMED_IN_AUDIT = 40  # rules; the row of the log has a limit


class Told(Protocol):
    """A rule of whatever purpose, apart from its row."""

    @property
    def uid(self) -> str:
        """Return that of its row, "" while there is none."""
        ...

    @property
    def name(self) -> str:
        """Return what it is called."""
        ...

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Return what has to hold of a device."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        ...


AnyRule = TypeVar("AnyRule", bound=Told)


@dataclass(frozen=True, slots=True)
class RuleList(Generic[AnyRule]):
    """A list of rules about the fleet, each of them a row of `model`.

    name: in the audit log. columns: what a rule and its row share, besides the conditions.
    check: refuses what no list may be. begin: has the fleet looked at anew.
    changed: raised where the present list is another than was looked at.
    """

    name: str
    model: Any
    columns: Sequence[str]
    code: AuditCode
    changed: type[DomainError]
    check: Callable[[Sequence[AnyRule]], None]
    begin: Callable[[Account | None, datetime], None]

    @transaction.atomic
    def replace(
        self, *, rules: Sequence[AnyRule], base: str, actor: Account | None, now: datetime
    ) -> None:
        """Put a list in the place of the present one, and have the fleet looked at anew.

        The same list changes nothing.
        base: fingerprint of the list that was looked at. Cost: one statement for each rule.

        Raises:
            DomainError: `changed`; or the new list cannot be kept, as `check` says.
        """
        transaction_lock(f"organization.{self.name}")
        present = self.model.objects.as_rules()
        if fingerprint(present) != base:
            raise self.changed
        if fingerprint(rules) == base:
            return
        self.check(rules)
        self._write(rules)
        self._begin(actor, now, _difference(present, rules))

    @transaction.atomic
    def apply(self, *, actor: Account, now: datetime) -> None:
        """Have the fleet looked at anew by the present list."""
        self._begin(actor, now, {"is_applied_again": True})

    def _write(self, rules: Sequence[AnyRule]) -> None:
        kept = [rule.uid for rule in rules if rule.uid]
        self.model.objects.exclude(uid__in=kept).delete()
        rows = {str(row.uid): row for row in self.model.objects.all()}
        if missing := set(kept) - set(rows):
            raise self.changed(pointer=f"/{sorted(missing)[0]}")
        for position, rule in enumerate(rules, start=1):
            row = rows.get(rule.uid) or self.model()
            for name in self.columns:
                setattr(row, name, getattr(rule, name))
            row.position, row.conditions = position, conditions_as_json(rule.conditions)
            row.save()

    def _begin(self, actor: Account | None, now: datetime, detail: dict[str, Any]) -> None:
        self.begin(actor, now)
        audit.record(code=self.code, actor=actor, object_kind=self.name, detail=detail, at=now)


def fingerprint(rules: Sequence[Told]) -> str:
    """Return a mark by which two lists are told apart."""
    text = json.dumps([rule.as_json() for rule in rules], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _difference(old: Sequence[Told], new: Sequence[Told]) -> dict[str, Any]:
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
