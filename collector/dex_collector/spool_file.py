"""The file under the spool: opening, transactions, remembered values, epochs."""

import json
import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from dex_collector import private_files

SCHEMA = """
-- Records that no batch holds yet, users and binaries written out: a turn makes batches of them.
CREATE TABLE IF NOT EXISTS waiting (
    id INTEGER PRIMARY KEY AUTOINCREMENT, created_at TEXT NOT NULL, kind TEXT NOT NULL,
    record TEXT NOT NULL);
-- A sequence is never given twice within an epoch: AUTOINCREMENT remembers removed rows.
CREATE TABLE IF NOT EXISTS outbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, epoch TEXT NOT NULL, created_at TEXT NOT NULL,
    kinds TEXT NOT NULL, records INTEGER NOT NULL, body BLOB NOT NULL,
    is_half INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS sent (
    sequence INTEGER PRIMARY KEY, epoch TEXT NOT NULL, created_at TEXT NOT NULL,
    kinds TEXT NOT NULL, records INTEGER NOT NULL, body BLOB NOT NULL,
    sent_at TEXT NOT NULL, is_due_again INTEGER NOT NULL DEFAULT 0);
-- body: a whole batch (BLOB), or one refused record (TEXT, JSON).
CREATE TABLE IF NOT EXISTS quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, code TEXT NOT NULL,
    pointer TEXT NOT NULL, kinds TEXT NOT NULL, records INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

# As SQLite names them: `rwc` makes and mends the file, only under the lock of the state folder;
# `rw` and `ro` take it as it is, for a daemon may be using it.
Mode = Literal["rwc", "rw", "ro"]


class SpoolFile:
    """One SQLite file, mode 0600."""

    def __init__(self, path: Path, now: datetime, mode: Mode = "rwc") -> None:
        """Open the file; with `rwc` a damaged one is set aside, and an empty one begun.

        Raises:
            sqlite3.Error: it cannot be opened, or with `rw` and `ro` be read.
        """
        self.path = path
        # Beside the spool, for what is lost with a damaged one must not be forgotten.
        self._losses_path = path.with_name(f"{path.stem}.losses.json")
        self._is_loss_unwritten = False
        if mode != "rwc":
            self._db = self._visit(mode)
            return
        try:
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked, no right, disk full
                raise
            self._set_aside(now)
            self._db = self._open()
            self.count("spool_resets")
            self.write("dropped", self._read_losses())

    def _open(self) -> sqlite3.Connection:
        self.path.touch(mode=private_files.MODE)
        self.path.chmod(private_files.MODE)
        db = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(
                "PRAGMA secure_delete = ON"
            )  # what a purge removes is not left in free pages
            if db.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("quick_check found damage")
            db.executescript(SCHEMA)
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _visit(self, mode: Mode) -> sqlite3.Connection:
        address = f"{self.path.absolute().as_uri()}?mode={mode}"
        db = sqlite3.connect(address, uri=True, timeout=10, isolation_level=None)
        try:
            db.execute(f"PRAGMA query_only = {mode == 'ro'}")
            db.execute("PRAGMA secure_delete = ON")
            db.execute("SELECT count(*) FROM meta").fetchone()  # the first look into the file
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _set_aside(self, now: datetime) -> None:
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        private_files.set_aside(self.path, "bad", now)

    def forget_removed(self) -> None:
        """Let nothing of what was removed stay in the write-ahead log or a damaged file set aside.

        Raises:
            sqlite3.OperationalError: another process reads, so the log is still needed.
        """
        is_busy, *_ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise sqlite3.OperationalError("another process reads the spool")
        for file in self.path.parent.glob(f"{self.path.stem}.bad-*"):
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; the write-ahead log goes into it."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the statements inside together or not at all; may be nested."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk may have ended it
                self._db.execute("ROLLBACK")
            raise
        if self._is_loss_unwritten:
            self._write_losses()

    def _write_losses(self) -> None:
        with suppress(OSError):  # a full disk: the spool itself has them
            private_files.write(self._losses_path, json.dumps(self.lost()))
            self._is_loss_unwritten = False

    def _read_losses(self) -> dict[str, int]:
        try:
            found = json.loads(self._losses_path.read_text(encoding="utf-8"))
            return {str(kind): int(number) for kind, number in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    # Meta: small facts and counters.

    def read(self, key: str, default: Any = None) -> Any:
        """Return a remembered value."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else json.loads(row[0])

    def write(self, key: str, value: Any) -> None:
        """Remember a value that JSON can hold."""
        self._db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, json.dumps(value)),
        )

    def count(self, counter: str, number: int = 1) -> None:
        """Add to one of the collector's own counters."""
        with self.transaction():
            counters = self.read("counters", {})
            counters[counter] = counters.get(counter, 0) + number
            self.write("counters", counters)

    def count_lost(self, kinds: Mapping[str, int]) -> None:
        """Add to the counters of records that no server will ever see, by kind."""
        if not kinds:
            return
        with self.transaction():
            self.write("dropped", dict(Counter(self.read("dropped", {})) + Counter(kinds)))
            self._is_loss_unwritten = True

    def lost(self) -> dict[str, int]:
        """Return the lost records by kind since the enrolment."""
        return dict(self.read("dropped", {}))

    # Epochs: a sequence is trusted only within one boot.

    def begin_epoch(self, boot_id: str) -> None:
        """Begin a new epoch if the machine has booted since, or if there is none yet.

        A power cut may roll back the last commits, and with them sequences already sent.
        """
        with self.transaction():
            if self.read("epoch") is None or self.read("boot_id") != boot_id:
                self.write("epoch", secrets.token_hex(8))
                self.write("boot_id", boot_id)

    def empty(self) -> None:
        """Remove everything, counters included, for an enrolment that begins without history."""
        with self.transaction():
            for table in ("waiting", "outbox", "sent", "quarantine", "meta"):
                self._db.execute(f"DELETE FROM {table}")
        self._losses_path.unlink(missing_ok=True)
        self.forget_removed()
