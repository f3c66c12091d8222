"""The daemon: one step after the other, no sleep inside, every clock injected."""

import hashlib
import hmac
import logging
import os
import random
import signal
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from dex_collector import enrolment, fingerprints, pausing, private_files
from dex_collector.clock import Clock, from_text
from dex_collector.configuration import ConfigurationRefused, ConfigurationStore
from dex_collector.enroller import Enroller
from dex_collector.identity import Identity, IdentityStore
from dex_collector.journal import facts
from dex_collector.link import EnrolAnew, Erased, Link
from dex_collector.local.door import Door
from dex_collector.measurement import Measurement
from dex_collector.notify import ALIVE, READY, STOPPING, notify
from dex_collector.patience import Patience
from dex_collector.probes.base import Probe
from dex_collector.probes.boot_linux import read_boot_id
from dex_collector.probes.registry import PROBES
from dex_collector.reports import Cost, read_cost
from dex_collector.sending import Sender
from dex_collector.show.door import open_door
from dex_collector.spool import Limits, Spool
from dex_collector.state_lock import lock
from dex_collector.transport import Answer, Transport

logger = logging.getLogger(__name__)

TURN_SECONDS, TURN_JITTER_SECONDS = 900, 60.0
CHECK_IN_SECONDS, CHECK_IN_JITTER = 600.0, 0.2
LIVE_SECONDS, LIVE_EVERY_SECONDS = 600.0, 60.0  # while a page of this device is open
BACKLOG_SECONDS = 60.0  # to the next turn, when one was not enough
WAITING_RECORDS = 200  # so many send at once
REFUSED_MEASURES = timedelta(hours=24)  # what an unenrolled collector still measures
SPOOL_RETRY_SECONDS = 10.0  # after a write that failed
ANEW_SECONDS = 900.0  # between two identities


@dataclass(frozen=True, slots=True)
class Settings:
    """Where this collector lives and to whom it reports."""

    state: Path
    server: str
    root: Path = Path("/")
    key_file: Path | None = None
    ca_file: Path | None = None
    tag: str = ""  # a label given at installation; kept, not yet sent
    limits: Limits = field(default_factory=Limits)
    socket: Path | None = None  # where what runs in the sessions of people finds the daemon


class Daemon:
    """All parts of a running collector. `step` does what is due and says when to come again."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        chance: random.Random | None = None,
        probes: Sequence[Probe] = PROBES,
        read_cost: Callable[[], Cost] = read_cost,
    ) -> None:
        """Open the state folder.

        Raises:
            AlreadyRunning, NoEnrolmentKey: see there.
            ValueError: a bad URL, enrolment key or identity file.
        """
        self.settings, self.clock = settings, clock
        self._chance = chance or random.SystemRandom()
        transport = Transport(settings.server, settings.ca_file)
        private_files.make_folder(settings.state)
        self._lock = lock(settings.state)
        self.spool = Spool(settings.state / "spool.db", clock.now(), settings.limits)
        self.spool.begin_epoch(read_boot_id(settings.root))
        self.spool.write("tag", settings.tag)
        self.configuration = ConfigurationStore(
            settings.state / "configuration.json", settings.root
        )
        self.patience = Patience(self._chance)
        store = IdentityStore(settings.state / "identity.json")
        self.link = Link(store, transport, clock, self.patience)
        self._enroller = Enroller(
            self.link, self.spool, self.configuration, settings.root, settings.key_file
        )
        self._enroller.prepare()
        if self.link.kept is not None:
            self.configuration.load(self.link.kept)
        self.door = Door(settings.socket, clock.monotonic)
        self._show_door = open_door(settings.socket, settings.state, clock, settings.root)
        self.measurement = Measurement(
            settings.root,
            clock,
            self.spool,
            self.configuration,
            probes,
            companions=self.door.companions,
            read_cost=read_cost,
        )
        self.watchdog = self.measurement.watchdog
        self.sender = Sender(
            self.link,
            self.spool,
            configuration_version=lambda: self.configuration.current.version,
            need_full=self.measurement.need_full,
        )
        self.is_erased = False
        self._present: fingerprints.Fingerprints = {}
        self._etag: str | None = None
        self._told: str | None = ""  # the reason for silence that `status` was told
        self._anew_after = 0.0
        self._begin()
        self._notice_clone()

    def _begin(self) -> None:
        """Set all timers for a start: check in, measure and send at once."""
        monotonic = self.clock.monotonic()
        self._wants_turn, self._is_first_turn, self._awaits_bucket = True, True, True
        self._next_turn = self._next_check_in = monotonic
        self._live_until = 0.0
        self._etag = None
        self._is_start_told = False

    # Identity.

    def _notice_clone(self) -> None:
        """Compare the machine with the one that enrolled."""
        identity = self.link.identity
        if identity is None or not identity.is_enrolled:
            return
        key = identity.fingerprint_key_bytes()
        self._present = fingerprints.read_fingerprints(self.settings.root, key)
        different = fingerprints.differing(identity.fingerprints, self._present)
        if different >= fingerprints.LIMIT:
            logger.warning("This state comes from another machine", extra=facts(count=different))
            self._follow(identity, reason="identity_conflict")

    def _follow(self, identity: Identity, reason: str) -> None:
        """Let a new identity, authenticated by this one, enrol without history.

        Identity and spool stay until a server has accepted the new one.
        """
        follower = Identity.make(identity.fingerprint_key_bytes(), follows=identity)
        follower.reason = reason
        self.link.follow(follower)
        self.patience.succeed()

    def _end(self) -> None:
        """Obey an erasure: no spool, no configuration, the identity aside."""
        logger.error("The server erased this device: stopping")
        self.measurement.forget()
        self.spool.empty()
        self.spool.write("not_sending", "the server erased this device")
        self.configuration.forget()
        self.link.store.set_aside(self.clock.now())
        self.link.identity = self.link.kept = None
        self.is_erased = True

    def _enrol(self) -> None:
        reason = self.link.identity.reason if self.link.identity is not None else None
        if self.patience.is_over(self.clock.monotonic()) and self._enroller.try_to_enrol():
            identity = self.link.enrolled
            self._present = dict(identity.fingerprints)
            self.spool.write("tag", self.settings.tag)
            self.measurement.forget()
            self.measurement.restart()
            self._begin()
            if reason is not None:
                self.measurement.reports.tell("identity_changed", reason)
            self._plan_check_in()  # the enrolment brought the configuration

    # One step.

    def step(self) -> float:
        """Do what is due; return the seconds until the next step, 0.05 to 60."""
        try:
            self._act()
            self._tell()
            return min(60.0, max(0.05, self._seconds_to_next()))
        except (OSError, sqlite3.OperationalError):  # a full disk; memory holds what was measured
            logger.exception("The disk takes nothing")
            return SPOOL_RETRY_SECONDS

    def _act(self) -> None:
        try:
            if not self._is_enrolled():
                self._rest()
                self._enrol()
            if self._is_enrolled():
                self.measurement.obey()
                self._open_door()
                self._report()
                if self._may_measure():
                    self.measurement.step()
                else:
                    self.measurement.rest()
                self._check_in_if_due()
                self._turn_if_due()
                self.configuration.save()
        except EnrolAnew as reason:
            self._enrol_anew(str(reason))
        except Erased:
            self._end()

    def _rest(self) -> None:
        """Hear nothing, and let companions read nothing, while there is nobody to tell."""
        self.measurement.rest()
        self.door.obey(self.configuration.current, measures_people=False)

    def _open_door(self) -> None:
        """Tell companions what may be read, and count whom the socket did not bear."""
        measures = self._may_measure() and self.measurement.measures_people()
        self.door.obey(self.configuration.current, measures_people=measures)
        for counter, number in self.door.take_counts().items():
            self.spool.count(counter, number)

    def _report(self) -> None:
        """Tell of the start, and of the own health when it is time."""
        if not self._is_start_told:
            self.measurement.reports.tell_start()
            for type_, details in self.measurement.troubles.sentences():
                self.measurement.reports.tell(type_, details)
            self._tell_local()
            self._is_start_told = True
        if (paused := pausing.take_untold(self.spool)) is not None:
            self.measurement.reports.tell("paused", paused)
        self.measurement.reports.step(self.link.transport.traffic_bytes)
        self.watchdog.step(self.link.transport.traffic_bytes)

    def _is_enrolled(self) -> bool:
        return self.link.identity is not None and self.link.identity.is_enrolled

    def _enrol_anew(self, reason: str) -> None:
        monotonic = self.clock.monotonic()
        if monotonic < self._anew_after:
            self.patience.wait(
                monotonic, self._anew_after - monotonic, f"the server asks again: {reason}"
            )
            return
        logger.warning("Enrolling anew", extra=facts(reason=reason))
        self._anew_after = monotonic + ANEW_SECONDS
        self._follow(self.link.enrolled, reason)

    def _may_measure(self) -> bool:
        """Return whether to measure: an unenrolled collector stops after 24 h."""
        since = self.link.enrolled.refused_at
        return since is None or self.clock.now() - from_text(since) < REFUSED_MEASURES

    def _seconds_to_next(self) -> float:
        monotonic = self.clock.monotonic()
        if not self._is_enrolled():
            return self.patience.remaining(monotonic)
        sending = min(self._next_turn, self._next_check_in)
        if self._wants_turn and not self._is_first_turn:
            sending = monotonic
        wait = max(sending - monotonic, self.patience.remaining(monotonic))
        return min(wait, self.measurement.seconds_to_next()) if self._may_measure() else wait

    def _tell(self) -> None:
        """Write for `status` why nothing is sent, when that changed."""
        if self.patience.reason != self._told and not self.is_erased:
            self._told = self.patience.reason
            self.spool.write("not_sending", self._told)
            if self._told is not None:
                logger.warning("Not sending: %s", self._told)

    # Check-in.

    def _check_in_if_due(self) -> None:
        monotonic = self.clock.monotonic()
        if self.sender.newest_version > self.configuration.current.version:
            self.sender.newest_version = 0  # asked for once: a refused version is not asked again
            self._next_check_in = monotonic
        if monotonic < self._next_check_in or not self.patience.is_over(monotonic):
            return
        self._reread_local()
        self.link.renew_if_due()
        if self.patience.is_over(monotonic):
            self.check_in()
        self._plan_check_in()
        self.configuration.save()

    def _reread_local(self) -> None:
        """Obey the file of the device's own administrator as it is now."""
        if self.configuration.reread_local():
            self.measurement.configuration_changed()
            self._tell_local()

    def _tell_local(self) -> None:
        if self.configuration.local.is_unreadable:
            text = "local.toml is unreadable: the narrowest holds"
            self.measurement.reports.tell("configuration_refused", text)

    def _plan_check_in(self) -> None:
        monotonic = self.clock.monotonic()
        every = CHECK_IN_SECONDS
        wait = self._chance.uniform(every * (1 - CHECK_IN_JITTER), every * (1 + CHECK_IN_JITTER))
        if monotonic < self._live_until:
            wait = LIVE_EVERY_SECONDS
        self._next_check_in = monotonic + wait

    def check_in(self) -> None:
        """Fetch the configuration and what the server wants.

        Raises:
            EnrolAnew, Erased: see `Link.exchange`.
        """

        def send(identity: Identity) -> Answer:
            return enrolment.check_in(self.link.transport, identity, self._present, self._etag)

        answer = self.link.exchange(send)
        self.link.transport.close()
        if answer is None or answer.status != 200:
            return
        content = answer.json()
        is_good = self._take_configuration(content.get("configuration"))
        self._notice_restore(content.get("generation"))
        if content.get("send_now") is True:
            self._live_until = self.clock.monotonic() + LIVE_SECONDS
            self._wants_turn = True
        self._etag = answer.headers.get("etag") if is_good else None  # last: all of it is obeyed

    def _notice_restore(self, generation: Any) -> None:
        """Send again what a restored server may have lost."""
        known = self.spool.read("generation")
        if not isinstance(generation, int) or generation == known:
            return
        with self.spool.transaction():
            if isinstance(known, int) and generation > known:
                number = self.spool.send_again()
                self._wants_turn = True
                logger.info("The server was restored: sending again", extra=facts(batches=number))
            self.spool.write("generation", generation)

    def _take_configuration(self, signed: Any) -> bool:
        """Obey a configuration; return whether it was a good one."""
        if not isinstance(signed, dict):
            return False
        older = self.configuration.current
        try:
            newer = self.configuration.replace(signed, self.link.enrolled)
        except ConfigurationRefused as error:
            self.spool.count("configurations_refused")
            self.measurement.reports.tell("configuration_refused", str(error))
            logger.error("Configuration refused", extra=facts(reason=str(error)))
            return False
        if newer != older:
            logger.info("Configuration in force", extra=facts(version=newer.version))
            self.measurement.configuration_changed()
            self.measurement.reports.tell("configuration_applied", f"version {newer.version}")
        return True

    # Turns.

    def _turn_if_due(self) -> None:
        monotonic = self.clock.monotonic()
        if monotonic < self._live_until:
            self._next_turn = min(self._next_turn, monotonic + LIVE_EVERY_SECONDS)
        if self._awaits_bucket and self.measurement.has_closed_bucket:
            self._awaits_bucket, self._wants_turn = False, True
        most = WAITING_RECORDS * self.watchdog.sending_factor
        if monotonic >= self._next_turn or self.spool.waiting_records() >= most:
            self._wants_turn = True
        if self._is_first_turn and not self.measurement.is_first_run_done():
            return
        if not self._wants_turn:
            return
        if self.patience.is_over(monotonic):
            self.turn()
        elif self.spool.has_full_batch():
            self.sender.seal()  # offline: what fills a batch is packed meanwhile
            self.spool.enforce_limits(self.clock.now())

    def turn(self) -> None:
        """Send what waits, and plan the next turn.

        Raises:
            EnrolAnew, Erased: see `Link.exchange`.
        """
        self._is_first_turn = False
        is_empty = self.sender.turn()
        monotonic = self.clock.monotonic()
        self._wants_turn = not self.patience.is_over(monotonic)  # cut off: go on after the silence
        self._next_turn = self._planned_turn(monotonic)
        if not is_empty and not self._wants_turn:
            self._next_turn = monotonic + BACKLOG_SECONDS * self.watchdog.sending_factor

    def _planned_turn(self, monotonic: float) -> float:
        """Return the next turn on a grid shifted by the device: a fleet never posts in step."""
        if monotonic < self._live_until:
            return monotonic + LIVE_EVERY_SECONDS
        name = (self.link.enrolled.device_id or "").encode()
        digest = hmac.digest(b"dex-turn-v1", name, hashlib.sha256)
        shift = int.from_bytes(digest[:8], "big") % TURN_SECONDS
        slot = (monotonic - shift) // TURN_SECONDS + self.watchdog.sending_factor
        planned = slot * TURN_SECONDS + shift
        planned += self._chance.uniform(-TURN_JITTER_SECONDS, TURN_JITTER_SECONDS)
        return max(planned, monotonic + 2 * TURN_JITTER_SECONDS)

    # Life.

    def run(self) -> None:
        """Step until a signal, an erasure or too much memory, then close."""
        stop = threading.Event()

        def ask_to_stop(number: int, frame: FrameType | None) -> None:
            stop.set()
            self.link.transport.interrupt()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, ask_to_stop)
        try:
            self.measurement.troubles.watch_process()
            notify(READY)
            while not stop.is_set() and not self.is_erased and not self.watchdog.must_restart:
                stop.wait(self.step())
                notify(ALIVE)
        finally:
            notify(STOPPING)
            self.close()

    def close(self) -> None:
        """Keep the open buckets, close the files, give the folder free."""
        if not self.is_erased:
            if self._is_enrolled() and self._may_measure():
                self.measurement.read_last()  # before companions leave: that is no change of theirs
            self.measurement.stop()
        self.door.close()
        if self._show_door is not None:
            self._show_door.close()
        self.measurement.troubles.close()
        self.link.transport.close()
        self.spool.close()
        os.close(self._lock)
