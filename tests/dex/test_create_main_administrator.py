"""`manage.py create_main_administrator`."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import Account
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db


class TestCreateMainAdministrator:
    def test_takes_the_password_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DEX_ADMIN_PASSWORD", PASSWORD)

        call_command("create_main_administrator", login="admin", stdout=StringIO())

        assert Account.objects.get(login="admin").check_password(PASSWORD)

    def test_takes_the_password_from_a_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "password"
        file.write_text(f"{PASSWORD}\n")
        monkeypatch.setenv("DEX_ADMIN_PASSWORD_FILE", str(file))
        monkeypatch.setattr("sys.stdin", StringIO("another battery staple\n"))

        call_command("create_main_administrator", stdout=StringIO())

        assert Account.objects.get(login="admin").check_password(PASSWORD)

    def test_names_a_file_that_cannot_be_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DEX_ADMIN_PASSWORD_FILE", str(tmp_path / "missing"))

        with pytest.raises(CommandError, match=r"DEX_ADMIN_PASSWORD_FILE: .* cannot be read"):
            call_command("create_main_administrator", stdout=StringIO())

        assert not Account.objects.main_administrators().exists()

    def test_takes_the_password_from_a_pipe(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DEX_ADMIN_PASSWORD", raising=False)
        monkeypatch.setattr("sys.stdin", StringIO(f"{PASSWORD}\n"))

        call_command("create_main_administrator", stdout=StringIO())

        assert Account.objects.get(login="admin").check_password(PASSWORD)

    def test_says_why_it_makes_none(self, ada: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DEX_ADMIN_PASSWORD", PASSWORD)

        with pytest.raises(CommandError, match="main administrator already"):
            call_command("create_main_administrator", stdout=StringIO())

    def test_makes_none_when_tried_dry(self) -> None:
        call_command("create_main_administrator", "--dry-run", stdout=StringIO())

        assert not Account.objects.main_administrators().exists()
