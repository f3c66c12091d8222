"""Admin base over event tables: bounded in time, paged by key, never counted."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _
from unfold.views import ChangeList

from apps.core import clock
from apps.core.admin.changelist import ExportedChangeList
from apps.core.admin.scoped import ReadOnlyAdmin, Request, ScopedAdmin
from apps.core.admin.unranked import grouping
from apps.core.admin.values import absolute_text
from apps.core.personal_data.ranking import QUARTER, quarter_of, ranks

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AFTER, DEVICE, WINDOW = "after", "device", "window"  # parameters of the address
INT8 = 2**63 - 1

WINDOWS: dict[str, tuple[timedelta, str | Promise]] = {
    "1h": (timedelta(hours=1), _("Last hour")),
    "24h": (timedelta(hours=24), _("Last 24 hours")),
    "7d": (timedelta(days=7), _("Last 7 days")),
    "30d": (timedelta(days=30), _("Last 30 days")),
}
IN_QUARTERS = _(
    "Rows of one quarter of an hour stand by device; the quarter that runs follows when it is over."
)
FIRST_SLICE = timedelta(hours=1)  # as all slices, whole quarters
KeptSince = Callable[[type[models.Model], datetime], datetime | None]
SLICES_MOST = 12  # queries of a list; the longest window takes 10
AHEAD = timedelta(days=1)  # a device's clock may run ahead, though less far

_KEY = re.compile(r"(\d{1,17})-(\d{1,19})")
_ADDRESS = re.compile(r"(\d{1,19})-(\d{1,17})-(\d{1,19})")


def _nobody_knows(model: type[models.Model], now: datetime) -> datetime | None:
    return None


_kept_since: KeptSince = _nobody_knows


def register_terms(kept_since: KeptSince) -> None:
    """Let an upper app say since when rows of a table are kept; lists say so where they are short."""
    global _kept_since
    _kept_since = kept_since


class WindowFilter(admin.SimpleListFilter):
    """How far back to look; there is always a limit, so a list touches few partitions."""

    title = _("time")
    parameter_name = WINDOW

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the windows."""
        self.default_window: str = model_admin.default_window
        return [(name, label) for name, (_length, label) in WINDOWS.items()]

    def value(self) -> str:
        """Return the chosen window, the default for none or an unknown one."""
        chosen = super().value()
        return chosen if chosen in WINDOWS else self.default_window

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Offer no "All": it would read every partition."""
        for name, label in self.lookup_choices:
            yield {
                "selected": self.value() == name,
                "query_string": changelist.get_query_string({WINDOW: name}, [AFTER]),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> Any:
        """Keep rows of the window."""
        model, (length, _label) = queryset.model, WINDOWS[self.value()]
        is_coarse = not request.scope.may_list(model, time_field(model))  # type: ignore[attr-defined]
        now = quarter_of(clock.now()) if is_coarse else clock.now()
        return queryset.filter(**{f"{time_field(model)}__gte": now - length})


class UncountedPaginator(Paginator):
    """A paginator that asks the database nothing; `EventChangeList` pages by key."""

    template_name = "admin/core/keyset_pagination.html"

    @cached_property
    def count(self) -> int:
        """Return 0: nobody counts."""
        return 0


class EventChangeList(ExportedChangeList):
    """Rows ordered by (time, id) descending, a page after a key instead of by number.

    Where time would rank persons, which is refused, nothing here tells it closer than to a quarter
    of an hour: within one, rows stand by device, and the quarter that runs is not listed before it
    is over, or who looks each minute would see who comes. A row of the list of one device, whose
    own page tells all times, is listed at once.

    page_end: the time before which all rows of a later page are, None on the first.
    """

    next_key: str = ""
    device: str = ""
    after: str = ""
    page_end: datetime | None = None
    is_coarse = False  # nothing tells times exactly
    is_by_quarter = False  # nor their order

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Leave out the parameters that are no filters."""
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in (AFTER, DEVICE)}

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[Any]:
        """Return the one order that the index serves, or that of quarters of an hour."""
        if self.is_by_quarter:
            return [_quarter_in_database(self.model).desc(), "device_id", "-id"]
        return [f"-{time_field(self.model)}", "-id"]

    def get_ordering_field_columns(self) -> dict[int, str]:
        """Offer no other order."""
        return {}

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        """Narrow to the device and the page that the address names."""
        self.device = _number(self.params.get(DEVICE, ""))
        self.after = self.params.get(AFTER, "")
        self.is_coarse = not request.scope.may_list(self.model, time_field(self.model))  # type: ignore[attr-defined]
        self.is_by_quarter = self.is_coarse and not self.device
        if self.is_coarse:  # the order of time would tell who came first
            self.grouped_by = grouping(self.model)
        queryset = super().get_queryset(request, exclude_parameters)
        if self.device:
            queryset = queryset.filter(device_id=int(self.device))
        return self._on_page(queryset)

    def _on_page(self, queryset: Any) -> Any:
        """Keep the rows after the key in the address."""
        if self.is_by_quarter:
            place = parse_address(self.after)
            if place is None or place[1] != quarter_of(place[1]):  # would tell times closer
                return queryset
            self.page_end = place[1] + QUARTER
            return queryset.filter(after_in_quarters(self.model, *place))
        key = self._exact(parse_key(self.after), queryset)
        if key is None:
            return queryset
        self.page_end = key[0] + timedelta(microseconds=1)
        return queryset.filter(older_than(self.model, *key))

    def read_page(self, request: HttpRequest) -> None:
        """Read one page and one row more, which tells whether there is a next."""
        rows = self._newest_rows(self.list_per_page + 1)
        self.result_list = rows[: self.list_per_page]
        if len(rows) > self.list_per_page:
            last = self.result_list[-1]
            by_time = key_of(last, is_coarse=self.is_coarse)
            self.next_key = address_of(last) if self.is_by_quarter else by_time
        self.result_count = len(self.result_list)
        self.full_result_count = None
        self.show_full_result_count = self.show_admin_actions = False
        self.can_show_all = self.multi_page = False
        self.paginator = self.model_admin.get_paginator(request, [], self.list_per_page)

    def _newest_rows(self, wanted: int) -> list[Any]:
        """Return the first rows of the page. Cost: at most SLICES_MOST queries.

        The index of time tells blocks, not an order, so PostgreSQL sorts all rows of the time that
        it is asked for: it is asked for an hour, then for twice as much before it, until there are
        enough. Of one device the other index knows the order, so one query does.
        """
        rows = list[Any]()
        for part in self.parts():
            rows += part[: wanted - len(rows)]
            if len(rows) >= wanted:
                break
        return rows

    def _exact(
        self, key: tuple[datetime, int] | None, queryset: Any
    ) -> tuple[datetime, int] | None:
        """Return the key after which a page begins, its time as it is. Cost: at most 1 query."""
        if key is None or not self.is_coarse:
            return key
        rows = queryset.filter(within_quarter(self.model, key[0]), id=key[1]).order_by()
        moment = rows.values_list(time_field(self.model), flat=True).first()
        return (moment or key[0] + QUARTER, key[1])

    def parts(self) -> Iterator[models.QuerySet[Any]]:
        """Yield the rows of the window in slices of time, those of one device at once."""
        if self.device:
            yield self.queryset
            return
        name = time_field(self.model)
        for low, high in slices(*self._span()):
            yield self.queryset.filter(**{f"{name}__gte": low, f"{name}__lt": high})

    def _span(self) -> tuple[datetime, datetime, timedelta]:
        """Return where the window begins, where the page does, and how far rows may lie ahead."""
        chosen, now = self.params.get(WINDOW, ""), clock.now()
        length, _label = WINDOWS.get(chosen, WINDOWS[self.model_admin.default_window])
        ahead = AHEAD
        if self.is_by_quarter:
            now, ahead = quarter_of(now), timedelta()
        if self.page_end is None:
            return now - length, now, ahead
        return now - length, min(self.page_end, now + ahead), timedelta()

    def url_for_result(self, result: models.Model) -> str:
        """Return the address of a row: device, time and id."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        site = self.model_admin.admin_site.name
        return reverse(name, args=[address_of(result)], current_app=site)

    @property
    def older_query(self) -> str:
        """Return the query string of the next page, "" on the last."""
        return self.get_query_string({AFTER: self.next_key}) if self.next_key else ""

    @property
    def newest_query(self) -> str:
        """Return the query string of the first page, "" on it."""
        return self.get_query_string(remove=[AFTER]) if self.after else ""

    @property
    def all_devices_query(self) -> str:
        """Return the query string without the device, "" where none is chosen."""
        return self.get_query_string(remove=[DEVICE, AFTER]) if self.device else ""

    @property
    def kept_text(self) -> str:
        """Return since when rows are kept, "" where the window does not reach back so far."""
        oldest = _kept_since(self.model, clock.now())
        if oldest is None or oldest <= self._span()[0]:
            return ""
        return str(_("Before %s: past retention.")) % absolute_text(oldest)

    @property
    def quarters_text(self) -> str | Promise:
        """Return how rows stand where their order would tell who came first, "" elsewhere."""
        return IN_QUARTERS if self.is_by_quarter else ""

    @property
    def empty_text(self) -> str | Promise:
        """Return what to do where nothing is shown."""
        text: str | Promise = self.model_admin.empty_text
        return text


class EventAdmin(ScopedAdmin, ReadOnlyAdmin):
    """Raw rows of an event table, for looking at and nothing else.

    The model says by `TIME_FIELD` which column orders it: "occurred_at" of punctual events,
    "bucket" of sampled ones. A row has no key of its own in the database: its address is device,
    time and id, and all three are looked up.
    """

    empty_text: str | Promise = _(
        "Nothing was reported in this time. Choose a longer one, or look at the collectors "
        "whether they report."
    )

    list_filter: Sequence[Any] = [WindowFilter]
    list_per_page = 50
    default_window = "24h"  # one of WINDOWS; daily rows need a longer one to show any
    actions = None
    sortable_by: Sequence[str] = ()
    search_fields: Sequence[str] = ()
    date_hierarchy = None
    show_full_result_count = False
    paginator = UncountedPaginator
    change_list_template = "admin/core/event_change_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return our own list."""
        return EventChangeList

    def get_list_filter(self, request: Request) -> Sequence[Any]:
        """Have a window of time, whatever a subclass lists."""
        filters = list(super().get_list_filter(request))
        return filters if WindowFilter in filters else [WindowFilter, *filters]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer none."""
        return {}

    def get_ordering(self, request: Request) -> Sequence[str]:
        """Return the one order that the index serves."""
        return [f"-{time_field(self.model)}", "-id"]

    def get_object(self, request: Request, object_id: str, from_field: str | None = None) -> Any:
        """Return the row at an address, None where there is none in the caller's domain."""
        parsed = parse_address(object_id)
        if parsed is None:
            return None
        device_id, time, number = parsed
        rows = self.get_queryset(request).filter(
            at_address(self.model, time), device_id=device_id, id=number
        )
        return next(iter(rows.order_by()[:1]), None)


def slices(start: datetime, end: datetime, ahead: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Yield [low, high) from the end back to the start, each twice as long as the one after it.

    ahead: how much later than the end the first one ends. At most SLICES_MOST: the last takes all
    that is left.
    """
    length, high = FIRST_SLICE, end
    for number in range(SLICES_MOST):
        if high <= start:
            return
        is_last = number == SLICES_MOST - 1 or high - start <= length
        low = start if is_last else high - length
        yield low, (high if number else high + ahead)
        length, high = 2 * length, low


def time_field(model: type[models.Model]) -> str:
    """Return the column by which an event table is cut and ordered."""
    return str(getattr(model, "TIME_FIELD", "occurred_at"))


def time_of(row: models.Model) -> datetime:
    """Return when the event was."""
    moment: datetime = getattr(row, time_field(type(row)))
    return moment


def microseconds(moment: datetime) -> int:
    """Return whole microseconds since 1970, UTC: what PostgreSQL keeps, without rounding."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def key_of(row: models.Model, *, is_coarse: bool = False) -> str:
    """Return the place of a row in the order of its table: "<time in microseconds>-<id>".

    is_coarse: its quarter of an hour instead of its time.
    """
    moment = quarter_of(time_of(row)) if is_coarse else time_of(row)
    return f"{microseconds(moment)}-{row.pk}"


def address_of(row: models.Model) -> str:
    """Return what an address names a row by: "<device>-<time in microseconds>-<id>".

    The time is the quarter of an hour where it would rank persons: an address stands in links of
    lists that may not tell when somebody came or left.
    """
    is_coarse = ranks(type(row), time_field(type(row)))
    return f"{row.device_id}-{key_of(row, is_coarse=is_coarse)}"  # type: ignore[attr-defined]


def at_address(model: type[models.Model], moment: datetime) -> Q:
    """Return the condition for rows at the time of an address."""
    name = time_field(model)
    if not ranks(model, name):
        return Q(**{name: moment})
    is_whole = moment == quarter_of(moment)  # a row has one address
    return within_quarter(model, moment) if is_whole else Q(pk__in=[])


def within_quarter(model: type[models.Model], start: datetime) -> Q:
    """Return the condition for rows of the quarter of an hour that begins at `start`."""
    name = time_field(model)
    return Q(**{f"{name}__gte": start, f"{name}__lt": start + QUARTER})


def parse_key(text: str) -> tuple[datetime, int] | None:
    """Return (time, id) of a key, None for anything else."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    moment, number = _moment(match[1]), int(match[2])
    return None if moment is None or number > INT8 else (moment, number)


def parse_address(text: str) -> tuple[int, datetime, int] | None:
    """Return (device, time, id) of an address, None for anything else."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    device, moment, number = int(match[1]), _moment(match[2]), int(match[3])
    return None if moment is None or max(device, number) > INT8 else (device, moment, number)


def older_than(model: type[models.Model], moment: datetime, number: int) -> Q:
    """Return the condition for rows after a key in descending order.

    The first part alone lets PostgreSQL leave partitions out.
    """
    name = time_field(model)
    return Q(**{f"{name}__lte": moment}) & (
        Q(**{f"{name}__lt": moment}) | Q(**{name: moment, "id__lt": number})
    )


def after_in_quarters(
    model: type[models.Model], device_id: int, quarter: datetime, number: int
) -> Q:
    """Return the condition for rows after one in the order of quarters, device and id."""
    name = time_field(model)
    return Q(**{f"{name}__lt": quarter + QUARTER}) & (
        Q(**{f"{name}__lt": quarter})
        | Q(device_id__gt=device_id)
        | Q(device_id=device_id, id__lt=number)
    )


def _quarter_in_database(model: type[models.Model]) -> models.Func:
    """Return the quarter of an hour in which a row lies; `quarter_of` says the same."""
    return models.Func(
        models.Value(QUARTER), models.F(time_field(model)), models.Value(EPOCH), function="date_bin"
    )


def _moment(text: str) -> datetime | None:
    """Return the instant of a number of microseconds, None past the calendar's end."""
    try:
        return EPOCH + timedelta(microseconds=int(text))
    except OverflowError:
        return None


def _number(text: str) -> str:
    """Return the digits of a bigint id, "" for anything else."""
    is_number = text.isascii() and text.isdigit() and int(text[:20]) <= INT8
    return text if is_number and len(text) < 20 else ""
