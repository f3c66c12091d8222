"""Accounts and profiles as the database keeps them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import Account
from tests.conftest import NOW
from tests.factories.accounts import make_account

pytestmark = pytest.mark.django_db


class TestAccount:
    @pytest.mark.case("access.1")
    def test_of_kind_main_is_alone_even_for_raw_sql(self, ada: Account) -> None:
        other = make_account("bob")

        with (
            pytest.raises(IntegrityError, match="accounts_account_one_main"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "UPDATE accounts_account SET kind = 'main', is_superuser = true WHERE id = %s",
                [other.pk],
            )

    def test_is_superuser_exactly_when_main(self) -> None:
        with pytest.raises(IntegrityError, match="superuser_is_main"), transaction.atomic():
            Account.objects.create(login="eve", is_superuser=True, created_at=NOW)

    def test_has_a_login_of_its_own_whatever_the_case(self) -> None:
        make_account("Dora")

        with pytest.raises(IntegrityError, match="login_once"), transaction.atomic():
            make_account("dORA")

    def test_is_found_whatever_the_case(self) -> None:
        account = make_account("Dora")

        assert Account.objects.get_by_natural_key("dora") == account

    @pytest.mark.usefixtures("fixed_clock")
    def test_is_closed_once_it_expired(self) -> None:
        account = make_account("dora")

        account.expires_at = NOW

        assert not account.is_active
        assert not account.is_staff

    @pytest.mark.usefixtures("fixed_clock")
    def test_is_open_until_it_expires(self) -> None:
        account = make_account("dora")

        account.expires_at = NOW + timedelta(seconds=1)

        assert account.is_active

    def test_gives_its_sessions_another_mark_when_the_epoch_rises(self) -> None:
        account = make_account("dora")
        before = account.get_session_auth_hash()

        account.security_epoch += 1

        assert account.get_session_auth_hash() != before
