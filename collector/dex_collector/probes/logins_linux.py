"""Logins and logouts, from the file that login programs keep: where there is no logind."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dex_collector.probes.base import Context, Fact, Lack, NoData, Output

# Source: utmp(5) on Linux with 32-bit times, as glibc keeps it on all 64-bit machines too:
# type, pid, line, id, user, host, exit status, session, seconds, microseconds, address, unused.
ENTRY = struct.Struct("=hxxi32s4s32s256shhiii16s20x")
USER_PROCESS = 7
SWITCH = "session_events"
LACKS = ("locks.unsupported", "unlocks.unsupported", "session_times.unsupported")
PLACES = ("run/utmp", "var/run/utmp")


@dataclass(frozen=True, slots=True)
class Login:
    """One session that is open now."""

    line: str
    pid: int
    user: str
    is_remote: bool
    at: datetime

    @property
    def session_id(self) -> str:
        """Return what names the session within one boot: logind's number is not in the file."""
        return f"{self.line}.{self.pid}.{int(self.at.timestamp())}"


class UtmpReader:
    """Compares the open sessions with those of the reading before: logins and logouts, no more."""

    def __init__(self) -> None:
        self._open: dict[str, Login] | None = None

    def __call__(self, context: Context) -> list[Output]:
        allowed = context.configuration
        if not allowed.is_on(SWITCH):
            self.rest()
            return []
        logins = parse_utmp(read_utmp(context.root))
        before, self._open = self._open or {}, {login.session_id: login for login in logins}
        ended = [login for key, login in before.items() if key not in self._open]
        facts: list[Output] = [login_fact(context, login) for login in self._open.values()]
        if allowed.value(SWITCH) == "all":
            facts += [logout_fact(context, login) for login in ended]
        return [*facts, *map(Lack, LACKS)]

    def rest(self) -> None:
        """Forget: who leaves now is not watched."""
        self._open = None


def login_fact(context: Context, login: Login) -> Fact:
    """Return a login; it is sent once."""
    logon_type = "remote" if login.is_remote else "interactive"
    fields = {"session_id": login.session_id, "logon_type": logon_type}
    user = context.naming.of_name(login.user)
    return Fact("session.logins", login.at, login.session_id, fields, user, switch=SWITCH)


def logout_fact(context: Context, login: Login) -> Fact:
    """Return a logout, up to one reading late."""
    fields = {"session_id": login.session_id}
    user = context.naming.of_name(login.user)
    return Fact("session.logouts", context.now, login.session_id, fields, user, switch=SWITCH)


def read_utmp(root: Path) -> bytes:
    """Read the file of sessions."""
    for place in PLACES:
        try:
            return (root / place).read_bytes()
        except OSError:
            continue
    raise NoData("no utmp")


def parse_utmp(content: bytes) -> Iterator[Login]:
    """Return the logins of people in a utmp file; a cut-off last entry is left out.

    A host that begins with `:` is an X display of this machine.
    """
    whole = len(content) - len(content) % ENTRY.size
    for kind, pid, line, _, user, host, _, _, _, seconds, micros, _ in ENTRY.iter_unpack(
        content[:whole]
    ):
        name, origin = _text(user), _text(host)
        if kind != USER_PROCESS or not name:
            continue
        yield Login(
            line=_text(line),
            pid=pid,
            user=name,
            is_remote=bool(origin) and not origin.startswith(":"),
            at=datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=micros % 1_000_000),
        )


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", errors="replace")
