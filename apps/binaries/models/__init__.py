"""Tables of programs: what they are, where they are installed, and what they did."""

from apps.binaries.models.binary import Binary, BinaryClaim
from apps.binaries.models.connection import ConnectionDaily, ConnectionSample
from apps.binaries.models.execution import ExecutionCrash, ExecutionDaily, ExecutionSample
from apps.binaries.models.package import (
    InstalledPackage,
    Package,
    PackageInstallation,
    PackageUninstallation,
)
from apps.binaries.models.presence import Presence, StalePresence

__all__ = [
    "Binary",
    "BinaryClaim",
    "ConnectionDaily",
    "ConnectionSample",
    "ExecutionCrash",
    "ExecutionDaily",
    "ExecutionSample",
    "InstalledPackage",
    "Package",
    "PackageInstallation",
    "PackageUninstallation",
    "Presence",
    "StalePresence",
]
