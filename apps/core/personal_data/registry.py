"""Every table of ours and what it says about people."""

from collections.abc import Iterator

from django.apps import apps
from django.db import models

from apps.core.personal_data.classes import Classification, FieldClass

Model = type[models.Model]

_classified: dict[Model, Classification] = {}


def register(model: Model, classification: Classification) -> None:
    """Classify the fields of `model`; called once for each, from its app's `personal_data.py`.

    Missing and unknown fields are reported by the system check core.E001, when all models exist.
    """
    if model in _classified:
        raise ValueError(f"{model._meta.label} is classified already")
    _classified[model] = classification


def classification(model: Model) -> Classification | None:
    """Return what is known about `model`, None where it is not ours or not classified."""
    return _classified.get(model._meta.concrete_model or model)


def of_field(model: Model, name: str) -> FieldClass | None:
    """Return the class of a field, None where the table or the field has none.

    name: also "pk" and the column of a foreign key ("user_id").
    """
    known = classification(model)
    if known is None:
        return None
    if name == "pk":
        name = model._meta.pk.name if model._meta.pk else name
    if name not in known.fields and name.endswith("_id"):
        name = name.removesuffix("_id")
    return known.of(name) if name in known.fields else None


def personal_fields(model: Model) -> frozenset[str]:
    """Return the fields that are shown through a scope: personal ones and secrets."""
    known = classification(model)
    if known is None:
        return frozenset()
    return frozenset(name for name, found in known if found.is_personal or _is_secret(found))


def tables_of(subject: str) -> Iterator[tuple[Model, str]]:
    """Yield (model, key column) of the tables that hold rows about a kind of subject.

    Upper apps come first, so that a walk deletes what points at a row before the row.
    """
    order = {config.label: number for number, config in enumerate(apps.get_app_configs())}
    models_ = sorted(_classified, key=lambda model: -order[model._meta.app_label])
    for model in models_:
        if subject in _classified[model].keys:
            yield model, _classified[model].keys[subject]


def own_models() -> Iterator[Model]:
    """Yield the concrete models of our apps; third-party tables are exempt by app."""
    for config in apps.get_app_configs():
        if config.name.startswith("apps."):
            yield from (model for model in config.get_models() if not model._meta.proxy)


def field_names(model: Model) -> set[str]:
    """Return the fields that need a class: columns, and many-to-many fields of this model."""
    meta = model._meta
    return {field.name for field in [*meta.concrete_fields, *meta.local_many_to_many]} | {
        field.name for field in meta.many_to_many
    }


def problems(model: Model) -> Iterator[str]:
    """Yield a sentence for each gap in the classification of `model`."""
    known = classification(model)
    if known is None:
        yield f"{model._meta.label} has no personal-data classification."
        return
    names = field_names(model)
    for name in sorted(names - known.fields.keys()):
        yield f"{model._meta.label}.{name} has no personal-data class."
    for name in sorted(known.fields.keys() - names):
        yield f"{model._meta.label}.{name} is classified but is no field."
    for subject, column in known.keys.items():
        if column not in names and column.removesuffix("_id") not in names:
            yield f"{model._meta.label}: the key {column} of {subject} is no field."


def _is_secret(found: FieldClass) -> bool:
    return found.value.value == "secret"
