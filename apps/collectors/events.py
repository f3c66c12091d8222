"""The event kind of collectors themselves (the struct is the protocol)."""

from typing import Annotated, Literal

import msgspec

from apps.collectors.models import CollectorEvent
from apps.events.constants import INT8_MAX
from apps.events.kinds import Amount, FloatAmount, PunctualKind, register

# Words of ours and of the collector, in one line.
Details = Annotated[str, msgspec.Meta(pattern=r"^[\x20-\x7e]{0,255}\Z")]
Offset = Annotated[int, msgspec.Meta(ge=-INT8_MAX, le=INT8_MAX)]


class CollectorEventFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `fields` of what a collector reports on itself."""

    type: Literal[
        "started",
        "updated",
        "configuration_applied",
        "configuration_refused",
        "probe_slowed",
        "probe_disabled",
        "probe_restored",
        "probe_failed",
        "spool_reset",
        "health",
        "records_dropped",
        "records_refused",
        "batch_quarantined",
        "clock_skew",
        "identity_changed",
        "paused",
        "extension_error",
    ]
    details: Details | None = None
    number_of_records: Amount | None = None
    cpu_usage_ratio: FloatAmount | None = None
    memory_bytes: Amount | None = None
    traffic_bytes: Amount | None = None
    clock_offset_ms: Offset | None = None


register(PunctualKind(name="collector.events", fields=CollectorEventFields, model=CollectorEvent))
