"""What is wrong with the inventory: a field without class, a table that contradicts another."""

from collections.abc import Iterator

from apps.collectors.switches import BY_NAME
from apps.core.personal_data import registry
from apps.core.personal_data.classes import Class, FieldClass, field_class
from apps.events import kinds
from apps.events.kinds import SampledKind
from apps.events.metrics import metric_classes
from apps.gdpr.data_inventory import categories, origins, retentions
from apps.gdpr.data_inventory.entries import entries
from apps.nql import catalog


def problems() -> Iterator[str]:
    """Yield a sentence for each thing that somebody has to put right."""
    for model in registry.own_models():
        yield from registry.problems(model)
        if model._meta.app_label not in categories.APPS:
            yield f"{model._meta.label} belongs to no category of data."
    yield from _catalogue_problems()
    yield from _metric_problems()
    yield from _switch_problems()
    yield from _retention_problems()


def _catalogue_problems() -> Iterator[str]:
    """Look at what can be asked: each field has one class, and no secret is among them."""
    for table in catalog.tables():
        for entry in table.fields:
            found = {_class_of(table, column) for column in entry.columns}
            where = f"{table.name} {entry.path}"
            if None in found:
                yield f"{where} can be asked, but has no personal-data class."
            if len(found) > 1:
                yield f"The columns of {where} have different personal-data classes."
            if any(known and known.value is Class.SECRET for known in found):
                yield f"{where} can be asked, but is secret."


def _class_of(table: catalog.Table, column: str) -> FieldClass | None:
    model, name = catalog.owner_of(table.model, column)
    return None if model is None else registry.of_field(model, name)


def _metric_problems() -> Iterator[str]:
    """Look at whether a metric says of itself what the registry says of its columns."""
    for kind in kinds.registered():
        if not isinstance(kind, SampledKind):
            continue
        for model, daily in ((kind.model, False), (kind.daily_model, True)):
            for column, said in metric_classes(kind.metrics, daily=daily).items() if model else ():
                known = registry.of_field(model, column)  # type: ignore[arg-type]
                if known is None or _essence(known) != _essence(field_class(said)):
                    yield f"{kind.name} and the registry disagree about {column}."


def _essence(found: FieldClass) -> tuple[Class, bool, bool]:
    return found.value, found.narrow, found.appraisal


def _switch_problems() -> Iterator[str]:
    known = BY_NAME.keys() | origins.OTHER_SWITCHES
    for entry in entries():
        for switch in entry.switches:
            if switch not in known:
                yield f"{entry.table}.{entry.field} names a switch that does not exist: {switch}."
    models = {model._meta.label: model for model in registry.own_models()}
    for label in origins.TABLE_SWITCHES.keys() - models.keys():
        yield f"{label} has a switch but is no table."
    for label, fields in origins.OBJECT_SWITCHES.items():
        for name in fields:
            if label not in models or name not in registry.field_names(models[label]):
                yield f"{label}.{name} has a switch but is no field."


def _retention_problems() -> Iterator[str]:
    """Look for tables that say something about people and that nobody takes away."""
    for entry in entries():
        is_ours = entry.subject in ("user", "device", "destination")
        if is_ours and entry.retention == retentions.CONFIG and entry.data_class != "none":
            yield f"{entry.table}.{entry.field} is personal and kept until somebody deletes it."
