"""Values as PostgreSQL's binary COPY takes them: what it would refuse is refused before."""

import struct
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from apps.events import codec, copy
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

    def test_knows_no_field_of_another_type(self) -> None:
        with pytest.raises(LookupError):
            codec.for_field(models.DecimalField())


ADDRESSES = ["10.0.0.1", "2001:db8::1"]


class TestInPostgreSQL:
    """The server reads what was written."""

    @pytest.mark.django_db
    @pytest.mark.parametrize(
        ("column", "field", "value", "shown"),
        [
            ("inet", models.GenericIPAddressField(), "10.0.0.1", "10.0.0.1"),
            ("inet", models.GenericIPAddressField(), "2001:DB8::1", "2001:db8::1"),
            ("inet[]", ArrayField(models.GenericIPAddressField()), ADDRESSES, "{10.0.0.1,2001:db8::1}"),
            ("text[]", ArrayField(models.TextField()), ["a b", "né"], '{"a b",né}'),
            ("varchar(9)[]", ArrayField(models.CharField(max_length=9)), ["a"], "{a}"),
            ("bigint[]", ArrayField(models.BigIntegerField()), [1, -2], "{1,-2}"),
            ("bigint[]", ArrayField(models.BigIntegerField()), [], "{}"),
            ("uuid", models.UUIDField(), uuid.UUID(int=5), str(uuid.UUID(int=5))),
        ],
    )  # fmt: skip
    def test_takes_a_value(
        self, column: str, field: models.Field[Any, Any], value: Any, shown: str
    ) -> None:
        row = struct.pack(">h", 1) + codec.for_field(field)(value)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE taken (value {column}) ON COMMIT DROP")
            with cursor.copy("COPY taken FROM STDIN (FORMAT binary)") as target:
                target.write(copy.HEADER + row + copy.TRAILER)
            cursor.execute(f"SELECT value = %s::{column} FROM taken", [shown])

            assert cursor.fetchall() == [(True,)]

    @pytest.mark.parametrize(
        "value", ["", "10.0.0", "10.0.0.256", "10.0.0.0/8", "fe80::1%eth0", "host", "1" * 400]
    )
    def test_refuses_what_is_no_address(self, value: str) -> None:
        with pytest.raises(Refused) as refusal:
            codec.inet(value)

        assert refusal.value.code == "not_storable"

    def test_refuses_an_array_for_one_of_its_items(self) -> None:
        encode = codec.for_field(ArrayField(models.GenericIPAddressField()))

        with pytest.raises(Refused):
            encode(["10.0.0.1", "host"])
