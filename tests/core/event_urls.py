"""Addresses of a site of its own for `test_event_admin`, beside the console."""

from typing import Any

from django.http import HttpRequest
from django.urls import path
from unfold.sites import UnfoldAdminSite

from apps.core.admin import EventAdmin
from apps.devices.models import Boot, PerformanceSample
from dex.urls import urlpatterns as console


class BootAdmin(EventAdmin):
    """Boots, three a page."""

    list_display = ["occurred_at", "device", "type"]
    list_filter = ["type"]
    list_select_related = ["device"]
    list_per_page = 3
    fieldsets = [(None, {"fields": ["occurred_at", "device", "type", "duration_ms"]})]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask for the real permission, whatever the site."""
        return bool(request.user.has_perm("devices.view_boot"))


site = UnfoldAdminSite(name="probe")
site.register(Boot, BootAdmin)
site.register(PerformanceSample, EventAdmin)

urlpatterns = [path("probe/", site.urls), *console]
