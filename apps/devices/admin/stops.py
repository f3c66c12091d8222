"""How devices start and stop."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core.admin.values import yes_no
from apps.core.formats import NOTHING, duration_text
from apps.devices.admin.base import DeviceEventAdmin
from apps.devices.models import Boot, HardReset, Sleep, SystemCrash


@admin.register(Boot)
class BootAdmin(DeviceEventAdmin):
    """Starts of devices."""

    list_display = ["how", "duration", "updates"]

    @display(description=_("How"))
    def how(self, boot: Boot) -> str:
        """Return how the device came up."""
        return boot.get_type_display()

    @display(description=_("Duration"))
    def duration(self, boot: Boot) -> str:
        """Return how long it took."""
        return duration_text(boot.duration_ms)

    @display(description=_("Installed updates"))
    def updates(self, boot: Boot) -> str:
        """Return whether it installed updates."""
        return yes_no(boot.is_update_boot)


@admin.register(Sleep)
class SleepAdmin(DeviceEventAdmin):
    """Sleeps of devices."""

    list_display = ["duration"]

    @display(description=_("Duration"))
    def duration(self, sleep: Sleep) -> str:
        """Return how long it was."""
        return duration_text(sleep.duration_ms)


@admin.register(SystemCrash)
class SystemCrashAdmin(DeviceEventAdmin):
    """Crashes of operating systems."""

    list_display = ["code", "named", "number"]

    @display(description=_("Error code"))
    def code(self, crash: SystemCrash) -> str:
        """Return the code as makers write it."""
        return crash.error_code_hexadecimal or NOTHING

    @display(description=_("Label"))
    def named(self, crash: SystemCrash) -> str:
        """Return the code's symbolic name."""
        return crash.label or NOTHING

    @display(description=_("Number"))
    def number(self, crash: SystemCrash) -> Any:
        """Return how many equal crashes the row stands for."""
        return crash.number_of_system_crashes


@admin.register(HardReset)
class HardResetAdmin(DeviceEventAdmin):
    """Starts without a clean stop before them."""

    list_display = ["number"]

    @display(description=_("Number"))
    def number(self, reset: HardReset) -> Any:
        """Return how many resets the row stands for."""
        return reset.number_of_hard_resets
