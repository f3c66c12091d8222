"""What the processes print: on the console under their name, and in log files as JSON lines."""

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

FILE_BYTES = 10 * 1024 * 1024
FILES = 10
KEPT_DAYS = 180
KEPT_FILES = 2 * KEPT_DAYS  # of one process: one a day, and more on days with many lines
LONGEST_LINE = 64 * 1024  # bytes; what is longer is cut


class DailyFile(RotatingFileHandler):
    """The log file of one process, and those before it: a file holds one day (UTC) at most.

    So what is past its term can go by files (`gdpr.services.ageing`), which nobody has to read.
    All files together stay below FILES times FILE_BYTES and a file; the oldest go first.
    """

    def __init__(self, file: Path, now: Callable[[], datetime]) -> None:
        super().__init__(file, maxBytes=FILE_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
        self._now = now
        self._day = self._written_on()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; into a new file where the old one was removed as too old."""
        is_removed = not os.path.exists(self.baseFilename)
        if self.stream and is_removed and os.path.isdir(os.path.dirname(self.baseFilename)):
            self.stream.close()  # while the folder is away there is no other place to write
            self.stream = None  # type: ignore[assignment]  # opened again by the base
        super().emit(record)

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        """Return whether another day has begun, or the file is full."""
        today = self._now().date()
        is_new_day, self._day = today != self._day, today
        is_written = os.path.exists(self.baseFilename) and os.path.getsize(self.baseFilename) > 0
        return (is_new_day and is_written) or bool(super().shouldRollover(record))

    def doRollover(self) -> None:
        """Begin a new file; forget the oldest where all together have become too large."""
        super().doRollover()
        left = FILES * FILE_BYTES
        for number in range(1, KEPT_FILES + 1):
            file = Path(f"{self.baseFilename}.{number}")
            if file.exists():
                left -= file.stat().st_size
                if left < 0:
                    file.unlink(missing_ok=True)

    def _written_on(self) -> date:
        """Return the day of the last line, today where there is none."""
        file = Path(self.baseFilename)
        if not file.exists() or not file.stat().st_size:
            return self._now().date()
        return datetime.fromtimestamp(file.stat().st_mtime, tz=UTC).date()


def utc_now() -> datetime:
    """Return the time for lines that bring none."""
    return datetime.now(tz=UTC)


class Output:
    """The console and a folder of log files, one series per process."""

    def __init__(
        self, folder: Path, console: TextIO = sys.stdout, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.folder = folder
        self.console = console
        self.now = now
        self.is_terminal = console.isatty()
        self._files: dict[str, DailyFile] = {}

    def line(self, process: str, text: str) -> None:
        """Keep one line that `process` printed, and show it."""
        entry = self._entry(process, text[:LONGEST_LINE])
        self._keep(process, json.dumps(entry, ensure_ascii=False, default=str))
        self._show(process, entry)

    def forget_old(self) -> None:
        """Remove files that were last written more than 180 days ago."""
        oldest = time.time() - KEPT_DAYS * 86_400
        for file in self.folder.glob("*.jsonl*"):
            if file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files."""
        for handler in self._files.values():
            handler.close()
        self._files.clear()

    def _entry(self, process: str, text: str) -> dict[str, Any]:
        """Return the object that the line is, or one made around it."""
        if text.startswith("{"):
            try:
                found = json.loads(text)
            except ValueError:
                found = None
            if isinstance(found, dict):
                return found | {"process": process}
        return {"event": text, "timestamp": self.now().isoformat(), "process": process}

    def _keep(self, process: str, text: str) -> None:
        if process not in self._files:
            self._files[process] = DailyFile(self.folder / f"{process}.jsonl", self.now)
        self._files[process].emit(logging.makeLogRecord({"msg": text, "args": None}))

    def _show(self, process: str, entry: dict[str, Any]) -> None:
        if self.is_terminal:
            level = entry.get("level", "")
            self._print(f"{process:<9} | {level + ': ' if level else ''}{entry.get('event', '')}")
        else:
            self._print(json.dumps(entry, ensure_ascii=False, default=str))

    def _print(self, text: str) -> None:
        try:
            self.console.write(text + "\n")
            self.console.flush()
        except (BrokenPipeError, ValueError):  # nobody looks any more
            return
