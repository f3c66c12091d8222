"""The batch on the wire: its envelope, read once; records stay raw until their kind is known."""

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

import msgspec

from apps.events import dimensions
from apps.events.constants import BATCH_RECORDS_LIMIT, INT8_MAX
from apps.events.errors import InvalidBatch, TooManyRecords, UnreadableBatch
from apps.events.kinds import Amount, Instant
from apps.events.refusals import Refusal, from_validation, pointer

Epoch = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{8,32}$")]
ShortText = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[^\x00]*\Z")]


class Envelope(msgspec.Struct, kw_only=True):
    """What every batch says of itself (collector.md 10); dictionaries are added by `batch_type`."""

    protocol: Literal[1]
    epoch: Epoch
    sequence: Annotated[int, msgspec.Meta(ge=0, le=INT8_MAX)]
    boot_id: ShortText = ""
    collector_version: ShortText = ""
    configuration_version: Amount = 0
    device_clock: Instant | None = None
    monotonic_ms: Amount | None = None
    round_trip_ms: Annotated[int, msgspec.Meta(ge=0, le=3_600_000)] = 0
    redacted: Amount | None = None
    dropped: dict[ShortText, Amount] = {}
    events: list[msgspec.Raw] = []
    inventory: list[msgspec.Raw] = []

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


@cache
def batch_type() -> type[Envelope]:
    """Return the struct of a batch: the envelope and one member for each registered dictionary."""
    members: list[tuple[str, Any, Any]] = [
        (d.dictionary, dict[str, msgspec.Raw], msgspec.field(default_factory=dict))
        for d in dimensions.registered()
    ]
    return msgspec.defstruct("Batch", members, bases=(Envelope,), kw_only=True)


@cache
def _decoder() -> msgspec.json.Decoder[Envelope]:
    return msgspec.json.Decoder(batch_type())


def decode_batch(body: bytes) -> Envelope:
    """Read the envelope of a plain body.

    Raises:
        UnreadableBatch: no JSON.
        InvalidBatch: JSON of another form; names the member.
        TooManyRecords: more than BATCH_RECORDS_LIMIT events.
    """
    try:
        batch = _decoder().decode(body)
    except msgspec.ValidationError as error:
        raise InvalidBatch(pointer=pointer(*from_validation(error).path)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableBatch from error
    if len(batch.events) > BATCH_RECORDS_LIMIT:
        raise TooManyRecords
    return batch
