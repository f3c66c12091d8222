"""Packages probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.packages_linux import PackageReader

PROBE = Probe(
    name="packages",
    every_seconds=3600,
    timeout_seconds=20,
    kinds=("inventory.packages",),
    make_reader=PackageReader,
    switch="packages",
    cost="moderate",
    source="dpkg, RPM, flatpak, snap",
)
