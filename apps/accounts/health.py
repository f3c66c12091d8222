"""Health of accounts, for `manage.py doctor`."""

from datetime import datetime

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, Q

from apps.accounts.models import Account, Profile
from apps.accounts.querysets import AccountQuerySet
from apps.core import health
from apps.core.health import Finding


def check_main_administrator(now: datetime) -> Finding:
    """Find out whether somebody could make administrators."""
    account = Account.objects.main_administrators().first()
    if account is None:
        return Finding(
            "error", "There is no main administrator: run `manage.py create_main_administrator`."
        )
    if not account.is_active:
        return Finding("error", "The main administrator cannot sign in.")
    return Finding("ok", "There is a main administrator.")


def check_groups(now: datetime) -> Finding:
    """Find out whether the groups of accounts are those of their profiles."""
    wrong = differing_accounts().count()
    if wrong:
        return Finding("error", f"Accounts with other groups than their profiles: {wrong}.")
    return Finding("ok", "Groups agree with profiles.")


def differing_accounts() -> AccountQuerySet:
    """Return accounts with a group too many or too few."""
    held = Q(main_accounts=OuterRef(OuterRef("pk"))) | Q(
        additional_accounts=OuterRef(OuterRef("pk"))
    )
    too_many = Group.objects.filter(user=OuterRef("pk")).exclude(
        Exists(Profile.objects.filter(held, group=OuterRef("pk")))
    )
    holds = Q(main_accounts=OuterRef("pk")) | Q(additional_accounts=OuterRef("pk"))
    too_few = Profile.objects.filter(holds).exclude(
        Exists(Group.objects.filter(pk=OuterRef("group"), user=OuterRef(OuterRef("pk"))))
    )
    return Account.objects.filter(Exists(too_many) | Exists(too_few))


health.register("accounts.main_administrator", check_main_administrator)
health.register("accounts.groups", check_groups)
