"""Ids of event rows: drawn from one sequence in blocks, so that a batch costs no query."""

import os
import threading

from django.db import connection

from apps.events.constants import ID_BLOCK_SIZE

SEQUENCE = "events_id_seq"  # INCREMENT BY ID_BLOCK_SIZE: one value stands for a block

_lock = threading.Lock()
_next = 0
_end = 0


def draw(count: int) -> list[int]:
    """Return `count` ids that nobody else has; gaps are normal.

    Cost: no query while the process's block lasts, else one.
    """
    global _next, _end
    with _lock:
        drawn: list[int] = []
        while len(drawn) < count:
            if _next == _end:
                _next = _fetch_block()
                _end = _next + ID_BLOCK_SIZE
            take = min(count - len(drawn), _end - _next)
            drawn.extend(range(_next, _next + take))
            _next += take
        return drawn


def _fetch_block() -> int:
    # A sequence is not rolled back: the block is ours whatever becomes of the transaction.
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s::regclass)", [SEQUENCE])
        return int(cursor.fetchone()[0])


def forget_block() -> None:
    """Leave the block to the process that drew it; called in a new fork."""
    global _lock, _next, _end
    _lock = threading.Lock()
    _next = _end = 0


os.register_at_fork(after_in_child=forget_block)
