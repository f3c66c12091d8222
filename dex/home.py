"""The start page: how the fleet is, what waits for a decision, what to do first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from apps.collectors.models import CollectorConfiguration, EnrolmentKey, RefusalCount
from apps.collectors.services.enrolment import is_collection_confirmed
from apps.core.admin.detail import Visit, list_url, object_link
from apps.core.admin.values import (
    Table,
    absolute_text,
    columns,
    link,
    moment_html,
    number_text,
    relative_text,
)
from apps.core.approvals.choices import ApprovalState
from apps.core.approvals.kinds import permitted_to
from apps.core.approvals.models import Approval
from apps.core.formats import NOTHING
from apps.devices import fleet_now
from apps.devices.choices import HardwareType, Platform
from apps.devices.facts import model_text
from apps.devices.fleet_now import Numbers, Sort
from apps.devices.models import Device
from apps.events.admin import counts_text
from apps.events.models import UpkeepRun
from apps.events.rollups import day_of

LATEST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Card:
    """One figure with what it means, and where it leads."""

    title: str | Promise
    value: str
    hint: str | Promise
    url: str


def context(visit: Visit) -> dict[str, Any]:
    """Return what the start page shows. Cost: 6 queries, fewer with fewer permissions."""
    cards: list[Card] = [*_approvals(visit)]
    devices: int | None = None
    tables: list[Table] = []
    if visit.may("devices.view_device"):
        sorts = fleet_now.sorts(visit.scope, visit.now)
        numbers = Numbers.of(sorts)
        devices, tables = numbers.devices, _sorts(sorts)
        cards += _devices(numbers)
    if visit.may("collectors.view_refusalcount"):
        cards.append(_refusals(visit))
    if visit.may("events.view_upkeeprun"):
        cards.append(_upkeep(visit.now))
    latest = _latest(visit) if devices else None
    shown = {"cards": cards, "sorts": tables if devices else [], "latest": latest}
    return {**shown, **_waiting(visit), **_first_steps(visit, devices)}


def _approvals(visit: Visit) -> Sequence[Card]:
    """Return what waits for the visitor's agreement, nothing where nothing does."""
    if not any(permitted_to(visit.scope)):
        return []
    rows = Approval.objects.waiting().permitted_to(visit.scope)
    number = rows.exclude(asked_by_id=visit.scope.account_id).count()
    url = list_url(Approval, state__exact=ApprovalState.ASKED.value)
    card = Card(_("Waiting for approval"), number_text(number), _("asked for by others"), url)
    return [card] if number else []


def _devices(numbers: Numbers) -> Sequence[Card]:
    return [
        Card(
            _("Devices"), number_text(numbers.devices), _("in your view domain"), list_url(Device)
        ),
        Card(
            _("Reporting"),
            number_text(numbers.active_day),
            _("sent data within 24 hours"),
            list_url(Device, seen="24h"),
        ),
        Card(
            _("Silent"),
            number_text(numbers.silent),
            _("sent nothing for over 7 days"),
            list_url(Device, seen="silent"),
        ),
    ]


def _sorts(sorts: Sequence[Sort]) -> list[Table]:
    """Return the fleet by platform and by form factor."""
    return [
        _sorts_table(
            _("Devices by platform"),
            _("Platform"),
            sorts,
            {value: str(label) for value, label in Platform.choices},
            lambda sort: sort.platform,
            "operating_system_platform__exact",
        ),
        _sorts_table(
            _("Devices by type"),
            _("Type"),
            sorts,
            {**{value: str(label) for value, label in HardwareType.choices}, "": _("not known")},
            lambda sort: sort.hardware_type,
            "hardware_type__exact",
        ),
    ]


def _sorts_table(
    caption: str,
    head: str,
    sorts: Sequence[Sort],
    labels: Mapping[str, str],
    word_of: Callable[[Sort], str],
    parameter: str,
) -> Table:
    """Return the numbers of each word, the most devices first; parameter: of the devices' list."""
    found = {word: Numbers.of(s for s in sorts if word_of(s) == word) for word in labels}
    shown = [(word, numbers) for word, numbers in found.items() if numbers.devices]
    return Table(
        caption=caption,
        columns=columns(head, _("Devices"), _("24 hours"), _("7 days"), numbers=[1, 2, 3]),
        rows=[
            [
                link(list_url(Device, **{parameter: word}), labels[word]),
                number_text(numbers.devices),
                number_text(numbers.active_day),
                number_text(numbers.active_week),
            ]
            for word, numbers in sorted(shown, key=lambda pair: -pair[1].devices)
        ],
    )


def _latest(visit: Visit) -> Table:
    """Return the devices that reported last. Cost: 1 query."""
    rows = Device.objects.permitted_to(visit.scope).select_related("entity")
    newest = list(rows.order_by("-last_seen_at", "-pk")[:LATEST_SHOWN])
    visit.saw(newest)
    return Table(
        caption=_("Devices that reported last"),
        columns=columns(_("Device"), _("Entity"), _("Model"), _("Last data")),
        rows=[
            [
                object_link(device, visit.scope),
                device.entity.name,
                model_text(device) or NOTHING,
                moment_html(device.last_seen_at, visit.now),
            ]
            for device in newest
        ],
        more=list_url(Device),
    )


def _refusals(visit: Visit) -> Card:
    rows = RefusalCount.objects.permitted_to(visit.scope).filter(day=day_of(visit.now))
    number = rows.aggregate(total=Sum("number"))["total"] or 0
    return Card(
        _("Records not stored today"),
        number_text(number),
        _("refused, forbidden or lost"),
        list_url(RefusalCount),
    )


def _upkeep(now: datetime) -> Card:
    run = UpkeepRun.objects.order_by("-started_at").first()
    if run is None:
        return Card(
            _("Last upkeep"), _("never"), _("It runs within the hour."), list_url(UpkeepRun)
        )
    hint = f"{absolute_text(run.started_at)}: {counts_text(run)}"
    return Card(_("Last upkeep"), relative_text(run.started_at, now), hint, list_url(UpkeepRun))


def _waiting(visit: Visit) -> dict[str, Any]:
    """Return the banner of an instance on which nobody has confirmed what is collected."""
    if not (visit.may("collectors.configure") and visit.scope.is_unrestricted):
        return {"is_unconfirmed": False}
    return {
        "is_unconfirmed": not is_collection_confirmed(),
        "confirm_url": reverse("admin:collectors_collectorconfiguration_add") + "?level=instance",
        "configurations_url": list_url(CollectorConfiguration),
    }


def _first_steps(visit: Visit, devices: int | None) -> dict[str, Any]:
    if devices != 0:
        return {"is_empty": False, "sees_nothing": devices is None and not visit.scope.permissions}
    return {
        "is_empty": True,
        "may_make_keys": visit.may("collectors.add_enrolmentkey"),
        "key_url": reverse("admin:collectors_enrolmentkey_add"),
        "keys_url": list_url(EnrolmentKey),
        "server": settings.DEX_PUBLIC_URL,
    }
