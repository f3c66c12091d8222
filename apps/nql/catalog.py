"""What can be asked: tables and fields, offered by the apps that own the data."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from django.db import models
from django.utils.functional import Promise

from apps.core.personal_data import registry
from apps.core.personal_data.classes import FieldClass

# Source: data-model.md 1.1 and 1.2.
Kind = Literal["object", "config", "list", "punctual", "sampled", "trend"]
Type = Literal[
    "string",
    "enum",
    "string array",
    "int",
    "float",
    "bool",
    "datetime",
    "duration",
    "bytes",
    "percent",
    "ratio",
    "bit rate",
    "signal",
    "frequency",
    "version",
    "ip",
    "ip array",
    "uuid",
]
Metric = Literal["gauge", "counter"]
Derived = Literal["", "days_since", "end_of_inventory"]

SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        "datetime": "_at",
        "duration": "_ms",
        "bytes": "_bytes",
        "percent": "_ratio",
        "ratio": "_ratio",
        "bit rate": "_bps",
        "signal": "_dbm",
        "frequency": "_mhz",
    }
)
AGGREGATES = ("sum", "count", "min", "max")
TOLD = "#"  # begins the path of a field that an organisation made


class CatalogError(ValueError):
    """An app offered something that contradicts itself or another app."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table, by its path in a query.

    column: the model's field; by default the path with underscores and the unit suffix of the
        type. Of a metric of a sampled table: the name before the aggregate suffix. "one__field"
        is the field of the one row of an upper app that points at this one.
    metric: how samples of it add up: "gauge" or "counter"; None for a plain field.
    values: the allowed words of an enum.
    description: by default the help text of the model's field.
    is_default: shown when a query has no `list`.
    derived: what the query makes of the column: "days_since" counts whole days from its moment,
        "end_of_inventory" is when the term of retention after it ends.
    key: of a column of values by key (jsonb): under which the value is.
    personal_class: of such a value; of any other field the registry knows it.
    """

    path: str
    type: Type
    column: str = ""
    metric: Metric | None = None
    values: Sequence[str] = ()
    description: str | Promise = ""
    is_default: bool = False
    derived: Derived = ""
    key: str = ""
    personal_class: FieldClass | None = None

    def __post_init__(self) -> None:
        if self.type not in get_args(Type):
            raise CatalogError(f"{self.path}: {self.type} is no type")
        if self.type == "enum" and not self.values:
            raise CatalogError(f"{self.path}: an enum needs its values")

    @property
    def name(self) -> str:
        """Return the column, for a metric its stem."""
        return self.column or self.path.replace(".", "_") + SUFFIXES.get(self.type, "")

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the model's fields behind it: four of a gauge, one of anything else."""
        if self.metric is None:
            return (self.name,)
        aggregates = AGGREGATES if self.metric == "gauge" else ("sum",)
        return tuple(f"{self.name}_{aggregate}" for aggregate in aggregates)


@dataclass(frozen=True, slots=True)
class Link:
    """A way from a row to the one record it belongs to: `device.name` in a query of boots.

    name: the first step of the path. column: the foreign key. table: the catalogue's name.
    """

    name: str
    column: str
    table: str


@dataclass(frozen=True)
class Table:
    """One table that can be asked.

    name: namespace and table ("device.devices"). record: what one row is called ("device"),
    which is also how other tables link to it. permission: codename with app that opens it.
    only: the rows of this table where several share a model: column -> its value.
    """

    name: str
    model: type[models.Model]
    kind: Kind
    record: str
    fields: Sequence[Field]
    permission: str = ""
    links: Sequence[Link] = ()
    description: str | Promise = ""
    only: Mapping[str, str] = field(default_factory=dict)
    _by_path: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_path = {entry.path: entry for entry in self.fields}
        if len(by_path) != len(self.fields):
            raise CatalogError(f"{self.name} has a field twice")
        if self.kind not in get_args(Kind):
            raise CatalogError(f"{self.name}: {self.kind} is no kind of table")
        object.__setattr__(self, "_by_path", by_path)

    def field(self, path: str) -> Field | None:
        """Return the field at `path`, None where there is none. Cost: what `told` costs for "#"."""
        if not path.startswith(TOLD):
            return self._by_path.get(path)
        return next((entry for entry in self.told() if entry.path == path), None)

    def told(self) -> list[Field]:
        """Return the fields that an organisation made, as they are now. Cost: 1 query."""
        return [entry for source in _sources.get(self.name, []) for entry in source()]

    def class_of(self, path: str) -> FieldClass | None:
        """Return the personal-data class of a field: its own, or as its model registered it.

        Raises:
            KeyError: there is no such field.
        """
        entry = self.field(path)
        if entry is None:
            raise KeyError(path)
        if entry.personal_class is not None:
            return entry.personal_class
        model, column = owner_of(self.model, entry.columns[0])
        return registry.of_field(model, column) if model else None

    def add(self, fields: Sequence[Field]) -> None:
        """Take in the fields of an upper app.

        Raises:
            CatalogError: a path is taken.
        """
        for entry in fields:
            if entry.path in self._by_path:
                raise CatalogError(f"{self.name} has {entry.path} already")
            self._by_path[entry.path] = entry
        object.__setattr__(self, "fields", [*self.fields, *fields])


_tables: dict[str, Table] = {}
_sources: dict[str, list[Callable[[], Iterable[Field]]]] = {}


def register(table: Table) -> None:
    """Offer a table; called from its app's `nql.py`.

    Raises:
        CatalogError: the name is taken.
    """
    if table.name in _tables:
        raise CatalogError(f"{table.name} is registered already")
    _tables[table.name] = table


def extend(name: str, fields: Sequence[Field]) -> None:
    """Add fields that an upper app knows to a table of a lower one; called from its `nql.py`.

    Raises:
        CatalogError: a path is taken.
    """
    _tables[name].add(fields)


def tell(name: str, source: Callable[[], Iterable[Field]]) -> None:
    """Add fields that are known only while a query is read; called from `ready()`.

    source: returns the fields of now, each with a path that begins with "#".
    """
    _sources.setdefault(name, []).append(source)


def owner_of(model: type[models.Model], column: str) -> tuple[type[models.Model] | None, str]:
    """Return the model that holds a column, and its name there; None where there is no such step.

    column: a field of `model`, or "one__field" over the one row that points at it.
    """
    step, _, rest = column.partition("__")
    if not rest:
        return model, column
    relation = next((f for f in model._meta.get_fields() if f.name == step and f.one_to_one), None)
    return (relation.related_model if relation else None), rest  # type: ignore[return-value]


def table(name: str) -> Table | None:
    """Return the table called `name`, None where there is none."""
    return _tables.get(name)


def tables() -> Iterator[Table]:
    """Yield every table, by name."""
    yield from (_tables[name] for name in sorted(_tables))


def problems(table: Table) -> Iterator[str]:
    """Yield a sentence for each column or link that the model does not have."""
    known = {entry.name for entry in table.model._meta.concrete_fields}
    for entry in table.fields:
        for column in entry.columns:
            if not _exists(table.model, column):
                yield f"{table.name} {entry.path}: {table.model._meta.label} has no {column}."
    for column in table.only.keys() - known:
        yield f"{table.name}: {table.model._meta.label} has no {column}."
    for link in table.links:
        if link.column.removesuffix("_id") not in known and link.column not in known:
            yield f"{table.name} link {link.name}: no column {link.column}."
        if link.table not in _tables:
            yield f"{table.name} link {link.name}: no table {link.table}."


def _exists(model: type[models.Model], column: str) -> bool:
    owner, name = owner_of(model, column)
    return owner is not None and name in {f.name for f in owner._meta.concrete_fields}
