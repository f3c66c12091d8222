"""Keys of the instance: files under the secrets folder, made once, never in the database."""

import os
import secrets
import tempfile
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings


def secret(name: str, size: int = 32) -> bytes:
    """Return the key `name`, `size` random bytes, made on first use.

    The file belongs to this account alone (0600). Two processes that ask at once get the same
    key: the file appears complete or not at all, and the first one stays.
    """
    return _read(Path(settings.DEX_SECRETS_DIR), name, size)


def signing_key(name: str) -> Ed25519PrivateKey:
    """Return the Ed25519 key whose seed is the secret `name`."""
    return Ed25519PrivateKey.from_private_bytes(secret(name, 32))


def destroy(name: str) -> None:
    """Delete the key `name` from the folder; a process that has read it forgets it at its end."""
    (Path(settings.DEX_SECRETS_DIR) / name).unlink(missing_ok=True)
    _read.cache_clear()


@lru_cache(maxsize=64)
def _read(folder: Path, name: str, size: int) -> bytes:
    """Read the key, making it where it is missing; kept in memory by folder and name."""
    path = folder / name
    if not path.exists():
        _make(path, size)
    # Root may run a command here, in a folder of the application's account: it follows no link.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        key = file.read()
    if len(key) != size:
        raise RuntimeError(f"The key {name} has {len(key)} bytes instead of {size}.")
    return key


def _make(path: Path, size: int) -> None:
    """Write a new key beside `path` and link it there; the link fails where one exists."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(size))
            file.flush()
            _give_to_owner_of(path.parent, file.fileno())
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first: its key counts
    finally:
        os.unlink(temporary)


def _give_to_owner_of(folder: Path, descriptor: int) -> None:
    """Let the application's account read a key that root made."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
