"""The instance's time zone: chosen at the first start, fixed from then on.

Days of daily tables are days of this zone, so a later change would shift them.
"""

from pathlib import Path
from zoneinfo import available_timezones

import tzlocal
from django.core.exceptions import ImproperlyConfigured

from dex import env


def instance_zone(home: Path) -> str:
    """Return the zone fixed at the first start, else the one that a first start would fix."""
    file = zone_file(home)
    if file.is_file():
        return file.read_text(encoding="ascii").strip()
    return wanted_zone()


def wanted_zone() -> str:
    """Return DEX_TIME_ZONE, else the machine's zone, else UTC."""
    name = env.text("DEX_TIME_ZONE") or _machine_zone()
    if name not in available_timezones():
        raise ImproperlyConfigured(f"DEX_TIME_ZONE is {name!r}: write a name like Europe/Berlin.")
    return name


def fix(home: Path) -> str:
    """Fix the zone at the first start; return the one that holds from then on."""
    file = zone_file(home)
    if not file.exists():
        file.write_text(wanted_zone() + "\n", encoding="ascii")
        file.chmod(0o644)
    return instance_zone(home)


def zone_file(home: Path) -> Path:
    """Return the file that holds the zone."""
    return home / "time_zone"


def _machine_zone() -> str:
    try:
        name = tzlocal.get_localzone_name()
    except Exception:  # noqa: BLE001 - whatever this machine's configuration holds, UTC will do
        return "UTC"
    return name if name in available_timezones() else "UTC"
