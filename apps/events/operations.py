"""Migration operations of event tables: Django keeps a managed state, we write the database side."""

from collections.abc import Sequence
from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class CreatePartitionedTable(Operation):
    """Create the partitioned parent of an event table.

    No primary key (storage.md 2): `id` is NOT NULL and no more. Indexes: B-tree(device_id, time),
    BRIN(time), and those of `Meta.indexes`.
    """

    reversible = True

    def __init__(self, create: migrations.CreateModel, time: str) -> None:
        self.create = create
        self.time = time

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        # SeparateDatabaseAndState shows its database side a state without the new model.
        self.create.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.create.name)
        for statement in table_sql(model, self.time):
            schema_editor.execute(statement)
        for index in model._meta.indexes:
            schema_editor.add_index(model, index)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = from_state.apps.get_model(app_label, self.create.name)
        schema_editor.execute(f"DROP TABLE {model._meta.db_table}")

    def describe(self) -> str:
        return f"Create partitioned table of {self.create.name}"

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return (self.__class__.__qualname__, [self.create, self.time], {})


def partitioned(
    create: migrations.CreateModel, *, time: str
) -> migrations.SeparateDatabaseAndState:
    """Return the operation that creates an event table: `create` for the state, ours for the database.

    time: the column by whose range the table is cut: "occurred_at" or "bucket".
    """
    return migrations.SeparateDatabaseAndState(
        state_operations=[create], database_operations=[CreatePartitionedTable(create, time)]
    )


def table_sql(model: type[models.Model], time: str) -> list[str]:
    """Return the statements that create the partitioned parent of `model` and its two indexes."""
    meta = model._meta
    columns = ",\n    ".join(_column_sql(field) for field in meta.local_concrete_fields)
    table = meta.db_table
    return [
        f"CREATE TABLE {table} (\n    {columns}\n) PARTITION BY RANGE ({time})",
        f"CREATE INDEX {table}_device_{time} ON {table} (device_id, {time})",
        f"CREATE INDEX {table}_{time}_brin ON {table} USING brin ({time})",
    ]


def _column_sql(field: models.Field[Any, Any]) -> str:
    from django.db import connection

    parts = [field.column or "", field.db_type(connection) or ""]
    if isinstance(field, models.GeneratedField):
        expression, params = field.generated_sql(connection)
        if params:
            raise TypeError(f"{field} is computed with parameters, which DDL does not take.")
        return f"{' '.join(parts)} GENERATED ALWAYS AS ({expression}) STORED"
    if field.has_db_default():
        parts.append(f"DEFAULT {_literal(field)}")
    if not field.null:
        parts.append("NOT NULL")
    return " ".join(parts)


def _literal(field: models.Field[Any, Any]) -> str:
    value = field._db_default_expression.value  # type: ignore[attr-defined]
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return "'" + value.replace("'", "''") + "'"
    raise TypeError(f"{field} has a database default that is no literal.")
