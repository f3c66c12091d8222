"""Values as PostgreSQL's binary COPY takes them: what it would refuse is refused before."""

import struct
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import models

from apps.events import codec
from apps.events.refusals import Refused

BIGGEST = 2**63 - 1


class TestCodec:
    @pytest.mark.parametrize(
        ("encode", "value", "data"),
        [
            (codec.int8, 1, struct.pack(">iq", 8, 1)),
            (codec.int8, -BIGGEST - 1, struct.pack(">iq", 8, -BIGGEST - 1)),
            (codec.int4, 2**31 - 1, struct.pack(">ii", 4, 2**31 - 1)),
            (codec.float8, 0.5, struct.pack(">id", 8, 0.5)),
            (codec.boolean, True, b"\x00\x00\x00\x01\x01"),
            (codec.text, "né", b"\x00\x00\x00\x03n\xc3\xa9"),
            (codec.text, "", b"\x00\x00\x00\x00"),
            (codec.timestamptz, datetime(2000, 1, 1, 0, 0, 1, 5, UTC), b"\0\0\0\x08" + (1_000_005).to_bytes(8)),
            (codec.timestamptz, datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), b"\0\0\0\x08" + (-1_000_000).to_bytes(8, signed=True)),
        ],
    )  # fmt: skip
    def test_encodes(self, encode: codec.Codec, value: Any, data: bytes) -> None:
        assert encode(value) == data

    @pytest.mark.parametrize(
        ("encode", "value"),
        [
            (codec.int8, BIGGEST + 1),
            (codec.int8, -BIGGEST - 2),
            (codec.int4, 2**31),
            (codec.int4, -(2**31) - 1),
            (codec.float8, float("inf")),
            (codec.float8, float("nan")),
            (codec.text, "a\x00b"),
            (codec.text, "\ud800"),
        ],
    )
    def test_refuses_what_the_database_cannot_hold(self, encode: codec.Codec, value: Any) -> None:
        with pytest.raises(Refused) as refusal:
            encode(value)

        assert refusal.value.code == "not_storable"

    def test_refuses_a_text_longer_than_its_column(self) -> None:
        encode = codec.for_field(models.CharField(max_length=3))

        assert encode("äöü") == codec.text("äöü")
        with pytest.raises(Refused):
            encode("abcd")

    def test_refuses_a_gauge_whose_least_is_above_its_greatest(self) -> None:
        reading = SimpleNamespace(sum=3, count=1, min=2, max=1)

        with pytest.raises(Refused) as refusal:
            codec.int_gauge(reading)

        assert (refusal.value.code, refusal.value.path) == ("invalid", ("min",))

    def test_knows_no_field_of_another_type(self) -> None:
        with pytest.raises(LookupError):
            codec.for_field(models.DecimalField())
