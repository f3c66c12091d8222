"""A site of its own, beside the console, on which the bases of admin pages are tried."""

from django.contrib import admin
from django.urls import path

from apps.core.admin import EventAdmin, ReadOnlyAdmin, ScopedAdmin
from apps.devices.models import Boot, Device
from dex.admin_site import DexAdminSite
from dex.urls import urlpatterns as console


class BootAdmin(EventAdmin):
    """Boots, three a page."""

    list_display = ["occurred_at", "device", "type"]
    list_filter = ["type"]
    list_select_related = ["device"]
    list_per_page = 3
    autocomplete_fields = ["device"]
    fieldsets = [(None, {"fields": ["occurred_at", "device", "type", "duration_ms"]})]


class DeviceAdmin(ScopedAdmin, ReadOnlyAdmin):
    """Devices to look at."""

    list_display = ["name", "entity", "hardware_bios_serial_number", "hardware_memory_bytes"]
    list_filter = ["hardware_bios_serial_number", ("entity", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name"]
    ordering = ["name"]
    fieldsets = [(None, {"fields": ["name", "entity", "hardware_bios_serial_number"]})]


class EditableDeviceAdmin(ScopedAdmin):
    """Devices whose label can be changed."""

    fields = ["name", "configuration_tag"]


site = DexAdminSite(name="probe")
site.register(Boot, BootAdmin)
site.register(Device, DeviceAdmin)
editing = DexAdminSite(name="editing")
editing.register(Device, EditableDeviceAdmin)

urlpatterns = [path("probe/", site.urls), path("editing/", editing.urls), *console]
