"""The doors for collectors under a hundred thousand examples: the fuzz of each push, only longer."""

import os
import subprocess
import sys
from pathlib import Path

from dex import paths
from tests.soak.sizes import size

EXAMPLES = size("FUZZ_EXAMPLES", 100_000)  # of all tests together
HOURS = 3
FUZZ = Path("tests/collectors/collector_api/test_fuzz.py")


def test_no_input_breaks_a_door() -> None:
    tests = (paths.CODE / FUZZ).read_text(encoding="utf-8").count("@fuzz\n")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(FUZZ)],
        cwd=paths.CODE,
        env=_own_environment() | {"DEX_FUZZ_EXAMPLES": str(-(-EXAMPLES // tests))},
        capture_output=True,
        text=True,
        timeout=HOURS * 3_600,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-8_000:]


def _own_environment() -> dict[str, str]:
    """Return ours without the settings that pytest-django would read before it has its own home."""
    return {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
