"""Inventory parts: what changed is sent whole, what did not is a hash once a day."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dex_collector.batch import Record
from dex_collector.clock import from_text, to_text
from dex_collector.spool import Spool

HEARTBEAT = timedelta(hours=23, minutes=30)  # once a day: a daily read may come a little early


@dataclass(frozen=True, slots=True)
class Part:
    """The state of one inventory part: either fields of one object, or items of a list."""

    name: str
    fields: dict[str, Any] | None = None
    items: Sequence[dict[str, Any]] | None = None

    @property
    def hash(self) -> str:
        """Return the hash that the server compares."""
        return content_hash(self.fields, self.items)

    def whole(self) -> Record:
        """Return the record that replaces the part on the server."""
        content = {"items": list(self.items)} if self.items is not None else {"fields": self.fields}
        return {"part": self.name, "hash": self.hash, "full": True, **content}

    def heartbeat(self) -> Record:
        """Return the record that says: nothing changed."""
        same = {"hash": self.hash, "base": self.hash, "full": False, "add": [], "remove": []}
        return {"part": self.name, **same}


def content_hash(fields: dict[str, Any] | None, items: Sequence[dict[str, Any]] | None) -> str:
    """Return the SHA-256 of canonical JSON: of the fields, or of the items in canonical order."""
    text = _canonical(fields)
    if items is not None:
        text = "[" + ",".join(sorted(_canonical(item) for item in items)) + "]"
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Inventory:
    """Decides what of a part to send; remembers in the spool what the server has."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._present: dict[str, Part] = {}
        self._is_named: set[str] = set()  # named to the server since the start

    def records_for(self, part: Part, now: datetime) -> list[Record]:
        """Return the records to send about a part that was just read: none, or one."""
        self._present[part.name] = part
        sent = self._spool.read(f"inventory.{part.name}")
        is_due = sent is None or now - from_text(sent["at"]) >= HEARTBEAT
        if sent is not None and sent["hash"] == part.hash:
            if not is_due and part.name in self._is_named:
                return []
            return self._remembered(part, part.heartbeat(), now)
        return self._remembered(part, part.whole(), now)

    def needed(self, names: Sequence[str], now: datetime) -> list[Record]:
        """Return parts that the server asks for whole; one that was never read comes later."""
        found = []
        for name in names:
            if name in self._present:
                part = self._present[name]
                found += self._remembered(part, part.whole(), now)
            else:
                self._spool.write(f"inventory.{name}", None)
        return found

    def drop_present(self) -> None:
        """Forget what was read: another configuration holds, and it is read again."""
        self._present.clear()

    def forget(self) -> None:
        """Forget what the server has: everything is sent whole next."""
        for name in self._present:
            self._spool.write(f"inventory.{name}", None)
        self._is_named.clear()

    def _remembered(self, part: Part, record: Record, now: datetime) -> list[Record]:
        self._spool.write(f"inventory.{part.name}", {"hash": part.hash, "at": to_text(now)})
        self._is_named.add(part.name)
        return [record]
