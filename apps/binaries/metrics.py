"""Metrics of executions (data-model.md 5.1)."""

from django.utils.translation import gettext_lazy as _

from apps.core.personal_data import BEHAVIOUR, NONE, appraisal
from apps.events.metrics import Counter, Gauge, Metric

TRAFFIC = "network_connections"

EXECUTION: dict[str, Metric] = {
    "execution_duration_ms": Counter(_("Time in which at least one process ran."), appraisal(NONE)),
    "number_of_executions": Counter(_("Processes started."), appraisal(NONE)),
    "cpu_time_ms": Counter(_("Over all processors."), NONE),
    "cpu_duration_with_high_usage_ms": Counter(_("Above 80 % of one processor."), NONE),
    "memory_bytes": Gauge(_("Private memory, sum of the processes."), NONE),
    "real_memory_bytes": Gauge(_("Resident memory, sum of the processes."), NONE),
    "number_of_page_faults": Counter(_("Page faults."), NONE),
    "focus_time_ms": Counter(
        _("Window in the foreground."), appraisal(BEHAVIOUR), switch="focus_time"
    ),
    "number_of_freezes": Counter(_("Window did not answer for 5 seconds."), NONE),
    "freeze_duration_ms": Counter(_("Time without an answer."), NONE),
    "disk_read_bytes": Counter(_("Read from disks."), NONE),
    "disk_written_bytes": Counter(_("Written to disks."), NONE),
    "incoming_traffic_bytes": Counter(_("Received."), NONE, switch=TRAFFIC),
    "outgoing_traffic_bytes": Counter(_("Sent."), NONE, switch=TRAFFIC),
    "incoming_throughput_bps": Gauge(_("Received, bit per second."), NONE, switch=TRAFFIC),
    "outgoing_throughput_bps": Gauge(_("Sent, bit per second."), NONE, switch=TRAFFIC),
    "connection_establishment_time_ms": Gauge(
        _("TCP handshake."), NONE, switch=TRAFFIC, is_float=True
    ),
    "number_of_established_connections": Counter(_("Connections made."), NONE, switch=TRAFFIC),
    "number_of_rejected_connections": Counter(_("Connections rejected."), NONE, switch=TRAFFIC),
    "number_of_no_host_connections": Counter(_("No such host."), NONE, switch=TRAFFIC),
    "number_of_no_service_connections": Counter(_("No such service."), NONE, switch=TRAFFIC),
}
