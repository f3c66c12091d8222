"""Batches: everything that one brings is stored in one transaction, or nothing is."""

import hashlib
import json
from collections import Counter as Tally
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import DataError, IntegrityError, transaction
from psycopg.errors import UniqueViolation

from apps.collectors import effective, errors
from apps.collectors.choices import CollectorState, RefusalOrigin, StubState
from apps.collectors.models import Collector, CollectorStub
from apps.collectors.services import enrolment, inventory, refusals
from apps.collectors.services.inventory import Applied
from apps.core import statements
from apps.devices import public_addresses
from apps.devices.versions import version_key
from apps.events import inventory as parts
from apps.events import kinds, wire
from apps.events import services as events
from apps.events.choices import Source
from apps.events.constants import BATCH_ANSWER_LIMIT_BYTES
from apps.events.models import ReceivedBatch
from apps.events.policy import Policy
from apps.events.services import UNKNOWN as UNKNOWN_KIND
from apps.events.services import Prepared, Sender, Stored
from apps.events.wire import Envelope, Receipt

MILLISECOND = timedelta(milliseconds=1)
NOTES = ReceivedBatch._meta.db_table
TRIES = 3  # of a batch during which configurations change

# The collector's row is taken before any other: else a batch with inventory would hold the device
# and want the collector, one without the other way round. It fences an erasure, too.
START = statements.Statement("""
SELECT lost_records,
    coalesce((SELECT value FROM core_generation WHERE name = 'configuration'), 0),
    coalesce((SELECT value FROM core_generation WHERE name = 'dimensions'), 0), (
    SELECT answer FROM events_receivedbatch
    WHERE device_id = %(device)s AND epoch = %(epoch)s AND sequence = %(sequence)s
)
FROM collectors_collector WHERE id = %(collector)s AND state = %(active)s FOR NO KEY UPDATE
""")

# One round trip, once all rows are written: the transaction ends with it.
FINISH = statements.Statement("""
WITH note AS (
    INSERT INTO events_receivedbatch
        (device_id, epoch, sequence, body_hash, answer, clock_offset_ms, received_at)
    VALUES (%(device)s, %(epoch)s, %(sequence)s, %(body_hash)s, %(answer)s, %(offset)s, %(now)s)
), sender AS (
    UPDATE collectors_collector
    SET last_contact_at = %(now)s, version = %(version)s,
        version_key = %(version_key)s, boot_id = %(boot)s,
        clock_offset_ms = %(offset)s, reported_configuration_version = %(configuration)s
    WHERE id = %(collector)s
)
-- Exact to the minute: a device that sends its backlog does not rewrite its row each time.
UPDATE devices_device SET last_seen_at = %(now)s
WHERE id = %(device)s AND last_seen_at < %(now)s - interval '1 minute'
""")


class _StoredMeanwhile(Exception):
    """Another request stored the same batch while we were at it."""


class _Outdated(Exception):
    """A configuration was changed or a person erased since the collector showed its token."""


class _StoredBefore(Exception):
    """The batch is a repeat."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


def receive_batch(
    *,
    collector: Collector,
    body: bytes,
    received_at: datetime,
    device_clock: datetime | None = None,
    address: str = "",
) -> str:
    """Store a batch once; return its answer as JSON, the first one if the batch is known.

    body: plain. device_clock: the device's clock at this try; see `events.services.clock_shift`.
    address: from which it came, as far as we know.
    What the configuration forbids is dropped and counted, a bad record is refused alone, and
    everything else is stored in one transaction with the batch's identity.
    Cost: 2 queries and a COPY of each kind, more where users or binaries are new.

    Raises:
        UnreadableBatch, InvalidBatch, TooManyRecords: nothing was stored, nor can be.
        NoPartition: nothing was stored; the same batch may be sent again.
        DeviceErased: the device was erased meanwhile.
        ChangedTooOften: nothing was stored; the same batch may be sent again.
    """
    batch = wire.decode_batch(body)
    body_hash = hashlib.sha256(body).digest()
    for _try in range(TRIES):
        _notice_address(collector, address, received_at)
        try:
            return _Work(collector, batch, body_hash, received_at, device_clock).store()
        except _StoredBefore as repeat:
            return repeat.answer
        except (_StoredMeanwhile, _Outdated):
            collector = _as_it_is_now(collector)
    raise errors.ChangedTooOften


class _Work:
    """One batch, ready to be stored."""

    def __init__(
        self,
        collector: Collector,
        batch: Envelope,
        body_hash: bytes,
        received_at: datetime,
        device_clock: datetime | None,
    ) -> None:
        batch.device_clock = device_clock or batch.device_clock
        self.collector = collector
        self.batch = batch
        self.body_hash = body_hash
        self.received_at = received_at
        self.offset = events.clock_offset(batch, received_at)
        self.lost_before: dict[str, int] = {}
        self.generations = (
            collector.configuration_generation,  # type: ignore[attr-defined]
            collector.dimension_generation,  # type: ignore[attr-defined]
        )
        self.shift = events.clock_shift(self.offset, is_of_request=device_clock is not None)
        self.effective = effective.for_collector(collector)
        self.sender = _sender(collector, self.effective.policy)
        self.prepared: Prepared = events.prepare(
            batch=batch,
            sender=self.sender,
            received_at=received_at,
            shift=self.shift,
            before_lookup=self._stop_repeat,
        )

    def _stop_repeat(self) -> None:
        """Stop a repeat before it makes users and binaries: they may have been erased since.

        Raises:
            _StoredBefore: the batch is known.
            DeviceErased, CollectorRevoked: the collector may not report any more.
        """
        if known := self._known_answer():
            raise _StoredBefore(known)

    def store(self) -> str:
        """Write everything in one transaction and return the answer."""
        try:
            return self._store(careful=False)
        except (DataError, IntegrityError):
            # One record holds what only PostgreSQL refuses: find it, keep its neighbours.
            return self._store(careful=True)

    def _store(self, *, careful: bool) -> str:
        with transaction.atomic():
            if known := self._known_answer():
                return known
            applied = inventory.apply_reports(
                reports=self.batch.inventory,
                sender=self.sender,
                now=self.received_at,
                careful=careful,
                shift=self.shift,
            )
            stored = events.store(
                prepared=self.prepared, sender=self.sender, now=self.received_at, careful=careful
            )
            answer = self._answer(applied, stored)
            self._count(applied, stored)
            self._finish(answer)
        return answer

    def _known_answer(self) -> str | None:
        """Take the collector's row; return the answer that this batch was given, if it was.

        Raises:
            _Outdated: what the batch was prepared by does not hold any more.
            DeviceErased, CollectorRevoked: the collector may not report any more.
        """
        row = START.fetch_one(**self._identity())
        if row is None:
            raise self._gone()
        lost_before, *generations, answer = row
        if answer is None and tuple(generations) != self.generations:
            raise _Outdated
        self.lost_before = json.loads(lost_before)  # Django leaves jsonb a text
        return answer  # type: ignore[no-any-return]

    def _identity(self) -> dict[str, Any]:
        """Return the parameters of START."""
        return {
            "device": self.collector.device_id,
            "epoch": self.batch.epoch,
            "sequence": self.batch.sequence,
            "collector": self.collector.pk,
            "active": CollectorState.ACTIVE.value,
        }

    def _answer(self, applied: Applied, stored: Stored) -> str:
        refused = [*stored.refused, *applied.refused]
        receipt = Receipt(
            accepted=stored.accepted,
            refused=refused,
            server_time=self.received_at,
            clock_offset_ms=self.offset // MILLISECOND,
            configuration_version=self._configuration_version(),
            need_full=applied.need_full,
            dropped_by_configuration=stored.dropped.total() + applied.dropped.total(),
        )
        text = msgspec.json.encode(receipt).decode()
        if len(text) <= BATCH_ANSWER_LIMIT_BYTES:
            return text
        by_code = dict(Tally(refusal.code for refusal in refused))
        short = msgspec.structs.replace(receipt, refused=[], refused_by_code=by_code)
        return msgspec.json.encode(short).decode()

    def _configuration_version(self) -> int:
        """Return the version that the next check-in brings, which is newer after a change."""
        collector = self.collector
        is_current = self.effective.digest == collector.configuration_digest
        return collector.configuration_version + (0 if is_current else 1)

    def _finish(self, answer: str) -> None:
        """Note the batch, and bring collector and device forward: see FINISH.

        Raises:
            _StoredMeanwhile: another request noted it first.
        """
        try:
            FINISH.run_last(**self._finishing(answer))
        except IntegrityError as error:
            if _is_repeated_note(error):
                raise _StoredMeanwhile from error
            raise

    def _gone(self) -> Exception:
        """Say what became of the collector since it showed its token."""
        state = Collector.objects.filter(pk=self.collector.pk).values_list("state").first()
        if state is None and _has_expired(self.collector):
            return errors.DeviceExpired()
        is_kept = state is not None and state != (CollectorState.ERASED,)
        return errors.CollectorRevoked() if is_kept else errors.DeviceErased()

    def _finishing(self, answer: str) -> dict[str, Any]:
        """Return the parameters of FINISH."""
        return {
            **self._identity(),
            "body_hash": self.body_hash,
            "answer": answer,
            "offset": self.offset // MILLISECOND,
            "now": self.received_at,
            "version": self.batch.collector_version,
            "version_key": version_key(self.batch.collector_version),
            "boot": self.batch.boot_id,
            "configuration": self.batch.configuration_version,
        }

    def _count(self, applied: Applied, stored: Stored) -> None:
        counts: Tally[tuple[str, str, str]] = Tally()
        for (kind, code), number in self._refused_kinds(applied, stored).items():
            counts[RefusalOrigin.REFUSED.value, kind, code] += number
        for (kind, switch), number in (stored.dropped + applied.dropped).items():
            counts[RefusalOrigin.CONFIGURATION.value, kind, switch] += number
        for kind, number in self._newly_lost().items():
            counts[RefusalOrigin.COLLECTOR.value, kind, "lost"] += number
        refusals.count(device_id=self.collector.device_id, counts=counts, now=self.received_at)

    def _newly_lost(self) -> dict[str, int]:
        """Return what the device lost since it last said so, and remember what it says now.

        A batch tells the loss since enrolment; one that had to wait tells less than we know.
        """
        told: Tally[str] = Tally()
        for kind, number in self.batch.dropped.items():
            told[kind if _is_known(kind) else UNKNOWN_KIND] += number
        before = self.lost_before
        grown = {kind: number for kind, number in told.items() if number > before.get(kind, 0)}
        if grown:
            lost = {**before, **grown}
            Collector.objects.filter(pk=self.collector.pk).update(lost_records=lost)
        return {kind: number - before.get(kind, 0) for kind, number in grown.items()}

    def _refused_kinds(self, applied: Applied, stored: Stored) -> Tally[tuple[str, str]]:
        return self.prepared.refused_kinds + stored.refused_kinds + applied.refused_kinds


def _notice_address(collector: Collector, address: str, now: datetime) -> None:
    """Note where the device is before its rows are made. Cost: no query where it did not move."""
    policy = effective.for_collector(collector).policy
    public_addresses.notice(device=collector.device, address=address, policy=policy, now=now)


def _as_it_is_now(collector: Collector) -> Collector:
    """Return the collector with what holds now.

    Raises:
        DeviceErased, DeviceExpired: it went meanwhile.
    """
    try:
        return enrolment.reload(collector)
    except Collector.DoesNotExist as error:
        gone = errors.DeviceExpired if _has_expired(collector) else errors.DeviceErased
        raise gone from error


def _is_repeated_note(error: IntegrityError) -> bool:
    cause = error.__cause__
    return isinstance(cause, UniqueViolation) and cause.diag.table_name == NOTES


def _has_expired(collector: Collector) -> bool:
    """Return whether a collector that is gone may come back by its device key. Cost: 1 query."""
    expired = CollectorStub.objects.filter(state=StubState.EXPIRED)
    return expired.filter(collector_uid=collector.uid).exists()


def _is_known(kind: str) -> bool:
    """Return whether a collector may count losses of `kind`: an event kind or inventory part."""
    part = kind.removeprefix("inventory.")
    return kinds.find(kind) is not None or (part != kind and parts.find(part) is not None)


def _sender(collector: Collector, policy: Policy) -> Sender:
    device = collector.device
    return Sender(
        device_id=device.pk,
        platform=device.operating_system_platform,
        policy=policy,
        constants={
            "device_id": device.pk,
            "context_id": device.context_id,
            "source": Source.COLLECTOR.value,
        },
        generation=collector.dimension_generation,  # type: ignore[attr-defined]
    )
