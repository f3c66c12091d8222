"""Where an installed collector has its files, and what `collector.toml` says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

SETTINGS = Path("etc/dex-collector/collector.toml")  # all of these below the destination
STATE = Path("var/lib/dex-collector")
LOG = Path("var/log/dex-collector/collector.log")
SOCKET = Path("run/dex/collector.sock")
KEY_NAME = "enrolment-key"  # in the state folder, until it is used
MEMBERS = {"server", "ca_file", "tag", "state", "log", "socket"}


@dataclass(frozen=True, slots=True)
class InstalledSettings:
    """What the administrator of the device decided."""

    server: str
    ca_file: Path | None = None
    tag: str = ""
    state: Path = Path("/") / STATE
    log: Path | None = Path("/") / LOG
    socket: Path = Path("/") / SOCKET

    @property
    def key_file(self) -> Path:
        """Return where the enrolment key waits; it is erased after its use."""
        return self.state / KEY_NAME


def read_settings(path: Path) -> InstalledSettings:
    """Read the settings of the service.

    Raises:
        ValueError: the file is absent, unreadable or says something unknown.
    """
    import tomllib

    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: run `dex-collector install`.") from error
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as TOML.") from error
    unknown = set(content) - MEMBERS
    if unknown or not all(isinstance(value, str) for value in content.values()):
        raise ValueError(f"{path}: only texts named {', '.join(sorted(MEMBERS))} are known.")
    if not content.get("server"):
        raise ValueError(f"{path} names no server.")
    texts = {name: content[name] for name in ("server", "tag") if name in content}
    paths = {
        name: Path(content[name])
        for name in ("ca_file", "state", "log", "socket")
        if content.get(name)
    }
    return InstalledSettings(**texts, **paths)  # type: ignore[arg-type]


def settings_text(server: str, ca_file: Path | None, tag: str) -> str:
    """Return the file for a server."""
    lines = [
        "# Settings of the dex collector; docs/collector.md explains them.",
        _line("server", server),
    ]
    lines += [_line("ca_file", str(ca_file))] if ca_file is not None else []
    lines += [_line("tag", tag)] if tag else []
    return "\n".join(lines) + "\n"


def _line(name: str, value: str) -> str:
    if any(char in value for char in '"\\\n') or not value.isprintable():
        raise ValueError(f"{name} holds a character that it must not")
    return f'{name} = "{value}"'
