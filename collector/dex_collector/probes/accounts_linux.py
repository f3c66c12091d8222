"""Accounts and groups in the files of the machine, and who may become root by sudo."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dex_collector.probes.base import NoData

SUDOERS, SUDOERS_FOLDER = "etc/sudoers", "etc/sudoers.d"
# What distributions let become root as they are installed; asked where sudoers is not readable.
USUAL_ADMIN_GROUPS = frozenset({"admin", "sudo", "wheel"})
# sudoers(5): users, hosts = (run as) tags: commands. Whoever may run ALL is an administrator.
GRANT = re.compile(r"^(?P<who>\S+)\s+\S+\s*=\s*(\([^)]*\)\s*)?([A-Z_]+:\s*)*ALL\s*(,|$)")
ALIAS = re.compile(r"^User_Alias\s+(?P<name>[A-Z][A-Z0-9_]*)\s*=\s*(?P<members>.+)$")
BLANK = "\x01"  # stands for one within a name, while lines are taken apart
NO_SHELLS = ("nologin", "false", "sync", "halt", "shutdown")


@dataclass(frozen=True, slots=True)
class Account:
    """One line of passwd(5)."""

    name: str
    uid: int
    gid: int
    shell: str

    @property
    def may_log_in(self) -> bool:
        """Return whether it has a shell; an empty field stands for /bin/sh."""
        return self.shell.rpartition("/")[2] not in NO_SHELLS


@dataclass(frozen=True, slots=True)
class Group:
    """One line of group(5); members: without those whose own group it is."""

    name: str
    gid: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grants:
    """Who may become root. is_whole: whether all of sudoers could be read."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    is_whole: bool = True


@dataclass(slots=True)
class _Found:
    names: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)


def read_accounts(root: Path) -> list[Account]:
    """Read the accounts of the machine; those of a directory are not in this file.

    Raises:
        NoData: no such file.
    """
    return parse_accounts(_read(root / "etc/passwd"))


def parse_accounts(text: str) -> list[Account]:
    """Return the accounts. Source: passwd(5)."""
    rows = (line.split(":") for line in text.splitlines())
    return [
        Account(row[0], int(row[2]), int(row[3]), row[6])
        for row in rows
        if len(row) == 7 and row[0] and row[2].isdigit() and row[3].isdigit()
    ]


def read_groups(root: Path) -> list[Group]:
    """Read the groups of the machine.

    Raises:
        NoData: no such file.
    """
    return parse_groups(_read(root / "etc/group"))


def parse_groups(text: str) -> list[Group]:
    """Return the groups. Source: group(5)."""
    rows = (line.split(":") for line in text.splitlines())
    return [
        Group(row[0], int(row[2]), tuple(name for name in row[3].split(",") if name))
        for row in rows
        if len(row) == 4 and row[0] and row[2].isdigit()
    ]


def groups_of(account: Account, groups: Iterable[Group]) -> list[str]:
    """Return the groups of an account but the one of its own name, which says nothing."""
    return [
        group.name
        for group in groups
        if (account.gid == group.gid or account.name in group.members)
        and group.name != account.name
    ]


def read_grants(root: Path) -> Grants:
    """Read who may run everything by sudo. Root alone may read these files."""
    if not (root / SUDOERS).exists():
        return Grants()  # no sudo
    try:
        names = sorted((root / SUDOERS_FOLDER).iterdir()) if _has_folder(root) else []
        # sudoers(5), includedir: files with a dot or a tilde at the end are left out.
        places = [place for place in names if "." not in place.name and place.name[-1] != "~"]
        texts = [_read(place) for place in [root / SUDOERS, *places]]
    except (OSError, NoData):
        return Grants(groups=USUAL_ADMIN_GROUPS, is_whole=False)
    return parse_sudoers("\n".join(texts))


def _has_folder(root: Path) -> bool:
    return (root / SUDOERS_FOLDER).is_dir()


def parse_sudoers(text: str) -> Grants:
    """Return the users and groups that may run all commands.

    Source: sudoers(5). A number in place of a name, `#1000`, and a netgroup, `+name`, are left out.
    """
    found = _Found()
    for line in _lines(text):
        if alias := ALIAS.match(line):
            found.aliases[alias["name"]] = alias["members"]
        elif grant := GRANT.match(line):
            found.names |= set(_names(grant["who"]))
    for name in found.names & found.aliases.keys():
        found.names |= set(_names(found.aliases[name]))
    names = found.names - found.aliases.keys()
    return Grants(
        users=frozenset(name for name in names if name[0] not in "%#+!"),
        groups=frozenset(name[1:] for name in names if name[0] == "%" and name[1:2] != "#"),
    )


def _lines(text: str) -> Iterator[str]:
    """Yield lines without comments, joined where a backslash continues one."""
    for line in text.replace("\\\n", " ").splitlines():
        kept = re.sub(r"(?<!\\)#(?!\d).*$", "", line).strip()
        if kept and not kept.startswith(("Defaults", "@include")):
            # A blank in a name is written `\ `, and must not end the name; those in lists may go.
            kept = kept.replace("\\ ", BLANK)
            yield re.sub(r"[ \t]*,[ \t]*", ",", kept)


def _names(text: str) -> list[str]:
    plain = text.replace("\\\\", "\\").replace(BLANK, " ")
    return [name.strip().strip('"') for name in plain.split(",") if name.strip()]


def administrators(
    accounts: Sequence[Account], groups: Sequence[Group], grants: Grants
) -> frozenset[str]:
    """Return the names of the accounts that are root or may become it."""
    found = {account.name for account in accounts if account.uid == 0} | grants.users
    for group in groups:
        if group.name in grants.groups:
            found |= set(group.members)
            found |= {account.name for account in accounts if account.gid == group.gid}
    return frozenset(found)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise NoData(f"no {path.name}") from error
