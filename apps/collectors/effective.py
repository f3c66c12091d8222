"""The configuration that holds for one device: instance, then entity, then the device itself."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta, timezone
from functools import cached_property
from typing import Any

from django.utils.timezone import get_default_timezone

from apps.collectors import differences, epochs
from apps.collectors.choices import ConfigurationState, Level, Preset
from apps.collectors.details import BY_NAME as DETAILS_BY_NAME
from apps.collectors.details import by_sort
from apps.collectors.groups import BUILT_IN
from apps.collectors.models import Collector, CollectorConfiguration
from apps.collectors.switches import BY_NAME, PRESETS, RANKING, REFUSED, collected, preset_of
from apps.core import clock
from apps.devices.models import Device
from apps.events.policy import Policy, WorkHours

CACHE_LIMIT = 100_000  # devices of one process
HASHED = ("username", "upn", "device_name")  # switches that may ask for a pseudonym
DEFAULTS: Mapping[str, Any] = {name: detail.default for name, detail in DETAILS_BY_NAME.items()}


@dataclass(frozen=True, slots=True)
class Announcement:
    """A change that is decided and not yet in force. changes: setting -> old and new value."""

    starts_at: datetime
    changes: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Effective:
    """Value of every switch and detail for one device, and the level that gave it.

    origins: switch or detail -> level, None where nothing is configured and `strict` holds.
    epoch: of pseudonyms. announced: what changes soon, in the order of time.
    utc_offset_minutes: of the device's zone, None where it is unknown: then the instance's holds.
    """

    switches: Mapping[str, str]
    details: Mapping[str, Any]
    origins: Mapping[str, Level | None]
    epoch: int = 0
    announced: tuple[Announcement, ...] = ()
    utc_offset_minutes: int | None = None

    @property
    def preset(self) -> Preset:
        return preset_of(self.switches)

    @property
    def settings(self) -> dict[str, Any]:
        """Return switches and details by name."""
        return {**self.switches, **self.details}

    @cached_property
    def policy(self) -> Policy:
        """Return what the pipeline asks: switches, lists, work hours, epoch."""
        lists = {
            "user_groups": self._groups(),
            "network_connections": self.details["listed_binaries"],
        }
        return Policy(
            self.switches,
            lists={name: frozenset(map(str.lower, names)) for name, names in lists.items()},
            hours=self._work_hours(),
            hash_epoch=self.epoch,
        )

    def _groups(self) -> list[str]:
        return sorted({*BUILT_IN, *self.details["listed_groups"]})

    def _work_hours(self) -> WorkHours | None:
        """Return when rows may be linked to people; on which network, the device alone knows."""
        if self.switches["work_hours"] == "always":
            return None
        schedule = self.details["schedule"]
        offset = self.utc_offset_minutes
        return WorkHours(
            days=frozenset(schedule["days"]),
            start=time.fromisoformat(schedule["start"]),
            end=time.max if schedule["end"] == "24:00" else time.fromisoformat(schedule["end"]),
            zone=get_default_timezone() if offset is None else timezone(timedelta(minutes=offset)),
            is_on_site=self.switches["work_hours"] == "on_site",
        )

    @cached_property
    def content(self) -> dict[str, Any]:
        """Return what the configuration says to a collector, whichever one it is."""
        hashes = any(self.switches[name] == "hashed" for name in HASHED)
        key = base64.b64encode(epochs.collector_key(self.epoch)).decode() if hashes else None
        return {
            "preset": self.preset.value,
            "switches": dict(self.switches),
            "username_hash": {"key": key, "epoch": self.epoch},
            "work_hours": {
                **self.details["schedule"],
                "on_site": by_sort(self.details["networks"]),
            },
            "lists": {
                "user_groups": self._groups(),
                "network_connections": self.details["listed_binaries"],
            },
            "announced": [
                {"starts_at": change.starts_at.isoformat(), "changes": dict(change.changes)}
                for change in self.announced
            ],
        }

    @cached_property
    def digest(self) -> str:
        """Return the hash by which a collector's version is known to be out of date."""
        return hashlib.sha256(json.dumps(self.content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a configuration holds. key: of the entity or device, None for the instance."""

    level: Level
    key: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A configuration that is announced; settings None withdraws what holds there."""

    starts_at: datetime
    place: Place
    settings: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class InForce:
    """The configurations in force on the instance, by where they hold.

    kept: by device, what it may not exceed since it moved (`services.moves`).
    """

    instance: Mapping[str, Any] | None = None
    by_entity: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    by_device: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    kept: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    epoch: int = 0
    planned: tuple[Planned, ...] = ()

    def of(
        self, *, device_id: int, entity_path: str, utc_offset_minutes: int | None = None
    ) -> Effective:
        """Return what holds for a device in the entity with this path ("/1/7/")."""
        layers: list[tuple[Level, Mapping[str, Any] | None]] = [
            (Level.INSTANCE, self.instance),
            (Level.ENTITY, self._nearest(entity_path)),
            (Level.DEVICE, self.by_device.get(device_id)),
        ]
        switches, details = collected(PRESETS[Preset.STRICT]), dict(DEFAULTS)
        origins: dict[str, Level | None] = dict.fromkeys([*switches, *details])
        for level, values in layers:
            for name, value in (values or {}).items():
                if name in switches and value in BY_NAME[name].values:
                    switches[name], origins[name] = value, level
                elif name in details:
                    details[name], origins[name] = value, level
        for name, value in differences.stricter(
            {**switches, **details}, self.kept.get(device_id, {})
        ).items():
            (switches if name in BY_NAME else details)[name] = value
            origins[name] = Level.DEVICE
        announced = self._announced(device_id, entity_path, {**switches, **details})
        return Effective(switches, details, origins, self.epoch, announced, utc_offset_minutes)

    def at(self, place: Place, entity_path: str = "") -> dict[str, Any]:
        """Return every setting as it holds at a place; entity_path: of the entity or device."""
        device_id = place.key if place.level == Level.DEVICE else 0
        found = self.of(device_id=device_id or 0, entity_path=entity_path).settings
        return {**found, RANKING: self.ranking} if place.level == Level.INSTANCE else found

    @property
    def ranking(self) -> str:
        """Return whether persons may be ranked; refused until somebody has chosen."""
        return str((self.instance or {}).get(RANKING, REFUSED))

    def having(self, place: Place, settings: Mapping[str, Any] | None) -> "InForce":
        """Return what would hold with `settings` at a place, None for nothing there."""
        if place.level == Level.INSTANCE:
            return replace(self, instance=settings)
        is_entity = place.level == Level.ENTITY
        there = dict(self.by_entity if is_entity else self.by_device)
        there.pop(place.key or 0, None)
        if settings is not None and place.key is not None:
            there[place.key] = settings
        if is_entity:
            return replace(self, by_entity=there)
        kept = {key: values for key, values in self.kept.items() if key != place.key}
        return replace(self, by_device=there, kept=kept)

    def is_special(self, device_id: int) -> bool:
        """Return whether anything holds for a device that does not for its entity."""
        return device_id in self.by_device or device_id in self.kept

    def _announced(
        self, device_id: int, path: str, before: Mapping[str, Any]
    ) -> tuple[Announcement, ...]:
        """Return what the planned configurations change here, one after the other."""
        found: list[Announcement] = []
        then = replace(self, planned=())
        for plan in self.planned:
            then = then.having(plan.place, plan.settings)
            after = then.of(device_id=device_id, entity_path=path).settings
            changes = {
                change.name: {"old": change.old, "new": change.new}
                for change in differences.between(before, after)
            }
            if changes:
                found.append(Announcement(plan.starts_at, changes))
            before = after
        return tuple(found)

    def _nearest(self, path: str) -> Mapping[str, Any] | None:
        for step in reversed([int(step) for step in path.strip("/").split("/") if step]):
            if step in self.by_entity:
                return self.by_entity[step]
        return None


@dataclass(frozen=True)
class _Snapshot:
    """The configurations in force at one generation, and what holds for devices met since."""

    generation: int
    in_force: InForce
    of_device: dict[tuple[int, str, int | None], Effective] = field(default_factory=dict)

    def is_over(self, now: datetime) -> bool:
        """Return whether an announced configuration has come into force since."""
        return bool(self.in_force.planned) and self.in_force.planned[0].starts_at <= now


_snapshot = _Snapshot(-1, InForce())


def for_collector(collector: Collector) -> Effective:
    """Return what holds for the device of `collector`, which came by `for_request()`.

    Cost: no query unless a configuration changed since this process last read them.
    """
    device = collector.device
    known = _at(collector.configuration_generation)  # type: ignore[attr-defined]
    key = (device.pk, device.entity.path, collector.utc_offset_minutes)
    if key not in known.of_device:
        known.of_device[key] = known.in_force.of(
            device_id=key[0], entity_path=key[1], utc_offset_minutes=key[2]
        )
    return known.of_device[key]


def _at(generation: int) -> _Snapshot:
    """Return what was read at `generation`; a new snapshot takes the old one's place at once."""
    global _snapshot
    known = _snapshot
    if (
        generation != known.generation
        or len(known.of_device) > CACHE_LIMIT
        or known.is_over(clock.now())
    ):
        known = _snapshot = _Snapshot(generation, read())
    return known


def for_device(device: Device) -> Effective:
    """Return what holds for `device` now. Cost: 2 queries, 3 if its entity is not loaded."""
    return read().of(device_id=device.pk, entity_path=device.entity.path)


def read() -> InForce:
    """Read the configurations in force and announced. Cost: 2 queries."""
    rows = CollectorConfiguration.objects.filter(
        state__in=[ConfigurationState.ACTIVE, ConfigurationState.ANNOUNCED]
    )
    return replace(arrange(rows, clock.now()), epoch=epochs.current())


def arrange(rows: Iterable[CollectorConfiguration], now: datetime) -> InForce:
    """Sort configurations by where they hold; an announced one holds from its time on."""
    holding: dict[Place, Mapping[str, Any] | None] = {}
    kept: dict[int, Mapping[str, Any]] = {}
    planned: list[Planned] = []
    for row in rows:
        if row.is_kept and row.state == ConfigurationState.ACTIVE and row.device_id:
            kept[row.device_id] = row.settings
        elif row.state == ConfigurationState.ACTIVE:
            holding[place_of(row)] = row.settings
        else:
            assert row.starts_at is not None  # a constraint of the table
            settings = None if row.is_withdrawal else row.settings
            planned.append(Planned(row.starts_at, place_of(row), settings))
    planned.sort(key=lambda plan: plan.starts_at)
    begun = {plan.place: plan.settings for plan in planned if plan.starts_at <= now}
    holding |= begun
    over = {place.key for place in begun if place.level == Level.DEVICE}
    return InForce(
        instance=holding.get(Place(Level.INSTANCE)),
        by_entity=_at_level(Level.ENTITY, holding),
        by_device=_at_level(Level.DEVICE, holding),
        kept={key: settings for key, settings in kept.items() if key not in over},
        planned=tuple(plan for plan in planned if plan.starts_at > now),
    )


def _at_level(
    level: Level, holding: Mapping[Place, Mapping[str, Any] | None]
) -> dict[int, Mapping[str, Any]]:
    return {
        place.key: settings
        for place, settings in holding.items()
        if place.level == level and place.key is not None and settings is not None
    }


def place_of(row: CollectorConfiguration) -> Place:
    """Return where a configuration holds. Cost: none."""
    return Place(Level(row.level), row.entity_id or row.device_id)


def path_of(row: CollectorConfiguration) -> str:
    """Return the path of the entity in which a configuration holds, "" for the instance."""
    if row.device is not None:
        return row.device.entity.path
    return row.entity.path if row.entity is not None else ""


def forget() -> None:
    """Forget what this process has read."""
    global _snapshot
    _snapshot = _Snapshot(-1, InForce())
