"""The policies that every instance has."""

from apps.core import shipped
from apps.gdpr import terms
from apps.gdpr.models import RetentionPolicy
from apps.gdpr.rules import RULES


def make_policies() -> None:
    """Make the missing rows with their shipped terms."""
    rows = [
        RetentionPolicy(retention_class=rule.name, term=rule.default) for rule in RULES.values()
    ]
    RetentionPolicy.objects.bulk_create(rows, ignore_conflicts=True)
    terms.forget()


shipped.register("gdpr.policies", make_policies)
