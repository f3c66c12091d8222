"""Values as the console shows them: moments, links, badges, bars and tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import formats as locale_formats
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.formats import (
    NOTHING,
    ago_text,
    is_for_machines,
    machine_text,
    ratio_text,
)

Text = str | Promise

# The classes of Unfold's own label, so that both look alike.
_BADGE = (
    "inline-block font-semibold h-6 leading-6 px-2 rounded-default text-[11px] whitespace-nowrap"
)
_TONES = {
    "": "bg-base-500/8 text-base-700 dark:bg-base-500/20 dark:text-base-200",
    "info": "bg-blue-100 text-blue-700 dark:bg-blue-500/20 dark:text-blue-400",
    "success": "bg-green-100 text-green-700 dark:bg-green-500/20 dark:text-green-400",
    "warning": "bg-orange-100 text-orange-700 dark:bg-orange-500/20 dark:text-orange-400",
    "danger": "bg-red-100 text-red-700 dark:bg-red-500/20 dark:text-red-400",
}
FULL_FROM, NEARLY_FULL_FROM = 0.95, 0.85  # shares of a volume in use


@dataclass(frozen=True, slots=True)
class Column:
    """A head of a table; numbers stand to the right."""

    title: Text
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption for those who cannot see where it stands.

    rows: cells in the order of the columns, text or safe HTML. empty: what to say without rows.
    more: address of the whole list. note: what the reader must know of it.
    """

    caption: Text
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]] = field(default_factory=list)
    empty: Text = ""
    more: str = ""
    note: Text = ""

    @property
    def lines(self) -> list[list[tuple[Column, Any]]]:
        """Return the cells, each with its column."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact about an object, and a word on it."""

    title: Text
    value: Any
    hint: Text = ""

    @property
    def shown(self) -> Any:
        """Return the value, a dash for none: an absent value is never shown as zero."""
        return NOTHING if self.value is None or self.value == "" else self.value


@dataclass(frozen=True, slots=True)
class Button:
    """A way on from a page; `is_danger` leads to a page that asks first."""

    title: Text
    url: str
    icon: str = ""
    is_danger: bool = False
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a page, drawn by its template."""

    name: str
    title: Text
    template: str
    context: Any
    is_wide: bool = False


def columns(*titles: Text, numbers: Iterable[int] = ()) -> list[Column]:
    """Return the heads of a table; `numbers`: which hold numbers."""
    right = set(numbers)
    return [Column(title, number in right) for number, title in enumerate(titles)]


def absolute_text(moment: datetime) -> str:
    """Return a moment in the zone under way, to the minute."""
    if is_for_machines():
        return machine_text(moment)
    local = timezone.localtime(moment)
    return str(locale_formats.date_format(local, "SHORT_DATETIME_FORMAT"))


def relative_text(moment: datetime, now: datetime) -> str:
    """Return how far a moment lies back, or ahead, in one unit."""
    if is_for_machines():
        return machine_text(moment)
    seconds = int((moment - now).total_seconds())
    if seconds <= 0:
        return ago_text(moment, now)
    if seconds < 3_600:
        number = max(seconds // 60, 1)
        return ngettext("in %d minute", "in %d minutes", number) % number
    if seconds < 86_400:
        return ngettext("in %d hour", "in %d hours", seconds // 3_600) % (seconds // 3_600)
    return ngettext("in %d day", "in %d days", seconds // 86_400) % (seconds // 86_400)


def moment_html(moment: datetime | None, now: datetime, never: Text = "") -> str:
    """Return a moment, relative and absolute, in the zone under way.

    never: what stands for no moment.
    """
    if is_for_machines():
        return machine_text(moment)
    if moment is None:
        return str(never or NOTHING)
    zone = timezone.get_current_timezone_name()
    return format_html(
        '<span class="dex-moment"><time datetime="{}">{}</time> <small title="{}">{}</small></span>',
        moment.isoformat(),
        relative_text(moment, now),
        zone,
        absolute_text(moment),
    )


def link(url: str, text: object) -> str:
    """Return a link within the console."""
    if is_for_machines():
        return machine_text(text)
    return format_html('<a class="dex-link" href="{}">{}</a>', url, text)


def badge(text: object, tone: str = "") -> str:
    """Return a word in a coloured field; the word says it, the colour only helps."""
    if is_for_machines():
        return machine_text(text)
    return format_html('<span class="{} {}">{}</span>', _BADGE, _TONES[tone], text)


def usage_bar(ratio: float | None, label: str) -> str:
    """Return a bar of the share in use, 0 to 1, with its number in words."""
    if is_for_machines():
        return machine_text(ratio)
    if ratio is None:
        return NOTHING
    share = min(max(ratio, 0.0), 1.0)
    tone = "full" if share >= FULL_FROM else "nearly" if share >= NEARLY_FULL_FROM else "fine"
    text = ratio_text(share)
    return format_html(
        '<span class="dex-usage"><progress class="dex-bar dex-bar--{}" max="1" value="{}" '
        'aria-label="{}">{}</progress><span>{}</span></span>',
        tone,
        f"{share:.4f}",
        label,
        text,
        text,
    )


def yes_no(value: bool | None) -> str:
    """Return a truth in words, a dash where it is unknown."""
    if is_for_machines():
        return machine_text(value)
    if value is None:
        return NOTHING
    return _("yes") if value else _("no")


def number_text(value: float | None, digits: int = 0) -> str:
    """Return a number with the language's separators."""
    if is_for_machines():
        return machine_text(value)
    if value is None:
        return NOTHING
    return str(
        locale_formats.number_format(
            round(value, digits), decimal_pos=digits, use_l10n=True, force_grouping=True
        )
    )
