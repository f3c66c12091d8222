"""Tables of binaries that can be asked (data-model.md 2.5, 5.1)."""

from apps.binaries.choices import BinaryArchitecture, Visibility
from apps.binaries.models import Binary, ExecutionSample
from apps.devices.choices import Platform
from apps.nql.catalog import Field, Link, Table, register

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
        links=[
            Link("device", "device", "device.devices"),
            Link("user", "user", "user.users"),
            Link("binary", "binary", "binary.binaries"),
        ],
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
