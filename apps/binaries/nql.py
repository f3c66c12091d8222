"""Tables of binaries and packages that can be asked (data-model.md 2.5, 2.6, 5)."""

from apps.binaries.choices import (
    BinaryArchitecture,
    CrashKind,
    CrashVisibility,
    DestinationType,
    PackageSource,
    PackageType,
    PathRoot,
    Protocol,
    Visibility,
)
from apps.binaries.models import (
    Binary,
    ConnectionSample,
    ExecutionCrash,
    ExecutionSample,
    InstalledPackage,
    Package,
    PackageInstallation,
    PackageUninstallation,
)
from apps.devices.choices import Platform
from apps.nql.catalog import Field, Link, Table, register

DEVICE = Link("device", "device", "device.devices")
USER = Link("user", "user", "user.users")
RUN = [DEVICE, USER, Link("binary", "binary", "binary.binaries")]
PACKAGE = Link("package", "package", "package.packages")

register(
    Table(
        name="binary.binaries",
        model=Binary,
        kind="object",
        record="binary",
        permission="binaries.view_binary",
        fields=[
            Field("name", "string", is_default=True),
            Field("uid", "uuid"),
            Field("version", "version", is_default=True),
            Field("platform", "enum", values=Platform.values, is_default=True),
            Field("architecture", "enum", values=BinaryArchitecture.values),
            Field("size", "bytes"),
            Field("md5_hash", "string"),
            Field("sha1_hash", "string"),
            Field("sha256_hash", "string"),
            Field("company", "string", is_default=True),
            Field("description", "string"),
            Field("product_name", "string", is_default=True),
            Field("product_category", "string"),
            Field("product_subcategory", "string"),
            Field("has_user_interface", "bool"),
            Field("first_seen", "datetime"),
            Field("last_seen", "datetime", is_default=True),
        ],
    )
)
register(
    Table(
        name="execution.events",
        model=ExecutionSample,
        kind="sampled",
        record="event",
        permission="binaries.view_executionsample",
        links=RUN,
        fields=[
            Field("start_time", "datetime", column="bucket", is_default=True),
            Field("execution_duration", "duration", metric="counter", is_default=True),
            Field("number_of_executions", "int", metric="counter"),
            Field("cpu_time", "duration", metric="counter", is_default=True),
            Field("cpu.duration_with_high_usage", "duration", metric="counter"),
            Field("memory", "bytes", metric="gauge"),
            Field("real_memory", "bytes", metric="gauge"),
            Field("number_of_page_faults", "int", metric="counter"),
            Field("focus_time", "duration", metric="counter"),
            Field("number_of_freezes", "int", metric="counter"),
            Field("freeze_duration", "duration", metric="counter"),
            Field("disk_read", "bytes", metric="counter"),
            Field("disk_written", "bytes", metric="counter"),
            Field("incoming_traffic", "bytes", metric="counter"),
            Field("outgoing_traffic", "bytes", metric="counter"),
            Field("incoming_throughput", "bit rate", metric="gauge"),
            Field("outgoing_throughput", "bit rate", metric="gauge"),
            Field("connection_establishment_time", "duration", metric="gauge"),
            Field("number_of_established_connections", "int", metric="counter"),
            Field("number_of_rejected_connections", "int", metric="counter"),
            Field("number_of_no_host_connections", "int", metric="counter"),
            Field("number_of_no_service_connections", "int", metric="counter"),
            Field("highest_process_visibility", "enum", values=Visibility.values),
        ],
    )
)
register(
    Table(
        name="execution.crashes",
        model=ExecutionCrash,
        kind="punctual",
        record="crash",
        permission="binaries.view_executioncrash",
        links=RUN,
        fields=[
            Field("time", "datetime", column="occurred_at", is_default=True),
            Field("number_of_crashes", "int", is_default=True),
            Field("process_visibility", "enum", values=CrashVisibility.values),
            Field("crash_on_start", "bool"),
            Field("binary_path", "string"),
            Field("binary_path_root", "enum", values=PathRoot.values),
            Field("error_code", "string"),
            Field("module_name", "string"),
            Field("kind", "enum", values=CrashKind.values),
        ],
    )
)
CONNECTION_FIELDS = [
    Field("start_time", "datetime", column="bucket", is_default=True),
    Field("protocol", "enum", values=Protocol.values),
    Field("destination.ip", "ip"),
    Field("destination.port", "int", is_default=True),
    Field("destination.domain", "string", is_default=True),
    Field("destination.type", "enum", values=DestinationType.values),
    Field("destination.country", "string"),
    Field("number_of_connections", "int", metric="counter", is_default=True),
    Field("number_of_established_connections", "int", metric="counter"),
    Field("number_of_failed_connections", "int", metric="counter"),
    Field("number_of_rejected_connections", "int", metric="counter"),
    Field("number_of_no_host_connections", "int", metric="counter"),
    Field("number_of_no_service_connections", "int", metric="counter"),
    Field("failed_connection_ratio", "ratio", column="failed_connection_ratio"),
    Field("connection_establishment_time", "duration", metric="gauge"),
    Field("round_trip_time", "duration", metric="gauge"),
    Field("incoming_traffic", "bytes", metric="counter"),
    Field("outgoing_traffic", "bytes", metric="counter"),
]
register(
    Table(
        name="connection.events",
        model=ConnectionSample,
        kind="sampled",
        record="event",
        permission="binaries.view_connectionsample",
        links=RUN,
        fields=CONNECTION_FIELDS,
    )
)
for _protocol in Protocol.values:
    register(
        Table(
            name=f"connection.{_protocol}_events",
            model=ConnectionSample,
            kind="sampled",
            record="event",
            permission="binaries.view_connectionsample",
            links=RUN,
            only={"protocol": _protocol},
            fields=CONNECTION_FIELDS,
        )
    )
register(
    Table(
        name="package.packages",
        model=Package,
        kind="object",
        record="package",
        permission="binaries.view_package",
        fields=[
            Field("name", "string", is_default=True),
            Field("uid", "uuid"),
            Field("publisher", "string", is_default=True),
            Field("version", "version", is_default=True),
            Field("platform", "enum", values=Platform.values),
            Field("architecture", "enum", values=BinaryArchitecture.values),
            Field("type", "enum", values=PackageType.values, is_default=True),
            Field("parent_name", "string"),
            Field("source", "enum", values=PackageSource.values),
            Field("first_seen", "datetime"),
            Field("last_seen", "datetime"),
        ],
    )
)
register(
    Table(
        name="package.installed_packages",
        model=InstalledPackage,
        kind="list",
        record="installed_package",
        permission="binaries.view_installedpackage",
        links=[DEVICE, PACKAGE],
        fields=[
            Field("installation_time", "datetime", is_default=True),
            Field("first_seen", "datetime"),
        ],
    )
)
register(
    Table(
        name="package.installations",
        model=PackageInstallation,
        kind="punctual",
        record="installation",
        permission="binaries.view_packageinstallation",
        links=[DEVICE, USER, PACKAGE],
        fields=[
            Field("time", "datetime", column="occurred_at", is_default=True),
            Field("number_of_installations", "int"),
            Field("previous_version", "version"),
        ],
    )
)
register(
    Table(
        name="package.uninstallations",
        model=PackageUninstallation,
        kind="punctual",
        record="uninstallation",
        permission="binaries.view_packageuninstallation",
        links=[DEVICE, USER, PACKAGE],
        fields=[
            Field("time", "datetime", column="occurred_at", is_default=True),
            Field("number_of_uninstallations", "int"),
        ],
    )
)
