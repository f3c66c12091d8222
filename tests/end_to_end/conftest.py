"""The instance that the end-to-end tests share."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.stack import Stack, make_stack, remove


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Return a running instance with the collector of this machine."""
    stack = make_stack()
    try:
        stack.start()
        yield stack
    finally:
        remove(stack)
