"""The device: every machine that has enrolled."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import UUIDModel
from apps.devices.choices import (
    AdapterType,
    Architecture,
    DeviceKind,
    HardwareType,
    InventoryState,
    MembershipType,
    Platform,
    UserAccountControlStatus,
    VpnStatus,
)
from apps.devices.models.places import CollectorFacts, PlaceFacts, VirtualizationFacts
from apps.devices.models.versions import version_key_column
from apps.devices.querysets import DeviceQuerySet


class Device(CollectorFacts, PlaceFacts, VirtualizationFacts, UUIDModel):
    """One machine, known by the identity made at enrolment.

    Written by `services.enrol_device`, `services.record_contact` and the inventory; removed only
    by erasure and by retention.
    """

    entity = models.ForeignKey(
        "organization.Entity",
        on_delete=models.PROTECT,
        verbose_name=_("entity"),
        help_text=_("Entity given by the rules."),
    )
    is_entity_pinned = models.BooleanField(
        _("entity chosen by hand"),
        default=False,
        editable=False,
        help_text=_("Moved by hand: the rules leave it there until it is released."),
    )
    context = models.ForeignKey(
        "devices.Context",
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Situation of its present events."),
    )
    name = models.CharField(
        _("name"),
        max_length=255,
        blank=True,
        db_index=True,
        help_text=_("Host name reported by the system."),
    )
    kind = models.CharField(
        _("kind"),
        max_length=16,
        choices=DeviceKind,
        default=DeviceKind.MANAGED,
        help_text=_("Who reports it."),
    )
    is_simulated = models.BooleanField(
        _("simulated"), default=False, help_text=_("Enrolled with a simulation key.")
    )
    is_one_user = models.BooleanField(
        _("one person's device"),
        default=True,
        help_text=_("Used by one person; without session data taken as such."),
    )
    inventory_state = models.CharField(
        _("inventory"),
        max_length=16,
        choices=InventoryState,
        default=InventoryState.INCOMPLETE,
        help_text=_("A partial inventory has no base."),
    )
    sid = models.CharField(
        _("machine SID"), max_length=200, blank=True, help_text=_("SID of the machine.")
    )
    distinguished_name = models.CharField(
        _("directory path"), max_length=1_024, blank=True, help_text=_("Path in the directory.")
    )
    group_name = models.CharField(
        _("domain or workgroup"), max_length=255, blank=True, help_text=_("Domain or workgroup.")
    )
    membership_type = models.CharField(
        max_length=16, choices=MembershipType, blank=True, help_text=_("Kind of membership.")
    )
    configuration_tag = models.CharField(max_length=255, blank=True, help_text=_("Free label."))

    hardware_type = models.CharField(
        _("type"), max_length=16, choices=HardwareType, blank=True, help_text=_("Form factor.")
    )
    hardware_manufacturer = models.CharField(
        _("manufacturer"), max_length=255, blank=True, help_text=_("Maker.")
    )
    hardware_model = models.CharField(_("model"), max_length=255, blank=True, help_text=_("Model."))
    hardware_product_line = models.CharField(
        max_length=255, blank=True, help_text=_("Product line.")
    )
    hardware_product_version = models.CharField(
        max_length=255, blank=True, help_text=_("Product version.")
    )
    hardware_bios_serial_number = models.CharField(
        max_length=255, blank=True, help_text=_("Serial number in the firmware.")
    )
    hardware_chassis_serial_number = models.CharField(
        max_length=255, blank=True, help_text=_("Serial number of the chassis.")
    )
    hardware_machine_serial_number = models.CharField(
        max_length=255, blank=True, help_text=_("Serial number of the machine.")
    )
    hardware_memory_bytes = models.BigIntegerField(
        _("memory"), null=True, blank=True, help_text=_("Installed memory.")
    )
    hardware_firmware_version = models.CharField(
        max_length=255, blank=True, help_text=_("Firmware version.")
    )
    hardware_firmware_version_key = version_key_column()
    hardware_tpm_version = models.CharField(max_length=64, blank=True, help_text=_("TPM version."))
    hardware_tpm_version_key = version_key_column()
    hardware_secure_boot_enabled = models.BooleanField(
        null=True, blank=True, help_text=_("Secure boot is on.")
    )
    battery_health_ratio = models.FloatField(
        _("battery health"),
        null=True,
        blank=True,
        help_text=_("Full charge to design capacity, of all batteries."),
    )
    battery_cycle_count = models.IntegerField(
        _("battery cycles"), null=True, blank=True, help_text=_("Of the battery with the most.")
    )

    operating_system_name = models.CharField(
        _("operating system"), max_length=255, blank=True, help_text=_("Edition and release.")
    )
    operating_system_platform = models.CharField(
        _("platform"), max_length=16, choices=Platform, help_text=_("Operating system family.")
    )
    operating_system_version = models.CharField(max_length=255, blank=True, help_text=_("Version."))
    operating_system_version_key = version_key_column()
    operating_system_build = models.CharField(
        max_length=255, blank=True, help_text=_("Build or kernel.")
    )
    operating_system_build_key = version_key_column()
    operating_system_architecture = models.CharField(
        max_length=16, choices=Architecture, blank=True, help_text=_("Processor architecture.")
    )
    operating_system_installation_time_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Installed.")
    )
    operating_system_last_update_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Last system update.")
    )
    operating_system_is_restart_pending = models.BooleanField(
        _("restart pending"), null=True, blank=True, help_text=_("A restart is pending.")
    )
    user_account_control_status = models.CharField(
        _("user account control"),
        max_length=16,
        choices=UserAccountControlStatus,
        blank=True,
        help_text=_("Whether Windows asks before a program gets more rights."),
    )

    boot_last_full_boot_time_at = models.DateTimeField(
        _("last full boot"), null=True, blank=True, help_text=_("Last full boot.")
    )
    boot_last_full_boot_duration_ms = models.BigIntegerField(
        null=True, blank=True, help_text=_("Duration of the last full boot.")
    )
    login_last_login_user_name = models.CharField(
        _("last user"), max_length=320, blank=True, help_text=_("Last user logged in.")
    )
    login_last_login_time_at = models.DateTimeField(
        _("last login"), null=True, blank=True, help_text=_("Last login.")
    )
    connectivity_last_connectivity_type = models.CharField(
        _("connected by"),
        max_length=16,
        choices=AdapterType,
        blank=True,
        help_text=_("Adapter of the default route, at last."),
    )
    connectivity_last_vpn_status = models.CharField(
        _("VPN"), max_length=16, choices=VpnStatus, blank=True, help_text=_("VPN status, at last.")
    )
    connectivity_told_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("Bucket that the last network is from.")
    )
    custom = models.JSONField(
        default=dict, blank=True, editable=False, help_text=_("Custom fields by their id.")
    )
    first_seen_at = models.DateTimeField(_("first seen"), help_text=_("Enrolled."))
    last_seen_at = models.DateTimeField(
        _("last seen"), db_index=True, help_text=_("Last data, by the server's clock.")
    )

    objects = DeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        permissions = [("manage_device", _("Can manage devices"))]
        constraints = [
            models.CheckConstraint(
                name="devices_device_seen_after_enrolment",
                condition=Q(last_seen_at__gte=F("first_seen_at")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({str(self.uid)[:8]})" if self.name else str(self.uid)[:8]
