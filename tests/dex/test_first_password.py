"""The main administrator's first password: nobody is left without it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from apps.accounts.models import Account
from apps.accounts.services import create_main_administrator
from apps.core import clock
from dex.operations import bootstrap
from dex.operations.accounts import Account as SystemAccount
from dex.operations.installation import Installation
from dex.operations.problems import StartProblem
from dex.operations.supervisor import Ended, Supervisor


class Database(Supervisor):
    """Runs no process: answers as `prepare_instance` does, with one account at most."""

    def __init__(self) -> None:
        self.password = ""  # of the main administrator

    def run(self, process: Any, given: bytes = b"") -> Ended:
        offered, untold, _ = given.decode().split("\n")
        answer = {
            "instance": "dex",
            "administrator": "" if self.password else "admin",
            "untold": "admin" if untold and untold == self.password else "",
        }
        self.password = self.password or offered
        return Ended(0, json.dumps(answer).encode(), "")


class Start(bootstrap.Start):
    """A start without servers; its web processes come up, or do not."""

    is_lucky = True

    def start_servers(self) -> None:
        return

    make_secret_key = make_database = start_collector = start_servers

    def start_application(self) -> None:
        if not self.is_lucky:
            raise StartProblem("web did not start")


@pytest.fixture
def database() -> Database:
    """Return a database without accounts."""
    return Database()


@pytest.fixture
def start(tmp_path: Path, database: Database) -> Start:
    """Return a start in an empty home."""
    (tmp_path / "launcher").mkdir()
    at = Installation(tmp_path, SystemAccount.current(), "127.0.0.1", 8000, database_url="x")
    return Start(at, database)


class TestFirstPassword:
    def test_is_shown_and_then_forgotten(self, start: Start, database: Database) -> None:
        told = start.run()
        start.forget_first_password()

        assert f"Password: {database.password}  (shown this once)" in told
        assert list(start.at.launcher.glob("*password*")) == []

    def test_is_shown_by_the_start_after_one_that_failed(
        self, start: Start, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(start, "is_lucky", False)
        with pytest.raises(StartProblem):
            start.run()
        monkeypatch.undo()

        assert f"Main administrator: admin\nPassword: {database.password}  (sh" in start.run()

    def test_is_kept_for_the_launcher_alone(
        self, start: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(start, "is_lucky", False)
        with pytest.raises(StartProblem):
            start.run()

        assert start.first_password.stat().st_mode & 0o777 == 0o600

    def test_is_shown_though_another_one_is_set_meanwhile(
        self, start: Start, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(start, "is_lucky", False)
        with pytest.raises(StartProblem):
            start.run()
        monkeypatch.undo()
        monkeypatch.setenv("DEX_ADMIN_PASSWORD", "chosen too late")

        assert f"Password: {database.password}  (shown this once)" in start.run()

    def test_is_not_made_where_there_is_an_account(self, start: Start, database: Database) -> None:
        database.password = "of before"

        assert "assword" not in start.run()
        assert not start.first_password.exists()

    def test_is_not_shown_where_it_was_chosen(
        self, start: Start, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "chosen").write_text("a password for Ada\n")
        monkeypatch.setenv("DEX_ADMIN_PASSWORD_FILE", str(tmp_path / "chosen"))

        told = start.run()

        assert database.password == "a password for Ada"
        assert told.endswith("Main administrator: admin")
        assert not start.first_password.exists()


class TestPrepareInstance:
    @pytest.mark.parametrize(
        ("untold", "login"), [("a password for Ada", "admin"), ("another one", ""), ("", "")]
    )
    def test_says_whether_an_untold_password_holds(
        self, db: None, untold: str, login: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create_main_administrator(login="admin", password="a password for Ada", now=clock.now())
        monkeypatch.setattr("sys.stdin", io.StringIO(f"later\n{untold}\n"))
        output = io.StringIO()

        call_command("prepare_instance", stdout=output)

        answer = json.loads(output.getvalue())
        assert (answer["untold"], answer["administrator"]) == (login, "")
        assert Account.objects.count() == 1
