"""Values in PostgreSQL's binary COPY format; each codec checks what the server would check.

Source: PostgreSQL documentation, COPY, "Binary Format": each value is its length as int32 and
its bytes, big-endian; a null is the length -1. What the bytes are is said by each type's `recv`
function: `array_recv`, `inet_recv` (its families are 2 for IPv4 and 3 for IPv6), `uuid_recv`.
"""

import ipaddress
import math
import struct
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.events.choices import RefusalCode
from apps.events.constants import INT8_MAX
from apps.events.refusals import Refused

Codec = Callable[[Any], bytes]

NULL = struct.pack(">i", -1)
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
INT4_MAX = 2**31 - 1

_int8 = struct.Struct(">iq").pack
_int4 = struct.Struct(">ii").pack
_float8 = struct.Struct(">id").pack
_bool = struct.Struct(">i?").pack


def int8(value: int) -> bytes:
    """Encode a bigint."""
    if not -INT8_MAX - 1 <= value <= INT8_MAX:
        raise Refused(RefusalCode.NOT_STORABLE)
    return _int8(8, value)


def int4(value: int) -> bytes:
    """Encode an integer."""
    if not -INT4_MAX - 1 <= value <= INT4_MAX:
        raise Refused(RefusalCode.NOT_STORABLE)
    return _int4(4, value)


def float8(value: float) -> bytes:
    """Encode a double precision; an infinity is no measure."""
    if not math.isfinite(value):
        raise Refused(RefusalCode.NOT_STORABLE)
    return _float8(8, value)


def boolean(value: bool) -> bytes:
    """Encode a boolean."""
    return _bool(1, value)


def text(value: str) -> bytes:
    """Encode a text: PostgreSQL holds neither NUL nor lone surrogates."""
    if "\x00" in value:
        raise Refused(RefusalCode.NOT_STORABLE)
    try:
        data = value.encode()
    except UnicodeEncodeError as error:
        raise Refused(RefusalCode.NOT_STORABLE) from error
    return struct.pack(">i", len(data)) + data


def timestamptz(value: datetime) -> bytes:
    """Encode an instant: microseconds since 2000-01-01 UTC."""
    return _int8(8, (value - POSTGRES_EPOCH) // MICROSECOND)


def inet(value: str) -> bytes:
    """Encode one address, without a network or a zone."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError as error:
        raise Refused(RefusalCode.NOT_STORABLE) from error
    if getattr(address, "scope_id", None):
        raise Refused(RefusalCode.NOT_STORABLE)
    family = 2 if address.version == 4 else 3
    packed = address.packed
    head = struct.pack(">iBBBB", 4 + len(packed), family, address.max_prefixlen, 0, len(packed))
    return head + packed


def uuid_bytes(value: uuid.UUID) -> bytes:
    """Encode a uuid."""
    return struct.pack(">i", 16) + value.bytes


def array_of(encode: Codec, oid: int) -> Codec:
    """Return the codec of a one-dimensional array without nulls.

    oid: of the elements' type (pg_type.dat).
    """

    def array(values: Sequence[Any]) -> bytes:
        items = b"".join(map(encode, values))
        dimensions = struct.pack(">ii", len(values), 1) if values else b""
        head = struct.pack(">iii", 1 if values else 0, 0, oid)
        data = head + dimensions + items
        return struct.pack(">i", len(data)) + data

    return array


_BY_FIELD: Mapping[type[models.Field[Any, Any]], Codec] = {
    models.BigIntegerField: int8,
    models.PositiveBigIntegerField: int8,
    models.IntegerField: int4,
    models.PositiveIntegerField: int4,
    models.FloatField: float8,
    models.BooleanField: boolean,
    models.CharField: text,
    models.TextField: text,
    models.DateTimeField: timestamptz,
    models.ForeignKey: int8,
    models.GenericIPAddressField: inet,
    models.UUIDField: uuid_bytes,
}
_ELEMENT_OIDS: Mapping[type[models.Field[Any, Any]], int] = {
    models.BigIntegerField: 20,
    models.TextField: 25,
    models.GenericIPAddressField: 869,
    models.CharField: 1043,
}


def for_field(field: models.Field[Any, Any]) -> Codec:
    """Return the codec of a column; a text longer than its column is refused like a NUL.

    Raises:
        LookupError: no codec for this type of field.
    """
    if isinstance(field, ArrayField):
        element = field.base_field
        return array_of(for_field(element), _ELEMENT_OIDS[type(element)])
    codec = _BY_FIELD[type(field)]
    limit = field.max_length
    if codec is not text or limit is None:
        return codec
    if field.choices:  # few words, again and again
        return lru_cache(maxsize=64)(text)

    def limited(value: str) -> bytes:
        if len(value) > limit:
            raise Refused(RefusalCode.NOT_STORABLE)
        return text(value)

    return limited
