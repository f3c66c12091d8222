"""What can be asked about collectors (data-model.md 2.1, 3.4)."""

from django.utils.translation import gettext_lazy as _

from apps.collectors.choices import CollectorEventType, CollectorState
from apps.collectors.models import CollectorEvent
from apps.nql.catalog import Field, Link, Table, extend, register

extend(
    "device.devices",
    [
        Field("collector.uid", "uuid", column="collector__uid"),
        Field("collector.version", "version", column="collector__version"),
        Field("collector.last_contact", "datetime", column="collector__last_contact_at"),
        Field(
            "collector.state",
            "enum",
            column="collector__state",
            values=CollectorState.values,
            description=_("Whether the collector may report."),
        ),
        Field(
            "collector.configuration_version",
            "int",
            column="collector__reported_configuration_version",
        ),
        Field("collector.clock_offset", "duration", column="collector__clock_offset_ms"),
    ],
)
register(
    Table(
        name="collector.events",
        model=CollectorEvent,
        kind="punctual",
        record="collector_event",
        permission="collectors.view_collectorevent",
        links=[Link("device", "device", "device.devices")],
        fields=[
            Field("time", "datetime", column="occurred_at", is_default=True),
            Field("type", "enum", values=CollectorEventType.values, is_default=True),
            Field("details", "string", is_default=True),
            Field("number_of_records", "int"),
            Field("cpu_usage", "percent"),
            Field("memory", "bytes"),
            Field("traffic", "bytes"),
            Field("clock_offset", "duration"),
        ],
    )
)
