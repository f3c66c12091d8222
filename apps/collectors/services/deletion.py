"""Deleting what a narrower configuration does not collect any more (privacy.md 2).

What to delete comes from the registries: a kind, a plain field, a metric or a reference to a
person that asks for a switch. Where a lower level still collects it, nothing is touched.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from apps.collectors import effective
from apps.collectors.choices import Level
from apps.collectors.differences import between
from apps.collectors.models import Collector, CollectorConfiguration
from apps.collectors.services import jobs, reductions
from apps.collectors.services.jobs import Step
from apps.collectors.services.reductions import Left, Reduction
from apps.devices import changes as inventory_changes
from apps.devices import public_addresses
from apps.devices.models import (
    Device,
    DeviceChange,
    Disk,
    Display,
    InventoryPart,
    LocalAdmin,
    NetworkAdapter,
)
from apps.devices.permitted import BUILT_IN
from apps.events import dimensions, inventory, kinds
from apps.events.kinds import AnyKind, SampledKind
from apps.events.metrics import column_names
from apps.events.partitions import existing_partitions
from apps.events.policy import Policy, switch_of
from apps.organization.models import Entity

KIND = "delete_collected"
Reduced = tuple[Reduction, Left]
Answer = TypeVar("Answer")
SAMPLE, DAILY, STATE = "sample", "daily", "state"
STEP_DEVICES = 1_000  # whose states one transaction empties: their reports wait for it


@dataclass(frozen=True, slots=True)
class State:
    """What a requirement of the policy let into a table of states, which no kind knows.

    device: the column of the device. columns: none means the whole row. only: which rows.
    is_only_reduced: a stricter value leaves something of its columns, and none empties them.
    prepare: called first.
    forget: does it in a way of its own, once the tables of the devices are done: takes the devices
        of the job that may not tell it, and all that may not, for what devices share; returns rows.
    """

    requirement: str
    model: Any
    device: str = "device_id"
    columns: tuple[str, ...] = ()
    only: Mapping[str, Any] = field(default_factory=dict)
    is_only_reduced: bool = False
    prepare: Callable[[], None] | None = None
    forget: Callable[[Sequence[int], Sequence[int]], int] | None = None

    @property
    def name(self) -> str:
        part = " place" if self.is_only_reduced else ""
        return f"{self.model._meta.db_table} {self.requirement}{part}"

    def reduced(self) -> Iterator[Reduced]:
        """Yield what a stricter value leaves of its columns."""
        permitted = dict.fromkeys(self.columns, self.requirement)
        yield from reductions.of(self.model, permitted, [self.requirement])


# What every system has built in names nobody.
NOT_BUILT_IN = rf"^(?!({'|'.join(map(re.escape, sorted(BUILT_IN)))})$)"

_states: list[State] = [
    State("local_admins", LocalAdmin),
    State("username", LocalAdmin, only={"name__iregex": NOT_BUILT_IN}),
    State("serial_numbers", Disk, columns=("serial_number",)),
    State("serial_numbers", Display, columns=("serial_number",)),
    State(
        "serial_numbers",
        Device,
        "id",
        (
            "hardware_bios_serial_number",
            "hardware_chassis_serial_number",
            "hardware_machine_serial_number",
        ),
    ),
    State("local_addresses", NetworkAdapter, columns=("address",)),
    State("local_addresses", Device, "id", ("collector_local_ip",)),
    State(public_addresses.SWITCH, Device, "id", public_addresses.COLUMNS),
    State(
        public_addresses.SWITCH,
        Device,
        "id",
        public_addresses.PLACE_COLUMNS,
        is_only_reduced=True,
        prepare=public_addresses.make_bare_contexts,
    ),
    State("vpn_status", Device, "id", ("connectivity_last_vpn_status",)),
    State("username", Device, "id", ("login_last_login_user_name",)),
    # A name that is hashed already may stay.
    State(
        "device_name=clear",
        Device,
        "id",
        ("name", "distinguished_name"),
        only={"name__regex": r"^(?!h:)"},
    ),
    # What changes tell of it, old values among them.
    State("device_name=clear", DeviceChange, only={"item": "name"}),
    State(
        "serial_numbers",
        DeviceChange,
        only={"item__in": inventory_changes.governed_items("serial_numbers")},
    ),
]


def register_state(state: State) -> None:
    """Add a table of states; called from `ready()` of the app that owns it."""
    _states.append(state)


def states(switches: Sequence[str]) -> list[State]:
    """Return the tables of states that hold what `switches` let in."""
    return [state for state in _states if switch_of(state.requirement) in switches]


@dataclass(frozen=True, slots=True)
class Trace:
    """What one requirement of the policy let into a table. columns: none means the whole row."""

    requirement: str
    columns: tuple[str, ...] = ()


def traces(kind: AnyKind, switches: Sequence[str], *, daily: bool) -> Iterator[Trace]:
    """Yield what `switches` let into a table of `kind`, whole rows first."""
    if switch_of(kind.switch) in switches:
        yield Trace(str(kind.switch))
    model = _model(kind, daily=daily)
    columns = {field.column for field in model._meta.concrete_fields}
    wanted = [
        *((f"{column}_id", dimensions.find(d).switch) for column, d in kind.dimensions.items()),
        *kind.field_switches.items(),
        *((name, switch) for name, (switch, _reduce) in kind.permitted.items()),
        *_metric_columns(kind, daily=daily),
    ]
    for column, requirement in wanted:
        if requirement and switch_of(requirement) in switches and column in columns:
            yield Trace(requirement, (column,))


def reduced(kind: AnyKind, switches: Sequence[str], *, daily: bool) -> Iterator[Reduced]:
    """Yield what stricter values of `switches` leave of columns of a table of `kind`."""
    permitted = {column: switch for column, (switch, _reduce) in kind.permitted.items()}
    permitted["context_id"] = public_addresses.SWITCH  # a situation tells the place, too
    yield from reductions.of(_model(kind, daily=daily), permitted, switches)


def governed_tables(row: CollectorConfiguration, switches: Sequence[str]) -> list[Any]:
    """Return the names of the tables that hold what `switches` let in and `row` denies.

    Cost: 2 queries.
    """
    path, device_id = effective.path_of(row), row.device_id or 0
    switches = reductions.with_lists(switches)
    policy = effective.read().of(device_id=device_id, entity_path=path).policy
    found = []
    for kind in kinds.registered():
        for daily in _tables(kind):
            asked = [trace.requirement for trace in traces(kind, switches, daily=daily)]
            is_reduced = any(r.holds(policy) for r, *_ in reduced(kind, switches, daily=daily))
            if is_reduced or not all(policy.allows(requirement) for requirement in asked):
                found.append(_model(kind, daily=daily))
    found += [s.model for s in states(switches) if not policy.allows(s.requirement)]
    found += [s.model for s in states(switches) for r, *_ in s.reduced() if r.holds(policy)]
    return [model._meta.verbose_name_plural for model in dict.fromkeys(found)]


def narrowed_switches(
    row: CollectorConfiguration, before: CollectorConfiguration | None
) -> list[str]:
    """Return the settings that are stricter at the place of `row` than with the one before.

    Cost: 2 queries.
    """
    holding = effective.read()
    place, path = effective.place_of(row), effective.path_of(row)
    then = holding.having(place, before.settings if before else None).at(place, path)
    return [c.name for c in between(then, holding.at(place, path)) if c.is_narrower]


def plan(parameters: Mapping[str, Any]) -> list[Step]:
    """Return a step for each partition of the tables; of states for some devices.

    Partitions that are made later hold nothing: what is denied does not come in any more.
    """
    switches, existing = reductions.with_lists(parameters["switches"]), existing_partitions()
    own: list[Step] = [
        [state.name, STATE, first, last]
        for first, last in _spans_of_devices(parameters)
        for state in states(switches)
        if not state.forget
    ]
    shared: list[Step] = [[s.name, STATE, "", ""] for s in states(switches) if s.forget]
    rows: list[Step] = [
        [
            kind.name,
            DAILY if daily else SAMPLE,
            partition.begins_at.isoformat(),
            partition.ends_at.isoformat(),
        ]
        for kind in kinds.registered()
        for daily in _tables(kind)
        if any(traces(kind, switches, daily=daily)) or any(reduced(kind, switches, daily=daily))
        for partition in sorted(existing.get(_model(kind, daily=daily)._meta.db_table, ()))
    ]
    return [*own, *rows, *shared]


def run(parameters: Mapping[str, Any], step: Step, now: datetime) -> dict[str, int]:
    """Delete, empty or reduce one partition or table of states on the devices where it is denied."""
    name, resolution, start, end = step
    switches = reductions.with_lists(parameters["switches"])
    if resolution == STATE:
        found = [state for state in states(switches) if state.name == name]
        some = {**parameters, "devices": [start, end]}
        return {s.model._meta.db_table: _empty_state(s, some) for s in found}
    kind, daily = kinds.find(name), resolution == DAILY
    if kind is None:
        return {}
    table = _model(kind, daily=daily)._meta.db_table
    changed = 0
    for trace in traces(kind, switches, daily=daily):
        for denied in devices_denied(trace.requirement, parameters):
            values = {**denied, "start": start, "end": end}
            changed += _remove(kind, trace, values, daily=daily)
    for reduction, left in reduced(kind, switches, daily=daily):
        model = _model(kind, daily=daily)
        where = f"device_id = ANY(%(devices)s) AND {model.TIME_FIELD} >= %(start)s AND {model.TIME_FIELD} < %(end)s"
        for denied in devices_reduced(reduction, parameters):
            values = {**denied, "start": start, "end": end}
            changed += reductions.reduce_rows(model, left, where, values)
    return {table: changed} if changed else {}


def devices_without(requirement: str, parameters: Mapping[str, Any]) -> list[int]:
    """Return the devices of the job's place that may not tell what asks for `requirement`.

    Cost: 4 queries.
    """
    asked = _asked(parameters, lambda policy: policy.allows(requirement))
    return [device_id for device_id, is_allowed in asked if not is_allowed]


def devices_denied(
    requirement: str, parameters: Mapping[str, Any]
) -> Iterator[dict[str, list[Any]]]:
    """Yield the devices that may not tell what asks for `requirement`, those of one list together.

    listed: what they may tell all the same. Cost: 4 queries.
    """
    switch, nothing = switch_of(requirement), frozenset[str]()

    def listed(policy: Policy) -> frozenset[str] | None:
        if policy.allows(requirement):
            return None
        return policy.listed(switch) if policy.allows_listed(switch) else nothing

    yield from _by_list(_asked(parameters, listed))


def devices_reduced(
    reduction: Reduction, parameters: Mapping[str, Any]
) -> Iterator[dict[str, list[Any]]]:
    """Yield the devices on which the value of a reduction is in force, those of one list together.

    Cost: 4 queries.
    """
    asked = _asked(parameters, lambda p: p.listed(reduction.switch) if reduction.holds(p) else None)
    yield from _by_list(asked)


def _by_list(asked: Iterable[tuple[int, frozenset[str] | None]]) -> Iterator[dict[str, list[Any]]]:
    """Put devices of the same list together; those without an answer are left out."""
    found: dict[frozenset[str], list[int]] = {}
    for device_id, listed in asked:
        if listed is not None:
            found.setdefault(listed, []).append(device_id)
    for listed, devices in found.items():
        yield {"devices": devices, "listed": sorted(listed)}


def _asked(
    parameters: Mapping[str, Any], ask: Callable[[Policy], Answer]
) -> Iterator[tuple[int, Answer]]:
    """Yield each device of the job's place, and what its policy answers.

    Cost: 4 queries; an entity is asked once, a device only where it has its own configuration.
    """
    holding = effective.read()
    rows = _devices(parameters)
    paths = dict(Entity.objects.values_list("pk", "path"))
    answers = {
        pk: ask(holding.of(device_id=0, entity_path=path).policy) for pk, path in paths.items()
    }
    for device_id, entity_id in rows.values_list("pk", "entity_id").iterator():
        if holding.is_special(device_id):
            own = holding.of(device_id=device_id, entity_path=paths[entity_id])
            yield device_id, ask(own.policy)
        else:
            yield device_id, answers[entity_id]


def _devices(parameters: Mapping[str, Any]) -> models.QuerySet[Device]:
    """Return the devices of the job's place; of a step that has some, these. Cost: 1 query."""
    rows = Device.objects.all()
    if parameters["level"] == Level.DEVICE:
        rows = rows.filter(pk=parameters["device"])
    elif parameters["level"] == Level.ENTITY:
        place = Entity.objects.filter(pk=parameters["entity"]).first()
        rows = rows.filter(entity__path__startswith=place.path) if place else rows.none()
    span = parameters.get("devices", ())
    return rows.filter(pk__range=span) if any(span) else rows


def _spans_of_devices(parameters: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of STEP_DEVICES devices each. Cost: 2 queries."""
    ids = list(_devices(parameters).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), STEP_DEVICES):
        some = ids[start : start + STEP_DEVICES]
        yield some[0], some[-1]


def _lock(parameters: Mapping[str, Any]) -> None:
    """Take the rows that reports and rules take, as they do: so none deadlock. Cost: 3 queries."""
    ids = list(_devices(parameters).values_list("pk", flat=True))
    for rows in (Collector.objects.filter(device__in=ids), Device.objects.filter(pk__in=ids)):
        list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk"))


def _empty_state(state: State, parameters: Mapping[str, Any]) -> int:
    """Delete rows, empty their columns or reduce them. Cost: 13 queries, and 9 a reduction."""
    _lock(parameters)
    if state.prepare:
        state.prepare()
    _forget_hashes(state, parameters)
    where = f"{state.device} = ANY(%(devices)s)"
    reduced_rows = sum(
        reductions.reduce_rows(state.model, left, where, devices)
        for reduction, left in state.reduced()
        for devices in devices_reduced(reduction, parameters)
    )
    return reduced_rows + _empty_denied(state, parameters)


def _empty_denied(state: State, parameters: Mapping[str, Any]) -> int:
    """Delete rows or empty their columns. Cost: 5 queries, 4 more where devices share rows."""
    devices = devices_without(state.requirement, parameters)
    if state.forget:
        every = devices_without(state.requirement, {"level": Level.INSTANCE})
        return state.forget(devices, every)
    rows = state.model.objects.filter(**{f"{state.device}__in": devices}, **state.only)
    if state.is_only_reduced:
        return 0
    if not state.columns:
        return int(rows.delete()[0])
    fields = [state.model._meta.get_field(name) for name in state.columns]
    empty = {field.name: None if field.null else field.get_default() for field in fields}
    return int(rows.exclude(**empty).update(**empty))


def _forget_hashes(state: State, parameters: Mapping[str, Any]) -> None:
    """Forget in which state devices told the parts of inventory that hold it.

    Else a report that nothing changed would confirm what was emptied, once it is collected again.
    Cost: 5 queries, and 4 a reduction.
    """
    switch = switch_of(state.requirement)
    devices = devices_without(state.requirement, parameters)
    for reduction, _left in state.reduced():
        devices += [pk for each in devices_reduced(reduction, parameters) for pk in each["devices"]]
    parts = [part.name for part in inventory.registered() if part.asks_for(switch)]
    InventoryPart.objects.filter(device_id__in=devices, part__in=parts).update(hash="")


def _remove(kind: AnyKind, trace: Trace, values: Mapping[str, Any], *, daily: bool) -> int:
    """Delete rows or empty their columns, but for those of what is on a list. Cost: 1 query.

    values: devices, listed, start, end.
    """
    model = _model(kind, daily=daily)
    table, column = model._meta.db_table, model.TIME_FIELD
    where = f"device_id = ANY(%(devices)s) AND {column} >= %(start)s AND {column} < %(end)s"
    if listing := reductions.listing_of(switch_of(trace.requirement)):
        where += f" AND NOT {listing.is_listed}"
    if not trace.columns:
        sql = f"DELETE FROM {table} WHERE {where}"
    else:
        fields = {f.column: f for f in model._meta.concrete_fields}
        sets = [f"{name} = {_empty(fields[name])}" for name in trace.columns]
        held = [f"{name} IS DISTINCT FROM {_empty(fields[name])}" for name in trace.columns]
        sql = f"UPDATE {table} SET {', '.join(sets)} WHERE {where} AND ({' OR '.join(held)})"
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def _empty(field: models.Field[Any, Any]) -> str:
    return "NULL" if field.null else "''"


def _metric_columns(kind: AnyKind, *, daily: bool) -> Iterator[tuple[str, str | None]]:
    if isinstance(kind, SampledKind):
        for name, metric in kind.metrics.items():
            for column in column_names(name, metric, daily=daily):
                yield column, metric.switch


def _tables(kind: AnyKind) -> tuple[bool, ...]:
    """Return for which resolutions a kind has tables: False is as measured, True by day."""
    has_daily = isinstance(kind, SampledKind) and kind.daily_model is not None
    return (False, True) if has_daily else (False,)


def _model(kind: AnyKind, *, daily: bool) -> Any:
    return kind.daily_model if daily and isinstance(kind, SampledKind) else kind.model


jobs.register(jobs.JobKind(KIND, _("Deletion of what is not collected any more"), plan, run))
