"""The configuration that holds for one device: instance, then entity, then the device itself."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from apps.collectors.choices import Level, Preset
from apps.collectors.models import Collector, CollectorConfiguration
from apps.collectors.switches import BY_NAME, PRESETS, preset_of
from apps.core import keys
from apps.devices.models import Device
from apps.events.policy import Policy

USERNAME_KEY = "username_collector_key"
HASH_EPOCH = 0
CACHE_LIMIT = 100_000  # devices of one process


@dataclass(frozen=True)
class Effective:
    """Value of every switch for one device, and the level that gave it.

    origins: switch -> level, None where nothing is configured and `strict` holds.
    """

    switches: Mapping[str, str]
    origins: Mapping[str, Level | None]

    @property
    def preset(self) -> Preset:
        return preset_of(self.switches)

    @cached_property
    def policy(self) -> Policy:
        return Policy(self.switches)

    @cached_property
    def content(self) -> dict[str, Any]:
        """Return what the configuration says to a collector, whichever one it is."""
        hashes = "hashed" in (self.switches["username"], self.switches["device_name"])
        key = base64.b64encode(keys.secret(USERNAME_KEY)).decode() if hashes else None
        return {
            "preset": self.preset.value,
            "switches": dict(self.switches),
            "username_hash": {"key": key, "epoch": HASH_EPOCH},
            "work_hours": {"days": [1, 2, 3, 4, 5], "start": "06:00", "end": "20:00"},
        }

    @cached_property
    def digest(self) -> str:
        """Return the hash by which a collector's version is known to be out of date."""
        return hashlib.sha256(json.dumps(self.content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class InForce:
    """The configurations in force on the instance, by where they hold."""

    instance: Mapping[str, str] | None = None
    by_entity: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    by_device: Mapping[int, Mapping[str, str]] = field(default_factory=dict)

    def of(self, *, device_id: int, entity_path: str) -> Effective:
        """Return what holds for a device in the entity with this path ("/1/7/")."""
        layers: list[tuple[Level, Mapping[str, str] | None]] = [
            (Level.INSTANCE, self.instance),
            (Level.ENTITY, self._nearest(entity_path)),
            (Level.DEVICE, self.by_device.get(device_id)),
        ]
        switches = dict(PRESETS[Preset.STRICT])
        origins: dict[str, Level | None] = dict.fromkeys(switches)
        for level, values in layers:
            for name, value in (values or {}).items():
                if name in BY_NAME and value in BY_NAME[name].values:
                    switches[name], origins[name] = value, level
        return Effective(switches, origins)

    def _nearest(self, path: str) -> Mapping[str, str] | None:
        for step in reversed([int(step) for step in path.strip("/").split("/") if step]):
            if step in self.by_entity:
                return self.by_entity[step]
        return None


@dataclass(frozen=True)
class _Snapshot:
    """The configurations in force at one generation, and what holds for devices met since."""

    generation: int
    in_force: InForce
    of_device: dict[tuple[int, str], Effective] = field(default_factory=dict)


_snapshot = _Snapshot(-1, InForce())


def for_collector(collector: Collector) -> Effective:
    """Return what holds for the device of `collector`, which came by `for_request()`.

    Cost: no query unless a configuration changed since this process last read them.
    """
    device = collector.device
    known = _at(collector.configuration_generation)  # type: ignore[attr-defined]
    key = (device.pk, device.entity.path)
    if key not in known.of_device:
        known.of_device[key] = known.in_force.of(device_id=key[0], entity_path=key[1])
    return known.of_device[key]


def _at(generation: int) -> _Snapshot:
    """Return what was read at `generation`; a new snapshot takes the old one's place at once."""
    global _snapshot
    known = _snapshot
    if generation != known.generation or len(known.of_device) > CACHE_LIMIT:
        known = _snapshot = _Snapshot(generation, read())
    return known


def for_device(device: Device) -> Effective:
    """Return what holds for `device` now. Cost: 1 query, 2 if its entity is not loaded."""
    return read().of(device_id=device.pk, entity_path=device.entity.path)


def read() -> InForce:
    """Read the configurations in force. Cost: 1 query."""
    rows = CollectorConfiguration.objects.in_force()
    return arrange(rows.only("level", "entity_id", "device_id", "switches"))


def arrange(rows: Iterable[CollectorConfiguration]) -> InForce:
    """Sort configurations by where they hold."""
    instance: Mapping[str, str] | None = None
    by_entity: dict[int, Mapping[str, str]] = {}
    by_device: dict[int, Mapping[str, str]] = {}
    for row in rows:
        if row.entity_id is not None:
            by_entity[row.entity_id] = row.switches
        elif row.device_id is not None:
            by_device[row.device_id] = row.switches
        else:
            instance = row.switches
    return InForce(instance, by_entity, by_device)


def forget() -> None:
    """Forget what this process has read."""
    global _snapshot
    _snapshot = _Snapshot(-1, InForce())
