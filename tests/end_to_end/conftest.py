"""The instance that the end-to-end tests share."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.instances import Instance, make_instance, remove


@pytest.fixture(scope="session")
def stack() -> Iterator[Instance]:
    """Return a running instance with the collector of this machine."""
    stack = make_instance()
    try:
        stack.up()
        yield stack
    finally:
        remove(stack)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Use the system's Chromium; as root it cannot have a sandbox."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": "/usr/bin/chromium", "args": sandbox}
