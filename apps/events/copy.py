"""COPY of one kind's rows into its partitioned table, in the caller's transaction."""

import struct
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.db import DataError, IntegrityError, transaction

from apps.core import statements
from apps.events.choices import RefusalCode
from apps.events.encoding import LeftOut, Row, encoding_of
from apps.events.errors import NoPartition
from apps.events.kinds import AnyKind
from apps.events.policy import Policy
from apps.events.refusals import Refused

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = struct.pack(">h", -1)
CHECK_VIOLATION = "23514"
CHUNK_ROWS = 50  # sent while the next ones are encoded: the server works meanwhile


@dataclass(slots=True)
class Copied:
    """What became of one kind's rows. moments: their times, each once."""

    stored: int = 0
    moments: set[datetime] = field(default_factory=set)
    refused: list[tuple[int, Refused]] = field(default_factory=list)
    dropped: Tally[str] = field(default_factory=Tally)


def copy_rows(
    kind: AnyKind,
    rows: Sequence[Row],
    *,
    policy: Policy,
    constants: Mapping[str, Any],
    careful: bool,
) -> Copied:
    """Store `rows`; return what was stored, refused and left out.

    constants: column -> value that all rows share, `device_id` among them.
    careful: in savepoints, halved until a row that only PostgreSQL refuses is found and refused
        alone; without it such a row raises DataError or IntegrityError for all.

    Raises:
        NoPartition: no partition holds a row's time; upkeep has not run.
    """
    encoding = encoding_of(kind, policy, constants)
    left_out = LeftOut()
    moments = {row.time for row in rows}
    encoded = encoding.encode(rows, moments, constants, policy, left_out)
    copy = _copy_carefully if careful else _copy_all
    copied = copy(encoding.statement, encoded)
    copied.moments = moments
    copied.refused += left_out.refused
    copied.dropped += left_out.dropped
    return copied


def _copy_all(statement: str, encoded: Iterator[tuple[int, bytes]]) -> Copied:
    copied = Copied()

    def chunks() -> Iterator[bytes]:
        while chunk := [data for _, data in islice(encoded, CHUNK_ROWS)]:
            copied.stored += len(chunk)
            yield b"".join(chunk)

    _copy(statement, chunks())
    return copied


def _copy_carefully(statement: str, encoded: Iterator[tuple[int, bytes]]) -> Copied:
    copied = Copied()
    _copy_or_halve(statement, list(encoded), copied)
    return copied


def _copy_or_halve(statement: str, rows: list[tuple[int, bytes]], copied: Copied) -> None:
    """Store rows in a savepoint; where one is refused, look for it in either half."""
    if not rows:
        return
    try:
        with transaction.atomic():
            _copy(statement, [data for _, data in rows])
    except (DataError, IntegrityError):
        if len(rows) == 1:
            copied.refused.append((rows[0][0], Refused(RefusalCode.NOT_STORABLE)))
            return
        middle = len(rows) // 2
        _copy_or_halve(statement, rows[:middle], copied)
        _copy_or_halve(statement, rows[middle:], copied)
    else:
        copied.stored += len(rows)


def _copy(statement: str, chunks: Iterable[bytes]) -> None:
    try:
        statements.copy_in(statement.encode(), chain([HEADER], chunks, [TRAILER]))
    except IntegrityError as error:
        cause = error.__cause__
        state = getattr(cause, "sqlstate", None)
        constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
        if state == CHECK_VIOLATION and constraint is None:  # "no partition of relation found"
            raise NoPartition from error
        raise
