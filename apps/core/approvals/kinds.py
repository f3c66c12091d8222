"""Registry of four-eyes rules: what may be asked for, and what an answer does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.functional import Promise

if TYPE_CHECKING:
    from apps.core.approvals.models import Approval
    from apps.core.scope import Scope


class Actor(Protocol):
    """Whoever signs in to the console; this app knows no more of an account."""

    pk: Any
    login: str


@dataclass(frozen=True, slots=True)
class ApprovalKind:
    """One rule.

    permission: needed to decide. asks_with: needed to ask, and enough to see.
    visible: ids of the objects that a caller may see, a queryset of one column.
    may_decide: whether the caller's rights reach this object; permission is looked at before.
    change_of: the change as it stands now, None where its object is gone or asks no more.
    labels: what a caller may call the objects, by object id. sections: the change in words, for the page.
    decided: called in the transaction of an answer, a lapse or a withdrawal.
    lock: name of the transaction's lock under which its objects change; taken before the row.
    may_be_alone: one administrator without a second may confirm after a day.
    """

    name: str
    title: str | Promise
    permission: str
    asks_with: str
    visible: Callable[[Scope], Any]
    may_decide: Callable[[Scope, Approval], bool]
    change_of: Callable[[int], Mapping[str, Any] | None]
    labels: Callable[[Sequence[Approval], Scope], Mapping[int, str]]
    sections: Callable[[Approval, Any], Sequence[Any]]
    decided: Callable[[Approval, Actor | None, datetime], None]
    lock: str
    may_be_alone: bool = False


Listener = Callable[["Approval", "Actor | None", datetime], None]
Reaches = Callable[["Scope"], bool]
Directory = Callable[[str, Any, Reaches], bool]

_kinds: dict[str, ApprovalKind] = {}
_listeners: list[Listener] = []
_directories: list[Directory] = []


def register(kind: ApprovalKind) -> None:
    """Add a rule; called from `ready()` of the app whose rule it is."""
    if kind.name in _kinds:
        raise ValueError(f"approval kind {kind.name} is registered already")
    _kinds[kind.name] = kind


def find(name: str) -> ApprovalKind:
    """Return the rule of that name."""
    return _kinds[name]


def permitted_to(scope: Scope) -> Iterator[ApprovalKind]:
    """Yield the rules that a caller may ask for or decide."""
    for kind in _kinds.values():
        if {kind.permission, kind.asks_with} & scope.permissions:
            yield kind


def labels_of(approvals: Iterable[Approval], scope: Scope) -> dict[int, str]:
    """Return what the caller may call the object of each request, by the request's id.

    Cost: that of each rule among them, once.
    """
    by_kind: dict[str, list[Approval]] = {}
    for approval in approvals:
        by_kind.setdefault(approval.kind, []).append(approval)
    found: dict[int, str] = {}
    for name, rows in by_kind.items():
        labels = find(name).labels(rows, scope)
        found |= {row.pk: labels.get(row.object_id, "-") for row in rows}
    return found


def register_listener(listener: Listener) -> None:
    """Have `listener` told of each change of state, in its transaction; `audit` is, once."""
    _listeners.append(listener)


def tell(approval: Approval, actor: Actor | None, now: datetime) -> None:
    """Tell the listeners that `approval` has a new state."""
    for listener in _listeners:
        listener(approval, actor, now)


def register_directory(has_other: Directory) -> None:
    """Say who knows accounts: whether another than one holds a permission, and reaches the object.

    `accounts` does, once.
    """
    _directories.append(has_other)


def has_other_decider(approval: Approval) -> bool:
    """Return whether somebody else than the asker could decide; True where nobody knows accounts.

    Cost: 1 query, and 4 for each account that holds the permission until one reaches the object.
    """
    kind = find(approval.kind)

    def reaches(scope: Scope) -> bool:
        return kind.may_decide(scope, approval)

    return not _directories or any(
        known(kind.permission, approval.asked_by_id, reaches) for known in _directories
    )


def hash_of(change: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a change, in hex."""
    return hashlib.sha256(json.dumps(change, sort_keys=True).encode()).hexdigest()
