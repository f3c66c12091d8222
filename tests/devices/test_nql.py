"""What can be asked about devices, users and binaries fits their tables."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.core.personal_data import registry
from apps.events import kinds
from apps.events.choices import Retention
from apps.events.metrics import Gauge
from apps.nql import catalog
from apps.nql.catalog import SUFFIXES, Field, Table

OURS = ("devices", "users", "binaries")
TABLES = [table for table in catalog.tables() if table.model._meta.app_label in OURS]
FIELDS = [
    pytest.param(table, entry, id=f"{table.name} {entry.path}")
    for table in TABLES
    for entry in table.fields
]

# Columns behind no field of their own, and why.
INTERNAL = {
    "id",  # the database's key; the public one is uid
    "device",  # a link
    "user",
    "binary",
    "package",
    "context",  # the path `context.*` comes with the language
    "source",
    "identity",  # hash of what makes a row one thing
    "version_key",  # sorts versions; goes with the text
    "hardware_firmware_version_key",
    "hardware_tpm_version_key",
    "collector_target_version_key",
    "driver_version_key",
    "primary_physical_adapter_driver_version_key",
    "is_entity_pinned",  # how the console places devices
    "connectivity_told_at",  # which bucket the last network is from
    "operating_system_version_key",
    "operating_system_build_key",
    "client_version_key",
    "previous_version_key",
    "destination_private_ip",  # what a day keeps of destination.ip
    "custom",  # the paths `#id` come with custom fields
    "change",  # tells which of five tables a row is in
    "is_start_told",  # how a session is put together
    "is_end_told",
    "told_state",
    "state_at",
    "protocol_at",
    "client_at",
    "seen_at",
}
INTERNAL_MODELS = {
    "Context",  # context.*
    "InventoryPart",  # data-model.md 9.6
    "UserDevice",  # link table
    "ConnectivityDaily",  # the planner's choice behind connectivity.events
    "PerformanceDaily",  # the planner's choice behind device_performance.events
    "ExecutionDaily",
    "ConnectionDaily",
    "SessionDaily",
    "VdiDaily",
    "VdiRealtime",  # the same behind session.vdi_events
    "BinaryClaim",  # what devices say of a binary
    "Presence",  # answers who may see a binary or package
    "StalePresence",
    "ClassificationRun",  # work of the server
    "FleetNow",  # data-model.md 9.6
}

COLUMNS: dict[str, tuple[type[models.Field[Any, Any]], ...]] = {
    "string": (models.CharField, models.TextField, models.ForeignKey),
    "enum": (models.CharField,),
    "int": (models.IntegerField, models.BigIntegerField),
    "float": (models.FloatField,),
    "bool": (models.BooleanField,),
    "datetime": (models.DateTimeField,),
    "duration": (models.BigIntegerField, models.FloatField),
    "bytes": (models.BigIntegerField,),
    "percent": (models.FloatField,),
    "ratio": (models.FloatField,),
    "bit rate": (models.BigIntegerField,),
    "version": (models.CharField,),
    "uuid": (models.UUIDField,),
    "string array": (ArrayField,),
    "ip": (models.GenericIPAddressField,),
    "ip array": (ArrayField,),
    "signal": (models.FloatField,),
    "frequency": (models.IntegerField,),
}


TIMES = ("bucket", "occurred_at")


def field_of(table: Table, entry: Field) -> Any:
    """Return the model's field behind a field, perhaps that of an upper app's row."""
    model, name = catalog.owner_of(table.model, entry.columns[0])
    assert model is not None
    return model._meta.get_field(name)


def column_of(table: Table, entry: Field) -> Any:
    """Return the column behind a field, of a derived one its result."""
    column = field_of(table, entry)
    return column.output_field if isinstance(column, models.GeneratedField) else column


def shown_columns(model: type[models.Model]) -> set[str]:
    """Return the columns of a model that are behind a field."""
    return {
        column
        for table in TABLES
        if table.model is model
        for entry in table.fields
        for column in entry.columns
    }


class TestCatalogue:
    @pytest.mark.case("data-model.1")
    def test_holds_the_tables_of_devices(self) -> None:
        ours = [table.name for table in TABLES if table.model._meta.app_label == "devices"]

        assert ours == [
            "connectivity.events",
            "device.antiviruses",
            "device.batteries",
            "device.changes",
            "device.cpus",
            "device.devices",
            "device.disks",
            "device.firewalls",
            "device.gpus",
            "device.local_admins",
            "device.memory_modules",
            "device.monitors",
            "device.network_adapters",
            "device.volumes",
            "device_performance.boots",
            "device_performance.events",
            "device_performance.hard_resets",
            "device_performance.sleeps",
            "device_performance.system_crashes",
        ]

    @pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
    def test_has_a_column_for_every_field_and_link(self, table: Table) -> None:
        assert list(catalog.problems(table)) == []

    @pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
    def test_names_a_permission_that_exists(self, table: Table) -> None:
        label, _, codename = table.permission.partition(".")

        assert (label, codename) == (
            table.model._meta.app_label,
            f"view_{table.model._meta.model_name}",
        ) or table.permission == "devices.view_device"

    @pytest.mark.parametrize(("table", "entry"), FIELDS)
    def test_gives_a_field_the_type_of_its_column(self, table: Table, entry: Field) -> None:
        type_ = "datetime" if entry.derived == "days_since" else entry.type

        assert isinstance(column_of(table, entry), COLUMNS[type_])

    @pytest.mark.parametrize(("table", "entry"), FIELDS)
    def test_gives_a_field_the_unit_of_its_column(self, table: Table, entry: Field) -> None:
        suffix = SUFFIXES.get(entry.type, "")

        assert entry.derived or entry.name.endswith(suffix) or entry.name in TIMES

    @pytest.mark.parametrize(("table", "entry"), FIELDS)
    def test_describes_every_field_by_its_column(self, table: Table, entry: Field) -> None:
        column = field_of(table, entry)

        assert str(entry.description or column.help_text) or entry.path == "uid"

    @pytest.mark.parametrize(("table", "entry"), FIELDS)
    def test_knows_what_every_field_says_about_people(self, table: Table, entry: Field) -> None:
        classes = {registry.of_field(table.model, column) for column in entry.columns[1:]}

        assert table.class_of(entry.path) is not None
        assert classes <= {table.class_of(entry.path)}

    @pytest.mark.parametrize("kind", list(kinds.sampled()), ids=lambda kind: kind.name)
    def test_offers_each_metric_as_it_is_sampled(self, kind: kinds.SampledKind) -> None:
        table = catalog.table(kind.name)

        assert table is not None
        assert {e.name: e.metric for e in table.fields if e.metric} == {
            name: "gauge" if isinstance(metric, Gauge) else "counter"
            for name, metric in kind.metrics.items()
        }

    @pytest.mark.parametrize(
        "kind",
        [kind for kind in kinds.registered() if kind.retention != Retention.REALTIME],
        ids=lambda kind: kind.name,
    )
    def test_shows_every_kind_by_its_name(self, kind: kinds.AnyKind) -> None:
        table = catalog.table(kind.name)

        assert table is not None
        assert table.model is kind.model

    @pytest.mark.parametrize(
        "model",
        [m for label in OURS for m in apps.get_app_config(label).get_models()],
        ids=lambda model: model.__name__,
    )
    def test_leaves_no_column_out_but_internal_ones(self, model: type[models.Model]) -> None:
        columns = {field.name for field in model._meta.concrete_fields}

        hidden = columns - shown_columns(model) - INTERNAL

        assert hidden == set() or model.__name__ in INTERNAL_MODELS

    @pytest.mark.parametrize(("table", "entry"), FIELDS)
    def test_lists_the_words_of_an_enum(self, table: Table, entry: Field) -> None:
        words = [value for value, _label in column_of(table, entry).choices or [] if value]

        assert entry.type != "enum" or list(entry.values) == words
