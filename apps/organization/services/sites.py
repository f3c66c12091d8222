"""Changes of the sites: always the whole list, as it was looked at."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.core.errors import DomainError
from apps.core.locks import transaction_lock
from apps.organization import sites
from apps.organization.choices import Matching, SiteType
from apps.organization.classification import CONDITIONS_LIMIT, RULES_LIMIT, conditions_as_json
from apps.organization.models import SITE_LENGTH, Site
from apps.organization.services.rules import difference, fingerprint
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


@transaction.atomic
def replace_sites(
    *, rules: Sequence[SiteRule], base: str, actor: Account | None, now: datetime
) -> None:
    """Put a list of sites in the place of the present one, and have the fleet located anew.

    base: fingerprint of the list that was looked at. Cost: one statement for each site.

    Raises:
        SitesChangedMeanwhile: the present list is another one.
        SiteRefused: the new list cannot be kept.
    """
    transaction_lock("organization.sites")
    present = Site.objects.as_rules()
    if fingerprint(present) != base:
        raise SitesChangedMeanwhile
    if fingerprint(rules) == base:
        return
    check_sites(rules)
    _write(rules)
    sites.known().begin(actor, now)
    _record(actor, now, difference(present, rules))


@transaction.atomic
def apply_sites(*, actor: Account, now: datetime) -> None:
    """Have the place of every device found anew by the present sites."""
    sites.known().begin(actor, now)
    _record(actor, now, {"is_applied_again": True})


def _write(rules: Sequence[SiteRule]) -> None:
    kept = [rule.uid for rule in rules if rule.uid]
    Site.objects.exclude(uid__in=kept).delete()
    rows = {str(row.uid): row for row in Site.objects.all()}
    if set(kept) - set(rows):
        raise SitesChangedMeanwhile
    for position, rule in enumerate(rules, start=1):
        row = rows.get(rule.uid) or Site()
        for name in ("name", "type", "is_active", "matching", *PLACE):
            setattr(row, name, getattr(rule, name))
        row.position, row.conditions = position, conditions_as_json(rule.conditions)
        row.save()


def _record(actor: Account | None, now: datetime, detail: dict[str, object]) -> None:
    audit.record(
        code=AuditCode.SITES_CHANGED, actor=actor, object_kind="sites", detail=detail, at=now
    )
