"""What a configuration says beside its switches: lists and work hours (privacy.md 2)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from ipaddress import ip_address, ip_network
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

ITEMS_LIMIT = 500
ITEM_LENGTH = 256
MINUTES_OF_DAY = 1_440
_SUFFIX = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*\Z")

DEFAULT_SCHEDULE: Mapping[str, Any] = {"days": [1, 2, 3, 4, 5], "start": "06:00", "end": "20:00"}


@dataclass(frozen=True, slots=True)
class Detail:
    """One setting that decides how much a switch lets in.

    switch, values: it counts while the switch has one of these values.
    atoms: the value as a set; more atoms collect more.
    joint: what two values have in common, for the part of a change that narrows.
    """

    name: str
    label: Any  # a text, translated when it is shown
    help_text: Any
    switch: str
    values: tuple[str, ...]
    default: Any
    clean: Callable[[Any], Any]
    atoms: Callable[[Any], frozenset[Any]]
    joint: Callable[[Any, Any], Any]

    def counts(self, switches: Mapping[str, str]) -> bool:
        """Return whether it decides anything under these switches."""
        return switches.get(self.switch) in self.values

    def is_wider(self, value: Any, than: Any) -> bool:
        """Return whether `value` lets in anything that `than` keeps out."""
        return bool(self.atoms(value) - self.atoms(than))


def clean_names(value: Any) -> list[str]:
    """Return names without blanks and repeats, in order of the alphabet.

    Raises:
        ValidationError: too many, too long, or no names.
    """
    names = sorted({str(name).strip() for name in _listed(value)} - {""}, key=str.casefold)
    if len(names) > ITEMS_LIMIT:
        raise ValidationError(_("At most 500 names."), code="too_many")
    if any(len(name) > ITEM_LENGTH or not name.isprintable() for name in names):
        raise ValidationError(_("A name has at most 256 letters."), code="too_long")
    return names


def clean_networks(value: Any) -> list[str]:
    """Return gateways, address ranges and DNS suffixes, each in its normal form.

    Raises:
        ValidationError: names what is none of them.
    """
    networks = sorted({_network(text) for text in clean_names(value)})
    if len(networks) > ITEMS_LIMIT:
        raise ValidationError(_("At most 500 names."), code="too_many")
    return networks


def clean_schedule(value: Any) -> dict[str, Any]:
    """Return days (1 is Monday) and the hours that hold on each of them.

    Raises:
        ValidationError: it is no schedule, or ends before it begins.
    """
    try:
        days = sorted({int(day) for day in value["days"]})
        start, end = _minutes(value["start"]), _minutes(value["end"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValidationError(_("Give days, a start and an end."), code="invalid") from error
    if not set(days) <= set(range(1, 8)) or start >= end or start == MINUTES_OF_DAY:
        raise ValidationError(_("The end must come after the start."), code="invalid")
    return {"days": days, "start": _clock_text(start), "end": _clock_text(end)}


def schedule_atoms(value: Any) -> frozenset[tuple[int, int]]:
    """Return the minutes of the week that a schedule covers."""
    hours = range(_minutes(value["start"]), _minutes(value["end"]))
    return frozenset((day, minute) for day in value["days"] for minute in hours)


def joint_schedule(one: Any, other: Any) -> dict[str, Any]:
    """Return the hours that both schedules cover; no day where they have none in common."""
    days = sorted(set(one["days"]) & set(other["days"]))
    start = max(_minutes(one["start"]), _minutes(other["start"]))
    end = min(_minutes(one["end"]), _minutes(other["end"]))
    if start >= end:
        return {**one, "days": []}
    return {"days": days, "start": _clock_text(start), "end": _clock_text(end)}


def by_sort(networks: Sequence[str]) -> dict[str, list[str]]:
    """Return networks as a collector compares them: by gateway, by address, by DNS suffix."""
    sorts: dict[str, list[str]] = {"gateways": [], "ranges": [], "dns_suffixes": []}
    for text in networks:
        if "/" in text:
            sorts["ranges"].append(text)
        elif _is_address(text):
            sorts["gateways"].append(text)
        else:
            sorts["dns_suffixes"].append(text)
    return sorts


def _folded(value: Any) -> frozenset[str]:
    return frozenset(name.casefold() for name in value)


def _joint_names(one: Any, other: Any) -> list[str]:
    return [name for name in one if name.casefold() in _folded(other)]


DETAILS: tuple[Detail, ...] = (
    Detail(
        "listed_groups",
        _("Listed groups"),
        _("Groups to collect beside those that every system has built in."),
        "user_groups",
        ("listed",),
        [],
        clean_names,
        _folded,
        _joint_names,
    ),
    Detail(
        "listed_binaries",
        _("Listed programs"),
        _("File names of the programs whose connections are collected, as in “teams.exe”."),
        "network_connections",
        ("listed_binaries",),
        [],
        clean_names,
        _folded,
        _joint_names,
    ),
    Detail(
        "schedule",
        _("Work hours"),
        _("When anything linked to a user is read, by the device's clock."),
        "work_hours",
        ("schedule", "on_site"),
        DEFAULT_SCHEDULE,
        clean_schedule,
        schedule_atoms,
        joint_schedule,
    ),
    Detail(
        "networks",
        _("Company networks"),
        _("Gateway, address range or DNS suffix; a connected company VPN counts, too."),
        "work_hours",
        ("on_site",),
        [],
        clean_networks,
        frozenset,
        _joint_names,
    ),
)
BY_NAME: Mapping[str, Detail] = {detail.name: detail for detail in DETAILS}


def cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details of a configuration in their normal form.

    Raises:
        ValidationError: one is unknown or makes no sense.
    """
    if unknown := values.keys() - BY_NAME.keys():
        raise ValidationError(_("Unknown: %s") % ", ".join(sorted(unknown)), code="unknown")
    return {name: BY_NAME[name].clean(value) for name, value in values.items()}


def _listed(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        return value.splitlines()
    if not isinstance(value, list | tuple):
        raise ValidationError(_("Give a list of names."), code="invalid")
    return value


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False)) if "/" in text else str(ip_address(text))
    except ValueError:
        suffix = text.lower().strip(".")
        if "/" in text or not _SUFFIX.match(suffix) or suffix.replace(".", "").isdigit():
            raise ValidationError(
                _("“%(text)s” is no gateway, range or DNS suffix."),
                code="invalid",
                params={"text": text},
            ) from None
        return suffix


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _minutes(text: str) -> int:
    """Return a time of day in minutes; "24:00" is the end of the day."""
    if text == "24:00":
        return MINUTES_OF_DAY
    moment = time.fromisoformat(text)
    return moment.hour * 60 + moment.minute


def _clock_text(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
