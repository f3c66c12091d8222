"""What the processes print: on the console under their name, and in log files as JSON lines."""

import json
import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

FILE_BYTES = 10 * 1024 * 1024
FILES = 10
KEPT_DAYS = 180
LONGEST_LINE = 64 * 1024  # bytes; what is longer is cut


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
        self._files: dict[str, RotatingFileHandler] = {}

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
            self._files[process] = RotatingFileHandler(
                self.folder / f"{process}.jsonl",
                maxBytes=FILE_BYTES,
                backupCount=FILES - 1,
                encoding="utf-8",
            )
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
