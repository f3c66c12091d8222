"""Files that nobody but the collector reads."""

import os
from datetime import datetime
from pathlib import Path

MODE = 0o600


def make_folder(folder: Path) -> None:
    """Make the state folder, 0700.

    Raises:
        ValueError: other accounts may look into it, and it holds what is not ours.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        if any(folder.iterdir()) and not (folder / "spool.db").exists():
            raise ValueError(f"{folder} is open to other accounts: name a folder of its own")
        folder.chmod(0o700)


def write(path: Path, text: str) -> None:
    """Replace a file whole, mode 0600: after a crash it is the old one or the new one."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)  # it holds a secret, and room on a full disk
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make new and removed names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def erase(path: Path) -> None:
    """Overwrite a small secret and remove it; never what a link in its place leads to."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_NOFOLLOW), "wb") as file:
            file.write(b"\0" * os.fstat(file.fileno()).st_size)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        pass  # not ours to write; removing it is what counts
    path.unlink(missing_ok=True)


def set_aside(path: Path, label: str, now: datetime) -> None:
    """Rename a file to `<stem>.<label>-<time><suffix>` and keep only the newest of these."""
    keep_aside(path, label, now)
    path.unlink(missing_ok=True)


def keep_aside(path: Path, label: str, now: datetime) -> None:
    """Give a file that name besides its own, until it is replaced."""
    for older in path.parent.glob(f"{path.stem}.{label}-*{path.suffix}"):
        older.unlink()
    if path.exists():
        os.link(path, path.with_name(f"{path.stem}.{label}-{now:%Y%m%dT%H%M%S}{path.suffix}"))
