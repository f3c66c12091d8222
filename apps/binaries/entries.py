"""The batch dictionary `binaries`: what a batch says once about a program (the protocol)."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from apps.binaries.models.binary import OTHER
from apps.binaries.paths import file_name
from apps.devices.versions import version_key
from apps.events.dimensions import Origin
from apps.events.kinds import Amount

# PostgreSQL cannot hold NUL.
FileText = Annotated[str, msgspec.Meta(max_length=255, pattern=r"^[^\x00]*\Z")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Sha1 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40}\Z")]
Md5 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]


class BinaryEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a batch says once about a binary, under a number of its own."""

    name: Annotated[FileText, msgspec.Meta(min_length=1)]
    version: FileText = ""
    sha256: Sha256 | None = None  # computed lazily, so often missing
    size: Amount | None = None
    platform: Literal["windows", "macos", "linux"] | None = None
    architecture: Literal["x86", "x64", "arm64", "other"] | None = None
    md5: Md5 | None = None
    sha1: Sha1 | None = None
    company: FileText = ""
    description: FileText = ""
    product_name: FileText = ""
    has_user_interface: bool | None = None

    def row(self, origin: Origin) -> Mapping[str, Any]:
        """Return the columns of the binary."""
        platform = self.platform or origin.platform
        return {
            "identity": self._identity(platform),
            "name": file_name(self.name),
            "version": self.version,
            "version_key": version_key(self.version),
            "platform": platform,
            "architecture": self.architecture or "",
            "size_bytes": self.size,
            "md5_hash": self.md5 or "",
            "sha1_hash": self.sha1 or "",
            "sha256_hash": self.sha256 or "",
            "company": self.company,
            "description": self.description,
            "product_name": self.product_name,
            "has_user_interface": self.has_user_interface,
        }

    def _identity(self, platform: str) -> str:
        # The first word keeps the forms apart: nobody can claim a hash that is a name's.
        return hashlib.sha256("\0".join(self._distinction(platform)).encode()).hexdigest()

    def _distinction(self, platform: str) -> tuple[str, ...]:
        if self.sha256:
            return ("content", self.sha256)
        if self.name == OTHER and self.size is None and not self.version:
            return ("other", platform)  # a file of that name has a size
        return ("name", file_name(self.name), str(self.size or ""), self.version)
