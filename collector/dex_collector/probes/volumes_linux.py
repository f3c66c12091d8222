"""Volumes probe: local file systems with a medium of their own."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dex_collector.inventory import Part
from dex_collector.probes.base import Context, NoData, read_number, read_text
from dex_collector.users import shown_path, shown_source

REAL_TYPES = {
    "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "reiserfs", "bcachefs", "zfs", "vfat",
    "exfat", "ntfs", "ntfs3", "fuseblk", "hfsplus", "apfs",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system."""

    source: str
    mount_point: str
    file_system: str


@dataclass(frozen=True, slots=True)
class Volume:
    """A mounted file system and how full it is."""

    mount: Mount
    size_bytes: int
    free_bytes: int  # that a normal user may fill
    used_bytes: int  # what root keeps for itself is neither
    is_removable: bool

    @property
    def is_system(self) -> bool:
        """Return whether the operating system runs from it."""
        return self.mount.mount_point == "/"


def read_volume_part(context: Context) -> list[Part]:
    """Read the list of volumes."""
    items = []
    for volume in read_volumes(context.root):
        source, mount_point = volume.mount.source, volume.mount.mount_point
        item = {
            "name": shown_source(source, mount_point, context.configuration),
            "mount_point": shown_path(mount_point, context.configuration),
            "file_system": volume.mount.file_system,
            "size_bytes": volume.size_bytes,
            "free_space_bytes": volume.free_bytes,
            "is_system": volume.is_system,
            "is_encrypted": read_encryption(context.root, source),
        }
        items.append({key: value for key, value in item.items() if value is not None})
    return [Part("volumes", items=items)]


def read_volumes(root: Path) -> list[Volume]:
    """Read the mounted real file systems; one that does not answer is left out."""
    # That of the machine: a service sees mounts of its own sandbox in its own.
    text = read_text(root / "proc/1/mountinfo") or read_text(root / "proc/self/mountinfo")
    if text is None:
        raise NoData("no /proc/self/mountinfo")
    volumes = []
    for mount in parse_mounts(text, lambda point: (root / point.lstrip("/")).is_file()):
        try:
            sizes = measure(root / mount.mount_point.lstrip("/"))
        except OSError:
            continue
        removable = read_removable(root, mount.source)
        volumes.append(Volume(mount, *sizes, removable))
    return volumes


def measure(folder: Path) -> tuple[int, int, int]:
    """Return size, free and used bytes of the file system under `folder`. Source: statvfs(3)."""
    found = os.statvfs(folder)
    blocks = (found.f_blocks, found.f_bavail, found.f_blocks - found.f_bfree)
    size, free, used = (number * found.f_frsize for number in blocks)
    return size, free, used


def parse_mounts(
    mountinfo: str, is_file: Callable[[str], bool] = lambda point: False
) -> list[Mount]:
    """Return the real file systems, each device once, by its shortest mount point.

    is_file: whether a mount point is a file, such as the one that a container gets for
    /etc/hosts; it shows a part of a volume.

    Source: proc_pid_mountinfo(5): `id parent major:minor root mount-point options... - type
    source options`; blanks are written as octal escapes. In a container `/` is an overlay.
    """
    found: dict[str, Mount] = {}
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        left, right = before.split(), after.split()
        if not separator or len(left) < 6 or len(right) < 2:
            continue
        mount = Mount(unescape(right[1]), unescape(left[4]), right[0])
        if mount.file_system not in REAL_TYPES and (mount.mount_point, mount.file_system) != (
            "/",
            "overlay",
        ):
            continue
        if is_file(mount.mount_point):
            continue
        known = found.get(mount.source)
        if known is None or len(mount.mount_point) < len(known.mount_point):
            found[mount.source] = mount
    return sorted(found.values(), key=lambda mount: mount.mount_point)


def unescape(text: str) -> str:
    """Return a text of mountinfo with its octal escapes resolved."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def read_encryption(root: Path, source: str) -> bool | None:
    """Read whether dm-crypt lies anywhere under a volume; None if its layers are unknown.

    Source: Linux, ABI/testing/sysfs-block-dm: `dm/uuid` of cryptsetup begins with `CRYPT-`.
    """
    folder = find_block_device(root, source)
    return None if folder is None else _is_encrypted(root, folder, depth=0)


def _is_encrypted(root: Path, folder: Path, depth: int) -> bool:
    if (read_text(folder / "dm/uuid") or "").startswith("CRYPT-"):
        return True
    try:
        below = sorted(entry.name for entry in (folder / "slaves").iterdir())
    except OSError:
        return False
    return depth < 8 and any(
        _is_encrypted(root, root / "sys/class/block" / name, depth + 1) for name in below
    )


def read_drives(root: Path, source: str) -> frozenset[str]:
    """Read the names of the drives on which a volume lies; empty if its layers are unknown."""
    folder = find_block_device(root, source)
    return frozenset() if folder is None else frozenset(_drives(root, folder, depth=0))


def _drives(root: Path, folder: Path, depth: int) -> set[str]:
    try:
        below = sorted(entry.name for entry in (folder / "slaves").iterdir())
    except OSError:
        below = []
    if below and depth < 8:
        layers = (_drives(root, root / "sys/class/block" / name, depth + 1) for name in below)
        return set().union(*layers)
    real = folder.resolve()
    return {real.parent.name if (real / "partition").exists() else real.name}


def read_removable(root: Path, source: str) -> bool:
    """Read whether a volume lies on a removable drive."""
    folder = find_block_device(root, source)
    if folder is None:
        return False
    real = folder.resolve()
    return 1 in (read_number(real / "removable"), read_number(real.parent / "removable"))


def find_block_device(root: Path, source: str) -> Path | None:
    """Return the folder below /sys/class/block of a mounted device, or None."""
    name = source.rpartition("/")[2]
    if source.startswith("/dev/mapper/"):
        for folder in sorted((root / "sys/class/block").glob("dm-*")):
            if read_text(folder / "dm/name") == name:
                return folder
        return None
    folder = root / "sys/class/block" / name
    return folder if source.startswith("/dev/") and folder.exists() else None
