"""The file of the administrator of the device itself: it may only be stricter than the server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PLACE = Path("etc/dex-collector/local.toml")  # below the root
UNREADABLE = "local_file_unreadable"


@dataclass(frozen=True, slots=True)
class LocalRestrictions:
    """What the file forbids.

    switches: the widest value that each may have. signers: fingerprints of the keys whose remote
    actions are accepted, once there are any; None where the file does not say. is_unreadable:
    nobody knows what it forbids, so the narrowest of all holds.
    """

    switches: Mapping[str, str] = field(default_factory=dict)
    signers: frozenset[str] | None = None
    is_unreadable: bool = False

    def names(self) -> list[str]:
        """Return what the server is told: names, never a text of the file."""
        if self.is_unreadable:
            return [UNREADABLE]
        signers = ["accepted_signers"] if self.signers is not None else []
        return sorted([*self.switches, *signers])


def read_local_restrictions(root: Path, known: Mapping[str, tuple[str, ...]]) -> LocalRestrictions:
    """Read the file, if there is one. known: the values of each switch, from strict to wide."""
    try:
        text = (root / PLACE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return LocalRestrictions()
    except (OSError, ValueError):
        return LocalRestrictions(is_unreadable=True)
    return parse_local_restrictions(text, known)


def parse_local_restrictions(text: str, known: Mapping[str, tuple[str, ...]]) -> LocalRestrictions:
    """Return what a file says: `[switches]` with name = value, `[actions]` with `signers`.

    A switch or value that is misspelt makes the whole unreadable: it was meant to forbid something.
    """
    import tomllib  # a few hundred kilobytes, for a file that is rarely there

    try:
        content = tomllib.loads(text)
        switches = {
            name: _value(known[name], value) for name, value in content.pop("switches", {}).items()
        }
        actions = content.pop("actions", {})
        signers = actions.pop("signers", None)
        if content or actions:
            raise ValueError("something else is in it")
        accepted = None if signers is None else frozenset(str(one).lower() for one in signers)
    except (AttributeError, KeyError, TypeError, ValueError):
        return LocalRestrictions(is_unreadable=True)
    return LocalRestrictions(switches, accepted)


def _value(values: tuple[str, ...], value: Any) -> str:
    text = {True: "on", False: "off"}[value] if isinstance(value, bool) else value
    if text not in values:
        raise ValueError("a value that the switch does not have")
    return str(text)
