"""Metrics of executions (data-model.md 5.1)."""

from django.utils.translation import gettext_lazy as _

from apps.core.personal_data import BEHAVIOUR, NONE, appraisal
from apps.events.metrics import Counter, Gauge, Metric

TRAFFIC = "network_connections"

EXECUTION: dict[str, Metric] = {
    "execution_duration_ms": Counter(
        _("Time in which at least one process ran."), appraisal(NONE), title=_("Execution duration")
    ),
    "number_of_executions": Counter(
        _("Processes started."), appraisal(NONE), title=_("Number of executions")
    ),
    "cpu_time_ms": Counter(_("Over all processors."), NONE, title=_("CPU time")),
    "cpu_duration_with_high_usage_ms": Counter(
        _("Above 80 % of one processor."), NONE, title=_("CPU duration with high usage")
    ),
    "memory_bytes": Gauge(_("Private memory, sum of the processes."), NONE, title=_("Memory")),
    "real_memory_bytes": Gauge(
        _("Resident memory, sum of the processes."), NONE, title=_("Real memory")
    ),
    "number_of_page_faults": Counter(_("Page faults."), NONE, title=_("Number of page faults")),
    "focus_time_ms": Counter(
        _("Window in the foreground."),
        appraisal(BEHAVIOUR),
        switch="focus_time",
        title=_("Focus time"),
    ),
    "number_of_freezes": Counter(
        _("Window did not answer for 5 seconds."), NONE, title=_("Number of freezes")
    ),
    "freeze_duration_ms": Counter(_("Time without an answer."), NONE, title=_("Freeze duration")),
    "disk_read_bytes": Counter(_("Read from disks."), NONE, title=_("Disk read")),
    "disk_written_bytes": Counter(_("Written to disks."), NONE, title=_("Disk written")),
    "incoming_traffic_bytes": Counter(
        _("Received."), NONE, switch=TRAFFIC, title=_("Incoming traffic")
    ),
    "outgoing_traffic_bytes": Counter(
        _("Sent."), NONE, switch=TRAFFIC, title=_("Outgoing traffic")
    ),
    "incoming_throughput_bps": Gauge(
        _("Received, bit per second."), NONE, switch=TRAFFIC, title=_("Incoming throughput")
    ),
    "outgoing_throughput_bps": Gauge(
        _("Sent, bit per second."), NONE, switch=TRAFFIC, title=_("Outgoing throughput")
    ),
    "connection_establishment_time_ms": Gauge(
        _("TCP handshake."),
        NONE,
        switch=TRAFFIC,
        is_float=True,
        title=_("Connection establishment time"),
    ),
    "number_of_established_connections": Counter(
        _("Connections made."), NONE, switch=TRAFFIC, title=_("Number of established connections")
    ),
    "number_of_rejected_connections": Counter(
        _("Connections rejected."), NONE, switch=TRAFFIC, title=_("Number of rejected connections")
    ),
    "number_of_no_host_connections": Counter(
        _("No such host."), NONE, switch=TRAFFIC, title=_("Number of no host connections")
    ),
    "number_of_no_service_connections": Counter(
        _("No such service."), NONE, switch=TRAFFIC, title=_("Number of no service connections")
    ),
}

CONNECTION: dict[str, Metric] = {
    "number_of_connections": Counter(
        _("Attempts to connect."), NONE, title=_("Number of connections")
    ),
    "number_of_established_connections": Counter(
        _("Connections made."), NONE, title=_("Number of established connections")
    ),
    "number_of_failed_connections": Counter(
        _("Rejected, without a host, or without a service."),
        NONE,
        title=_("Number of failed connections"),
    ),
    "number_of_rejected_connections": Counter(
        _("Connections rejected."), NONE, title=_("Number of rejected connections")
    ),
    "number_of_no_host_connections": Counter(
        _("No such host."), NONE, title=_("Number of no host connections")
    ),
    "number_of_no_service_connections": Counter(
        _("No such service."), NONE, title=_("Number of no service connections")
    ),
    "connection_establishment_time_ms": Gauge(
        _("TCP handshake."), NONE, is_float=True, title=_("Connection establishment time")
    ),
    "round_trip_time_ms": Gauge(
        _("Round trip of a packet."), NONE, is_float=True, title=_("Round trip time")
    ),
    "incoming_traffic_bytes": Counter(_("Received."), NONE, title=_("Incoming traffic")),
    "outgoing_traffic_bytes": Counter(_("Sent."), NONE, title=_("Outgoing traffic")),
}
