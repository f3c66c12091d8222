"""Inventory reports of a batch, applied through the registry of parts."""

from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import DataError, IntegrityError, transaction

from apps.core.decoding import decoder_of
from apps.devices import services as devices
from apps.devices.models import InventoryPart
from apps.events import inventory as registry
from apps.events import times
from apps.events.choices import RefusalCode
from apps.events.constants import INVENTORY_ITEMS_LIMIT
from apps.events.inventory import Part, Report
from apps.events.policy import Policy
from apps.events.refusals import Refusal, Refused, Undecodable, from_validation
from apps.events.services import Sender

BRACES_PER_ITEM = 4  # some stand in names


@dataclass(slots=True)
class Applied:
    """What became of the reports. shift: added to the times that they tell."""

    refused: list[Refusal] = field(default_factory=list)
    refused_kinds: Tally[tuple[str, str]] = field(default_factory=Tally)  # by part and code
    dropped: Tally[tuple[str, str]] = field(default_factory=Tally)  # by part and switch
    need_full: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)  # parts
    items: int = 0  # of all lists
    shift: timedelta = timedelta(0)


def apply_reports(
    *,
    reports: Sequence[msgspec.Raw],
    sender: Sender,
    now: datetime,
    careful: bool,
    shift: timedelta = timedelta(0),
) -> Applied:
    """Bring the device's inventory to the reported state, in the caller's transaction.

    Each part is taken once: what a batch may cost must not grow with how often it tells the same.

    careful: each part in a savepoint, so that one which only PostgreSQL refuses is refused alone.
    shift: added to each time, see `events.services.clock_shift`; in whole seconds, so that what
    does not change is told the same each time.
    """
    applied = Applied(shift=timedelta(seconds=round(shift.total_seconds())))
    if reports:
        _empty_denied(sender, now)
    for index, raw in enumerate(reports):
        name = "inventory"
        try:
            report: Report = decoder_of(Report).decode(raw)
            if registry.find(report.part):  # a forged name must not become a row of the counts
                name = f"inventory.{report.part}"
            for refused in _apply_one(report, sender, now, applied, careful=careful):
                _refuse(applied, name, index, refused)
        except Undecodable as error:
            _refuse(applied, name, index, from_validation(error))
        except Refused as refused:
            _refuse(applied, name, index, refused)
    return applied


def _empty_denied(sender: Sender, now: datetime) -> None:
    """Empty the lists that a switch forbids as a whole, as told before: nothing else would.

    Cost: none where nothing is forbidden, else 1 query, and those of each list that was known.
    """
    denied = {
        part.name: part
        for part in registry.registered()
        if part.is_list and not sender.policy.allows(part.switch)
    }
    if not denied:
        return
    known = InventoryPart.objects.filter(device_id=sender.device_id, part__in=denied)
    for row in known:
        part = denied[row.part]
        part.apply(device_id=sender.device_id, state=[], policy=sender.policy, now=now)
    if known:
        known.delete()


def _apply_one(
    report: Report, sender: Sender, now: datetime, applied: Applied, *, careful: bool
) -> Sequence[Refused]:
    """Bring one part to its reported state; return what of it was refused alone.

    Raises:
        Refused: nothing of it was stored.
    """
    part = registry.find(report.part)
    if part is None:
        raise Refused(RefusalCode.UNKNOWN_PART, "part")
    if part.name in applied.told:
        raise Refused(RefusalCode.INVALID, "part")
    applied.told.add(part.name)
    if not sender.policy.allows(part.switch):
        applied.dropped[f"inventory.{part.name}", str(part.switch)] += 1
        return ()
    # A report has no time of its own: it tells what is, and that is now.
    if part.is_about_people and not sender.policy.covers(now):
        applied.dropped[f"inventory.{part.name}", "work_hours"] += 1
        return ()
    if not report.full:
        _confirm(report, part, sender, now, applied)
        return ()
    told = _state(report, part)
    applied.items += len(told) if part.is_list else 0
    if applied.items > INVENTORY_ITEMS_LIMIT:
        raise Refused(RefusalCode.INVALID, "items")
    state = _within(part, _moved(part, told, applied.shift), sender.policy, applied)
    at_work = _at_work(part, state, sender.policy, now, applied)
    if at_work != state:  # no hash: what was left out is told again in work hours
        report = msgspec.structs.replace(report, hash="")
    try:
        if careful:
            with transaction.atomic():
                return _write(report, part, at_work, sender, now)
        return _write(report, part, at_work, sender, now)
    except (DataError, IntegrityError) as error:
        if not careful:
            raise
        raise Refused(RefusalCode.NOT_STORABLE) from error


def _confirm(report: Report, part: Part, sender: Sender, now: datetime, applied: Applied) -> None:
    """Note that nothing changed, or ask for the whole where our base is another."""
    unchanged = report.hash == report.base and not report.add and not report.remove
    known = InventoryPart.objects.filter(
        device_id=sender.device_id, part=part.name, hash=report.base or ""
    )
    is_known = unchanged and known.update(received_at=now)
    if not is_known and part.name not in applied.need_full:
        applied.need_full.append(part.name)


def _write(
    report: Report, part: Part, state: Any, sender: Sender, now: datetime
) -> Sequence[Refused]:
    found = part.apply(device_id=sender.device_id, state=state, policy=sender.policy, now=now)
    devices.remember_part(
        device_id=sender.device_id, part=part.name, content_hash=report.hash, now=now
    )
    return found or ()


def _state(report: Report, part: Part) -> Any:
    """Decode the reported state; errors point below `fields` or `items`."""
    member, raw, form = (
        ("items", report.items, list[part.struct])  # type: ignore[name-defined]
        if part.is_list
        else ("fields", report.fields, part.struct)
    )
    # Each item opens a brace: so many cannot be that few items, whatever stands in their texts.
    if not raw or bytes(raw).count(b"{") > part.items_limit * BRACES_PER_ITEM:
        raise Refused(RefusalCode.INVALID, member)
    try:
        state: Any = decoder_of(form).decode(raw)
    except Undecodable as error:
        refused = from_validation(error)
        raise Refused(RefusalCode(refused.code), member, *refused.path) from error
    if part.is_list and len(state) > part.items_limit:
        raise Refused(RefusalCode.INVALID, member)
    return state


def _moved(part: Part, state: Any, shift: timedelta) -> Any:
    """Return the state with its times as they are by a clock that is right.

    Raises:
        Refused: one of them leaves the calendar.
    """
    if not part.is_list:
        return times.moved(state, shift)
    return [times.moved(row, shift) for row in state]


def _within(part: Part, state: Any, policy: Policy, applied: Applied) -> Any:
    """Return the state without the fields that the policy denies; what is taken is counted."""
    kept = [_row_within(part, row, policy, applied) for row in (state if part.is_list else [state])]
    return kept if part.is_list else kept[0]


def _row_within(part: Part, row: Any, policy: Policy, applied: Applied) -> Any:
    left: dict[str, Any] = {}
    switches = dict(part.field_switches)
    for name, switch in part.field_switches.items():
        if not policy.allows(switch):
            left[name] = None
    for name, (switch, permitted) in part.permitted.items():
        switches[name] = switch
        left[name] = permitted(getattr(row, name) or "", policy) or None
    for name, value in left.items():
        before = getattr(row, name)
        if before and before != value:
            applied.dropped[f"inventory.{part.name}", switches[name]] += 1
    return msgspec.structs.replace(row, **left) if left else row


def _at_work(part: Part, state: Any, policy: Policy, now: datetime, applied: Applied) -> Any:
    """Return the state without what tells where people are outside work hours; counted, too."""
    if not part.work_hours_fields or policy.covers(now):
        return state
    nothing = dict.fromkeys(part.work_hours_fields)
    rows = state if part.is_list else [state]
    left = [msgspec.structs.replace(row, **nothing) for row in rows]
    lost = sum(before != after for before, after in zip(rows, left, strict=True))
    if lost:
        applied.dropped[f"inventory.{part.name}", "work_hours"] += lost
    return left if part.is_list else left[0]


def _refuse(applied: Applied, name: str, index: int, refused: Refused) -> None:
    applied.refused.append(refused.at("inventory", index))
    applied.refused_kinds[name, refused.code.value] += 1
