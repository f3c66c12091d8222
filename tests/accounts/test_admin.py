"""Pages of accounts and profiles."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.choices import AccountKind, AccountState, ProfileKind
from apps.accounts.models import Account, Profile
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from tests.factories.accounts import PASSWORD, find_permissions, make_account, make_profile

pytestmark = pytest.mark.django_db

ACCOUNTS = "/admin/accounts/account/"
PROFILES = "/admin/accounts/profile/"


def account_form(**values: Any) -> dict[str, Any]:
    """Return what the form of a new account posts."""
    return {"login": "dora", "kind": "ordinary", "display_name": "", "email": ""} | values


@pytest.fixture
def adam() -> Account:
    """Return an administrator who is not the main one."""
    return make_account("adam", kind=AccountKind.ADMINISTRATOR)


@pytest.fixture
def adam_client(adam: Account, client_for: Any) -> Client:
    """Return a client signed in as Adam."""
    return client_for(adam)


class TestAccountAdmin:
    def test_lists_accounts(
        self, ada_client: Client, cleo: Account, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(12):
            response = ada_client.get(ACCOUNTS)

        assert "cleo" in response.content.decode()

    def test_is_closed_to_cleo(self, cleo_client: Client) -> None:
        assert cleo_client.get(ACCOUNTS).status_code == 403

    def test_offers_nobody_their_own_end(
        self, ada: Account, ada_client: Client, cleo: Account
    ) -> None:
        own = ada_client.get(f"{ACCOUNTS}{ada.pk}/change/").content.decode()
        other = ada_client.get(f"{ACCOUNTS}{cleo.pk}/change/").content.decode()
        form = {"display_name": "Ada", "email": "", "language": "de"}

        response = ada_client.post(f"{ACCOUNTS}{ada.pk}/change/", form)

        ada.refresh_from_db()
        assert 'name="expires_at_0"' not in own
        assert 'name="expires_at_0"' in other
        assert (response.status_code, ada.display_name) == (302, "Ada")

    def test_shows_a_form_for_a_new_account(self, ada_client: Client) -> None:
        assert ada_client.get(f"{ACCOUNTS}add/").status_code == 200

    def test_creates_an_account_by_the_service(self, ada_client: Client) -> None:
        profile = make_profile()
        form = account_form(
            main_profile=profile.pk, new_password=PASSWORD, new_password_again=PASSWORD
        )

        response = ada_client.post(f"{ACCOUNTS}add/", form)

        account = Account.objects.get(login="dora")
        assert response.status_code == 302
        assert account.check_password(PASSWORD)
        assert list(account.groups.all()) == [profile.group]

    def test_refuses_a_weak_password_in_the_form(self, ada_client: Client) -> None:
        form = account_form(new_password="short", new_password_again="short")

        response = ada_client.post(f"{ACCOUNTS}add/", form)

        assert "too short" in response.content.decode()
        assert not Account.objects.filter(login="dora").exists()

    def test_changes_profiles_by_the_service(self, ada_client: Client) -> None:
        account, profile = make_account("dora"), make_profile()
        form = {
            "display_name": "Dora",
            "email": "",
            "time_zone": "Europe/Paris",
            "main_profile": profile.pk,
        }

        response = ada_client.post(f"{ACCOUNTS}{account.pk}/change/", form)

        account.refresh_from_db()
        assert response.status_code == 302
        assert (account.display_name, account.main_profile) == ("Dora", profile)
        assert account.time_zone == "Europe/Paris"
        assert list(account.groups.all()) == [profile.group]

    def test_shows_times_in_the_zone_of_the_account(self, ada: Account, ada_client: Client) -> None:
        Account.objects.filter(pk=ada.pk).update(time_zone="Asia/Tokyo", language="de")

        page = ada_client.get(f"{ACCOUNTS}{ada.pk}/change/").content.decode()

        assert "21:00" in page  # created at 12:00 UTC
        assert '<html lang="de"' in page

    @pytest.mark.case("access.2")
    def test_refuses_an_administrator_who_changes_the_main_one(
        self, adam_client: Client, ada: Account
    ) -> None:
        response = adam_client.post(f"{ACCOUNTS}{ada.pk}/change/", {"display_name": "Mine"})

        ada.refresh_from_db()
        assert response.status_code == 403
        assert ada.display_name == ""
        assert InboxEvent.objects.filter(code=AuditCode.PERMISSION_REFUSED).count() == 1

    @pytest.mark.case("access.2")
    def test_refuses_an_administrator_who_makes_an_administrator(self, adam_client: Client) -> None:
        form = account_form(kind=AccountKind.ADMINISTRATOR)

        response = adam_client.post(f"{ACCOUNTS}add/", form)

        assert response.status_code == 403
        assert not Account.objects.filter(login="dora").exists()
        assert InboxEvent.objects.filter(code=AuditCode.PERMISSION_REFUSED).count() == 1

    def test_makes_nobody_a_second_main_administrator(self, ada_client: Client) -> None:
        ada_client.post(f"{ACCOUNTS}add/", account_form(kind=AccountKind.MAIN))

        assert Account.objects.main_administrators().count() == 1

    def test_lets_an_administrator_look_at_the_main_one(
        self, adam_client: Client, ada: Account
    ) -> None:
        response = adam_client.get(f"{ACCOUNTS}{ada.pk}/change/")

        assert response.status_code == 200
        assert 'name="display_name"' not in response.content.decode()

    def test_disables_by_an_action(self, ada_client: Client) -> None:
        account = make_account()
        form = {"action": "disable", "_selected_action": [account.pk]}

        ada_client.post(ACCOUNTS, form)

        account.refresh_from_db()
        assert account.state == AccountState.DISABLED

    def test_says_why_it_disables_no_main_administrator(
        self, adam_client: Client, ada: Account
    ) -> None:
        form = {"action": "disable", "_selected_action": [ada.pk]}

        response = adam_client.post(ACCOUNTS, form, follow=True)

        assert "Pass the role on first" in response.content.decode()

    def test_deletes_nobody(self, ada_client: Client, cleo: Account) -> None:
        assert ada_client.post(f"{ACCOUNTS}{cleo.pk}/delete/", {"post": "yes"}).status_code == 403

    def test_never_shows_a_password_hash(self, ada_client: Client) -> None:
        account = make_account(password=PASSWORD)

        page = ada_client.get(f"{ACCOUNTS}{account.pk}/change/").content.decode()

        assert account.password not in page


class TestProfileAdmin:
    def test_is_closed_to_cleo(self, cleo_client: Client) -> None:
        assert cleo_client.get(PROFILES).status_code == 403

    def test_lists_profiles(self, ada_client: Client) -> None:
        assert "Administrator" in ada_client.get(PROFILES).content.decode()

    def test_creates_a_profile_with_its_permissions(self, ada_client: Client) -> None:
        [permission] = find_permissions(["accounts.view_account"])
        form = {
            "name": "Desk",
            "kind": ProfileKind.MAIN,
            "privacy_level": 2,
            "permissions": [permission.pk],
        }

        response = ada_client.post(f"{PROFILES}add/", form)

        profile = Profile.objects.get(name="Desk")
        assert response.status_code == 302
        assert list(profile.group.permissions.all()) == [permission]

    def test_refuses_a_landing_page_elsewhere(self, ada_client: Client) -> None:
        form = {
            "name": "Desk",
            "kind": ProfileKind.MAIN,
            "privacy_level": 2,
            "landing_page": "//elsewhere.example",
        }

        response = ada_client.post(f"{PROFILES}add/", form)

        assert "address within this console" in response.content.decode()

    def test_changes_a_profile_by_the_service(self, ada_client: Client) -> None:
        profile = make_profile("Desk", privacy_level=2)
        form = {"name": "Front desk", "privacy_level": 3}

        response = ada_client.post(f"{PROFILES}{profile.pk}/change/", form)

        profile.refresh_from_db()
        assert response.status_code == 302
        assert (profile.name, profile.privacy_level) == ("Front desk", 3)

    def test_leaves_the_built_in_one_alone(self, ada_client: Client) -> None:
        profile = Profile.objects.administrator()

        response = ada_client.post(f"{PROFILES}{profile.pk}/change/", {"name": "Mine"})

        assert response.status_code == 403

    def test_says_why_it_deletes_no_profile_in_use(self, ada_client: Client) -> None:
        profile = make_profile()
        make_account(profile=profile)

        response = ada_client.post(f"{PROFILES}{profile.pk}/delete/", {"post": "yes"})

        assert Profile.objects.filter(pk=profile.pk).exists()
        assert response.status_code in (200, 400)
