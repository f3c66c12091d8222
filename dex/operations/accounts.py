"""The system account under which root's instance runs, and which folders it can reach."""

import errno
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from dex.operations.problems import StartProblem

SYSTEM_ACCOUNT = "dex"
DONE = b"\0"  # begins the answer of a child that did its work


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system."""

    name: str
    uid: int
    gid: int

    @classmethod
    def named(cls, name: str) -> "Account | None":
        """Return the account of that name, if the machine has it."""
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            return None
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @classmethod
    def current(cls) -> "Account":
        """Return the account of this process; one without an entry goes by its number."""
        try:
            name = pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            name = str(os.geteuid())
        return cls(name, os.geteuid(), os.getegid())

    @property
    def is_current(self) -> bool:
        """Return whether this process runs as the account."""
        return self.uid == os.geteuid()

    def popen_arguments(self) -> dict[str, Any]:
        """Return the arguments of subprocess.Popen that make a child run as the account."""
        if self.is_current:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def service_account() -> Account:
    """Return the account for the servers: `dex` for root, made when missing; else our own.

    Raises:
        StartProblem: the account cannot be made.
    """
    if os.geteuid() != 0:
        return Account.current()
    account = Account.named(SYSTEM_ACCOUNT) or _make_account()
    if account.uid == 0:
        raise StartProblem(
            f"The account {SYSTEM_ACCOUNT} is root: PostgreSQL refuses to run as it."
        )
    return account


def _make_account() -> Account:
    tool = shutil.which("useradd") or "/usr/sbin/useradd"
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    try:
        subprocess.run(
            [tool, *options, "--shell", "/usr/sbin/nologin", SYSTEM_ACCOUNT],
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError) as problem:
        reason = getattr(problem, "stderr", "") or str(problem)
        raise StartProblem(
            f"The system account {SYSTEM_ACCOUNT} cannot be made ({reason.strip()})."
            f" Make it yourself: useradd --system --user-group {SYSTEM_ACCOUNT}"
        ) from None
    account = Account.named(SYSTEM_ACCOUNT)
    if account is None:
        raise StartProblem(f"useradd made no account {SYSTEM_ACCOUNT}.")
    return account


def folder_in_the_way(path: Path, account: Account) -> Path | None:
    """Return the first folder on the way to `path` that `account` may not enter, else None.

    Looks at the permission bits of owner, group and others, not at access control lists.
    """
    real = Path(os.path.realpath(path))
    for folder in [*reversed(real.parents), *([real] if real.is_dir() else [])]:
        if folder.exists() and not _may(folder.stat(), account, stat.S_IXUSR):
            return folder
    return None


def require_reach(path: Path, account: Account, what: str) -> None:
    """Refuse a `path` that `account` cannot reach, naming the folder and its mode.

    Raises:
        StartProblem: a folder on the way is closed to the account.
    """
    folder = folder_in_the_way(path, account)
    if folder is not None:
        mode = stat.S_IMODE(folder.stat().st_mode)
        raise StartProblem(
            f"{what} is {path}, but the account {account.name} cannot enter {folder}"
            f" (mode {mode:04o}). Choose another place or run: chmod o+x {folder}"
        )


def _may(status: os.stat_result, account: Account, owner_bit: int) -> bool:
    if account.uid == 0:
        return True
    if status.st_uid == account.uid:
        return bool(status.st_mode & owner_bit)
    if status.st_gid == account.gid:
        return bool(status.st_mode & (owner_bit >> 3))
    return bool(status.st_mode & (owner_bit >> 6))


def make_folder(path: Path, account: Account, mode: int) -> None:
    """Make `path` if missing, and give it to `account` with exactly `mode`.

    All is done to the folder that was looked at, never to what its name leads to a moment later.
    A folder inside one of another account: see `make_inner_folder`.

    Raises:
        StartProblem: something else stands there, or it belongs to a stranger.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=mode)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as problem:
        if problem.errno in {errno.EEXIST, errno.ENOTDIR, errno.ELOOP}:
            raise StartProblem(f"{path} is no folder.") from None
        raise _not_made(path, problem) from None
    try:
        status = os.fstat(folder)
        if status.st_uid not in {account.uid, os.geteuid()}:
            raise StartProblem(f"{path} belongs to another account (number {status.st_uid}).")
        if (status.st_uid, status.st_gid) != (account.uid, account.gid) and os.geteuid() == 0:
            os.fchown(folder, account.uid, account.gid)
        os.fchmod(folder, mode)
    except OSError as problem:
        raise _not_made(path, problem) from None
    finally:
        os.close(folder)


def make_inner_folder(path: Path, account: Account) -> None:
    """Make `path`, mode 0700, inside a folder that `account` owns.

    Raises:
        StartProblem: as `make_folder`.
    """

    def make() -> str:
        make_folder(path, account, 0o700)
        return ""

    run_as(account, make)


def _not_made(path: Path, problem: OSError) -> StartProblem:
    return StartProblem(f"The folder {path} cannot be made: {problem.strerror}.")


def run_as(account: Account, work: Callable[[], str]) -> str:
    """Return what `work` returns, done with no other rights than those of `account`.

    Whatever root does in a folder that the account owns goes through here: the account may have
    put links there, and they lead no further than the account itself can go. It is a child, not
    seteuid(2), which would clear the supervisor's wish to end with its guard.

    Raises:
        StartProblem: `work` raised it, or a file is out of the account's reach.
    """
    if account.is_current:
        return _answer(account, work)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _work_and_exit(account, work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    if not told.startswith(DONE):
        raise StartProblem(told.decode() or f"A step as the account {account.name} failed.")
    return told.removeprefix(DONE).decode()


def _work_and_exit(account: Account, work: Callable[[], str], writer: int) -> NoReturn:
    try:
        os.setgroups([])
        os.setgid(account.gid)
        os.setuid(account.uid)
        told = DONE + _answer(account, work).encode()
    except BaseException as problem:  # noqa: BLE001 - the parent's code must not go on here
        told = str(problem).encode()
    try:
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(told)
    finally:
        os._exit(0)


def _answer(account: Account, work: Callable[[], str]) -> str:
    try:
        return work()
    except OSError as problem:
        raise StartProblem(f"The account {account.name} met this: {problem}.") from None
