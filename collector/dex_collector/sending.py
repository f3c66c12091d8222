"""Turns: waiting records become batches, and batches go to the server."""

import logging
from collections.abc import Callable
from typing import Any

from dex_collector.batch import Stamp
from dex_collector.clock import to_text
from dex_collector.enrolment import bearer
from dex_collector.identity import Identity
from dex_collector.journal import facts
from dex_collector.link import Link
from dex_collector.spool import Row, Spool
from dex_collector.transport import Answer

logger = logging.getLogger(__name__)

BATCHES_PER_TURN = 20
ROUND_TRIP_MAXIMUM_MS = 10_000


class Sender:
    """Empties the spool by the table of answers in the specification, section 11."""

    def __init__(
        self,
        link: Link,
        spool: Spool,
        configuration_version: Callable[[], int],
        need_full: Callable[[list[str]], None],
    ) -> None:
        """Take what to do when the server asks for inventory parts."""
        self._link, self._spool = link, spool
        self._configuration_version = configuration_version
        self._need_full = need_full
        self.newest_version = 0  # of the configuration, as answers name it

    def seal(self) -> None:
        """Make batches of what waits."""
        trip = self._link.round_trip_ms
        stamp = Stamp(
            boot_id=str(self._spool.read("boot_id")),
            configuration_version=self._configuration_version(),
            device_clock=to_text(self._link.clock.now()),
            monotonic_ms=round(self._link.clock.monotonic() * 1000),
            # A longer one is no measure of the way: the machine slept meanwhile.
            round_trip_ms=trip if trip is not None and trip <= ROUND_TRIP_MAXIMUM_MS else None,
        )
        self._spool.seal(stamp, self._link.clock.now())

    def turn(self) -> bool:
        """Send at most 20 batches; return whether the spool is empty now.

        Raises:
            EnrolAnew, Erased: see `Link.exchange`.
        """
        self._spool.enforce_limits(self._link.clock.now())  # first: the new batch tells the loss
        self.seal()
        try:
            for _ in range(BATCHES_PER_TURN):
                row = self._spool.next_row()
                if row is None:
                    return True
                if not self._send(row):
                    return False
        finally:
            self._link.transport.close()
        return self._spool.next_row() is None

    def _send(self, row: Row) -> bool:
        """Send one batch; return whether the turn goes on."""
        answer = self._link.exchange(lambda identity: self._post(identity, row))
        if answer is None:
            return False
        now = self._link.clock.now()
        if answer.status == 202:
            self._accept(row, answer)
        elif answer.status == 413 and not row.is_half and row.records > 1:
            self._spool.split(row, now)
        else:
            code = answer.code or str(answer.status)
            self._spool.quarantine_batch(row, code, now)
            logger.warning(
                "The server refused a batch",
                extra=facts(sequence=row.sequence, status=answer.status, code=code),
            )
        return True

    def _post(self, identity: Identity, row: Row) -> Answer:
        headers = bearer(identity) | {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            # The clock at this very try: `device_clock` in the body is that of its making, which
            # may be days ago when the server was away.
            "Dex-Device-Clock": to_text(self._link.clock.now()),
        }
        return self._link.transport.request("POST", "events", row.body, headers)

    def _accept(self, row: Row, answer: Answer) -> None:
        content = answer.json()
        refused = [one for one in _list(content.get("refused")) if isinstance(one, dict)]
        self._spool.accept(row, refused, self._link.clock.now())
        by_code = content.get("refused_by_code")  # in place of a list that would be too long
        if isinstance(by_code, dict) and not row.is_again:
            numbers = [number for number in by_code.values() if type(number) is int and number > 0]
            self._spool.count("records_refused", sum(numbers))
        logger.info(
            "Batch sent",
            extra=facts(
                epoch=row.epoch, sequence=row.sequence, records=row.records, refused=len(refused)
            ),
        )
        if isinstance(content.get("clock_offset_ms"), int):
            self._spool.write("clock_offset_ms", content["clock_offset_ms"])
        version = content.get("configuration_version")
        if isinstance(version, int):
            self.newest_version = max(self.newest_version, version)
        needed = [str(part) for part in _list(content.get("need_full"))]
        if needed:
            self._need_full(needed)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
