"""Refusals: one record that is not stored, named by index, code and JSON pointer."""

import re

import msgspec

from apps.events.choices import RefusalCode

_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")


class Refusal(msgspec.Struct, frozen=True):
    """One refused record, as the collector is told."""

    index: int
    code: str
    pointer: str


class Refused(Exception):
    """A record cannot be stored; its neighbours can."""

    def __init__(self, code: RefusalCode, *path: str) -> None:
        super().__init__(code)
        self.code = code
        self.path = path

    def at(self, collection: str, index: int | str, number: int | None = None) -> Refusal:
        """Return the refusal of the record `index` of the member `collection` of the batch."""
        return Refusal(
            index=int(index) if number is None else number,
            code=self.code.value,
            pointer=pointer(collection, str(index), *self.path),
        )


# What decoding may raise: no JSON, JSON of another form, no UTF-8, nested without end.
Undecodable = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def from_validation(error: Exception) -> Refused:
    """Turn msgspec's error into a refusal that points at the wrong member.

    Source: msgspec names the place at the end of its message, as in "- at `$.fields.type`".
    """
    message = str(error)
    found = _AT.search(message)
    path = (
        [step["name"] or step["index"] for step in _STEP.finditer(found["path"])] if found else []
    )
    unknown = _UNKNOWN_FIELD.search(message)
    if unknown:
        return Refused(RefusalCode.UNKNOWN_FIELD, *path, unknown["name"])
    return Refused(RefusalCode.INVALID, *path)


def pointer(*steps: str) -> str:
    """Return the JSON pointer (RFC 6901) of `steps`."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
