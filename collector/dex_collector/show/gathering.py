"""Gathers what is shown, from the files of the collector: a head, then batch after batch."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from dex_collector import __version__, batch, pausing
from dex_collector.batch import Record, Stamp
from dex_collector.clock import Clock, from_text, to_text
from dex_collector.configuration import ConfigurationStore
from dex_collector.identity import IdentityStore
from dex_collector.probes.base import Probe
from dex_collector.probes.registry import PROBES
from dex_collector.show.viewer import Viewer, make_viewer
from dex_collector.show.words import configuration_lines
from dex_collector.spool import Spool
from dex_collector.spool_file import Mode

LOOKED_THROUGH = 20  # newest batches, for the last value of a probe
VALUE_TEXT_MAXIMUM = 200  # characters

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
        self._state, self._clock, self._probes = state, clock, probes
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

    def _shown(self, body: bytes) -> Line:
        return {"bytes": len(body), "content": self.viewer.content(batch.unpack(body))}

    def _head(self, spool: Spool, *, with_values: bool = True) -> Line:
        current = self._store.current
        return {
            "collector_version": __version__,
            "at": to_text(self._clock.now()),
            "sentences": status_sentences(spool, self._is_enrolled, self._clock.now()),
            "configuration_version": current.version,
            "configuration": configuration_lines(current),
            "local_restrictions": self._store.local.names(),
            "probes": self._probe_lines(spool) if with_values else [],
            "waiting": self._waiting(spool) if with_values else [],
            "lost": spool.lost(),
        }

    def _waiting(self, spool: Spool) -> list[Record]:
        """Return the records that no batch holds yet, as far as they are shown."""
        found = (self.viewer.record(json.loads(text))[0] for text in spool.waiting_texts())
        return [record for record in found if record is not None]

    def _probe_lines(self, spool: Spool) -> list[Line]:
        last = self._last_values(spool)
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

    def _last_values(self, spool: Spool) -> dict[str, str]:
        """Return the newest record of each kind that is shown, as short JSON."""
        found: dict[str, str] = {}
        waiting = list(reversed(self._waiting(spool)))
        for record in waiting:
            found.setdefault(batch.kind_of(record), _short(record))
        for body in spool.newest_bodies(LOOKED_THROUGH):
            for record in reversed(batch.records_of(batch.unpack(body))):
                kind = batch.kind_of(record)
                if kind not in found and (shown := self.viewer.record(record)[0]) is not None:
                    found[kind] = _short(shown)
        return found


def _short(record: Record) -> str:
    text = json.dumps(record, ensure_ascii=False)
    return text if len(text) <= VALUE_TEXT_MAXIMUM else text[:VALUE_TEXT_MAXIMUM] + " …"


def status_sentences(spool: Spool, is_enrolled: bool, now: datetime) -> list[str]:
    """Return the state of a collector for people."""
    enrolled_at = spool.read("enrolled_at")
    sentences = [
        f"Enrolled since {enrolled_at}." if is_enrolled else "Not enrolled.",
    ]
    last = spool.read("last_sent_at")
    if last is None:
        sentences.append("Nothing was sent yet.")
    else:
        minutes = int((now - from_text(last)).total_seconds() // 60)
        sentences.append(f"Last sent {minutes} min ago ({last}).")
    batches, records = spool.sealed()
    waiting = spool.waiting_records() + records
    sentences.append(f"Waiting: {waiting} records ({batches} batches are sealed).")
    lost = spool.lost()
    detail = ", ".join(f"{kind}: {number}" for kind, number in sorted(lost.items()))
    sentences.append(f"Lost since the enrolment: {detail}." if lost else "Nothing was lost.")
    reason = spool.read("not_sending")
    sentences.append(f"Not sending now: {reason}." if reason else "Sending works.")
    return sentences
