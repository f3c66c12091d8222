"""What root does in folders of the servers' account."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dex import env
from dex.operations import accounts, roles
from dex.operations.accounts import Account
from dex.operations.problems import StartProblem
from tests.environment import server_account

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands over to another account")


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a folder that every account may enter."""
    with tempfile.TemporaryDirectory(prefix="dex-root-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def account() -> Account:
    """Return an account that is not root."""
    return server_account()


@pytest.fixture
def folder(home: Path, account: Account) -> Path:
    """Return a folder that the account owns."""
    accounts.make_folder(home / "secrets", account, 0o700)
    return home / "secrets"


@pytest.fixture
def victim(home: Path) -> Path:
    """Return a file that root alone may read."""
    file = home / "victim"
    file.write_text("of root")
    file.chmod(0o600)
    return file


class TestMakeFolder:
    def test_gives_a_folder_to_the_account(self, folder: Path, account: Account) -> None:
        status = folder.stat()

        assert (status.st_uid, status.st_gid) == (account.uid, account.gid)
        assert status.st_mode & 0o777 == 0o700

    def test_changes_the_folder_it_looked_at(
        self, folder: Path, home: Path, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (home / "roots").mkdir(mode=0o755)

        def swap() -> int:  # asked after the look at the folder
            monkeypatch.undo()
            folder.rename(home / "moved")
            folder.symlink_to(home / "roots")
            return 0

        monkeypatch.setattr(os, "geteuid", swap)
        accounts.make_folder(folder, account, 0o711)

        assert (home / "roots").stat().st_mode & 0o777 == 0o755
        assert (home / "moved").stat().st_mode & 0o777 == 0o711

    def test_refuses_a_file(self, victim: Path, account: Account) -> None:
        with pytest.raises(StartProblem, match="is no folder"):
            accounts.make_folder(victim, account, 0o700)


class TestRunAs:
    def test_has_the_rights_of_the_account(self, account: Account) -> None:
        found = accounts.run_as(
            account, lambda: f"{os.getresuid()} {os.getresgid()} {os.getgroups()}"
        )

        assert found == f"{(account.uid,) * 3} {(account.gid,) * 3} []"

    def test_says_what_went_wrong(self, account: Account, victim: Path) -> None:
        with pytest.raises(StartProblem, match=f"{account.name} met this: .* Permission denied"):
            accounts.run_as(account, victim.read_text)


class TestKeepSecret:
    def test_belongs_to_the_account_alone(self, folder: Path, account: Account) -> None:
        kept = roles.keep_secret(folder / "key", account, "fresh")

        assert (kept, roles.keep_secret(folder / "key", account, "later")) == ("fresh", "fresh")
        assert (folder / "key").stat().st_uid == account.uid
        assert (folder / "key").stat().st_mode & 0o777 == 0o600

    def test_reads_nothing_of_root(self, folder: Path, account: Account, victim: Path) -> None:
        (folder / "key").symlink_to(victim)

        with pytest.raises(StartProblem, match="Permission denied"):
            roles.keep_secret(folder / "key", account, "fresh")

    def test_is_read_over_no_link(self, folder: Path, victim: Path) -> None:
        (folder / "key").symlink_to(victim)

        assert env.secret("DEX_NOT_SET", folder / "key", "default") == "default"
