"""Refusals: one record, named by index, code and pointer."""

from typing import Annotated, Any

import msgspec
import pytest

from apps.events.choices import RefusalCode
from apps.events.policy import Policy
from apps.events.refusals import Refused, from_validation, pointer


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    """A member of a record."""

    number: Annotated[int, msgspec.Meta(ge=0)]


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """A record."""

    inner: Inner
    items: list[Inner] = []


def refused(body: str) -> Refused:
    """Return what msgspec's error becomes."""
    with pytest.raises(msgspec.DecodeError) as error:
        msgspec.json.decode(body, type=Record)
    return from_validation(error.value)


class TestFromValidation:
    @pytest.mark.parametrize(
        ("body", "code", "path"),
        [
            ("{", "invalid", ()),
            ("[]", "invalid", ()),
            ("{}", "invalid", ()),
            ('{"inner": 1}', "invalid", ("inner",)),
            ('{"inner": {"number": -1}}', "invalid", ("inner", "number")),
            ('{"inner": {"number": 1}, "items": [{"number": "x"}]}', "invalid", ("items", "0", "number")),
            ('{"inner": {"number": 1, "coffee": 2}}', "unknown_field", ("inner", "coffee")),
            ('{"inner": {"number": 1}, "coffee": 2}', "unknown_field", ("coffee",)),
        ],
    )  # fmt: skip
    def test_points_at_the_wrong_member(self, body: str, code: str, path: tuple[str, ...]) -> None:
        found = refused(body)

        assert (found.code, found.path) == (code, path)


class TestPointer:
    @pytest.mark.parametrize(
        ("steps", "text"),
        [([], ""), (["events", "0"], "/events/0"), (["a/b", "m~n"], "/a~1b/m~0n")],
    )
    def test_escapes_as_rfc_6901_says(self, steps: list[str], text: str) -> None:
        assert pointer(*steps) == text

    def test_of_a_dictionary_keeps_the_index_of_the_record(self) -> None:
        refusal = Refused(RefusalCode.INVALID, "name").at("users", "1", 5)

        assert (refusal.index, refusal.pointer) == (5, "/users/1/name")


class TestPolicy:
    @pytest.mark.parametrize(
        ("value", "allowed"),
        [
            ("on", True),
            ("clear", True),
            ("hashed", True),
            ("all", True),
            ("off", False),
            ("none", False),
            ("listed_binaries", False),
        ],
    )
    def test_allows_by_the_value_of_a_switch(self, value: str, allowed: bool) -> None:
        assert Policy({"a": value}).allows("a") is allowed

    def test_denies_a_switch_that_nobody_named(self) -> None:
        switches: dict[str, Any] = {}

        assert not Policy(switches).allows("a")
        assert Policy(switches).value("a") == "off"

    def test_allows_what_no_switch_governs(self) -> None:
        assert Policy({}).allows(None)
