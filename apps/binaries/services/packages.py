"""What is installed on a device: the reported list becomes rows, the difference becomes events."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from apps.binaries.models import (
    InstalledPackage,
    Package,
    PackageInstallation,
    PackageUninstallation,
    StalePresence,
)
from apps.devices import moves
from apps.devices.models import Device, InventoryPart
from apps.events import derived, retention
from apps.events.choices import Retention, Source
from apps.events.dimensions import TOUCH_INTERVAL

PART = "packages"
# From the first digit on: else a forged name of digits alone is tried from each of them.
VERSION = re.compile(r"(?<!\d)\d+(?:\.\d+)+")


@dataclass(frozen=True, slots=True)
class Place:
    """The device of a report. scanned_at: its last report of packages, None for none."""

    device_id: int
    entity_id: int
    context_id: int
    platform: str
    scanned_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reported:
    """One package that a device has. columns: those of `Package`, `identity` among them."""

    columns: Mapping[str, Any]
    installation_time: datetime | None


@dataclass(frozen=True, slots=True)
class _Installed:
    """One row of what the device had by its last report."""

    row_id: int
    package_id: int
    installation_time: datetime | None
    columns: Mapping[str, Any]


def place_of(device_id: int) -> Place:
    """Return the device of a report. Cost: 1 query."""
    scans = InventoryPart.objects.filter(device_id=OuterRef("pk"), part=PART)
    found = Device.objects.annotate(scanned_at=Subquery(scans.values("received_at")[:1]))
    return Place(
        *found.values_list(
            "pk", "entity_id", "context_id", "operating_system_platform", "scanned_at"
        ).get(pk=device_id)
    )


def apply_packages(*, place: Place, reported: Sequence[Reported], now: datetime) -> None:
    """Bring a device's packages to the reported list; tell what came and went since the last.

    The first list tells nothing: it says what is there, not what happened. Nor does one after a
    silence longer than such events are kept: nobody knows when in that time it was; nor one after
    the list was deleted.
    Cost: 1 query where nothing differs, at most 12, whatever the length of the list.
    """
    wanted = {str(item.columns["identity"]): item for item in reported}
    with transaction.atomic():
        known = _installed(place.device_id)
        added = [wanted[identity] for identity in sorted(wanted.keys() - known.keys())]
        removed = [known[identity] for identity in sorted(known.keys() - wanted.keys())]
        _correct_times(known, wanted)
        _remove(removed, now)
        ids = _add(place, added, now)
        if added or removed:
            mark_stale(place.device_id, place.entity_id)
        if known and _tells_when(place, now):
            derived.write([*_installations(place, added, removed, ids, now)])
            derived.write([*_uninstallations(place, removed, now)])


def _installed(device_id: int) -> dict[str, _Installed]:
    """Return what the device had, by identity."""
    columns = ["identity", "name", "version", "version_key", "architecture", "type", "source"]
    rows = InstalledPackage.objects.filter(device_id=device_id).values_list(
        "pk", "package_id", "installation_time_at", *(f"package__{name}" for name in columns)
    )
    found = (
        _Installed(row_id, package_id, installed, dict(zip(columns, values, strict=True)))
        for row_id, package_id, installed, *values in rows
    )
    return {row.columns["identity"]: row for row in found}


def _correct_times(known: Mapping[str, _Installed], wanted: Mapping[str, Reported]) -> None:
    """Write the installation times that are told differently now."""
    changed = [
        InstalledPackage(pk=row.row_id, installation_time_at=wanted[identity].installation_time)
        for identity, row in known.items()
        if identity in wanted and wanted[identity].installation_time != row.installation_time
    ]
    if changed:
        InstalledPackage.objects.bulk_update(changed, ["installation_time_at"])


def _remove(removed: Sequence[_Installed], now: datetime) -> None:
    """Take packages from the device; each is kept for a while after its last device."""
    if not removed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {InstalledPackage._meta.db_table} WHERE id = ANY(%s)",
            [[row.row_id for row in removed]],
        )
        # Sorted by key, so that two devices that lose the same packages cannot deadlock.
        cursor.execute(
            f"""
            UPDATE {Package._meta.db_table} SET last_seen_at = %(now)s WHERE id IN (
                SELECT id FROM {Package._meta.db_table}
                WHERE id = ANY(%(ids)s) AND last_seen_at < %(before)s ORDER BY id FOR NO KEY UPDATE
            )
            """,
            {
                "now": now,
                "ids": [row.package_id for row in removed],
                "before": now - TOUCH_INTERVAL,
            },
        )


def _add(place: Place, added: Sequence[Reported], now: datetime) -> dict[str, int]:
    """Put packages on the device, made where they are new; return their ids by identity."""
    if not added:
        return {}
    ids = _find_or_make(added, now)
    InstalledPackage.objects.bulk_create(
        InstalledPackage(
            device_id=place.device_id,
            package_id=ids[item.columns["identity"]],
            installation_time_at=item.installation_time,
            first_seen_at=now,
        )
        for item in added
    )
    return ids


def _find_or_make(added: Sequence[Reported], now: datetime) -> dict[str, int]:
    """Return the ids of packages; inserted in the order of identity: no two can deadlock."""
    ids = _find([item.columns["identity"] for item in added])
    missing = [item.columns for item in added if item.columns["identity"] not in ids]
    if missing:
        Package.objects.bulk_create(
            [Package(**columns, first_seen_at=now, last_seen_at=now) for columns in missing],
            ignore_conflicts=True,
        )
        ids |= _find([columns["identity"] for columns in missing])
    return ids


def _find(identities: Sequence[str]) -> dict[str, int]:
    return dict(Package.objects.filter(identity__in=identities).values_list("identity", "pk"))


def mark_stale(device_id: int, *entity_ids: int) -> None:
    """Have the packages of entities counted anew: a device of theirs changed."""
    _mark([(device_id, entity_id) for entity_id in entity_ids])


def mark_moved(moved: Iterable[moves.Move]) -> None:
    """Have the packages counted anew where devices came from and where they went."""
    _mark([(device_id, place) for device_id, *places in moved for place in places])


def _mark(pairs: Iterable[tuple[int, int]]) -> None:
    StalePresence.objects.bulk_create(
        [StalePresence(device_id=device, entity_id=entity) for device, entity in sorted(pairs)],
        ignore_conflicts=True,
    )


def _tells_when(place: Place, now: datetime) -> bool:
    """Return whether the last list is young enough to say when something happened."""
    term = timedelta(days=retention.days_kept(Retention.OPERATIONAL))
    return place.scanned_at is not None and now - place.scanned_at < term


def _installations(
    place: Place,
    added: Sequence[Reported],
    removed: Sequence[_Installed],
    ids: Mapping[str, int],
    now: datetime,
) -> Iterator[PackageInstallation]:
    """Yield one row for each package that appeared; an upgrade knows what it replaced."""
    before = _Predecessors(removed)
    for item in sorted(added, key=lambda item: item.columns["version_key"] or []):
        previous = before.take(item.columns)
        yield PackageInstallation(
            **_common(place, now),
            package_id=ids[item.columns["identity"]],
            previous_version=previous["version"] if previous else "",
            previous_version_key=previous["version_key"] if previous else None,
        )


def _uninstallations(
    place: Place, removed: Sequence[_Installed], now: datetime
) -> Iterator[PackageUninstallation]:
    """Yield one row for each package that left, replaced or not."""
    for row in removed:
        yield PackageUninstallation(**_common(place, now), package_id=row.package_id)


def _common(place: Place, now: datetime) -> dict[str, Any]:
    return {
        "device_id": place.device_id,
        "context_id": place.context_id,
        "occurred_at": now,
        "source": Source.SERVER,
    }


class _Predecessors:
    """What left a device, each to be the predecessor of one package that came."""

    def __init__(self, removed: Sequence[_Installed]) -> None:
        self.left: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
        for row in sorted(removed, key=lambda row: row.columns["version_key"] or []):
            self.left[_kinship(row.columns)].append(row.columns)

    def take(self, columns: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the oldest version of the same program that left, None where none did.

        Many versions may lie side by side, as kernels do: each is replaced once.
        """
        left = self.left[_kinship(columns)]
        return left.pop(0) if left else None


def _kinship(columns: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what stays the same over an upgrade: many names contain the version.

    Not the publisher: makers spell their own name anew each year.
    """
    rest = (str(columns[name]) for name in ("architecture", "type", "source"))
    return (VERSION.sub("", columns["name"]), *rest)
