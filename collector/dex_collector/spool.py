"""The spool: what waits, what was sent, what was refused; survives kill and power cut."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from dex_collector import batch
from dex_collector.batch import Record, Stamp
from dex_collector.clock import to_text
from dex_collector.spool_file import Mode, SpoolFile


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the spool keeps; older goes first and is counted."""

    bytes_maximum: int = 50_000_000  # of what is not yet sent
    low_disk_bytes_maximum: int = 10_000_000
    low_disk_bytes: int = 500_000_000
    age: timedelta = timedelta(days=14)
    sent_bytes_maximum: int = 10_000_000
    sent_age: timedelta = timedelta(days=7)
    quarantine_age: timedelta = timedelta(days=7)
    quarantined_batches_maximum: int = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One batch on its way."""

    sequence: int
    epoch: str
    kinds: dict[str, int]
    records: int
    body: bytes
    is_half: bool
    is_again: bool  # it was sent before; the server was restored since


def read_free_bytes(folder: Path) -> int:
    """Read how much a normal user may still write there. Source: statvfs(3)."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Spool(SpoolFile):
    """Used by one thread; a second process may read and seal meanwhile."""

    def __init__(
        self,
        path: Path,
        now: datetime,
        limits: Limits | None = None,
        free_bytes: Callable[[], int] | None = None,
        mode: Mode = "rwc",
    ) -> None:
        """Open the file; see `SpoolFile`."""
        super().__init__(path, now, mode)
        self.limits = limits or Limits()
        self._free_bytes = free_bytes or (lambda: read_free_bytes(path.parent))

    # Records and batches.

    def add(self, records: Sequence[Record], now: datetime) -> None:
        """Keep records until the next turn; one that no reader would take is counted as lost."""
        texts = [(batch.kind_of(one), batch.storable_json(one)) for one in records]
        rows = [(to_text(now), kind, text) for kind, text in texts if text is not None]
        with self.transaction():
            self.count_lost(Counter(kind for kind, text in texts if text is None))
            self._db.executemany(
                "INSERT INTO waiting (created_at, kind, record) VALUES (?, ?, ?)", rows
            )

    def waiting_records(self) -> int:
        """Return the number of records that no batch holds yet."""
        return int(self._db.execute("SELECT count(*) FROM waiting").fetchone()[0])

    def has_full_batch(self) -> bool:
        """Return whether the waiting records fill a batch, so that it is made even offline."""
        number, size = self._db.execute(
            "SELECT count(*), coalesce(sum(length(record)), 0) FROM waiting"
        ).fetchone()
        return bool(number >= batch.RECORDS_MAXIMUM or size >= batch.PLAIN_BYTES_MAXIMUM)

    def seal(self, stamp: Stamp, now: datetime) -> int:
        """Make batches of all waiting records; return how many. Each is written once."""
        made = 0
        while self._seal_one(stamp, now):
            made += 1
        return made

    def _seal_one(self, stamp: Stamp, now: datetime) -> bool:
        with self.transaction():
            rows = self._first_waiting()
            if not rows:
                return False
            epoch, dropped = str(self.read("epoch")), self.lost()
            sequence = self._reserve(epoch, now)
            while True:
                records = batch.merge_samples([json.loads(text) for _, text in rows])
                body = batch.pack(batch.compose(records, stamp, epoch, sequence, dropped))
                if len(body) <= batch.PACKED_BYTES_MAXIMUM or len(rows) == 1:
                    break
                rows = rows[: len(rows) // 2]
            self._fill(sequence, batch.count_kinds(records), body)
            self._db.execute("DELETE FROM waiting WHERE id <= ?", (rows[-1][0],))
        return True

    def _first_waiting(self) -> list[tuple[int, str]]:
        rows: list[tuple[int, str]] = []
        size = 0
        query = "SELECT id, record FROM waiting ORDER BY id LIMIT ?"
        for number, text in self._db.execute(query, (batch.RECORDS_MAXIMUM,)):
            size += len(text.encode())
            if rows and size > batch.PLAIN_BYTES_MAXIMUM * 9 // 10:  # the rest is the envelope's
                break
            rows.append((number, text))
        return rows

    def _reserve(self, epoch: str, now: datetime, is_half: bool = False) -> int:
        cursor = self._db.execute(
            "INSERT INTO outbox (epoch, created_at, kinds, records, body, is_half)"
            " VALUES (?, ?, '{}', 0, x'', ?)",
            (epoch, to_text(now), is_half),
        )
        return int(cursor.lastrowid or 0)

    def _fill(self, sequence: int, kinds: Mapping[str, int], body: bytes) -> None:
        self._db.execute(
            "UPDATE outbox SET kinds = ?, records = ?, body = ? WHERE sequence = ?",
            (json.dumps(kinds), sum(kinds.values()), body, sequence),
        )

    def next_row(self) -> Row | None:
        """Return the next batch to send: what a restored server has lost, then the oldest."""
        again = self._db.execute(
            "SELECT sequence, epoch, kinds, records, body FROM sent WHERE is_due_again"
            " ORDER BY sequence LIMIT 1"
        ).fetchone()
        if again is not None:
            sequence, epoch, kinds, records, body = again
            return Row(sequence, epoch, json.loads(kinds), records, body, True, is_again=True)
        rows = self.rows(limit=1)
        return rows[0] if rows else None

    def rows(self, limit: int = -1) -> list[Row]:
        """Return batches that wait, oldest first."""
        found = self._db.execute(
            "SELECT sequence, epoch, kinds, records, body, is_half FROM outbox"
            " ORDER BY sequence LIMIT ?",
            (limit,),
        )
        return [
            Row(sequence, epoch, json.loads(kinds), records, body, bool(half), is_again=False)
            for sequence, epoch, kinds, records, body, half in found
        ]

    def sealed(self) -> tuple[int, int]:
        """Return the number of batches that wait, and of records in them."""
        query = "SELECT count(*), coalesce(sum(records), 0) FROM outbox"
        batches, records = self._db.execute(query).fetchone()
        return batches, records

    # For people who look.

    def waiting_texts(self) -> list[str]:
        """Return the records that no batch holds yet, oldest first."""
        return [text for (text,) in self._db.execute("SELECT record FROM waiting ORDER BY id")]

    def bodies(self) -> Iterator[bytes]:
        """Yield the batches that wait, oldest first; one at a time is read."""
        return (body for body, _ in self._looked_at("outbox", "NULL", "ASC"))

    def sent_bodies(self) -> Iterator[tuple[str, bytes]]:
        """Yield when it went and the body of each batch that is kept, newest first."""
        return ((str(at), body) for body, at in self._looked_at("sent", "sent_at", "DESC"))

    def newest_bodies(self, number: int) -> Iterator[bytes]:
        """Yield the newest batches, those that wait before those sent."""
        for table in ("outbox", "sent"):
            for body, _ in islice(self._looked_at(table, "NULL", "DESC"), number):
                yield body

    def _looked_at(self, table: str, column: str, order: str) -> Iterator[tuple[bytes, Any]]:
        """Yield bodies by a query each: a purge is not kept waiting by who looks slowly."""
        numbers = f"SELECT sequence FROM {table} ORDER BY sequence {order}"
        for (sequence,) in self._db.execute(numbers).fetchall():
            query = f"SELECT body, {column} FROM {table} WHERE sequence = ?"
            if (row := self._db.execute(query, (sequence,)).fetchone()) is not None:
                yield row

    # What became of a batch.

    def accept(self, row: Row, refused: Sequence[Mapping[str, Any]], now: datetime) -> None:
        """Move a batch to `sent`, and the records that the server refused to quarantine."""
        with self.transaction():
            if row.is_again:
                self._db.execute(
                    "UPDATE sent SET is_due_again = 0 WHERE sequence = ?", (row.sequence,)
                )
                return
            self._db.execute(
                "INSERT OR REPLACE INTO sent"
                " SELECT sequence, epoch, created_at, kinds, records, body, ?, 0"
                " FROM outbox WHERE sequence = ?",
                (to_text(now), row.sequence),
            )
            self._remove(row)
            content = batch.unpack(row.body) if refused else {}
            for refusal in refused:
                self._quarantine_record(content, refusal, now)
            self.write("last_sent_at", to_text(now))

    def _quarantine_record(
        self, content: Mapping[str, Any], refusal: Mapping[str, Any], now: datetime
    ) -> None:
        index, pointer = refusal.get("index"), str(refusal.get("pointer") or "")
        records = batch.records_of(content)[: len(content["events"])]
        if pointer.startswith("/inventory"):
            records = content["inventory"]
        if not isinstance(index, int) or not 0 <= index < len(records):
            return
        self._quarantine(
            now,
            code=str(refusal.get("code") or ""),
            pointer=pointer,
            kinds={batch.kind_of(records[index]): 1},
            body=batch.to_json(records[index]),
        )
        self.count("records_refused")

    def quarantine_batch(self, row: Row, code: str, now: datetime) -> None:
        """Put a batch aside that the server refuses whole; its records are counted as lost."""
        with self.transaction():
            if row.is_again:  # it is stored here as sent; the server did not want it back
                self._db.execute(
                    "UPDATE sent SET is_due_again = 0 WHERE sequence = ?", (row.sequence,)
                )
                return
            self._quarantine(now, code=code, pointer="", kinds=row.kinds, body=row.body)
            self.count_lost(row.kinds)
            self.count("batches_quarantined")
            self._remove(row)

    def _quarantine(
        self, now: datetime, *, code: str, pointer: str, kinds: Mapping[str, int], body: bytes | str
    ) -> None:
        self._db.execute(
            "INSERT INTO quarantine (at, code, pointer, kinds, records, body)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (to_text(now), code, pointer, json.dumps(kinds), sum(kinds.values()), body),
        )

    def split(self, row: Row, now: datetime) -> None:
        """Put two halves with new sequences in the place of a batch that was too large."""
        content = batch.unpack(row.body)
        records = batch.records_of(content)
        middle = len(records) // 2
        with self.transaction():
            self._remove(row)
            for half in (records[:middle], records[middle:]):
                epoch = str(self.read("epoch"))
                sequence = self._reserve(epoch, now, is_half=True)
                stamp = Stamp(
                    boot_id=content["boot_id"],
                    configuration_version=content["configuration_version"],
                    device_clock=content["device_clock"],
                    monotonic_ms=content["monotonic_ms"],
                    round_trip_ms=content.get("round_trip_ms"),
                )
                made = batch.compose(half, stamp, epoch, sequence, content["dropped"])
                if "redacted" in content:
                    made["redacted"] = content["redacted"]
                self._fill(sequence, batch.count_kinds(half), batch.pack(made))

    def _remove(self, row: Row) -> None:
        self._db.execute("DELETE FROM outbox WHERE sequence = ?", (row.sequence,))

    def send_again(self) -> int:
        """Mark all that was sent as due once more, for a server that was restored."""
        return self._db.execute("UPDATE sent SET is_due_again = 1").rowcount

    # Limits.

    def enforce_limits(self, now: datetime) -> None:
        """Remove what is too old or too much, oldest first; each record lost is counted."""
        with self.transaction():
            self._expire(now)
            while self._size() > self._allowed_bytes() and self._drop_oldest():
                pass
            self._trim_sent()

    def _expire(self, now: datetime) -> None:
        limits = self.limits
        oldest = to_text(now - limits.age)
        for (kinds,) in self._db.execute(
            "DELETE FROM outbox WHERE created_at < ? RETURNING kinds", (oldest,)
        ).fetchall():
            self.count_lost(json.loads(kinds))
        gone = self._db.execute(
            "DELETE FROM waiting WHERE created_at < ? RETURNING kind", (oldest,)
        ).fetchall()
        self.count_lost(Counter(kind for (kind,) in gone))
        self._db.execute("DELETE FROM sent WHERE sent_at < ?", (to_text(now - limits.sent_age),))
        self._db.execute(
            "DELETE FROM quarantine WHERE at < ? OR (typeof(body) = 'blob' AND id NOT IN"
            " (SELECT id FROM quarantine WHERE typeof(body) = 'blob' ORDER BY id DESC LIMIT ?))",
            (to_text(now - limits.quarantine_age), limits.quarantined_batches_maximum),
        )

    def _allowed_bytes(self) -> int:
        if self._free_bytes() < self.limits.low_disk_bytes:
            return min(self.limits.bytes_maximum, self.limits.low_disk_bytes_maximum)
        return self.limits.bytes_maximum

    def _size(self) -> int:
        query = (
            "SELECT (SELECT coalesce(sum(length(body)), 0) FROM outbox)"
            " + (SELECT coalesce(sum(length(record)), 0) FROM waiting)"
        )
        return int(self._db.execute(query).fetchone()[0])

    def _drop_oldest(self) -> bool:
        row = self._db.execute(
            "DELETE FROM outbox WHERE sequence = (SELECT min(sequence) FROM outbox) RETURNING kinds"
        ).fetchone()
        if row is not None:
            self.count_lost(json.loads(row[0]))
            return True
        row = self._db.execute(
            "DELETE FROM waiting WHERE id = (SELECT min(id) FROM waiting) RETURNING kind"
        ).fetchone()
        if row is not None:
            self.count_lost({row[0]: 1})
        return row is not None

    def _trim_sent(self) -> None:
        self._db.execute(
            "DELETE FROM sent WHERE sequence IN (SELECT sequence FROM ("
            " SELECT sequence, sum(length(body)) OVER (ORDER BY sequence DESC) AS total FROM sent)"
            " WHERE total > ?)",
            (self.limits.sent_bytes_maximum,),
        )

    # A stricter configuration.

    def rewrite(
        self,
        record: Callable[[Record], Record | None],
        content: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> None:
        """Replace every stored record and batch by what a stricter configuration leaves of it.

        record: of one record, users written out; None removes it. content: of a whole batch,
        which keeps its (epoch, sequence). Cost: all rows; nothing of the old text stays in the
        file once this has returned. May be called again.

        Raises:
            sqlite3.OperationalError: the disk takes nothing, or another process reads.
        """
        with self.transaction():
            self._rewrite_texts("waiting", "record", record)
            self._rewrite_texts("quarantine", "body", record)
            for table, key in (("outbox", "sequence"), ("sent", "sequence"), ("quarantine", "id")):
                self._rewrite_bodies(table, key, content)
        self.forget_removed()

    def _rewrite_texts(
        self, table: str, column: str, record: Callable[[Record], Record | None]
    ) -> None:
        query = f"SELECT id, {column} FROM {table} WHERE typeof({column}) = 'text'"
        for number, text in self._db.execute(query).fetchall():
            left = record(json.loads(text))
            if left is None:
                self._db.execute(f"DELETE FROM {table} WHERE id = ?", (number,))
            elif (new := batch.to_json(left)) != text:
                self._db.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (new, number))

    def _rewrite_bodies(
        self, table: str, key: str, content: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        query = f"SELECT {key} FROM {table} WHERE typeof(body) = 'blob'"
        one = f"SELECT body FROM {table} WHERE {key} = ?"
        for (number,) in self._db.execute(query).fetchall():  # not all bodies at once: 60 MB
            old = batch.unpack(self._db.execute(one, (number,)).fetchone()[0])
            left = content(old)
            if left is old:
                continue
            kinds = batch.count_kinds(batch.records_of(left))
            self._db.execute(
                f"UPDATE {table} SET body = ?, kinds = ?, records = ? WHERE {key} = ?",
                (batch.pack(left), json.dumps(kinds), sum(kinds.values()), number),
            )
