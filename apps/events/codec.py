"""Values in PostgreSQL's binary COPY format; each codec checks what the server would check.

Source: PostgreSQL documentation, COPY, "Binary Format": each value is its length as int32 and
its bytes, big-endian; a null is the length -1.
"""

import math
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

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
_int4_gauge = struct.Struct(">iqiqiqiq").pack
_float8_gauge = struct.Struct(">idiqidid").pack


def int8(value: int) -> bytes:
    """Encode a bigint."""
    if not -INT8_MAX - 1 <= value <= INT8_MAX:
        raise Refused(RefusalCode.NOT_STORABLE)
    return _int8(8, value)


def known_id(value: int | None) -> bytes:
    """Encode an id of ours, which is in range, or none."""
    return NULL if value is None else _int8(8, value)


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


def int_gauge(value: Any) -> bytes:
    """Encode sum, count, min, max of a gauge of whole numbers."""
    if value.min > value.max:
        raise Refused(RefusalCode.INVALID, "min")
    return _int4_gauge(8, value.sum, 8, value.count, 8, value.min, 8, value.max)


def float_gauge(value: Any) -> bytes:
    """Encode sum, count, min, max of a gauge of fractions."""
    if value.min > value.max:
        raise Refused(RefusalCode.INVALID, "min")
    if not math.isfinite(value.sum + value.max):
        raise Refused(RefusalCode.NOT_STORABLE)
    return _float8_gauge(8, value.sum, 8, value.count, 8, value.min, 8, value.max)


def int_counter(value: Any) -> bytes:
    """Encode the sum of a counter of whole numbers."""
    return _int8(8, value.sum)


def float_counter(value: Any) -> bytes:
    """Encode the sum of a counter of fractions."""
    return float8(value.sum)


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
}


def for_field(field: models.Field[Any, Any]) -> Codec:
    """Return the codec of a column; a text longer than its column is refused like a NUL.

    Raises:
        LookupError: no codec for this type of field.
    """
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
