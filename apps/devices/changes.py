"""Changes of devices: one inventory value that differs from the report before.

A change holds what may be stored now, old value and new. Where a switch became stricter or wider
since, the old form is not comparable with the new one, and nothing is noted.
"""

from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models

from apps.devices.choices import ChangeProperty
from apps.devices.models import (
    Antivirus,
    Battery,
    Cpu,
    Device,
    DeviceChange,
    Disk,
    Display,
    Firewall,
    Gpu,
    LocalAdmin,
    MemoryModule,
    NetworkAdapter,
    Volume,
)
from apps.devices.models.change import VALUE_LENGTH
from apps.devices.permitted import HASHED_NAME, permitted_name
from apps.events import ids
from apps.events.choices import Source
from apps.events.policy import Policy

CHANGES_LIMIT = 50  # rows of one list or object of a report; one more row stands for the rest
STORED_PSEUDONYM = "u1_"

Values = Mapping[str, Any]
Label = tuple[str, int]  # and which of equal ones
MayKeep = Callable[[str, Policy], bool]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; values as text."""

    property: ChangeProperty
    item: str
    old: str = ""
    new: str = ""
    number: int = 1


@dataclass(frozen=True, slots=True)
class Watched:
    """A column whose changes are noted.

    switch: only while it is on, and between two values; a value that comes or goes may do so
        with the switch. may_keep: its value is clear or hashed; whether it may be kept today.
    """

    property: ChangeProperty
    switch: str = ""
    may_keep: MayKeep | None = None


@dataclass(frozen=True)
class WatchedList:
    """A list whose changes are noted.

    label: columns that tell one item from another. facts: columns whose changes are noted.
    comes_and_goes: whether added and removed items are noted. only: which rows are looked at.
    switch: only while it is on. is_of_people: its labels name people, who are no property of the
        device: how many there are is noted, never who.
    """

    name: str
    property: ChangeProperty
    label: tuple[str, ...]
    facts: Mapping[str, Watched] = field(default_factory=dict)
    comes_and_goes: bool = True
    only: Callable[[Values], bool] = lambda row: True
    switch: str | None = None
    is_of_people: bool = False


def may_keep_name(name: str, policy: Policy) -> bool:
    """Return whether a device's name is in a form that may be kept today."""
    return permitted_name(name, policy) == name


SYSTEM, HARDWARE = ChangeProperty.OPERATING_SYSTEM, ChangeProperty.HARDWARE
SECURITY, DRIVER = ChangeProperty.SECURITY, ChangeProperty.DRIVER

FACTS: Mapping[str, Watched] = {
    "name": Watched(ChangeProperty.NAME, may_keep=may_keep_name),
    "group_name": Watched(ChangeProperty.CONFIGURATION),
    "membership_type": Watched(ChangeProperty.CONFIGURATION),
    "configuration_tag": Watched(ChangeProperty.CONFIGURATION),
    "virtualization_type": Watched(ChangeProperty.CONFIGURATION),
    "hardware_type": Watched(HARDWARE),
    "hardware_manufacturer": Watched(HARDWARE),
    "hardware_model": Watched(HARDWARE),
    "hardware_product_line": Watched(HARDWARE),
    "hardware_product_version": Watched(HARDWARE),
    "hardware_bios_serial_number": Watched(HARDWARE, "serial_numbers"),
    "hardware_chassis_serial_number": Watched(HARDWARE, "serial_numbers"),
    "hardware_machine_serial_number": Watched(HARDWARE, "serial_numbers"),
    "hardware_memory_bytes": Watched(HARDWARE),
    "hardware_firmware_version": Watched(ChangeProperty.FIRMWARE),
    "hardware_tpm_version": Watched(ChangeProperty.FIRMWARE),
    "hardware_secure_boot_enabled": Watched(SECURITY),
    "user_account_control_status": Watched(SECURITY),
    "operating_system_name": Watched(SYSTEM),
    "operating_system_version": Watched(SYSTEM),
    "operating_system_build": Watched(SYSTEM),
    "operating_system_architecture": Watched(SYSTEM),
    "collector_capabilities": Watched(ChangeProperty.COLLECTOR),
    "collector_local_restrictions": Watched(ChangeProperty.COLLECTOR),
}
LISTS: Mapping[type[models.Model], WatchedList] = {
    Antivirus: WatchedList(
        "antiviruses",
        SECURITY,
        ("name",),
        dict.fromkeys(("version", "is_up_to_date", "real_time_protection"), Watched(SECURITY)),
    ),
    Firewall: WatchedList(
        "firewalls", SECURITY, ("name",), {"real_time_protection": Watched(SECURITY)}
    ),
    LocalAdmin: WatchedList(
        "local_admins", SECURITY, ("name",), switch="local_admins", is_of_people=True
    ),
    Cpu: WatchedList("cpus", HARDWARE, ("name",)),
    Gpu: WatchedList("gpus", HARDWARE, ("name",), {"driver_version": Watched(DRIVER)}),
    MemoryModule: WatchedList("memory_modules", HARDWARE, ("slot", "type", "size_bytes")),
    Battery: WatchedList("batteries", HARDWARE, ("manufacturer", "name")),
    Display: WatchedList("monitors", HARDWARE, ("manufacturer", "name")),
    Disk: WatchedList(
        "disks",
        HARDWARE,
        ("manufacturer", "model"),
        {"health": Watched(HARDWARE), "serial_number": Watched(HARDWARE, "serial_numbers")},
    ),
    # Sticks come and go with people: their volumes are no change of the device.
    Volume: WatchedList(
        "volumes",
        HARDWARE,
        ("mount_point", "name"),
        {"is_encrypted": Watched(SECURITY), "file_system": Watched(HARDWARE)},
        comes_and_goes=False,
    ),
    # Containers come with adapters of their own, thousands a day.
    NetworkAdapter: WatchedList(
        "network_adapters",
        ChangeProperty.NETWORK,
        ("name",),
        {"type": Watched(ChangeProperty.NETWORK)},
        only=lambda row: not row["is_virtual"],
    ),
}


def governed_items(switch: str) -> list[str]:
    """Return the items whose changes hold what `switch` lets in, in order."""
    facts = [column for column, watched in FACTS.items() if watched.switch == switch]
    listed = [
        f"{watched.name}.{column}"
        for watched in LISTS.values()
        for column, fact in watched.facts.items()
        if fact.switch == switch
    ]
    return sorted([*facts, *listed])


def between(old: Values, new: Values, policy: Policy) -> Iterator[Change]:
    """Yield the changes of a device's own columns."""
    for column, watched in FACTS.items():
        if column in new and _may_note(watched, old[column], new[column], policy):
            before, after = text_of(column, old[column]), text_of(column, new[column])
            if before != after:
                yield Change(watched.property, column, before, after)


def between_lists(
    watched: WatchedList, old: Sequence[Values], new: Sequence[Values], policy: Policy
) -> Iterator[Change]:
    """Yield the changes of a list: items that came or went, and facts of those that stayed."""
    before, after = _by_label(watched, old), _by_label(watched, new)
    if not policy.allows(watched.switch):
        return
    if watched.is_of_people:
        yield from _of_people(watched, before, after)
        return
    for label, row in after.items():
        if label in before:
            yield from _of_item(watched, label[0], before[label], row, policy)
        elif watched.comes_and_goes:
            yield Change(watched.property, watched.name, new=label[0])
    if watched.comes_and_goes:
        for text, _number in sorted(before.keys() - after.keys()):
            yield Change(watched.property, watched.name, old=text)


def record(*, device_id: int, changes: Iterable[Change], now: datetime) -> None:
    """Store changes, of many the first ones and how many more. Cost: 2 queries, none for none."""
    noted = bounded(list(changes))
    if not noted:
        return
    context_id = Device.objects.values_list("context_id", flat=True).get(pk=device_id)
    store([(device_id, context_id, change) for change in noted], now=now)


def store(noted: Sequence[tuple[int, int, Change]], *, now: datetime) -> None:
    """Store changes of several devices. noted: device, its context, what changed. Cost: 1 query."""
    DeviceChange.objects.bulk_create(
        DeviceChange(
            id=row_id,
            device_id=device_id,
            context_id=context_id,
            occurred_at=now,
            source=Source.SERVER,
            property=change.property,
            item=change.item,
            old_value=change.old[:VALUE_LENGTH],
            new_value=change.new[:VALUE_LENGTH],
            number_of_changes=change.number,
        )
        for row_id, (device_id, context_id, change) in zip(ids.draw(len(noted)), noted, strict=True)
    )


def bounded(changes: list[Change]) -> list[Change]:
    """Return at most CHANGES_LIMIT changes, and one row of each property for those left out."""
    rest = Tally((change.property, change.item) for change in changes[CHANGES_LIMIT:])
    return [
        *changes[:CHANGES_LIMIT],
        *(Change(prop, item, number=number) for (prop, item), number in rest.items()),
    ]


def text_of(column: str, value: Any) -> str:
    """Return a value as a change keeps it, in no language."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    if column.endswith("_bytes"):
        return f"{value / 2**30:.4g} GiB"
    return str(value)


def _of_item(
    watched: WatchedList, label: str, old: Values, new: Values, policy: Policy
) -> Iterator[Change]:
    for column, fact in watched.facts.items():
        if not _may_note(fact, old[column], new[column], policy):
            continue
        before, after = text_of(column, old[column]), text_of(column, new[column])
        if before != after:
            item = f"{watched.name}.{column}"
            yield Change(fact.property, item, _named(label, before), _named(label, after))


def _may_note(watched: Watched, old: Any, new: Any, policy: Policy) -> bool:
    if watched.switch:
        return bool(policy.allows(watched.switch) and old and new)
    if watched.may_keep:
        is_kept = bool(old and new) and watched.may_keep(old, policy)
        return is_kept and is_hashed(old) == is_hashed(new)
    return True


def _of_people(
    watched: WatchedList, before: Collection[Label], after: Collection[Label]
) -> Iterator[Change]:
    """Yield one change where others are listed now, unless all are called by another form."""
    forms = [{is_hashed(text) for text, _number in rows} for rows in (before, after)]
    if set(before) != set(after) and (forms[0] & forms[1] or not (before and after)):
        yield Change(watched.property, watched.name, str(len(before)), str(len(after)))


def _by_label(watched: WatchedList, rows: Sequence[Values]) -> dict[Label, Values]:
    """Return the rows by label; equal ones are numbered."""
    found: dict[Label, Values] = {}
    seen: Tally[str] = Tally()
    for row in rows:
        if watched.only(row):
            label = " ".join(filter(None, (text_of(c, row[c]) for c in watched.label)))
            found[label, seen[label]] = row
            seen[label] += 1
    return found


def is_hashed(name: str) -> bool:
    """Return whether a name is kept as a hash or a pseudonym."""
    return name.startswith(STORED_PSEUDONYM) or HASHED_NAME.fullmatch(name) is not None


def _named(label: str, value: str) -> str:
    return f"{label}: {value}" if label and value else value
