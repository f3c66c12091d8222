"""What switches, keys, codes and clocks say, in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.collectors.choices import CollectorState, KeyPurpose, Level, RefusalOrigin
from apps.collectors.details import BY_NAME as DETAILS
from apps.collectors.models import Collector, EnrolmentKey
from apps.collectors.switches import ALLOWED, BY_NAME, RANKING, REFUSED
from apps.core.admin.values import badge
from apps.events import kinds
from apps.events.choices import RefusalCode
from apps.events.constants import CLOCK_TOLERANCE_SECONDS

Text = str | Promise


class KeyState(models.TextChoices):
    """Whether devices can enrol with a key."""

    ACTIVE = "active", _("active")
    INACTIVE = "inactive", _("inactive until collection is confirmed")
    EXPIRED = "expired", _("expired")
    USED_UP = "used_up", _("used up")
    REVOKED = "revoked", _("revoked")


KEY_TONES = {KeyState.ACTIVE: "success", KeyState.INACTIVE: "warning", KeyState.REVOKED: "danger"}
COLLECTOR_TONES = {
    CollectorState.ACTIVE: "success",
    CollectorState.CONFLICTED: "warning",
    CollectorState.REVOKED: "danger",
}

VALUES: dict[str, Text] = {
    "on": _("collected"),
    "off": _("not collected"),
    "none": _("not collected"),
    "clear": _("in clear"),
    "hashed": _("as a pseudonym"),
    "prefix": _("only the network part"),
    "all": _("all"),
    "listed": _("only those on the list"),
    "listed_binaries": _("only of programs on the list"),
    "city": _("down to the city"),
    "country": _("only the country"),
    "always": _("at any time"),
    "schedule": _("only within work hours"),
    "on_site": _("only within work hours and on site"),
    "logins": _("only logins"),
    "full": _("the whole path"),
    "root_only": _("only where it begins"),
}
OTHER_VALUES: dict[tuple[str, str], Text] = {
    (RANKING, ALLOWED): _("allowed"),
    (RANKING, REFUSED): _("refused"),
    ("campaigns", "on"): _("allowed"),
    ("campaigns", "off"): _("not allowed"),
    ("remote_actions", "on"): _("allowed"),
    ("remote_actions", "off"): _("not allowed"),
    ("pause", "on"): _("allowed"),
    ("pause", "off"): _("not allowed"),
}
INHERITED = _("as above")
WEEKDAYS: dict[int, Text] = {
    1: _("Mon"),
    2: _("Tue"),
    3: _("Wed"),
    4: _("Thu"),
    5: _("Fri"),
    6: _("Sat"),
    7: _("Sun"),
}
LEVELS: dict[Level | None, Text] = {
    Level.INSTANCE: _("whole instance"),
    Level.ENTITY: _("its entity, or one above"),
    Level.DEVICE: _("this device"),
    None: _("nothing configured: the strictest"),
}


def value_text(switch: str, value: str | None) -> Text:
    """Return what a value of a switch means; None is the level above."""
    if value is None or value == "":
        return INHERITED
    return OTHER_VALUES.get((switch, value)) or VALUES.get(value, value)


def setting_text(name: str, value: Any) -> Text:
    """Return what the value of a switch or detail means; None is the level above."""
    if value is None or name not in DETAILS:
        return value_text(name, value)
    if name == "schedule":
        return schedule_text(value)
    return ", ".join(value) or _("nothing on the list")


def schedule_text(value: Mapping[str, Any]) -> str:
    """Return days and hours of a schedule."""
    if not value["days"]:
        return gettext("never")
    days = ", ".join(str(WEEKDAYS[day]) for day in value["days"])
    return f"{days}, {value['start']} - {value['end']}"


def setting_label(name: str) -> Text:
    """Return what a switch or detail is called."""
    return DETAILS[name].label if name in DETAILS else switch_text(name)


def switch_text(name: str) -> Text:
    """Return the label of a switch."""
    return BY_NAME[name].label if name in BY_NAME else name


def key_state(key: EnrolmentKey, *, is_confirmed: bool, now: datetime) -> KeyState:
    """Return whether devices can enrol with a key. is_confirmed: what is collected is."""
    if key.revoked_at:
        return KeyState.REVOKED
    if key.expires_at <= now:
        return KeyState.EXPIRED
    if key.maximum_uses is not None and key.uses >= key.maximum_uses:
        return KeyState.USED_UP
    needs_confirmation = key.purpose != KeyPurpose.LOCAL
    return KeyState.ACTIVE if is_confirmed or not needs_confirmation else KeyState.INACTIVE


def key_badge(state: KeyState) -> str:
    """Return the state of a key as a badge."""
    return badge(state.label, KEY_TONES.get(state, ""))


def collector_badge(state: str) -> str:
    """Return the state of a collector as a badge."""
    known = CollectorState(state)
    return badge(known.label, COLLECTOR_TONES.get(known, ""))


def reason_text(origin: str, code: str) -> Text:
    """Return why records were not stored."""
    if origin == RefusalOrigin.CONFIGURATION:
        return switch_text(code)
    if origin == RefusalOrigin.COLLECTOR:
        return _("no room on the device")
    return RefusalCode(code).label if code in RefusalCode.values else code


def kind_text(kind: str) -> Text:
    """Return what an event kind or inventory part is called."""
    part = kind.removeprefix("inventory.")
    if part != kind:
        return _("inventory: %s") % part.replace("_", " ")
    found = kinds.find(kind)
    return str(found.model._meta.verbose_name_plural) if found else kind


def clock_is_off(collector: Collector) -> bool:
    """Return whether the device's clock differs so much that its times are shifted."""
    return abs(collector.clock_offset_ms) > CLOCK_TOLERANCE_SECONDS * 1_000
