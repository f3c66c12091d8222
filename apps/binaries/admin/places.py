"""Where binaries and packages are, and their other versions, as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Max, Sum
from django.utils.html import format_html
from django.utils.translation import gettext as _

from apps.binaries.models import Binary, Package, Presence
from apps.core.admin.detail import Visit, object_link, part_link
from apps.core.admin.values import Fact, Table, columns, moment_html, number_text
from apps.core.formats import NOTHING
from apps.core.scope import Scope

ENTITIES_SHOWN, VERSIONS_SHOWN = 20, 20

Thing = Binary | Package


def presence_facts(obj: Thing, visit: Visit, devices_title: str) -> list[Fact]:
    """Return on how many devices a thing is, and when it was seen. Cost: 1 query.

    When it came first is known of the whole fleet alone.
    """
    seen = Presence.objects.permitted_to(visit.scope).filter(**_of(obj))
    known = seen.aggregate(devices=Sum("devices"), last=Max("last_seen_at"))
    devices = Fact(devices_title, number_text(known["devices"] or 0))
    if not visit.scope.is_unrestricted:
        return [devices, Fact(_("Last seen"), moment_html(known["last"], visit.now))]
    return [
        devices,
        Fact(_("Last seen"), moment_html(obj.last_seen_at, visit.now)),
        Fact(_("First seen"), moment_html(obj.first_seen_at, visit.now)),
    ]


def tell_last_seen(things: Sequence[Thing], scope: Scope) -> None:
    """Replace when things were seen last by when devices of the view domain had them.

    Cost: 1 query.
    """
    of_things = {f"{things[0]._meta.model_name}__in": things}
    rows = Presence.objects.permitted_to(scope).filter(**of_things)
    key = f"{things[0]._meta.model_name}_id"
    told = dict(rows.values_list(key).annotate(Max("last_seen_at")).order_by())
    for thing in things:
        thing.last_seen_at = told.get(thing.pk)  # type: ignore[assignment]


def entities_table(obj: Thing, visit: Visit, caption: str) -> Table:
    """Return the entities with the most devices. Cost: 1 query."""
    rows = Presence.objects.permitted_to(visit.scope).filter(**_of(obj)).select_related("entity")
    return Table(
        caption=caption,
        columns=columns(_("Entity"), _("Devices"), _("Last seen"), numbers=[1]),
        rows=[
            [
                part_link(row.entity, visit.scope),
                number_text(row.devices),
                moment_html(row.last_seen_at, visit.now),
            ]
            for row in rows.order_by("-devices", "entity_id")[:ENTITIES_SHOWN]
        ],
        empty=_("On no device of your view domain lately. Devices are counted every ten minutes."),
    )


def versions(obj: Thing, visit: Visit) -> list[tuple[Any, int]]:
    """Return what has the same name and platform, the newest version first, with its devices.

    Cost: 2 queries.
    """
    model, name = type(obj), obj._meta.model_name
    alike = model._default_manager.filter(name=obj.name, platform=obj.platform)
    counted = (
        Presence.objects.permitted_to(visit.scope)
        .filter(**{f"{name}__name": obj.name, f"{name}__platform": obj.platform})
        .values_list(f"{name}_id")
        .annotate(number=Sum("devices"))
        .order_by("-number")[:VERSIONS_SHOWN]
    )
    devices: Mapping[int, int] = dict(counted)
    rows = alike.filter(pk__in={*devices, obj.pk}).order_by("-version_key", "-pk")
    return [(row, devices.get(row.pk, 0)) for row in rows]


def versions_table(
    obj: Thing,
    found: Sequence[tuple[Any, int]],
    visit: Visit,
    heads: Sequence[str] = (),
    cells: Mapping[int, Sequence[Any]] | None = None,
) -> Table:
    """Return versions side by side. heads, cells: more columns, and theirs by id."""
    more = cells or {}
    is_whole = visit.scope.is_unrestricted  # else nothing tells when a version came first
    rows = [
        [
            _("%s (this one)") % (row.version or NOTHING)
            if row.pk == obj.pk
            else _version_link(row, visit),
            row.get_architecture_display() or NOTHING,
            number_text(devices),
            *more.get(row.pk, [NOTHING] * len(heads)),
            *([moment_html(row.first_seen_at, visit.now)] if is_whole else []),
        ]
        for row, devices in found
    ]
    return Table(
        caption=_("Versions side by side"),
        columns=columns(
            _("Version"),
            _("Architecture"),
            _("Devices"),
            *heads,
            *([_("First seen")] if is_whole else []),
            numbers=range(2, 3 + len(heads)),
        ),
        rows=rows,
    )


def _version_link(row: Any, visit: Visit) -> str:
    return format_html("{} {}", object_link(row, visit.scope), row.version or "")


def _of(obj: Thing) -> dict[str, Any]:
    return {str(obj._meta.model_name): obj}
