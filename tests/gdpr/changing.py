"""Terms as the tests of retention change them."""

from datetime import datetime, timedelta

from apps.accounts.models import Account
from apps.gdpr import terms
from apps.gdpr.choices import RetentionClass
from apps.gdpr.services.retention import Changed, change_terms
from tests.conftest import NOW
from tests.factories.accounts import make_account

DAY = timedelta(days=1)


def change(days: dict[RetentionClass, int], now: datetime = NOW) -> Changed:
    """Have somebody change terms given in days."""
    wanted = {name: number * DAY for name, number in days.items()}
    changed = change_terms(wanted=wanted, actor=somebody(), now=now)
    terms.forget()  # as after the commit
    return changed


def somebody() -> Account:
    """Return an administrator."""
    known = Account.objects.filter(login="eve").first()
    return known or make_account("eve", kind="administrator")


def days(name: str, now: datetime = NOW) -> float:
    """Return the term that holds, in days."""
    return terms.term(name, now) / DAY
