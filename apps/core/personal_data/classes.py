"""Classes of personal data: what a field says about people, and whom."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Literal

from django.db import models
from django.utils.translation import gettext_lazy as _

Subject = Literal["user", "device", "destination", "account"]
SUBJECTS: tuple[Subject, ...] = ("user", "device", "destination", "account")


class Class(Enum):
    """What one field says. Source: spec privacy.md 5."""

    NONE = "none"
    PSEUDONYM = "pseudonym"
    DIRECT = "direct"
    BEHAVIOUR = "behaviour"
    FREE_TEXT = "free_text"
    SECRET = "secret"


NONE = Class.NONE  # nothing about people
PSEUDONYM = Class.PSEUDONYM  # links rows of one person or device
DIRECT = Class.DIRECT  # names or reaches them
BEHAVIOUR = Class.BEHAVIOUR  # what they did, when and where
FREE_TEXT = Class.FREE_TEXT  # may hold anything
SECRET = Class.SECRET  # tokens, keys, password hashes: never shown or exported


class PrivacyLevel(models.IntegerChoices):
    """How much of people a profile hides; each level hides all that the one below hides."""

    FULL = 0, _("Everything is shown")
    USERS = 1, _("Names hidden, single persons still recognisable by their rows")
    USERS_DEVICES = 2, _("Users and devices hidden")
    USERS_DEVICES_DESTINATIONS = 3, _("Users, devices and destinations hidden")


@dataclass(frozen=True, slots=True)
class FieldClass:
    """The class of one field with its properties.

    narrow: singles a person out in combination, such as a job title.
    appraisal: would rank a person's work.
    subject: about whom; None: the subject of the table.
    """

    value: Class
    narrow: bool = False
    appraisal: bool = False
    subject: Subject | None = None

    @property
    def is_personal(self) -> bool:
        """Return whether it says something about people."""
        return self.value not in (Class.NONE, Class.SECRET)


AnyClass = Class | FieldClass


def field_class(value: AnyClass) -> FieldClass:
    """Return `value` with its properties, none where it is a bare class."""
    return value if isinstance(value, FieldClass) else FieldClass(value)


def narrow(value: AnyClass) -> FieldClass:
    """Mark a field that singles out in combination."""
    return replace(field_class(value), narrow=True)


def appraisal(value: AnyClass) -> FieldClass:
    """Mark a field that would rank a person's work."""
    return replace(field_class(value), appraisal=True)


def of(value: AnyClass, subject: Subject) -> FieldClass:
    """Say about whom a field speaks where that differs from its table."""
    return replace(field_class(value), subject=subject)


@dataclass(frozen=True)
class Classification:
    """What one table says about people.

    keys: subject -> the column by which its rows are erased and retrieved.
    masked_for: "one_user_device": level USERS hides names where one person uses the device.
    subject: about whom the fields speak; else the first of `keys`; else, to be on the safe
        side, a user.
    label: the field that names a row to people, "name" where there is one: a caller who may not
        see it gets its token wherever the row is mentioned.
    """

    fields: Mapping[str, AnyClass]
    keys: Mapping[str, str] = field(default_factory=dict)
    masked_for: Literal["one_user_device"] | None = None
    subject: Subject | None = None
    label: str = ""

    def of(self, name: str) -> FieldClass:
        """Return the class of the field `name`, its subject filled in.

        Raises:
            KeyError: the field is not classified.
        """
        return self._classes[name]

    def __iter__(self) -> Iterator[tuple[str, FieldClass]]:
        return iter(self._classes.items())

    @cached_property
    def _classes(self) -> Mapping[str, FieldClass]:
        """Return the class of each field: every column of every page asks."""
        subject = self._table_subject()
        found = {name: field_class(value) for name, value in self.fields.items()}
        return {
            name: value if value.subject else replace(value, subject=subject)
            for name, value in found.items()
        }

    def _table_subject(self) -> Subject:
        """Return the subject of fields that name none."""
        if self.subject:
            return self.subject
        return next((subject for subject in SUBJECTS if subject in list(self.keys)[:1]), "user")
