"""Sites: where devices are, and by what they are known to be there; see `ordered` for the pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.core.admin.detail import change_url
from apps.core.admin.values import Table, badge, columns, link, number_text
from apps.core.formats import NOTHING
from apps.organization import services, sites
from apps.organization.admin import rule_tables
from apps.organization.admin.ordered import OrderedRulesAdmin
from apps.organization.choices import SiteType
from apps.organization.conditions import described
from apps.organization.fleet import Preview
from apps.organization.forms import SiteForm
from apps.organization.models import Site
from apps.organization.places import Places
from apps.organization.sites import SiteRule


class SiteNames:
    """Sites by their names, as tables of moves name entities."""

    def name(self, site: str) -> str:
        """Return the name of a site, or that there is none."""
        return site or str(_("no site"))


@admin.register(Site)
class SiteAdmin(OrderedRulesAdmin):
    """The sites, in their order."""

    rule = SiteRule
    rule_form = SiteForm
    machines = staticmethod(sites.known)
    purpose = "organization.sites"
    list_title = _("Sites")
    order_title = _("Order of the sites")
    list_note = _(
        "Of the sites that take a device the first wins. Where none does, the place is that of the "
        "public address, as far as the configuration of the device lets it be looked up."
    )
    add_title = _("New site")
    add_label = _("Add a site")
    keep_label = _("Keep the sites")
    hidden_text = _("Your profile hides where devices are, or what these sites read.")
    kept_text = _("The sites are kept. Devices have their new places within a few minutes.")
    preview_title = _("What the sites would do")
    taken_title = _("Devices of each site")
    progress_text = _("%(done)s of %(total)s devices looked at, %(moved)s have another place")
    form_template = "admin/organization/site_form.html"

    def rows_table(self, request: Any, rows: Sequence[Any], *, is_linked: bool) -> Table:
        """Return sites; whoever may see one sees the whole tree."""
        addresses = {str(row.uid): change_url(row) for row in rows} if is_linked else {}
        return sites_table([SiteRule.of_row(row) for row in rows], Places(), addresses=addresses)

    def preview_tables(self, request: Any, rules: Sequence[Any], found: Preview) -> dict[str, Any]:
        """Return how many devices each site has, and which would be elsewhere."""
        return {
            "rules": sites_table(rules, Places(), counts=found),
            "moves": rule_tables.moves_table(
                found,
                SiteNames(),
                caption=_("Devices that would have another place, by site"),
                empty=_("No device would have another place."),
            ),
            "movers": rule_tables.movers_table(found, SiteNames(), request.scope),
            "summary": summary(found),
        }

    def check_list(self, rules: Sequence[Any]) -> None:
        """Refuse what no list of sites may be."""
        services.check_sites(rules)

    def keep_list(self, rules: Sequence[Any], base: str, actor: Any, now: datetime) -> None:
        """Put a list of sites in the place of the present one."""
        services.replace_sites(rules=rules, base=base, actor=actor, now=now)

    def apply_list(self, actor: Any, now: datetime) -> None:
        """Have the place of every device found anew."""
        services.apply_sites(actor=actor, now=now)


def sites_table(
    rules: Sequence[SiteRule],
    places: Places,
    *,
    addresses: dict[str, str] | None = None,
    counts: Preview | None = None,
) -> Table:
    """Return the sites in their order.

    addresses: of the pages of sites, by uid. counts: what they would do, in a column.
    """
    heads = [_("Site"), _("Type"), _("Where"), _("Conditions"), _("State")]
    heads += [_("Devices")] if counts else []
    rows: list[list[Any]] = []
    for number, rule in enumerate(rules):
        address = (addresses or {}).get(rule.uid)
        where = ", ".join(part for part in (rule.city, rule.state, rule.country) if part)
        line: list[Any] = [
            link(address, rule.name) if address else rule.name,
            str(SiteType(rule.type).label),
            where or NOTHING,
            described(rule, places),
            badge(_("active"), "success") if rule.is_active else badge(_("not active")),
        ]
        rows.append([*line, number_text(counts.by_rule.get(number, 0))] if counts else line)
    return Table(
        caption=_("Sites in their order"),
        columns=columns(*heads, numbers=[5] if counts else []),
        rows=rows,
        empty=_(
            "There are no sites: devices are nowhere, but for the country or city of their public "
            "address where the configuration lets it be looked up. Add a site, and say by which "
            "networks its devices are known."
        ),
    )


def summary(found: Preview) -> list[str]:
    """Return what would happen, in sentences."""
    return [
        ngettext(
            "%d device would have another place.",
            "%d devices would have another place.",
            found.moving,
        )
        % found.moving,
        ngettext("%d device is at no site.", "%d devices are at no site.", found.unmatched)
        % found.unmatched,
    ]
