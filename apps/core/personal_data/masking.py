"""What each privacy level hides, and what stands in its place."""

import hashlib
import hmac
from functools import cache
from typing import Any

from django.db import models
from django.utils import timezone

from apps.core import clock, keys
from apps.core.personal_data import registry
from apps.core.personal_data.classes import Class, FieldClass, PrivacyLevel

# The level from which on facts about a subject are hidden; accounts of the console never are.
HIDDEN_FROM = {
    "user": PrivacyLevel.USERS,
    "device": PrivacyLevel.USERS_DEVICES,
    "destination": PrivacyLevel.USERS_DEVICES_DESTINATIONS,
}
IDENTITIES = (Class.DIRECT, Class.PSEUDONYM)
TOKEN_LENGTH = 6  # characters of 5 bits

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no letter looks like a digit


def may_hide(level: PrivacyLevel, model: type[models.Model], name: str) -> bool:
    """Return whether the field is hidden on some row: then no search, filter or sort by it.

    name: a field, or a path over relations ("device__name"); hidden if any step is. An internal
    id is none of it: it is in every address and tells nothing.
    """
    for step_model, step in steps(model, name):
        found = registry.of_field(step_model, step)
        if found and (_hides_always(level, found) or _hides_on_one_user(level, step_model, found)):
            return True
    return False


def hides(level: PrivacyLevel, obj: models.Model, name: str) -> bool:
    """Return whether the field is hidden on this row. Cost: no query where `device` is loaded."""
    found = registry.of_field(type(obj), name)
    return found is not None and hides_class(level, obj, found)


def hides_class(level: PrivacyLevel, obj: models.Model, found: FieldClass) -> bool:
    """Return whether a value of this class is hidden on a row, where no column stands for it.

    found: with its subject. Cost: no query where `device` is loaded.
    """
    if _hides_always(level, found):
        return True
    return _hides_on_one_user(level, type(obj), found) and _is_one_user(obj)


def may_hide_class(level: PrivacyLevel, model: type[models.Model], found: FieldClass) -> bool:
    """Return whether a value of this class is hidden on some row of `model`."""
    return _hides_always(level, found) or _hides_on_one_user(level, model, found)


def replacement(obj: models.Model, name: str, *, account_id: int) -> str:
    """Return what a caller sees instead: a token for an identity, else nothing.

    A token is stable for one account and one day of the instance, so grouping works there and
    the exports of two accounts cannot be joined.
    """
    found = registry.of_field(type(obj), name)
    if found is None or found.value not in IDENTITIES or found.narrow:
        return ""
    if found.subject == "destination":
        return ""
    return token(str(found.subject), _subject_id(obj, found), account_id=account_id)


def label_field(model: type[models.Model]) -> str:
    """Return the field that names a row of `model` to people, "" where none does."""
    known = registry.classification(model)
    if known is None:
        return ""
    return known.label or ("name" if "name" in known.fields else "")


def token(subject: str, subject_id: object, *, account_id: int) -> str:
    """Return "user-4k9q2m" for a subject; the same wherever this account meets it today."""
    day = timezone.localdate(clock.now(), timezone.get_default_timezone())
    daily = _hmac(keys.secret("privacy_token_key"), day.isoformat())
    number = int.from_bytes(_hmac(daily, f"{account_id}:{subject}:{subject_id}")[:8], "big")
    letters = [_ALPHABET[number >> (5 * place) & 31] for place in range(TOKEN_LENGTH)]
    return f"{subject}-{''.join(letters)}"


def _hides_always(level: PrivacyLevel, found: FieldClass) -> bool:
    """Return whether the level hides the field on every row."""
    if found.value is Class.SECRET:
        return True
    threshold = HIDDEN_FROM.get(str(found.subject))
    if not found.is_personal or threshold is None or level < threshold:
        return False
    if found.value is Class.BEHAVIOUR:  # facts stay, unless they single out or name a place
        return found.narrow or found.subject == "destination"
    return True


def _hides_on_one_user(level: PrivacyLevel, model: type[models.Model], found: FieldClass) -> bool:
    """Return whether the level hides the field where one person uses the device."""
    known = registry.classification(model)
    return (
        known is not None
        and known.masked_for == "one_user_device"
        and level >= PrivacyLevel.USERS
        and found.subject == "device"
        and found.value in (*IDENTITIES, Class.FREE_TEXT)  # which may hold its name
    )


def _is_one_user(obj: models.Model) -> bool:
    """Return whether one person uses the device of this row; yes where nobody knows."""
    holder = obj if hasattr(obj, "is_one_user") else getattr(obj, "device", None)
    return bool(getattr(holder, "is_one_user", True))


def _subject_id(obj: models.Model, found: FieldClass) -> object:
    """Return the id of the person or device the field speaks of, else of the row."""
    known = registry.classification(type(obj))
    column = known.keys.get(str(found.subject)) if known else None
    value = getattr(obj, column) if column else obj.pk
    return value.pk if isinstance(value, models.Model) else value


def steps(model: type[models.Model], path: str) -> list[tuple[type[models.Model], str]]:
    """Return the fields that a path over relations reads, each with its model."""
    found: list[tuple[type[models.Model], str]] = []
    here: Any = model
    for name in path.lstrip("-^=@").split("__"):
        if here is None or not _has_field(here, name):
            break  # a lookup such as "icontains"
        if name == "pk" or getattr(here._meta.get_field(name), "primary_key", False):
            return []
        found.append((here, name))
        here = here._meta.get_field(name).related_model
    return found if len(found) == 1 else [step for step in found if not _is_link(step)]


def _is_link(step: tuple[type[models.Model], str]) -> bool:
    """Return whether a step only leads to another table, whose own fields count."""
    model, name = step
    return bool(model._meta.get_field(name).is_relation)


def _has_field(model: type[models.Model], name: str) -> bool:
    """Return whether `name` is a field of `model`, "pk" and foreign-key columns included."""
    return name == "pk" or name in _names_of_fields(model)


@cache
def _names_of_fields(model: type[models.Model]) -> frozenset[str]:
    fields = model._meta.get_fields()
    return frozenset(part for field in fields for part in (field.name, _column(field)))


def _column(field: Any) -> str:
    """Return the attribute that holds a foreign key's value."""
    return str(getattr(field, "attname", field.name))


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
