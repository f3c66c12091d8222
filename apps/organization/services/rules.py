"""Changes of the rules that classify devices: always the whole list, as it was looked at."""

from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.audit.choices import AuditCode
from apps.core.errors import DomainError
from apps.organization import fleet
from apps.organization.choices import Matching
from apps.organization.classification import CONDITIONS_LIMIT, RULES_LIMIT, Rule
from apps.organization.models import NAME_LENGTH, ClassificationRule, Entity
from apps.organization.services.rule_lists import RuleList


class RuleRefused(DomainError):
    """A list of rules that cannot be kept."""

    code = "rule_refused"


class RulesChangedMeanwhile(DomainError):
    """Somebody changed the rules since they were looked at."""

    code = "rules_changed_meanwhile"
    status = 409
    message = _("The rules were changed meanwhile. Look at them again.")


def check_rules(rules: Sequence[Rule]) -> None:
    """Refuse what no list of rules may be. Cost: 1 query.

    Raises:
        RuleRefused: with a sentence that says why.
    """
    if len(rules) > RULES_LIMIT:
        raise RuleRefused(message=_("There are more rules than 500."))
    names = [rule.name.casefold() for rule in rules]
    wanted = {rule.entity_id for rule in rules}
    if len(set(names)) < len(names):
        raise RuleRefused(message=_("There is a rule of this name."))
    if Entity.objects.filter(pk__in=wanted).count() < len(wanted):
        raise RuleRefused(message=_("There is no such entity."))
    for rule in rules:
        if reason := problem_of(rule):
            raise RuleRefused(message=reason)


def problem_of(rule: Rule) -> Promise | None:
    """Return why a rule cannot be kept, whatever the others are."""
    if not rule.name or len(rule.name) > NAME_LENGTH or "\0" in rule.name:
        return _("Give the rule a name of up to 100 letters.")
    if not rule.conditions or len(rule.conditions) > CONDITIONS_LIMIT:
        return _("A rule has 1 to 20 conditions.")
    if rule.matching not in Matching.values:
        return _("Say whether all conditions have to hold, or one.")
    return None


RULES = RuleList(
    name="classification_rules",
    model=ClassificationRule,
    columns=["name", "entity_id", "is_active", "matching"],
    code=AuditCode.CLASSIFICATION_RULES_CHANGED,
    changed=RulesChangedMeanwhile,
    check=check_rules,
    begin=lambda actor, now: fleet.known().begin(actor, now),
)
replace_rules, apply_rules = RULES.replace, RULES.apply
