"""The viewer: device rows and own rows are shown, those of other people only counted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dex_collector import batch
from dex_collector.batch import Record
from dex_collector.configuration import Configuration
from dex_collector.users import (
    BUILT_IN,
    read_account_names,
    read_host_name,
    read_service_name,
    shown_user_name,
)

ROOT_UID = 0
PERSONAL_KINDS = ("session.", "execution.", "connection.", "web.", "application.")
PERSONAL_PARTS = frozenset({"users", "local_admins"})


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks. names: all forms that the own name may have in what was measured."""

    uid: int
    names: frozenset[str] = frozenset()

    def shows(self, record: Record) -> bool:
        """Return whether a record, its user written out, may be shown.

        One of a personal kind without a user tells of somebody who is not named: not shown.
        """
        if self.uid == ROOT_UID or "part" in record:
            return True
        user = record.get("user")
        if user is None:
            return not str(record["kind"]).startswith(PERSONAL_KINDS)
        return user.get("type") == "system" or user.get("name") in self.names

    def record(self, record: Record) -> tuple[Record | None, int]:
        """Return what is shown of a record, and how many rows of other people are not."""
        if not self.shows(record):
            return None, 1
        if self.uid == ROOT_UID or record.get("part") not in PERSONAL_PARTS:
            return record, 0
        items = record.get("items") or []
        own = [item for item in items if item.get("name") in self.names | BUILT_IN]
        return ({**record, "items": own} if items else record), len(items) - len(own)

    def content(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is shown of a batch: for root and where nobody else is in it, all of it.

        `others`: the rows of other people by kind, where there are any.
        """
        others: Counter[str] = Counter()
        shown: list[Record] = []
        for one in batch.records_of(content):
            left, hidden = self.record(one)
            others[batch.kind_of(one)] += hidden
            shown += [] if left is None else [left]
        others = +others
        if not others:
            return dict(content)
        events, users, binaries = _numbered(shown, content)
        parts = [record for record in shown if "part" in record]
        return {**content, "events": events, "users": users, "binaries": binaries,
                "inventory": parts, "others": dict(others)}  # fmt: skip


def _numbered(shown: list[Record], content: Mapping[str, Any]) -> tuple[list[Record], Any, Any]:
    """Return events with the numbers of the batch again, and the entries they need."""
    used: dict[str, dict[str, Any]] = {"users": {}, "binaries": {}}
    events = []
    for record in shown:
        if "part" in record:
            continue
        event = dict(record)
        for member, dictionary in (("user", "users"), ("binary", "binaries")):
            if member in event:
                number = next(n for n, e in content[dictionary].items() if e == event[member])
                used[dictionary][number] = event[member]
                event[member] = int(number)
        events.append(event)
    return events, used["users"], used["binaries"]


def make_viewer(uid: int, root: Path, configuration: Configuration) -> Viewer:
    """Return the viewer of an account, under all forms of its name that may be stored."""
    name = read_account_names(root).get(uid) or read_service_name(root, uid)
    if uid == ROOT_UID or name is None:
        return Viewer(uid)
    domain = read_host_name(root)
    forms = (
        shown_user_name(domain, name, with_switches(configuration, username=u, device_name=d))
        for u in ("clear", "hashed")
        for d in ("clear", "hashed")
    )
    return Viewer(uid, frozenset(form for form in forms if form is not None))


def with_switches(configuration: Configuration, **switches: str) -> Configuration:
    """Return a configuration with some switches set."""
    return replace(configuration, switches={**configuration.switches, **switches})
