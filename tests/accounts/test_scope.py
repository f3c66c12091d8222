"""From an account to what it may see."""

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.accounts.choices import AccountKind, AccountState, ProfileKind
from apps.accounts.models import Account
from apps.accounts.scope import scope_of
from apps.core.personal_data import PrivacyLevel
from apps.core.scope import NOTHING
from apps.organization.models import Entity
from tests.factories.accounts import make_account, make_profile
from tests.factories.organization import grant

pytestmark = pytest.mark.django_db

PERMISSION = "accounts.view_account"


def reread(account: Account) -> Account:
    """Return the account as a new request finds it."""
    return Account.objects.get(pk=account.pk)


class TestScopeOf:
    def test_opens_everything_to_the_main_administrator(self, ada: Account) -> None:
        scope = scope_of(ada)

        assert scope.is_unrestricted
        assert scope.privacy_level == PrivacyLevel.FULL
        assert PERMISSION in scope.permissions

    def test_opens_everything_to_an_administrator_through_the_profile(self) -> None:
        scope = scope_of(make_account(kind=AccountKind.ADMINISTRATOR))

        assert scope.is_unrestricted
        assert PERMISSION in scope.permissions

    def test_gives_the_view_domain_of_the_main_profile(self, ben: Account, paris: Entity) -> None:
        scope = scope_of(ben)

        assert not scope.is_unrestricted
        assert scope.grants["view_device"] == {str(paris.pk)}

    def test_opens_nothing_without_a_profile(self, cleo: Account) -> None:
        scope = scope_of(cleo)

        assert scope.permissions == frozenset()
        assert scope.grants == {}
        assert scope.privacy_level == PrivacyLevel.USERS_DEVICES_DESTINATIONS

    def test_opens_nothing_to_a_disabled_account(self, ada: Account) -> None:
        ada.state = AccountState.DISABLED

        assert scope_of(ada) is NOTHING

    @pytest.mark.case("access.6")
    @pytest.mark.parametrize(("main", "additional", "effective"), [(1, 3, 3), (3, 0, 3), (0, 0, 0)])
    def test_takes_the_strictest_privacy_level(
        self, main: int, additional: int, effective: int
    ) -> None:
        added = make_profile(kind=ProfileKind.ADDITIONAL, privacy_level=additional)

        account = make_account(profile=make_profile(privacy_level=main), additional=[added])

        assert scope_of(account).privacy_level == effective

    def test_adds_the_permissions_of_additional_profiles(self) -> None:
        added = make_profile(kind=ProfileKind.ADDITIONAL, permissions=[PERMISSION])

        account = make_account(profile=make_profile(), additional=[added])

        assert scope_of(account).permissions == {PERMISSION}

    def test_takes_no_view_domain_from_an_additional_profile(self, paris: Entity) -> None:
        added = make_profile(kind=ProfileKind.ADDITIONAL)
        grant(added, paris)

        account = make_account(profile=make_profile(), additional=[added])

        assert scope_of(account).grants == {}

    def test_is_unrestricted_when_everything_is_granted_on_the_root(self) -> None:
        profile = make_profile()
        grant(profile, Entity.objects.root())

        assert scope_of(make_account(profile=profile)).is_unrestricted

    def test_is_restricted_when_the_root_is_granted_to_look_at_only(self) -> None:
        profile = make_profile()
        grant(profile, Entity.objects.root(), actions=["view_device"])

        assert not scope_of(make_account(profile=profile)).is_unrestricted

    def test_asks_the_database_three_times(
        self, ben: Account, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        account = reread(ben)

        with django_assert_num_queries(3):
            scope_of(account)

    @pytest.mark.case("access.9")
    def test_loses_a_right_at_the_next_request(self) -> None:
        profile = make_profile(permissions=[PERMISSION])
        account = make_account(profile=profile)

        profile.group.permissions.clear()

        assert PERMISSION not in scope_of(account).permissions
