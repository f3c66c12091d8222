"""Signing in and out."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.core.caches import CountingRedisCache
from apps.core.limits import OwnCounts
from tests.conftest import NOW
from tests.factories.accounts import PASSWORD, make_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

URL = "/admin/login/"


@pytest.fixture
def dora() -> Account:
    """Return an account with a password."""
    return make_account("dora", password=PASSWORD)


def sign_in(client: Client, login: str, password: str = PASSWORD) -> int:
    """Post the form and return the status."""
    return client.post(URL, {"username": login, "password": password}).status_code


class TestSignIn:
    def test_opens_the_console_and_is_noted(self, client: Client, dora: Account) -> None:
        status = sign_in(client, "DORA")

        dora.refresh_from_db()
        row = InboxEvent.objects.get()
        assert status == 302
        assert dora.last_signed_in_at == NOW
        assert (row.code, row.actor_label) == (AuditCode.SIGNED_IN, "dora")
        assert row.address == "127.0.0.1"
        assert len(row.request_id) == 32

    def test_is_noted_when_the_password_is_wrong(self, client: Client, dora: Account) -> None:
        status = sign_in(client, "dora", "wrong")

        row = InboxEvent.objects.get()
        assert status == 200
        assert (row.code, row.actor_label, row.outcome) == (
            AuditCode.SIGN_IN_FAILED,
            "dora",
            "refused",
        )

    def test_keeps_an_unknown_login_as_a_digest_only(self, client: Client) -> None:
        sign_in(client, "my secret password")

        row = InboxEvent.objects.get()
        assert row.actor_label == audit.digest("My secret password ")
        assert row.actor_label.startswith("#")
        assert len(row.actor_label) == 13

    def test_is_slowed_down_after_ten_failures_a_minute(
        self, client: Client, dora: Account
    ) -> None:
        statuses = [sign_in(client, "dora", "wrong") for _ in range(10)]

        response = client.post(URL, {"username": "dora", "password": PASSWORD})

        assert statuses == [200] * 10
        assert response.status_code == 429
        assert int(response["Retry-After"]) <= 61

    def test_of_a_whole_office_behind_one_address_is_not_slowed_down(self, dora: Account) -> None:
        statuses = [sign_in(Client(), "dora") for _ in range(11)]

        assert statuses == [302] * 11

    def test_does_not_lock_out_its_own_account(self, dora: Account) -> None:
        statuses = {sign_in(Client(REMOTE_ADDR=f"192.0.2.{n}"), "dora") for n in range(31)}

        assert statuses == {302}

    def test_does_not_wipe_out_the_failures_before_it(self, client: Client, dora: Account) -> None:
        for _ in range(9):
            sign_in(client, "somebody", "wrong")
        sign_in(client, "dora")  # an attacker with an account of one's own
        sign_in(client, "somebody", "wrong")

        assert sign_in(client, "dora") == 429

    def test_is_slowed_down_and_possible_while_the_cache_is_away(
        self, client: Client, dora: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        away = CountingRedisCache(f"unix://{tmp_path}/valkey.sock", {})
        monkeypatch.setattr("apps.core.limits.cache", away)
        monkeypatch.setattr("apps.core.limits.own", OwnCounts())

        good = sign_in(Client(), "dora")
        wrong = [sign_in(client, "dora", "wrong") for _ in range(10)]

        assert (good, wrong, sign_in(client, "dora")) == (302, [200] * 10, 429)

    def test_is_counted_by_address(self, client: Client, dora: Account) -> None:
        for _ in range(10):
            sign_in(client, "dora", "wrong")

        other = Client(REMOTE_ADDR="192.0.2.7")

        assert sign_in(other, "dora") == 302

    def test_is_counted_by_the_network_of_a_long_address(
        self, client: Client, dora: Account
    ) -> None:
        for number in range(10):
            sign_in(Client(REMOTE_ADDR=f"2001:db8:0:1::{number}"), "dora", "wrong")

        same, other = (
            Client(REMOTE_ADDR="2001:db8:0:1:ffff::1"),
            Client(REMOTE_ADDR="2001:db8:0:2::1"),
        )

        assert sign_in(same, "dora") == 429
        assert sign_in(other, "dora") == 302

    @pytest.mark.parametrize("login", ["dora", "nobody"])
    def test_is_counted_by_login_whether_it_is_known_or_not(
        self, client: Client, dora: Account, login: str, django_assert_num_queries: Any
    ) -> None:
        for number in range(30):
            sign_in(Client(REMOTE_ADDR=f"192.0.2.{number}"), login.upper(), "wrong")

        with django_assert_num_queries(0):
            response = client.post(URL, {"username": login, "password": PASSWORD})

        assert response.status_code == 429
        assert int(response["Retry-After"]) <= 3_601
        assert sign_in(client, "somebody", "wrong") == 200

    def test_that_the_address_may_not_is_not_counted_for_the_login(
        self, client: Client, dora: Account
    ) -> None:
        for _ in range(31):
            sign_in(client, "dora", "wrong")

        assert sign_in(Client(REMOTE_ADDR="192.0.2.7"), "dora") == 302

    def test_lets_in_an_account_without_a_profile_to_an_empty_console(
        self, client: Client, dora: Account
    ) -> None:
        sign_in(client, "dora")

        assert client.get("/admin/").status_code == 200
        assert client.get("/admin/accounts/account/").status_code == 403

    def test_is_over_as_soon_as_the_account_is_disabled(
        self, client: Client, dora: Account
    ) -> None:
        sign_in(client, "dora")

        Account.objects.filter(pk=dora.pk).update(state="disabled")

        assert client.get("/admin/").status_code == 302


class TestOwnPassword:
    def test_is_changed_by_the_service(self, client: Client, dora: Account) -> None:
        sign_in(client, "dora")
        elsewhere = Client()
        sign_in(elsewhere, "dora")
        form = {
            "old_password": PASSWORD,
            "new_password1": "another horse battery staple",
            "new_password2": "another horse battery staple",
        }

        response = client.post("/admin/password_change/", form)

        dora.refresh_from_db()
        assert response.status_code == 302
        assert dora.security_epoch == 1
        assert InboxEvent.objects.filter(code=AuditCode.ACCOUNT_CHANGED).count() == 1
        assert client.get("/admin/").status_code == 200
        assert elsewhere.get("/admin/").status_code == 302


class TestSignOut:
    def test_is_noted(self, client: Client, dora: Account) -> None:
        sign_in(client, "dora")

        client.post("/admin/logout/")

        assert InboxEvent.objects.filter(code=AuditCode.SIGNED_OUT, actor_label="dora").exists()
