"""The inventory part `packages` (the struct is the protocol), and what a move does to it."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from apps.binaries.choices import BinaryArchitecture, PackageSource, PackageType
from apps.binaries.services import packages
from apps.binaries.services.packages import PART, Reported
from apps.devices import moves
from apps.devices.versions import version_key
from apps.events.inventory import Part, register
from apps.events.kinds import Instant
from apps.events.policy import Policy

ITEMS_LIMIT = 5_000  # a workstation has up to 3,000, most of them libraries

Text = Annotated[str, msgspec.Meta(max_length=512)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
Version = Annotated[str, msgspec.Meta(max_length=255)]


class PackageItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item of part `packages`."""

    name: Name
    version: Version | None = None
    publisher: Text | None = None
    architecture: Literal["x86", "x64", "arm64", "other"] | None = None
    type: Literal["program", "update"] = "program"
    parent_name: Text | None = None
    source: Literal[
        "msi",
        "registry",
        "appx",
        "windows_update",
        "app_bundle",
        "dpkg",
        "rpm",
        "flatpak",
        "snap",
        "other",
    ] = "other"
    installation_time: Instant | None = None

    def reported(self, platform: str) -> Reported:
        """Return the package of a device of `platform`."""
        version = self.version or ""
        columns = {
            "name": self.name,
            "version": version,
            "publisher": self.publisher or "",
            "platform": platform,
            "architecture": BinaryArchitecture(self.architecture) if self.architecture else "",
            "type": PackageType(self.type),
            "source": PackageSource(self.source),
        }
        identity = hashlib.sha256("\0".join(map(str, columns.values())).encode()).hexdigest()
        rest = {"version_key": version_key(version), "parent_name": self.parent_name or ""}
        return Reported({"identity": identity, **columns, **rest}, self.installation_time)


def apply_packages(
    *, device_id: int, state: Sequence[PackageItem], policy: Policy, now: datetime
) -> None:
    """Bring the device's packages to the reported list."""
    place = packages.place_of(device_id)
    reported = [item.reported(place.platform) for item in state]
    packages.apply_packages(place=place, reported=reported, now=now)


register(
    Part(
        name=PART,
        struct=PackageItem,
        apply=apply_packages,
        is_list=True,
        items_limit=ITEMS_LIMIT,
        switch="packages",
    )
)
moves.register(packages.mark_moved)
