"""The page and list of devices, as parts that upper apps add to: panels, columns, hooks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from apps.core.admin.detail import Visit
from apps.core.admin.values import Section
from apps.devices.models import Device

Build = Callable[[Device, Visit], Mapping[str, Any] | None]
Opening = Callable[[int], None]  # takes the device's id


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of a device's page.

    build: returns the context of the template, None where there is nothing to say; a fixed
    number of queries. permission: shown only to those who have it.
    """

    name: str
    title: str | Promise
    order: int
    build: Build
    template: str = "admin/core/section_tables.html"
    permission: str = ""
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column of the list. path: relation that the list reads along, in the same query."""

    name: str
    title: str | Promise
    value: Callable[[Device, datetime], Any]
    path: str


_panels: dict[str, Panel] = {}
_columns: dict[str, ListColumn] = {}
_openings: list[Opening] = []


def register(panel: Panel) -> None:
    """Add a panel to the page of a device."""
    if panel.name in _panels:
        raise ValueError(f"there is a panel {panel.name} already")
    _panels[panel.name] = panel


def register_column(column: ListColumn) -> None:
    """Add a column to the list of devices."""
    _columns[column.name] = column


def register_opening(hook: Opening) -> None:
    """Have `hook` called whenever somebody opens the page of a device or keeps it open."""
    _openings.append(hook)


def columns() -> list[ListColumn]:
    """Return the columns that upper apps added."""
    return list(_columns.values())


def keep_open(device_id: int) -> None:
    """Tell those who want to know that somebody looks at this device."""
    for hook in _openings:
        hook(device_id)


def sections(device: Device, visit: Visit) -> list[Section]:
    """Return the parts of the page that the visitor may see. Cost: that of its panels."""
    found: list[Section] = []
    for panel in sorted(_panels.values(), key=lambda panel: panel.order):
        if panel.permission and not visit.may(panel.permission):
            continue
        context = panel.build(device, visit)
        if context is not None:
            found.append(
                Section(panel.name, panel.title, panel.template, context, is_wide=panel.is_wide)
            )
    return found
