"""Start: `manage.py up` again in a home that has run before."""

import time

from benchmarks.report import Row, emit
from benchmarks.surroundings import Surroundings
from tests.instances import make_instance, remove

BUDGET_SECONDS = 15


def run(_surroundings: Surroundings, _scale: int) -> list[Row]:
    """Start an instance twice; the second start counts."""
    stack = make_instance()
    try:
        stack.up()
        stack.stop()
        start = time.perf_counter()
        stack.up()
        seconds = time.perf_counter() - start
    finally:
        remove(stack)
    return [emit(Row("start.again", "", seconds, "s", BUDGET_SECONDS, at_most=True))]
