"""Reads of rows about people: what a page showed, told to whoever keeps a record of it."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from apps.core.personal_data import registry
from apps.core.personal_data.classes import PrivacyLevel
from apps.core.personal_data.masking import HIDDEN_FROM, may_hide
from apps.core.scope import Scope

Subject = tuple[str, int]  # ("user", 5)

KINDS = ("user", "device")
VALUES_KEPT = 10  # of an address, so that a row stays small
_NAME = re.compile(r"\w{1,60}", re.ASCII)
_WORD = re.compile(r"[\w.,:+-]{0,60}", re.ASCII)  # numbers, choices, moments
PLACES = frozenset({"o", "p", "after", "device", "window", "all"})  # no words of anybody's


@dataclass(frozen=True, slots=True)
class Read:
    """What one request showed of people and devices.

    is_list: a list, else one row. is_export: a list as a file; its subjects are kept whatever their
    number, and it is told even where it showed nobody. row_digest: what tells two files' rows apart. about: kind and id of the object of the page, the kind alone of
    a list that is a page of its own. rows: how many were shown. filter: what the address asked for. typed: those of its
    values that may name somebody, to be kept as digests only.
    """

    is_list: bool
    about: tuple[str, str]
    subjects: frozenset[Subject]
    rows: int = 1
    filter: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    is_export: bool = False
    row_digest: str = ""

    @property
    def digest(self) -> str:
        """Return what tells two sets of subjects apart."""
        return digest_of(f"{kind}:{number}" for kind, number in sorted(self.subjects))


Recorder = Callable[[Any, Read], None]  # takes the request

_recorders: list[Recorder] = []


def register_recorder(recorder: Recorder) -> None:
    """Say who records reads; an app above does, once."""
    if _recorders:
        raise ValueError("reads have a recorder already")
    _recorders.append(recorder)


def record(request: Any, read: Read) -> None:
    """Record a read, unless it showed nobody. Cost: 1 query."""
    if read.subjects or read.is_export:
        for recorder in _recorders:
            recorder(request, read)


def of_list(model: type[models.Model], rows: Iterable[Any], request: Any) -> Read:
    """Return what a list showed: those whose identity the caller's level does not hide.

    Rows of one chosen device are a read of that device, whatever their number and the level.
    """
    rows = list(rows)
    query = _asked(request)
    subjects = shown(rows, request.scope)
    if "device" in query:
        subjects |= subjects_of(rows[:1], ["device"])
    return Read(
        is_list=True,
        about=(model._meta.label_lower, ""),
        subjects=subjects,
        rows=len(rows),
        **_told(model, query),
    )


def of_export(
    model: type[models.Model], subjects: Iterable[Subject], rows: Sequence[object], request: Any
) -> Read:
    """Return what a file holds. subjects: whom it shows; rows: the keys of its rows."""
    return Read(
        is_list=True,
        is_export=True,
        about=(model._meta.label_lower, ""),
        subjects=frozenset(subjects),
        rows=len(rows),
        row_digest=digest_of(str(row) for row in rows),
        **_told(model, _asked(request)),
    )


def of_part(about: tuple[str, str], subjects: Iterable[Subject]) -> Read:
    """Return what a list within a page showed; about: kind and id of the page's object."""
    found = frozenset(subjects)
    return Read(is_list=True, about=about, subjects=found, rows=len(found))


def of_row(row: models.Model, address: str, also: Iterable[Subject] = ()) -> Read:
    """Return what the page of a row showed: everybody it is about, under whatever name.

    also: whom else it showed.
    """
    subjects = subjects_of([row]) | frozenset(also)
    return Read(is_list=False, about=(row._meta.label_lower, address), subjects=subjects)


def shown(rows: Iterable[Any], scope: Scope) -> frozenset[Subject]:
    """Return whom rows are about, as far as the level does not hide their kind."""
    kinds = [kind for kind in KINDS if scope.privacy_level < HIDDEN_FROM[kind]]
    return subjects_of(rows, kinds)


def subjects_of(rows: Iterable[Any], kinds: Iterable[str] = KINDS) -> frozenset[Subject]:
    """Return whom rows are about, by the keys of their tables. Cost: no query."""
    kinds = list(kinds)
    found: set[Subject] = set()
    for row in rows:
        known = registry.classification(type(row))
        for kind in kinds if known else []:
            column = known.keys.get(kind)  # type: ignore[union-attr]
            number = getattr(row, column) if column else None
            if number:  # 0: no device matched
                found.add((kind, number))
    return frozenset(found)


def subject_columns(model: type[models.Model], request: Any) -> dict[str, str]:
    """Return by kind the columns whose values are the subjects that a file shows.

    As on the page: those whose kind the level does not hide, and a device that was chosen.
    """
    known = registry.classification(model)
    level = request.scope.privacy_level
    return {
        kind: column
        for kind, column in (known.keys.items() if known else ())
        if kind in KINDS
        and (level < HIDDEN_FROM[kind] or (kind == "device" and "device" in request.GET))
    }


def digest_of(texts: Iterable[str]) -> str:
    """Return what tells two series of texts apart."""
    return hashlib.sha256(",".join(texts).encode()).hexdigest()[:32]


def _asked(request: Any) -> dict[str, str]:
    """Return the first parameters of an address."""
    query = [(name, text) for name, text in request.GET.items() if _NAME.fullmatch(name)]
    return dict(query[:VALUES_KEPT])


def _told(model: type[models.Model], query: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters, apart those that may name somebody."""
    typed = {name: text for name, text in query.items() if _may_name(model, name, text)}
    plain = {name: text for name, text in query.items() if name not in typed}
    return {"filter": plain, "typed": typed}


def _may_name(model: type[models.Model], name: str, text: str) -> bool:
    """Return whether a value of the address may be the name of somebody."""
    if not _WORD.fullmatch(text):
        return True
    if name in PLACES:
        return False
    is_field = name.partition("__")[0] in registry.field_names(model)
    return not is_field or may_hide(PrivacyLevel.USERS_DEVICES_DESTINATIONS, model, name)
