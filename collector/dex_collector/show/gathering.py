"""Gathers what is shown, from the files of the collector: a head, then batch after batch."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from dex_collector import __version__, batch, pausing
from dex_collector.batch import Record, Stamp
from dex_collector.capabilities import MEMORY as CAPABILITIES
from dex_collector.clock import Clock, to_text
from dex_collector.configuration import ConfigurationStore
from dex_collector.identity import IdentityStore
from dex_collector.place import Place
from dex_collector.probes.base import Probe
from dex_collector.probes.registry import PROBES
from dex_collector.reports import HEALTH, KIND
from dex_collector.show import sentences
from dex_collector.show.viewer import Viewer, make_viewer
from dex_collector.show.words import configuration_lines
from dex_collector.spool import Spool
from dex_collector.spool_file import Mode
from dex_collector.state_lock import is_locked

LOOKED_THROUGH = 20  # newest batches, for the last value of a probe
VALUE_TEXT_MAXIMUM = 200  # characters
EVENTS_SHOWN = 20  # of the collector itself

Line = dict[str, Any]


class Gathering:
    """What one viewer sees of one state folder; the daemon may be running."""

    def __init__(
        self,
        state: Path,
        clock: Clock,
        uid: int,
        root: Path = Path("/"),
        probes: Sequence[Probe] = PROBES,
    ) -> None:
        self._state, self._clock, self._root, self._probes = state, clock, root, probes
        self._store = ConfigurationStore(state / "configuration.json", root)
        identity = IdentityStore(state / "identity.json").load()
        self._is_enrolled = identity is not None and identity.is_enrolled
        if identity is not None:
            self._store.load(identity)
        self.viewer: Viewer = make_viewer(uid, root, self._store.current)

    def _open(self, mode: Mode) -> Spool:
        return Spool(self._state / "spool.db", self._clock.now(), mode=mode)

    def everything(self) -> Iterator[Line]:
        """Yield the head, then each batch that waits or was sent: {"batch": "waiting" | "sent"}.

        Memory: one batch at a time.

        Raises:
            sqlite3.Error: the spool cannot be read.
        """
        with closing(self._open("ro")) as spool:
            yield self._head(spool)
            for body in spool.bodies():
                yield {"batch": "waiting", **self._shown(body)}
            for sent_at, body in spool.sent_bodies():
                yield {"batch": "sent", "sent_at": sent_at, **self._shown(body)}

    def next(self) -> Iterator[Line]:
        """Seal what waits and yield it: from then on these are the bytes that go.

        Raises:
            sqlite3.Error: the spool cannot be read or written.
        """
        with closing(self._open("rw")) as spool:
            stamp = Stamp(
                boot_id=str(spool.read("boot_id")),
                configuration_version=self._store.current.version,
                device_clock=to_text(self._clock.now()),
                monotonic_ms=round(self._clock.monotonic() * 1000),
            )
            spool.seal(stamp, self._clock.now())
            for body in spool.bodies():
                yield {"batch": "next", **self._shown(body)}

    def pause(self, minutes: int) -> Iterator[Line]:
        """Pause what is measured about people, and yield what was done.

        Raises:
            PauseRefused: it is not allowed, or too long.
        """
        with closing(self._open("rw")) as spool:
            said = pausing.begin(spool, self._store.current, minutes, self._clock.now())
        yield {"sentences": [said, pausing.NOTICE]}

    def status(self) -> Iterator[Line]:
        """Yield the sentences of `status` and the configuration, without any batch."""
        with closing(self._open("ro")) as spool:
            yield self._head(spool, with_values=False)

    def configuration(self) -> Iterator[Line]:
        """Yield what may be collected, in sentences."""
        current, local = self._store.current, self._store.local.names()
        told = sentences.configuration_sentences(current, local)
        yield {"sentences": list(told) if self._is_enrolled else [sentences.NO_CONFIGURATION]}

    def _shown(self, body: bytes) -> Line:
        return {"bytes": len(body), "content": self.viewer.content(batch.unpack(body))}

    def _head(self, spool: Spool, *, with_values: bool = True) -> Line:
        current = self._store.current
        last, events = self._lately(spool) if with_values else ({}, [])
        return {
            "collector_version": __version__,
            "at": to_text(self._clock.now()),
            "sentences": self._sentences(spool),
            "configuration_version": current.version,
            "configuration": configuration_lines(current),
            "local_restrictions": self._store.local.names(),
            "probes": self._probe_lines(last) if with_values else [],
            "events": events,
            "waiting": self._waiting(spool) if with_values else [],
            "unsupported": spool.read(CAPABILITIES, []),
            "lost": spool.lost(),
        }

    def _sentences(self, spool: Spool) -> list[str]:
        now, current = self._clock.now(), self._store.current
        is_running = is_locked(self._state)
        told = sentences.status_sentences(
            spool, is_enrolled=self._is_enrolled, is_running=is_running, now=now
        )
        if not (is_running and self._is_enrolled):
            return list(told)
        measures_people = current.measures_people(
            now,
            self._clock.zone,
            is_on_site=lambda: Place(self._root, self._clock).is_on_site(current.networks),
        )
        paused_until = pausing.until(spool, current, now)
        people = sentences.people_sentence(
            paused_until,
            measures_people=measures_people,
            is_work_time=current.work_hours.covers(now, self._clock.zone),
        )
        return [*told, people] if people else list(told)

    def _waiting(self, spool: Spool) -> list[Record]:
        """Return the records that no batch holds yet, as far as they are shown."""
        found = (self.viewer.record(json.loads(text))[0] for text in spool.waiting_texts())
        return [record for record in found if record is not None]

    def _probe_lines(self, last: Mapping[str, str]) -> list[Line]:
        return [
            {
                "name": probe.name,
                "source": probe.source,
                "every_seconds": probe.every_seconds,
                "is_on": probe.switch is None or self._store.current.is_on(probe.switch),
                "is_about_people": probe.is_user_linked,
                "last": next((last[kind] for kind in probe.kinds if kind in last), None),
            }
            for probe in self._probes
        ]

    def _newest(self, spool: Spool) -> Iterator[Record]:
        """Yield what is shown of the newest records, newest first: what waits, then batches."""
        yield from reversed(self._waiting(spool))
        for body in spool.newest_bodies(LOOKED_THROUGH):
            for record in reversed(batch.records_of(batch.unpack(body))):
                if (shown := self.viewer.record(record)[0]) is not None:
                    yield shown

    def _lately(self, spool: Spool) -> tuple[dict[str, str], list[Line]]:
        """Return the newest record of each kind as short JSON, and the collector's own events."""
        last: dict[str, str] = {}
        events: list[Line] = []
        for record in self._newest(spool):
            kind = batch.kind_of(record)
            if kind != KIND:
                last.setdefault(kind, _short(record))
            elif record["fields"]["type"] != HEALTH and len(events) < EVENTS_SHOWN:
                events.append({"at": record["occurred_at"], **record["fields"]})
        return last, events


def _short(record: Record) -> str:
    text = json.dumps(record, ensure_ascii=False)
    return text if len(text) <= VALUE_TEXT_MAXIMUM else text[:VALUE_TEXT_MAXIMUM] + " …"
