"""Sites, with dull defaults."""

from typing import Any

from apps.organization.classification import Condition
from apps.organization.models import Site
from apps.organization.services import fingerprint, replace_sites
from apps.organization.sites import SiteRule
from tests.conftest import NOW


def site(name: str, *conditions: tuple[str, str], **options: Any) -> SiteRule:
    """Return a site that is not kept yet."""
    return SiteRule(name, tuple(Condition(fact, value) for fact, value in conditions), **options)


def make_sites(*rules: SiteRule) -> None:
    """Put sites in the place of the present ones."""
    replace_sites(rules=rules, base=fingerprint(Site.objects.as_rules()), actor=None, now=NOW)
