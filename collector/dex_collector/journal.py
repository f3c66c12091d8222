"""The collector's own log: JSON lines with ids and counts, never a name of a person."""

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

ROOT = "dex_collector"
FILE_BYTES_MAXIMUM = 2_500_000  # of two files


class JsonLines(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[0]:
            # Type and place only: the text of an exception may quote what a probe has read.
            line["exception"] = record.exc_info[0].__name__
            line["place"] = _place(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False)


class CappedFile(logging.FileHandler):
    """A file that is set aside before it grows too large, in place of the one set aside before.

    Not logging.handlers: what that module imports takes 0.4 MB of each device.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(path, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        self._path.touch(mode=0o600)
        return super()._open()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, if need be at the beginning of a new file."""
        try:
            size = len(self.format(record).encode()) + 1
            if self.stream is not None and self.stream.tell() + size > FILE_BYTES_MAXIMUM:
                self.stream.close()
                self.stream = None  # type: ignore[assignment]  # the base opens one that is missing
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            super().emit(record)
        except OSError:
            self.handleError(record)


def _place(traceback: Any) -> str:
    """Return module and line where an exception was raised."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return ""
    return f"{traceback.tb_frame.f_globals.get('__name__', '')}:{traceback.tb_lineno}"


def facts(**values: Any) -> dict[str, Any]:
    """Return the `extra` of a log call: ids and counts."""
    return {"facts": values}


def start(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send the log of this package to `stream`."""
    _start(logging.StreamHandler(stream), level)


def start_file(path: Path, level: int = logging.INFO) -> None:
    """Send the log of this package to a file of at most 5 MB, with the one before it.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _start(CappedFile(path), level)


def tell_failures() -> None:
    """Log what nobody caught as all else is: by type and place, never with its text.

    Python itself would write the text, and with it what was read, to the journal of the system.
    """

    def of_thread(failure: threading.ExceptHookArgs) -> None:
        name = failure.thread.name if failure.thread else ""
        what = (failure.exc_type, failure.exc_value, failure.exc_traceback)
        logging.getLogger(ROOT).error("A thread failed", exc_info=what, extra=facts(thread=name))  # type: ignore[arg-type]

    def of_all(
        type_: type[BaseException], value: BaseException, traceback: TracebackType | None
    ) -> None:
        logging.getLogger(ROOT).critical("It failed", exc_info=(type_, value, traceback))

    threading.excepthook, sys.excepthook = of_thread, of_all


def _start(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(JsonLines())
    logger = logging.getLogger(ROOT)
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False
