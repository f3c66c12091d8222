"""Numbers as people read them, in the language under way; or as programs do, for files."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import Any

from django.utils import formats as locale_formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

NOTHING = "–"  # noqa: RUF001 - an absent value is never shown as zero

_SIZES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
_for_machines: ContextVar[bool] = ContextVar("dex_for_machines", default=False)


@contextmanager
def machine_form() -> Iterator[None]:
    """Let what formats a value return it for programs meanwhile, by `machine_text`.

    So that a column of a list is defined once, for the page and for the file. Durations stay
    milliseconds, sizes bytes, ratios 0 to 1. Text that a function puts together from several
    values stays text.
    """
    token = _for_machines.set(True)
    try:
        yield
    finally:
        _for_machines.reset(token)


def is_for_machines() -> bool:
    """Return whether values are wanted as programs read them."""
    return _for_machines.get()


def machine_text(value: Any) -> str:
    """Return a value as programs read it: ISO 8601 in UTC, numbers without unit, "" for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def bytes_text(size_bytes: float | None) -> str:
    """Return a size with binary units and at most one decimal: "1.5 GiB"."""
    if is_for_machines():
        return machine_text(size_bytes)
    if size_bytes is None:
        return NOTHING
    value, unit = float(size_bytes), 0
    while abs(value) >= 1024 and unit < len(_SIZES) - 1:
        value, unit = value / 1024, unit + 1
    return f"{_number(value)} {_SIZES[unit]}"


def duration_text(duration_ms: float | None) -> str:
    """Return a duration with its two largest units: "350 ms", "31.5 s", "2 h 5 min", "3 d 4 h"."""
    if is_for_machines():
        return machine_text(duration_ms)
    if duration_ms is None:
        return NOTHING
    if abs(duration_ms) < 1_000:
        return _("%s ms") % _number(duration_ms)
    seconds = duration_ms / 1_000
    if abs(seconds) < 60:
        return _("%s s") % _number(seconds)
    if seconds < 3_600:
        return _("%(minutes)d min %(seconds)d s") % {
            "minutes": int(seconds) // 60,
            "seconds": int(seconds) % 60,
        }
    hours, rest = divmod(round(seconds / 60), 60)
    if hours < 24:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}
    return _("%(days)d d %(hours)d h") % {"days": hours // 24, "hours": hours % 24}


def ratio_text(ratio: float | None) -> str:
    """Return a ratio (1.0 is all) as a percentage: "12.5 %"."""
    if is_for_machines():
        return machine_text(ratio)
    return NOTHING if ratio is None else f"{_number(ratio * 100)} %"


def ago_text(moment: datetime | None, now: datetime) -> str:
    """Return how long `moment` lies back, in one unit: "5 minutes ago"; both are aware."""
    if is_for_machines():
        return machine_text(moment)
    if moment is None:
        return _("never")
    seconds = int((now - moment).total_seconds())
    if seconds < 0:
        return _("in the future")
    if seconds < 60:
        return _("just now")
    if seconds < 3_600:
        return ngettext("%d minute ago", "%d minutes ago", seconds // 60) % (seconds // 60)
    if seconds < 86_400:
        return ngettext("%d hour ago", "%d hours ago", seconds // 3_600) % (seconds // 3_600)
    return ngettext("%d day ago", "%d days ago", seconds // 86_400) % (seconds // 86_400)


def _number(value: float) -> str:
    """Return at most one decimal, none where it is zero, with the language's separator."""
    rounded = round(float(value), 1)
    digits = 0 if rounded.is_integer() else 1
    return str(locale_formats.number_format(rounded, decimal_pos=digits, use_l10n=True))
