"""What one daily row is: its table, its key, what else it holds."""

from django.contrib.postgres.fields import ArrayField
from django.db import connection

from apps.events.constants import INT8_MAX
from apps.events.kinds import SampledKind
from apps.events.models import DailyEvent


def daily_model_of(kind: SampledKind) -> type[DailyEvent]:
    """Return the model of a kind's daily rows."""
    assert kind.daily_model is not None  # `kinds.sampled` yields no other
    return kind.daily_model


def key_columns(kind: SampledKind) -> list[str]:
    """Return the columns whose combination is one daily row of a day."""
    kept = _columns(kind)
    references = [f"{column}_id" for column in kind.dimensions]
    return ["device_id", "context_id", *(c for c in references if c in kept), *kind.key_fields]


def last_value_fields(kind: SampledKind) -> list[str]:
    """Return the plain fields that hold the last value of the day."""
    kept = _columns(kind)
    plain = (*kind.field_names, *kind.derived)
    return [name for name in plain if name in kept and name not in kind.key_fields]


def last_value(kind: SampledKind, name: str, *, order: str) -> str:
    """Return the expression of the last known value of a plain field; order: of the rows.

    Arrays go by way of their text: PostgreSQL gathers arrays of one length only.
    """
    field = next(f for f in daily_model_of(kind)._meta.concrete_fields if f.column == name)
    is_array = isinstance(field, ArrayField)
    value, back = (f"{name}::text", f"::{field.db_type(connection)}") if is_array else (name, "")
    return f"(array_agg({value} ORDER BY {order} DESC) FILTER (WHERE {name} IS NOT NULL))[1]{back}"


def within_int8(total: str) -> str:
    """Return `total`, cut at the largest bigint: forged readings must not stop the roll-up.

    Null stays null, which `least` would turn into the limit.
    """
    return f"CASE WHEN {total} > {INT8_MAX} THEN {INT8_MAX} ELSE {total} END"


def _columns(kind: SampledKind) -> set[str]:
    return {str(field.column) for field in daily_model_of(kind)._meta.concrete_fields}
