"""Event kinds about programs that ran, and the batch dictionary `binaries`."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from apps.binaries.metrics import EXECUTION
from apps.binaries.models import Binary, ExecutionDaily, ExecutionSample
from apps.devices.versions import version_key
from apps.events import dimensions, kinds
from apps.events.choices import Retention
from apps.events.dimensions import Origin
from apps.events.kinds import Amount

# PostgreSQL cannot hold NUL.
FileText = Annotated[str, msgspec.Meta(max_length=255, pattern=r"^[^\x00]*\Z")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class BinaryEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a batch says once about a binary, under a number of its own."""

    name: Annotated[FileText, msgspec.Meta(min_length=1)]
    version: FileText = ""
    sha256: Sha256 | None = None  # computed lazily, so often missing
    size: Amount | None = None
    platform: Literal["windows", "macos", "linux"] | None = None
    architecture: Literal["x86", "x64", "arm64", "other"] | None = None

    def row(self, origin: Origin) -> Mapping[str, Any]:
        """Return the columns of the binary."""
        return {
            "identity": self._identity(),
            "name": self.name,
            "version": self.version,
            "version_key": version_key(self.version),
            "platform": self.platform or origin.platform,
            "architecture": self.architecture or "",
            "size_bytes": self.size,
            "sha256_hash": self.sha256 or "",
        }

    def _identity(self) -> str:
        # The first word keeps the two forms apart: nobody can claim a hash that is a name's.
        parts = (
            ("content", self.sha256)
            if self.sha256
            else ("name", self.name, str(self.size or ""), self.version)
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class ExecutionFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plain fields of the key."""

    highest_process_visibility: Literal["foreground", "background", "system"] | None = None


dimensions.register(
    dimensions.Dimension(
        dictionary="binaries", entry=BinaryEntry, model=Binary, is_same_everywhere=True
    )
)
kinds.register(
    kinds.SampledKind(
        name="execution.events",
        model=ExecutionSample,
        daily_model=ExecutionDaily,
        bucket_seconds=900,  # a constant of the protocol, not a setting
        dimensions={"user": "users", "binary": "binaries"},
        required=("binary",),
        fields=ExecutionFields,
        key_fields=("highest_process_visibility",),
        metrics=EXECUTION,
        switch="executions",
        retention=Retention.HIGHRES_DETAIL,
    )
)
