"""The batch on the wire: its envelope, read once; records stay raw until their kind is known."""

from datetime import datetime
from typing import Annotated, Any, Literal, Union

import msgspec

from apps.core.decoding import decoder_of, made_once
from apps.events import dimensions, kinds
from apps.events.constants import BATCH_RECORDS_LIMIT, COMMAS_LIMIT, INT8_MAX, REPORTS_LIMIT
from apps.events.errors import InvalidBatch, TooManyRecords, UnreadableBatch
from apps.events.kinds import Amount, Instant
from apps.events.refusals import Refusal, Undecodable, from_validation, pointer

Epoch = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8,32}\Z")]
Loss = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
ShortText = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[^\x00]*\Z")]


class Envelope(msgspec.Struct, kw_only=True):
    """What every batch says of itself (collector.md 10); dictionaries are added by `_decoder`."""

    protocol: Literal[1]
    epoch: Epoch
    sequence: Annotated[int, msgspec.Meta(ge=0, le=INT8_MAX)]
    boot_id: ShortText = ""
    collector_version: ShortText = ""
    configuration_version: Amount = 0
    device_clock: Instant | None = None
    monotonic_ms: Amount | None = None
    round_trip_ms: Amount = 0
    redacted: Amount | None = None
    dropped: Annotated[dict[ShortText, Loss], msgspec.Meta(max_length=REPORTS_LIMIT)] = {}
    events: list[Any] = []  # decoded records where all are good, else raw ones
    inventory: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=REPORTS_LIMIT)] = []

    def dictionary(self, name: str) -> dict[str, msgspec.Raw]:
        """Return the batch's dictionary of a dimension; empty where it has none."""
        return getattr(self, name)  # type: ignore[no-any-return]


class Receipt(msgspec.Struct, frozen=True, omit_defaults=False):
    """The answer to a batch, 202."""

    accepted: int
    refused: list[Refusal]
    server_time: datetime
    clock_offset_ms: int
    configuration_version: int
    need_full: list[str]
    dropped_by_configuration: int = 0
    refused_by_code: dict[str, int] | None = None  # in place of `refused` where that is too long


@made_once
def _decoder(*, whole: bool) -> msgspec.json.Decoder[Envelope]:
    """Return the decoder of a batch: the envelope, and a member for each registered dictionary.

    whole: decode the records too, which fails for all where one is wrong.
    """
    record: Any = msgspec.Raw
    if whole:
        record = Union[tuple(kind.record_type for kind in kinds.received())]  # noqa: UP007
    members: list[tuple[str, Any, Any]] = [
        (d.dictionary, dict[str, msgspec.Raw], msgspec.field(default_factory=dict))
        for d in dimensions.registered()
    ]
    members.append(("events", list[record], msgspec.field(default_factory=list)))
    batch = msgspec.defstruct("Batch", members, bases=(Envelope,), kw_only=True)
    return decoder_of(batch)


def decode_batch(body: bytes) -> Envelope:
    """Read a plain body: at one go where all is well, else record by record later.

    Raises:
        UnreadableBatch: no JSON.
        InvalidBatch: JSON of another form; names the member.
        TooManyRecords: more than BATCH_RECORDS_LIMIT events.
    """
    if len(body) > COMMAS_LIMIT and body.count(b",") > COMMAS_LIMIT:
        raise TooManyRecords
    batch = _decode_whole(body) or _decode_envelope(body)
    if len(batch.events) > BATCH_RECORDS_LIMIT:
        raise TooManyRecords
    return batch


def _decode_whole(body: bytes) -> Envelope | None:
    try:
        return _decoder(whole=True).decode(body)
    except Undecodable:
        return None


def _decode_envelope(body: bytes) -> Envelope:
    try:
        return _decoder(whole=False).decode(body)
    except msgspec.ValidationError as error:
        raise InvalidBatch(pointer=pointer(*from_validation(error).path)) from error
    except Undecodable as error:
        raise UnreadableBatch from error
