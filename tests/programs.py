"""Programs that some tests need: where one is missing, the test is skipped by name."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dex.operations import accounts
from dex.operations.accounts import Account

MISSING = "program is missing"  # .ci/run looks for these words
# dpkg wants what only root has in its path.
SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def require(name: str) -> str:
    """Return the path of a program, or skip the test."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name}: {MISSING}")
    return path


def require_own_mounts() -> list[str]:
    """Return the command that gives a process mounts of its own, or skip the test.

    It needs root, and in a container the right to mount.
    """
    command = [require("unshare"), "--mount"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("Nobody may mount anything here.")
    return command


def require_reachable_python() -> str:
    """Return our interpreter, or skip the test where a system account could not execute it."""
    stranger = Account("stranger", 64_999, 64_999)
    real = Path(os.path.realpath(sys.executable))
    if os.geteuid() == 0 and accounts.folder_in_the_way(real, stranger):
        pytest.skip(f"a Python that every account can execute: {MISSING}")
    return sys.executable
