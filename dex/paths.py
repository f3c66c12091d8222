"""Where an instance keeps what it owns: everything lies below DEX_HOME."""

import hashlib
import os
import tempfile
from pathlib import Path

CODE = Path(__file__).resolve().parent.parent  # the folder that holds manage.py
SOCKET_PATH_BYTES = 107  # sun_path of a unix socket, without its final NUL
LONGEST_SOCKET_NAME = "/.s.PGSQL.5432"


def default_home() -> Path:
    """Return the home of an instance that names none: /var/lib/dex for root."""
    if os.geteuid() == 0:
        return Path("/var/lib/dex")
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(data) / "dex"


def home() -> Path:
    """Return DEX_HOME, absolute."""
    return Path(os.path.abspath(os.environ.get("DEX_HOME") or default_home()))


def socket_folder(home: Path, name: str) -> Path:
    """Return the folder of a server's unix socket: below `home`, or in /tmp where that is too long.

    Source: unix(7), a socket's path has at most 107 bytes.
    """
    folder = home / "run" / name
    if len(os.fsencode(folder)) + len(LONGEST_SOCKET_NAME) <= SOCKET_PATH_BYTES:
        return folder
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"dex-{digest}" / name
