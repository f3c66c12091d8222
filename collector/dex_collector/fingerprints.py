"""What tells one machine from another: hashed with a key of the instance, never sent raw."""

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path

NAMES = ("machine_id", "smbios_uuid", "serial", "system_volume")
LIMIT = 2  # so many of the four differ: another machine

Fingerprints = dict[str, str | None]


def read_fingerprints(root: Path, key: bytes) -> Fingerprints:
    """Read the four values below `root`; None where the machine, or this account, has none."""
    values = {
        "machine_id": _text(root / "etc/machine-id"),
        "smbios_uuid": _text(root / "sys/class/dmi/id/product_uuid"),
        "serial": _text(root / "sys/class/dmi/id/product_serial"),
        "system_volume": read_system_volume(root),
    }
    return {name: None if value is None else _hash(key, value) for name, value in values.items()}


def read_system_volume(root: Path) -> str | None:
    """Read the UUID of the file system mounted on `/`, from the links that udev keeps."""
    try:
        mounts = (root / "proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        links = {link.resolve().name: link.name for link in (root / "dev/disk/by-uuid").iterdir()}
    except OSError:
        return None
    device = parse_root_device(mounts)
    return None if device is None else links.get((root / device.lstrip("/")).resolve().name)


def parse_root_device(mountinfo: str) -> str | None:
    """Return the device mounted on `/`.

    Source: proc_pid_mountinfo(5): field 5 is the mount point; after `-` type and source.
    """
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[4:5] == ["/"]:
            return after.split()[1]
    return None


def differing(stored: Mapping[str, str | None], present: Mapping[str, str | None]) -> int:
    """Return how many fingerprints differ; one that either side does not know is no difference."""
    pairs = [(stored.get(name), present.get(name)) for name in NAMES]
    return sum(1 for old, new in pairs if old is not None and new is not None and old != new)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def _hash(key: bytes, value: str) -> str:
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
