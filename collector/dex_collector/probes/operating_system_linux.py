"""Operating system probe: distribution, kernel, updates, last boot."""

import os
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dex_collector.clock import to_text
from dex_collector.inventory import Part
from dex_collector.probes.base import Context, Lack, NoData, Output, ProbeError, read_text
from dex_collector.probes.boot_linux import read_boot_time
from dex_collector.users import read_host_name, shown_device_name

ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64", "i686": "x86", "i386": "x86"}
# Files that only a package manager writes; the first that is there counts.
UPDATE_LOGS = (
    "var/log/dpkg.log",
    "var/lib/dpkg/status",
    "var/lib/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages",
)
# What an installer leaves behind once: Debian, Ubuntu, Fedora and its kin.
INSTALLER_LOGS = ("var/log/installer/syslog", "var/log/installer", "var/log/anaconda")


def read_operating_system(context: Context) -> list[Output]:
    """Read the operating system part; what the machine does not tell is left out."""
    root = context.root
    text = read_text(root / "etc/os-release") or read_text(root / "usr/lib/os-release")
    if text is None:
        raise NoData("no os-release")
    release = parse_os_release(text)
    architecture = read_architecture(root)
    fields: dict[str, Any] = {
        "host_name": shown_device_name(read_host_name(root), context.configuration),
        "name": make_name(release, architecture),
        "platform": "linux",
        "version": release.get("VERSION_ID"),
        "build": read_text(root / "proc/sys/kernel/osrelease"),
        "architecture": architecture,
        "installation_time": read_first_time(root, INSTALLER_LOGS),
        "last_update": read_first_time(root, UPDATE_LOGS),
        "is_restart_pending": read_restart_pending(root),
        "last_full_boot_time": read_last_boot(root),
    }
    part = Part("operating_system", {name: v for name, v in fields.items() if v is not None})
    return [part, Lack("boot_duration.unsupported")]  # systemd tells it by D-Bus alone


def parse_os_release(text: str) -> dict[str, str]:
    """Return the assignments of os-release(5): shell quoting, no expansion."""
    values = {}
    for line in text.splitlines():
        name, separator, value = line.strip().partition("=")
        if not separator or name.startswith("#"):
            continue
        try:
            values[name] = "".join(shlex.split(value))
        except ValueError:  # an unbalanced quote spoils one line only
            continue
    return values


def make_name(release: dict[str, str], architecture: str | None) -> str | None:
    """Return edition, release and bits in one text."""
    name = release.get("PRETTY_NAME") or release.get("NAME")
    bits = {"x64": " (64-bit)", "arm64": " (64-bit)", "x86": " (32-bit)"}.get(
        architecture or "", ""
    )
    return None if name is None else name + bits


def read_architecture(root: Path) -> str | None:
    """Read the processor's family. Source: sysctl kernel.arch, else uname(2)."""
    machine = read_text(root / "proc/sys/kernel/arch")
    if machine is None and root == Path("/"):
        machine = os.uname().machine
    return ARCHITECTURES.get(machine or "")


def read_first_time(root: Path, candidates: tuple[str, ...]) -> str | None:
    """Read when the first of the files that exist was last written."""
    for name in candidates:
        try:
            seconds = (root / name).stat().st_mtime
        except OSError:
            continue
        return to_text(datetime.fromtimestamp(int(seconds), tz=UTC))
    return None


def read_last_boot(root: Path) -> str | None:
    """Read when the machine started: state, not only an event, for a boot may be long ago."""
    try:
        return to_text(read_boot_time(root))
    except (NoData, ProbeError):
        return None


def read_restart_pending(root: Path) -> bool | None:
    """Read whether an update waits for a restart; None where nothing would tell.

    Source: Debian policy 9.8 and update-notifier: /run/reboot-required.
    """
    if (root / "run/reboot-required").exists():
        return True
    return False if (root / "var/lib/dpkg").exists() else None
