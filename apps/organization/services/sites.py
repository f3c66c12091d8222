"""Changes of the sites: always the whole list, as it was looked at."""

from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.audit.choices import AuditCode
from apps.core.errors import DomainError
from apps.organization import sites
from apps.organization.choices import Matching, SiteType
from apps.organization.classification import CONDITIONS_LIMIT, RULES_LIMIT
from apps.organization.models import SITE_LENGTH, Site
from apps.organization.services.rule_lists import RuleList
from apps.organization.sites import SiteRule

PLACE = ("country", "state", "city")


class SiteRefused(DomainError):
    """A list of sites that cannot be kept."""

    code = "site_refused"


class SitesChangedMeanwhile(DomainError):
    """Somebody changed the sites since they were looked at."""

    code = "sites_changed_meanwhile"
    status = 409
    message = _("The sites were changed meanwhile. Look at them again.")


def check_sites(rules: Sequence[SiteRule]) -> None:
    """Refuse what no list of sites may be. Cost: no query.

    Raises:
        SiteRefused: with a sentence that says why.
    """
    if len(rules) > RULES_LIMIT:
        raise SiteRefused(message=_("There are more sites than 500."))
    names = [rule.name.casefold() for rule in rules]
    if len(set(names)) < len(names):
        raise SiteRefused(message=_("There is a site of this name."))
    for rule in rules:
        if reason := problem_of(rule):
            raise SiteRefused(message=reason)


def problem_of(rule: SiteRule) -> Promise | None:
    """Return why a site cannot be kept, whatever the others are."""
    texts = [rule.name, *(getattr(rule, name) for name in PLACE)]
    if not rule.name or any(len(text) > SITE_LENGTH or "\0" in text for text in texts):
        return _("Give the site a name; names have up to 64 letters.")
    if rule.type not in SiteType.values:
        return _("Say whether the site is one of the organisation.")
    if not rule.conditions or len(rule.conditions) > CONDITIONS_LIMIT:
        return _("A site has 1 to 20 conditions.")
    if rule.matching not in Matching.values:
        return _("Say whether all conditions have to hold, or one.")
    return None


SITES = RuleList(
    name="sites",
    model=Site,
    columns=["name", "type", "is_active", "matching", *PLACE],
    code=AuditCode.SITES_CHANGED,
    changed=SitesChangedMeanwhile,
    check=check_sites,
    begin=lambda actor, now: sites.known().begin(actor, now),
)
replace_sites, apply_sites = SITES.replace, SITES.apply
