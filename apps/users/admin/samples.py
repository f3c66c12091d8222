"""Sessions by quarters of an hour and by days; remote ones finer."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core.admin import made_of
from apps.core.formats import NOTHING, duration_text, ratio_text
from apps.devices.admin import DeviceEventAdmin
from apps.devices.facts import mean, measure_text
from apps.users.metrics import SESSION, VDI
from apps.users.models import SessionDaily, SessionSample, VdiDaily, VdiRealtime, VdiSample

EMPTY_DAY = _(
    "No day was rolled up in this time. A day is summed up an hour after it ends; choose a "
    "longer time."
)
EMPTY_VDI = _(
    "Nothing was reported in this time. Remote sessions are measured only where the switch for "
    "virtual session metrics is on; no preset has it on."
)


class _UserEventAdmin(DeviceEventAdmin):
    """Rows with a user."""

    list_select_related = ["device", "user"]

    def links(self) -> dict[str, Any]:
        """Lead to device and user."""
        return {**super().links(), "user": _("User")}


class _SessionSampleAdmin(_UserEventAdmin):
    """What samples and days show alike."""

    list_display = ["existed", "used", "active", "locked", "way"]
    metrics = SESSION

    @made_of("session_duration_ms_sum")
    @display(description=_("Session"))
    def existed(self, row: Any) -> str:
        """Return how long the session was there."""
        return duration_text(row.session_duration_ms_sum)

    @made_of("user_interaction_time_ms_sum")
    @display(description=_("Interaction"))
    def used(self, row: Any) -> str:
        """Return how long keyboard, mouse or touch were used."""
        return duration_text(row.user_interaction_time_ms_sum)

    @made_of("active_duration_ms_sum")
    @display(description=_("Active"))
    def active(self, row: Any) -> str:
        """Return how long the session was active."""
        return duration_text(row.active_duration_ms_sum)

    @made_of("locked_duration_ms_sum")
    @display(description=_("Locked"))
    def locked(self, row: Any) -> str:
        """Return how long it was locked."""
        return duration_text(row.locked_duration_ms_sum)

    @display(description=_("Protocol"))
    def way(self, row: Any) -> str:
        """Return how the screen reaches the person."""
        return row.get_session_protocol_display() or NOTHING


@admin.register(SessionSample)
class SessionSampleAdmin(_SessionSampleAdmin):
    """Quarters of an hour."""


@admin.register(SessionDaily)
class SessionDailyAdmin(_SessionSampleAdmin):
    """Days, derived from the quarters."""

    default_window = "7d"
    is_daily = True
    empty_text = EMPTY_DAY


class _VdiSampleAdmin(_UserEventAdmin):
    """What samples and days of remote sessions show alike."""

    list_display = ["round_trip", "latency", "input_delay", "frames", "loss"]
    metrics = VDI
    empty_text = EMPTY_VDI

    @display(description=_("Round-trip time"))
    def round_trip(self, row: Any) -> str:
        """Return the round trip of the protocol, on average."""
        return duration_text(mean(row, "round_trip_time_ms"))

    @display(description=_("Network latency"))
    def latency(self, row: Any) -> str:
        """Return the latency of the transport, on average."""
        return duration_text(mean(row, "network_latency_ms"))

    @display(description=_("User input delay"))
    def input_delay(self, row: Any) -> str:
        """Return the time from input to processing, on average."""
        return duration_text(mean(row, "user_input_delay_ms"))

    @display(description=_("Frame rate"))
    def frames(self, row: Any) -> str:
        """Return the frames of a second, on average."""
        return measure_text("frame_rate_per_s", mean(row, "frame_rate_per_s"))

    @display(description=_("Packet loss"))
    def loss(self, row: Any) -> str:
        """Return the share of packets that were lost, on average."""
        return ratio_text(mean(row, "packet_loss_ratio"))


@admin.register(VdiSample)
class VdiSampleAdmin(_VdiSampleAdmin):
    """Buckets of 5 minutes."""


@admin.register(VdiRealtime)
class VdiRealtimeAdmin(_VdiSampleAdmin):
    """Buckets of 30 seconds, kept for two days."""


@admin.register(VdiDaily)
class VdiDailyAdmin(_VdiSampleAdmin):
    """Days, derived from the buckets of 5 minutes."""

    default_window = "7d"
    is_daily = True
