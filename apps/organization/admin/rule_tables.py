"""Rules that classify devices, and what they would do, as tables."""

from collections.abc import Sequence
from typing import Any, Protocol

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.core.admin.detail import object_link
from apps.core.admin.values import Table, badge, columns, link, number_text
from apps.organization.classification import Rule
from apps.organization.conditions import described
from apps.organization.fleet import Preview
from apps.organization.models import ClassificationRule
from apps.organization.places import Places


def rules_table(
    rules: Sequence[Rule],
    places: Places,
    *,
    linked: Sequence[ClassificationRule] = (),
    counts: Preview | None = None,
) -> Table:
    """Return the rules in their order.

    linked: their rows, where a name leads to its page. counts: what they would do, in a column.
    """
    heads = [_("Rule"), _("Place"), _("Conditions"), _("Entity"), _("State")]
    numbers = [1]
    if counts:
        heads, numbers = [*heads, _("Devices")], [1, 5]
    addresses = {
        str(row.uid): reverse("admin:organization_classificationrule_change", args=[row.pk])
        for row in linked
    }
    rows: list[list[Any]] = []
    for place, rule in enumerate(rules):
        address = addresses.get(rule.uid)
        line: list[Any] = [
            link(address, rule.name) if address else rule.name,
            place + 1,
            described(rule, places),
            places.name(rule.entity_id),
            badge(_("active"), "success") if rule.is_active else badge(_("not active")),
        ]
        rows.append([*line, number_text(counts.by_rule.get(place, 0))] if counts else line)
    return Table(
        caption=_("Rules in their order"),
        columns=columns(*heads, numbers=numbers),
        rows=rows,
        empty=_(
            "There are no rules: devices go to the entity of their enrolment key, else to "
            "“Unclassified”. Add a rule to place them by name, network, directory or tag."
        ),
    )


class Names(Protocol):
    """What names the two ends of a move: entities by their ids, sites as they are called."""

    def name(self, end: Any, /) -> str:
        """Return the name of an end."""
        ...


def moves_table(found: Preview, places: Names, *, caption: Any = None, empty: Any = None) -> Table:
    """Return between which entities devices would move."""
    return Table(
        caption=caption or _("Devices that would move, by entity"),
        columns=columns(_("From"), _("To"), _("Devices"), numbers=[2]),
        rows=[
            [places.name(old), places.name(new), number_text(number)]
            for (old, new), number in found.moves.items()
        ],
        empty=empty or _("No device would move."),
    )


def movers_table(found: Preview, places: Names, scope: Any) -> Table:
    """Return the devices of this page that would move, by the names that a caller sees."""
    return Table(
        caption=_("Devices that would move"),
        columns=columns(_("Device"), _("From"), _("To")),
        rows=[
            [
                object_link(mover.device, scope),
                places.name(mover.old),
                places.name(mover.new),
            ]
            for mover in found.movers
        ],
        empty=_("No device would move."),
    )


def summary(found: Preview) -> list[str]:
    """Return what would happen, in sentences."""
    lines = [
        ngettext("%d device would move.", "%d devices would move.", found.moving) % found.moving,
        ngettext(
            "%d device is taken by no rule: it goes to the entity of its enrolment key, else to "
            "“Unclassified”.",
            "%d devices are taken by no rule: they go to the entity of their enrolment key, else "
            "to “Unclassified”.",
            found.unmatched,
        )
        % found.unmatched,
    ]
    if found.pinned:
        lines.append(
            ngettext(
                "%d device was moved by hand and stays where it is.",
                "%d devices were moved by hand and stay where they are.",
                found.pinned,
            )
            % found.pinned
        )
    return lines
