"""Metrics of sessions (data-model.md 4.1, 4.4)."""

from django.utils.translation import gettext_lazy as _

from apps.core.personal_data import BEHAVIOUR, NONE, appraisal
from apps.events.metrics import Counter, Gauge, Metric

NETWORK = "session_network"

SESSION: dict[str, Metric] = {
    "user_interaction_time_ms": Counter(
        _("Time with keyboard, mouse or touch use."),
        appraisal(BEHAVIOUR),
        switch="user_activity",
        title=_("User interaction time"),
    ),
    "session_duration_ms": Counter(
        _("Time in which the session existed."), appraisal(BEHAVIOUR), title=_("Session duration")
    ),
    "active_duration_ms": Counter(
        _("Time in which the session was active."),
        appraisal(BEHAVIOUR),
        title=_("Active duration"),
    ),
    "locked_duration_ms": Counter(
        _("Time in which the session was locked."),
        appraisal(BEHAVIOUR),
        title=_("Locked duration"),
    ),
    "disconnected_duration_ms": Counter(
        _("Time in which the session was disconnected."),
        appraisal(BEHAVIOUR),
        title=_("Disconnected duration"),
    ),
    "number_of_sessions": Counter(
        _("Sessions seen."), appraisal(NONE), title=_("Number of sessions")
    ),
    "round_trip_time_ms": Gauge(
        _("Round trip of the session's connection."),
        NONE,
        switch=NETWORK,
        is_float=True,
        title=_("Round-trip time"),
    ),
    "network_latency_ms": Gauge(
        _("Latency of the transport."),
        NONE,
        switch=NETWORK,
        is_float=True,
        title=_("Network latency"),
    ),
    "packet_loss_ratio": Gauge(
        _("Share of packets that were lost."),
        NONE,
        switch=NETWORK,
        is_float=True,
        title=_("Packet loss"),
    ),
    "number_of_reconnections": Counter(
        _("Reconnections of the session."),
        NONE,
        switch=NETWORK,
        title=_("Number of reconnections"),
    ),
}

VDI: dict[str, Metric] = {
    "round_trip_time_ms": Gauge(
        _("Round trip of the protocol."), NONE, is_float=True, title=_("Round-trip time")
    ),
    "network_latency_ms": Gauge(
        _("Latency of the transport."), NONE, is_float=True, title=_("Network latency")
    ),
    "user_input_delay_ms": Gauge(
        _("From input to its processing."), NONE, is_float=True, title=_("User input delay")
    ),
    "frame_rate_per_s": Gauge(
        _("Frames shown in a second."), NONE, is_float=True, title=_("Frame rate")
    ),
    "packet_loss_ratio": Gauge(
        _("Share of packets that were lost."), NONE, is_float=True, title=_("Packet loss")
    ),
    "bandwidth_in_bps": Gauge(_("Received, bit per second."), NONE, title=_("Bandwidth in")),
    "bandwidth_out_bps": Gauge(_("Sent, bit per second."), NONE, title=_("Bandwidth out")),
    "number_of_reconnections": Counter(
        _("Reconnections of the session."), NONE, title=_("Number of reconnections")
    ),
}
