"""How much a soak does: numbers that the environment may change."""

import os


def size(name: str, default: int) -> int:
    """Return what the variable SOAK_<name> says; a DEX_* would not survive the test's set-up."""
    return int(os.environ.get(f"SOAK_{name}", default))
