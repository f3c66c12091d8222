"""Sessions probe: who logs in and out, locks and unlocks, and how long sessions last."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from dex_collector.buckets import SECONDS, bucket_start
from dex_collector.bus import BusError, BusRefused, Signal
from dex_collector.clock import to_text
from dex_collector.local.companions import Companions, ScreenLock
from dex_collector.probes.base import Context, Fact, Lack, Output, ProbeError, Sample, Tally
from dex_collector.probes.boot_linux import read_boot_id
from dex_collector.probes.logind_linux import FOLDER, SESSION, Logind
from dex_collector.probes.logins_linux import UtmpReader
from dex_collector.probes.open_sessions import Change, OpenSession
from dex_collector.probes.session_network_linux import gauges_of, of_host, read_connections

EVERY_SECONDS = 30
KIND = "session.events"
SWITCH = "session_events"
USED_WITHIN_SECONDS = 60.0  # of the last input: longer, and nobody uses the session
DESKTOP_SECONDS = 120.0  # what a login waits for its companion, which knows of the desktop
DESKTOP_MAXIMUM = timedelta(hours=1)  # longer is no start of a desktop
# logind has no word for a remote session that lost its client and waits for it.
LACKS = (
    "session_connects.unsupported",
    "session_disconnects.unsupported",
    "virtual_sessions.unsupported",  # the brokers' own counters are those of Windows
)
NOBODY = Companions()


class SessionReader:
    """Follows the sessions of logind; where there is none, the file that login programs keep."""

    def __init__(self, monotonic: Callable[[], float] | None = None) -> None:
        self._logind = Logind(monotonic)
        self._utmp = UtmpReader()
        self._open: dict[str, OpenSession] = {}  # by path
        self._changes: list[Change] = []  # since the last reading that was answered
        self._told: list[Change] = []  # by that one, and again by the next: it may be thrown away
        self._ended: list[OpenSession] = []
        self._unread = 0  # sessions that were gone before they could be read
        self._read_at: float | None = None

    def __call__(self, context: Context) -> list[Output]:
        if not (context.root / FOLDER).is_dir():
            return list(self._utmp(context))
        self._ended, self._unread = [], 0
        try:
            self._follow(context)
            samples = self._samples(context)
        except BusError as error:
            raise ProbeError("logind does not answer") from error
        changes = [*self._told, *self._changes]
        self._told, self._changes = self._changes, []
        facts = [_fact(context, change) for change in changes if _may_tell(context, change)]
        return [*facts, *samples, Tally("sessions_unread", self._unread), *map(Lack, LACKS)]

    def rest(self) -> None:
        """Hear and know nothing more: people are not watched now."""
        self._logind.close()
        self._utmp.rest()
        self._open.clear()
        self._changes, self._told = [], []
        self._read_at = None

    # What happened.

    def _follow(self, context: Context) -> None:
        companions = context.companions or NOBODY
        if self._logind.connect(context.root):
            self._read_all(context)
        heard: list[Signal | ScreenLock] = [*self._logind.signals(), *companions.take_locks()]
        for one in sorted(heard, key=lambda one: one.at):
            if isinstance(one, Signal):
                self._obey(context, one)
            else:
                self._relay(context, one)
        for path in list(self._open):  # no signal tells that one closes
            if not self._logind.is_open(path):
                self._end(context, path, self._logind.monotonic())
        for opened in self._open.values():
            self._tell_login(context, opened, may_wait=True)

    def _read_all(self, context: Context) -> None:
        """Compare with what logind has now: at first, and after it could not be heard."""
        present = self._logind.paths()
        now = self._logind.monotonic()
        for path in set(self._open) - set(present.values()):
            self._end(context, path, now)
        for id_, path in present.items():
            if path not in self._open:
                self._begin(context, id_, path)
            else:
                self._lock(context, self._open[path], now, hint=self._logind.is_locked(path))

    def _obey(self, context: Context, signal: Signal) -> None:
        match signal.member, signal.body:
            case "SessionNew", (str(id_), str(path)) if path not in self._open:
                self._begin(context, id_, path)
            case "SessionRemoved", (_, str(path)):
                self._end(context, path, signal.at)
            case "PrepareForSleep", (bool(begins),):
                for one in self._open.values():
                    one.advance(signal.at)
                    one.is_asleep = begins
            case "PropertiesChanged", (interface, dict(changed), _) if interface == SESSION:
                if signal.path in self._open:
                    self._change(context, self._open[signal.path], changed, signal.at)

    def _change(
        self, context: Context, one: OpenSession, changed: dict[str, Any], at: float
    ) -> None:
        if "LockedHint" in changed:
            self._lock(context, one, at, hint=bool(changed["LockedHint"][1]))
        if "IdleHint" in changed and one.is_idle is not None:
            one.advance(at)
            one.is_idle = bool(changed["IdleHint"][1])

    def _begin(self, context: Context, id_: str, path: str) -> None:
        try:
            session = self._logind.read(id_, path)
            if session is None or not self._logind.is_open(path):
                return
            one = OpenSession(session, self._logind.monotonic(), self._logind.is_locked(path))
        except BusRefused:
            self._unread += 1
            return
        one.relay = session.is_graphical and (context.companions or NOBODY).is_locked(session.uid)
        self._open[path] = one

    def _end(self, context: Context, path: str, at: float) -> None:
        one = self._open.pop(path, None)
        if one is not None:
            one.advance(at)
            self._ended.append(one)
            self._tell_login(context, one, may_wait=False)
            self._tell_change(context, one, "logouts", at)

    def _relay(self, context: Context, lock: ScreenLock) -> None:
        """Take the word of a companion: for the desktops of its own account."""
        for one in self._open.values():
            if one.session.uid == lock.uid and one.session.is_graphical:
                self._lock(context, one, lock.at, relay=lock.is_locked)

    def _lock(self, context: Context, one: OpenSession, at: float, **said: bool) -> None:
        was_locked = one.is_locked
        one.advance(at)
        one.hint, one.relay = said.get("hint", one.hint), said.get("relay", one.relay)
        if one.is_locked != was_locked:
            self._tell_change(context, one, "locks" if one.is_locked else "unlocks", at)

    # What is told.

    def _tell_login(self, context: Context, one: OpenSession, *, may_wait: bool) -> None:
        """Tell a login, that to a desktop when it is known how long the desktop took.

        It is told at each reading and kept at the first: a reading may be thrown away.
        """
        session = one.session
        visible_at = (context.companions or NOBODY).desktop_at(session.uid)
        waits_for = session.opened_at + timedelta(seconds=DESKTOP_SECONDS)
        is_early = session.is_graphical and context.now < waits_for
        if may_wait and is_early and visible_at is None:
            return
        fields: dict[str, Any] = {"logon_type": "remote" if session.is_remote else "interactive"}
        took = visible_at - session.opened_at if visible_at is not None else None
        if session.is_graphical and took is not None and timedelta() <= took <= DESKTOP_MAXIMUM:
            fields["time_until_desktop_is_visible_ms"] = round(took.total_seconds() * 1000)
        self._changes.append(Change(one, "logins", session.opened_at, fields))

    def _tell_change(self, context: Context, one: OpenSession, what: str, at: float) -> None:
        moment = context.now - timedelta(seconds=max(0.0, self._logind.monotonic() - at))
        self._changes.append(Change(one, what, moment, {"protocol": one.session.protocol}))

    # How long it lasted.

    def _samples(self, context: Context) -> list[Sample]:
        """Return what sessions did since the reading before; nothing after sleep or a gap."""
        now = self._logind.monotonic()
        before, self._read_at = self._read_at, now
        is_whole = before is not None and 0 < now - before <= 2 * EVERY_SECONDS
        samples = []
        for one in [*self._open.values(), *self._ended]:
            if one.session.path in self._open:
                one.advance(now)
                self._note_use(context, one)
            if not is_whole:
                one.drop()
            samples.append(self._sample(context, one, self._network(context, one)))
        return samples

    def _note_use(self, context: Context, one: OpenSession) -> None:
        """Note whether somebody uses a session; not read where `user_activity` is off."""
        if not context.configuration.is_on("user_activity"):
            one.is_idle = None
            return
        idle = None
        if one.session.is_graphical:
            idle = (context.companions or NOBODY).idle_seconds(one.session.uid)
        if idle is None:
            one.is_idle = self._logind.is_idle(one.session.path)
        else:
            one.is_idle = idle > USED_WITHIN_SECONDS

    def _network(self, context: Context, one: OpenSession) -> dict[str, float]:
        """Return round trip and loss of a remote session; not read where they are off."""
        if not context.configuration.is_on("session_network"):
            one.remote_host, one.connections = None, {}
            return {}
        if not one.session.is_remote or one.session.path not in self._open:
            return {}
        if one.remote_host is None:
            one.remote_host = self._logind.remote_host(one.session.path)
        found = read_connections(context.root, one.session.protocol)
        connections = of_host(found, one.remote_host)
        before, one.connections = one.connections, {each.cookie: each for each in connections}
        return gauges_of(connections, before)

    def _sample(self, context: Context, one: OpenSession, gauges: dict[str, float]) -> Sample:
        counters = one.take_counters()
        bucket = bucket_start(context.now, SECONDS[KIND])
        if one.counted_in != bucket:
            one.counted_in = bucket
            counters["number_of_sessions"] = 1
        return Sample(
            KIND,
            gauges=gauges,
            counters=counters,
            fields={
                "session_id": session_id_of(context, one),
                "session_protocol": one.session.protocol,
            },
            user=context.naming.of_uid(one.session.uid),
        )


def session_id_of(context: Context, one: OpenSession) -> str:
    """Return what names a session for ever: logind counts anew after each boot."""
    return f"{one.session.id}.{read_boot_id(context.root)[:8]}"


def _may_tell(context: Context, change: Change) -> bool:
    """Return whether the switch lets a change be told."""
    value = context.configuration.value(SWITCH)
    return value == "all" or (value == "logins" and change.what == "logins")


def _fact(context: Context, change: Change) -> Fact:
    session_id = session_id_of(context, change.one)
    is_login = change.what == "logins"  # a session has one, its locks are told apart by time
    return Fact(
        kind=f"session.{change.what}",
        occurred_at=change.at,
        key=session_id if is_login else f"{session_id}.{to_text(change.at)}",
        fields={"session_id": session_id, **change.fields},
        user=context.naming.of_uid(change.one.session.uid),
        switch=SWITCH,
    )
