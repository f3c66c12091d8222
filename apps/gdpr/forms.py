"""Forms of retention."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError
from apps.gdpr import rules
from apps.gdpr.choices import RetentionClass
from apps.gdpr.models import RetentionPolicy
from apps.gdpr.rules import HOUR, RULES, Rule, range_text, term_text


class TermsForm(forms.Form):
    """One number a class, in the unit of its rule; the set is checked as a whole."""

    def __init__(self, *args: Any, policies: Mapping[str, RetentionPolicy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.policies = policies
        for rule in RULES.values():
            self.fields[rule.name.value] = _field(rule, policies[rule.name].wanted_term)

    def clean(self) -> dict[str, Any]:
        """Check all terms together; say which rule they break."""
        values: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                rules.check(self.wanted())
            except DomainError as error:
                self.add_error((error.pointer or "").strip("/") or None, str(error))
        return values

    def wanted(self) -> dict[RetentionClass, timedelta]:
        """Return the terms as typed."""
        return {
            rule.name: self.cleaned_data[rule.name.value] * rule.unit for rule in RULES.values()
        }

    @property
    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield what the page shows of each class."""
        for rule in RULES.values():
            yield {
                "field": self[rule.name.value],
                "rule": rule,
                "unit": unit_text(rule),
                "allowed": range_text(rule),
                "now": term_text(self.policies[rule.name].wanted_term),
                "within": rule.within.label if rule.within else "",
            }


def unit_text(rule: Rule) -> str | Promise:
    """Return the unit of a rule's numbers."""
    return _("hours") if rule.unit == HOUR else _("days")


def _field(rule: Rule, term: timedelta) -> forms.Field:
    return forms.IntegerField(
        label=rule.name.label,
        initial=term // rule.unit,
        min_value=0,
        max_value=10_000,
        help_text=str(rule.holds),
    )
