"""Values of custom fields: typed, kept, shown; and which tables have them.

A value of type `datetime` is kept as ISO 8601 in UTC, all others as JSON knows them.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError
from apps.core.personal_data import masking
from apps.core.personal_data.classes import Class, FieldClass
from apps.core.scope import Scope
from apps.nql import catalog
from apps.organization.choices import FieldTarget, FieldType, FilledBy
from apps.organization.models import CustomField

TEXT_LENGTH = 1_024
NUMBER_LIMIT = 2**53  # beyond it JSON readers round, and take 1e16 for a whole number
TRUTHS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
ABOUT_DEVICES = (FieldTarget.DEVICE,)  # what values of other targets tell, they tell of people

_models: dict[str, type[models.Model]] = {}


class ValueRefused(DomainError):
    """A value that a field cannot hold."""

    code = "value_refused"


class FilledByRules(DomainError):
    """A value that people may not write."""

    code = "filled_by_rules"
    message = _("Rules fill this field. Change its rules instead.")


class FieldGone(DomainError):
    """A value of a field that somebody deletes."""

    code = "custom_field_gone"
    message = _("Somebody has deleted this field. Nothing was written.")


def register(target: FieldTarget, model: type[models.Model], *, asked_as: str) -> None:
    """Say which table keeps the values of a target in its column `custom`; from `ready()`.

    asked_as: its name in the catalogue of queries, in which the fields are called "#" and id.
    """
    if target in _models:
        raise ValueError(f"{target} is registered already")
    _models[target] = model
    catalog.tell(asked_as, partial(catalog_fields, target))


def catalog_fields(target: FieldTarget) -> list[catalog.Field]:
    """Return the fields of a target as queries know them. Cost: 1 query."""
    return [
        catalog.Field(
            f"{catalog.TOLD}{field.nql_id}",
            cast(catalog.Type, field.type),  # whose words are those of the catalogue
            column="custom",
            key=field.nql_id,
            values=field.words,
            description=field.name,
            personal_class=class_of(field),
        )
        for field in CustomField.objects.about(target)
    ]


def targets() -> list[tuple[str, Any]]:
    """Return the targets whose values some table keeps, with what they are called."""
    return [(target, FieldTarget(target).label) for target in _models]


def models_by_target() -> dict[str, type[models.Model]]:
    """Return the tables that keep values, by what their fields are about."""
    return dict(_models)


def target_of(model: type[models.Model]) -> FieldTarget:
    """Return what the fields of a table are about.

    Raises:
        LookupError: no such table is registered.
    """
    for target, registered in _models.items():
        if registered is model:
            return FieldTarget(target)
    raise LookupError(f"{model.__name__} has no custom fields")


def readable(target: FieldTarget, scope: Scope) -> list[CustomField]:
    """Return the fields whose values are hidden from the caller on no row. Cost: 1 query.

    By others nobody may filter, and nobody may write them: what he cannot see, he would overwrite.
    """
    return [field for field in CustomField.objects.about(target) if not hides_some(field, scope)]


def hides_some(field: CustomField, scope: Scope) -> bool:
    """Return whether values of the field are hidden from the caller on some row. Cost: no query."""
    return masking.may_hide_class(scope.privacy_level, _models[field.target], class_of(field))


def writable(target: FieldTarget, scope: Scope) -> list[CustomField]:
    """Return the readable fields that people fill. Cost: 1 query."""
    return [field for field in readable(target, scope) if field.filled_by == FilledBy.MANUAL]


def refuse_ruled(fields: Iterable[CustomField]) -> None:
    """Refuse to write by hand what rules fill.

    Raises:
        FilledByRules: one of the fields is of that kind.
    """
    for field in fields:
        if field.filled_by != FilledBy.MANUAL:
            raise FilledByRules


def hold(fields: Collection[CustomField]) -> None:
    """Have fields stay until the end of this transaction, which writes values of them. Cost: 1 query.

    Raises:
        FieldGone: one of them is deleted, or about to be.
    """
    keys = {field.pk for field in fields}
    if len(CustomField.objects.held(keys)) < len(keys):
        raise FieldGone


def having(rows: Any, field: CustomField, value: Any) -> Any:
    """Keep the rows of a queryset that have this value of the field, any value for None.

    Cost: reads the table, 25 ms for 100,000 narrow devices; an index would cost each report more.
    """
    if value is None:
        return rows.filter(custom__has_key=field.nql_id)
    return rows.filter(custom__contains={field.nql_id: value})


def rows_with(field: CustomField) -> models.QuerySet[Any] | None:
    """Return the rows that have a value of the field, None where no table keeps any."""
    model = _models.get(field.target)
    if model is None:
        return None
    return having(model._default_manager.all(), field, None)  # type: ignore[no-any-return]


def count_values(field: CustomField) -> int:
    """Return how many rows have a value of the field. Cost: 1 query over the table."""
    rows = rows_with(field)
    return 0 if rows is None else rows.count()


def parse(field: CustomField, text: str) -> Any:
    """Return the value that was typed, None for an empty text.

    Raises:
        ValueRefused: with a sentence that says why.
    """
    text = text.strip()
    if not text:
        return None
    if len(text) > TEXT_LENGTH or "\0" in text:
        raise ValueRefused(message=_("A value has up to 1,024 letters."))
    return _PARSERS[FieldType(field.type)](field, text)


def text_of(field: CustomField, value: Any) -> str:
    """Return a value as people type it, "" for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def accepts(field: CustomField, value: Any) -> bool:
    """Return whether a value is one that `parse` may give, None included."""
    try:
        found = parse(field, text_of(field, value))
    except ValueRefused:
        return False
    return found == value and type(found) is type(value)


def put(obj: Any, field: CustomField, value: Any) -> bool:
    """Give a row a value, None for none, without saving it; return whether this changes it."""
    if obj.custom.get(field.nql_id) == value:
        return False
    obj.custom = {key: kept for key, kept in obj.custom.items() if key != field.nql_id}
    if value is not None:
        obj.custom[field.nql_id] = value
    return True


def shown(field: CustomField, obj: Any, scope: Scope) -> str:
    """Return the value as the caller may see it, "" where there is none or it is hidden."""
    if masking.hides_class(scope.privacy_level, obj, class_of(field)):
        return ""
    return text_of(field, obj.custom.get(field.nql_id))


def class_of(field: CustomField) -> FieldClass:
    """Return what the values say about people: they may single out, whatever they are."""
    value = Class(field.personal_class)
    subject: Any = "device" if field.target in ABOUT_DEVICES else "user"
    return FieldClass(value, narrow=value is not Class.NONE, subject=subject)


def _integer(field: CustomField, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise ValueRefused(message=_("This is no whole number.")) from None
    if abs(value) > NUMBER_LIMIT:
        raise ValueRefused(message=_("This number is too large."))
    return value


def _number(field: CustomField, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueRefused(message=_("This is no number; write it like 1.5.")) from None
    if not abs(value) <= NUMBER_LIMIT:  # "nan" is below nothing
        raise ValueRefused(message=_("This number is too large."))
    return value


def _truth(field: CustomField, text: str) -> bool:
    if text.casefold() not in TRUTHS:
        raise ValueRefused(message=_("Write yes or no."))
    return TRUTHS[text.casefold()]


def _moment(field: CustomField, text: str) -> str:
    try:
        value: datetime | None = parse_datetime(text)
    except ValueError:
        value = None
    if value is None:
        raise ValueRefused(message=_("Write the moment like 2026-03-02 12:00."))
    try:
        aware = value if value.tzinfo else timezone.make_aware(value)
        return aware.astimezone(UTC).isoformat()
    except OverflowError:  # the year 0 or 10000 in UTC
        raise ValueRefused(message=_("Write a moment between the years 1 and 9999.")) from None


def _word(field: CustomField, text: str) -> str:
    if text not in field.words:
        words = ", ".join(field.words)
        raise ValueRefused(message=str(_("It has to be one of: %s")) % words)
    return text


_PARSERS = {
    FieldType.STRING: lambda field, text: text,
    FieldType.INT: _integer,
    FieldType.FLOAT: _number,
    FieldType.BOOL: _truth,
    FieldType.DATETIME: _moment,
    FieldType.ENUM: _word,
}
