"""System checks of the event machinery."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register

from apps.events import codec, kinds


@register()
def event_tables_keep_the_rules(**_context: Any) -> list[CheckMessage]:
    """Refuse event tables that Django would delete through, or that COPY cannot fill."""
    return [
        Error(problem, obj=model, id="events.E001")
        for model, _ in kinds.event_models()
        for problem in _problems(model)
    ]


def _problems(model: Any) -> Iterator[str]:
    for field in model._meta.concrete_fields:
        if field.is_relation and (field.db_constraint or field.remote_field.related_name != "+"):
            yield f'{field.name}: needs db_constraint=False and related_name="+".'
        if field.generated:
            continue  # PostgreSQL computes it
        try:
            codec.for_field(field)
        except LookupError:
            yield f"{field.name}: there is no COPY codec for {type(field).__name__}."
