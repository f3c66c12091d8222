"""Changes of accounts and profiles."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from apps.accounts import services
from apps.accounts.choices import AccountKind, AccountState, ProfileKind
from apps.accounts.models import Account, Profile
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.core.personal_data import PrivacyLevel
from apps.organization.models import Entity
from tests.factories.accounts import PASSWORD, make_account, make_profile
from tests.factories.organization import grant

pytestmark = pytest.mark.django_db


def codes() -> list[int]:
    """Return the codes of the audit rows, oldest first."""
    return list(InboxEvent.objects.order_by("id").values_list("code", flat=True))


def change(account: Account, *, actor: Account, now: datetime, **values: Any) -> None:
    """Change what describes an account."""
    names = ["display_name", "email", "language", "time_zone", "expires_at"]
    old = {name: getattr(account, name) for name in names}
    services.change_account(account=account, actor=actor, now=now, **{**old, **values})


@pytest.fixture
def administrator() -> Account:
    """Return an administrator who is not the main one."""
    return make_account("adam", kind=AccountKind.ADMINISTRATOR)


class TestCreateMainAdministrator:
    def test_makes_the_one_who_may_do_everything(self, now: datetime) -> None:
        account = services.create_main_administrator(login="root", password=PASSWORD, now=now)

        assert account.kind == AccountKind.MAIN
        assert account.is_superuser
        assert account.check_password(PASSWORD)
        assert codes() == [AuditCode.ACCOUNT_CREATED]

    def test_is_refused_a_second_time(self, ada: Account, now: datetime) -> None:
        with pytest.raises(services.MainAdministratorExists):
            services.create_main_administrator(login="root", password=PASSWORD, now=now)

    @pytest.mark.parametrize("password", ["short", "password1234", "administrator"])
    def test_refuses_a_weak_password(self, password: str, now: datetime) -> None:
        with pytest.raises(ValidationError):
            services.create_main_administrator(login="administrator", password=password, now=now)


class TestCreateAccount:
    def test_makes_an_account_with_its_groups(self, ada: Account, now: datetime) -> None:
        profile = make_profile()

        account = services.create_account(login="dora", main_profile=profile, actor=ada, now=now)

        assert list(account.groups.all()) == [profile.group]
        assert not account.has_usable_password()
        assert codes() == [AuditCode.ACCOUNT_CREATED]

    def test_gives_an_administrator_the_built_in_profile(self, ada: Account, now: datetime) -> None:
        account = services.create_account(
            login="dora", kind=AccountKind.ADMINISTRATOR, actor=ada, now=now
        )

        assert account.main_profile == Profile.objects.administrator()

    def test_lets_no_administrator_make_administrators(
        self, administrator: Account, now: datetime
    ) -> None:
        with pytest.raises(services.NotAllowedOnAccount):
            services.create_account(
                login="dora", kind=AccountKind.ADMINISTRATOR, actor=administrator, now=now
            )

    def test_gives_no_ordinary_account_the_built_in_profile(
        self, administrator: Account, now: datetime
    ) -> None:
        with pytest.raises(services.NotAllowedOnAccount):
            services.create_account(
                login="dora",
                main_profile=Profile.objects.administrator(),
                actor=administrator,
                now=now,
            )

    def test_refuses_a_login_that_differs_by_case_only(self, ada: Account, now: datetime) -> None:
        with pytest.raises(services.LoginTaken):
            services.create_account(login="ADA", actor=ada, now=now)

    def test_refuses_an_additional_profile_as_the_main_one(
        self, ada: Account, now: datetime
    ) -> None:
        added = make_profile(kind=ProfileKind.ADDITIONAL)

        with pytest.raises(services.WrongKindOfProfile):
            services.create_account(login="dora", main_profile=added, actor=ada, now=now)

    @pytest.mark.case("access.22")
    def test_is_undone_when_its_audit_row_cannot_be_written(
        self, ada: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(**_values: object) -> None:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO audit.inbox (at) VALUES (NULL)")

        monkeypatch.setattr("apps.audit.services.record", fail)

        with pytest.raises(Exception, match="null value"):
            services.create_account(login="dora", actor=ada, now=now)

        assert not Account.objects.filter(login="dora").exists()


class TestSetProfiles:
    def test_derives_the_groups_and_tells_each_change(self, ada: Account, now: datetime) -> None:
        old, new = make_profile(), make_profile()
        account = make_account(profile=old)

        services.set_profiles(
            account=account, main_profile=new, additional_profiles=[], actor=ada, now=now
        )

        assert list(account.groups.all()) == [new.group]
        assert codes() == [AuditCode.PROFILE_TAKEN, AuditCode.PROFILE_GIVEN]

    def test_is_refused_for_oneself(self, now: datetime) -> None:
        account = make_account(profile=make_profile())

        with pytest.raises(services.CannotChangeOwnRights):
            services.set_profiles(
                account=account, main_profile=None, additional_profiles=[], actor=account, now=now
            )


class TestChangeAccount:
    def test_lets_nobody_live_longer_by_themselves(self, now: datetime) -> None:
        account = make_account(profile=make_profile())

        with pytest.raises(services.CannotChangeOwnRights):
            change(account, actor=account, now=now, expires_at=now + timedelta(days=400))

        account.refresh_from_db()
        assert account.expires_at is None

    def test_lets_everybody_choose_what_they_are_called(self, now: datetime) -> None:
        account = make_account(profile=make_profile())

        change(account, actor=account, now=now, display_name="Dora")

        assert codes() == [AuditCode.ACCOUNT_CHANGED]

    def test_lets_others_set_the_end(self, ada: Account, now: datetime) -> None:
        account = make_account()

        change(account, actor=ada, now=now, expires_at=now + timedelta(days=1))

        account.refresh_from_db()
        assert account.expires_at == now + timedelta(days=1)


class TestOrdinaryAdministration:
    """An ordinary account may be allowed to administrate accounts, within its own rights."""

    @pytest.fixture
    def desk(self) -> Account:
        """Return an ordinary account that administrates accounts and profiles."""
        permissions = ["accounts.add_account", "accounts.change_account", "accounts.view_account"]
        profile = make_profile(permissions=permissions, privacy_level=PrivacyLevel.USERS)
        return make_account("desk", profile=profile)

    def test_gives_what_it_has(self, desk: Account, now: datetime) -> None:
        profile = make_profile(
            permissions=["accounts.view_account"], privacy_level=PrivacyLevel.USERS
        )

        account = services.create_account(login="dora", main_profile=profile, actor=desk, now=now)

        assert account.main_profile == profile

    @pytest.mark.parametrize(
        ("permissions", "level"),
        [(["audit.view_inboxevent"], PrivacyLevel.USERS), ([], PrivacyLevel.FULL)],
    )
    def test_gives_no_profile_that_is_more(
        self, desk: Account, now: datetime, permissions: list[str], level: PrivacyLevel
    ) -> None:
        profile = make_profile(permissions=permissions, privacy_level=level)

        with pytest.raises(services.ExceedsOwnRights):
            services.create_account(login="dora", main_profile=profile, actor=desk, now=now)

    def test_gives_no_wider_view_domain(self, desk: Account, paris: Entity, now: datetime) -> None:
        profile = make_profile(privacy_level=PrivacyLevel.USERS)
        grant(profile, paris)

        with pytest.raises(services.ExceedsOwnRights):
            services.create_account(login="dora", main_profile=profile, actor=desk, now=now)

    def test_makes_no_profile_that_is_more(self, desk: Account, now: datetime) -> None:
        with pytest.raises(services.ExceedsOwnRights):
            services.create_profile(
                name="More", privacy_level=PrivacyLevel.FULL, actor=desk, now=now
            )

    def test_sets_no_password_of_an_account_that_is_more(
        self, desk: Account, now: datetime
    ) -> None:
        account = make_account(profile=make_profile(permissions=["audit.view_inboxevent"]))

        with pytest.raises(services.NotAllowedOnAccount):
            services.set_password(account=account, password=PASSWORD, actor=desk, now=now)

    def test_changes_no_profile_of_its_own(self, desk: Account, now: datetime) -> None:
        assert desk.main_profile is not None

        with pytest.raises(services.CannotChangeOwnRights):
            services.change_profile(
                profile=desk.main_profile,
                name="Mine",
                description="",
                privacy_level=PrivacyLevel.FULL,
                landing_page="",
                permissions=[],
                actor=desk,
                now=now,
            )

    def test_deletes_no_profile_that_is_more(self, desk: Account, now: datetime) -> None:
        profile = make_profile(permissions=["audit.view_inboxevent"])

        with pytest.raises(services.ExceedsOwnRights):
            services.delete_profile(profile=profile, actor=desk, now=now)

        assert Profile.objects.filter(pk=profile.pk).exists()


class TestDisableAccount:
    def test_closes_the_account_and_ends_its_sessions(self, ada: Account, now: datetime) -> None:
        account = make_account()
        before = account.get_session_auth_hash()

        services.disable_account(account=account, actor=ada, now=now)

        assert account.state == AccountState.DISABLED
        assert account.get_session_auth_hash() != before
        assert codes() == [AuditCode.ACCOUNT_DISABLED]

    def test_spares_the_main_administrator(
        self, ada: Account, administrator: Account, now: datetime
    ) -> None:
        with pytest.raises(services.LastMainAdministrator):
            services.disable_account(account=ada, actor=administrator, now=now)

    def test_lets_no_administrator_disable_another(
        self, administrator: Account, now: datetime
    ) -> None:
        other = make_account(kind=AccountKind.ADMINISTRATOR)

        with pytest.raises(services.NotAllowedOnAccount):
            services.disable_account(account=other, actor=administrator, now=now)


class TestEnableAccount:
    def test_opens_a_disabled_account(self, ada: Account, now: datetime) -> None:
        account = services.disable_account(account=make_account(), actor=ada, now=now)

        services.enable_account(account=account, actor=ada, now=now)

        assert account.is_active


class TestSetPassword:
    def test_ends_older_sessions(self, ada: Account, now: datetime) -> None:
        account = make_account()

        services.set_password(account=account, password=PASSWORD, actor=ada, now=now)

        assert account.check_password(PASSWORD)
        assert account.security_epoch == 1

    def test_is_refused_on_the_main_administrator(
        self, ada: Account, administrator: Account, now: datetime
    ) -> None:
        with pytest.raises(services.NotAllowedOnAccount):
            services.set_password(account=ada, password=PASSWORD, actor=administrator, now=now)


class TestChangeProfile:
    def test_tells_a_changed_privacy_level_apart(self, ada: Account, now: datetime) -> None:
        profile = make_profile(privacy_level=PrivacyLevel.USERS)

        services.change_profile(
            profile=profile,
            name="Renamed",
            description="",
            privacy_level=PrivacyLevel.FULL,
            landing_page="",
            permissions=[],
            actor=ada,
            now=now,
        )

        profile.group.refresh_from_db()
        assert profile.group.name == "Renamed"
        assert codes() == [AuditCode.PROFILE_CHANGED, AuditCode.PRIVACY_LEVEL_CHANGED]

    def test_leaves_the_built_in_one_alone(self, ada: Account, now: datetime) -> None:
        with pytest.raises(services.BuiltInProfile):
            services.delete_profile(profile=Profile.objects.administrator(), actor=ada, now=now)


class TestDeleteProfile:
    def test_takes_its_group_with_it(self, ada: Account, now: datetime) -> None:
        profile = make_profile()

        services.delete_profile(profile=profile, actor=ada, now=now)

        assert not Profile.objects.filter(name=profile.name).exists()
        assert codes() == [AuditCode.PROFILE_DELETED]

    def test_is_refused_while_an_account_holds_it(self, ada: Account, now: datetime) -> None:
        profile = make_profile()
        make_account(profile=profile)

        with pytest.raises(services.ProfileInUse):
            services.delete_profile(profile=profile, actor=ada, now=now)
