"""Health of accounts."""

from datetime import datetime

import pytest
from django.contrib.auth.models import Group

from apps.accounts import health
from apps.accounts.models import Account
from tests.factories.accounts import make_account, make_profile

pytestmark = pytest.mark.django_db


class TestCheckGroups:
    def test_is_content_while_they_agree(self, ben: Account, now: datetime) -> None:
        assert health.check_groups(now).level == "ok"

    def test_finds_a_group_too_many(self, cleo: Account, now: datetime) -> None:
        cleo.groups.add(Group.objects.create(name="by hand"))

        assert health.check_groups(now).level == "error"

    def test_finds_a_profile_without_its_group(self, now: datetime) -> None:
        account = make_account(profile=make_profile())

        account.groups.clear()

        assert list(health.differing_accounts()) == [account]


class TestCheckMainAdministrator:
    def test_finds_one(self, ada: Account, now: datetime) -> None:
        assert health.check_main_administrator(now).level == "ok"

    def test_misses_one(self, now: datetime) -> None:
        assert health.check_main_administrator(now).level == "error"
