"""Networks of a device: 5-minute buckets, and days derived from them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.choices import AdapterType, VpnStatus
from apps.devices.metrics import CONNECTIVITY
from apps.devices.models.links import context_link, device_link
from apps.devices.models.versions import version_key_column
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.metrics import metric_columns
from apps.events.models import DailyEvent, SampledEvent


class _Network(models.Model):
    """One network situation; what is unknown or not allowed is null."""

    device = device_link()
    context = context_link()
    primary_physical_adapter_type = models.CharField(  # noqa: DJ001 - unknown is null
        _("adapter"),
        max_length=16,
        choices=AdapterType,
        null=True,
        blank=True,
        help_text=_("Adapter of the default route."),
    )
    primary_physical_adapter_name = models.CharField(  # noqa: DJ001
        _("adapter name"), max_length=255, null=True, blank=True, help_text=_("Its name.")
    )
    primary_physical_adapter_driver_version = models.CharField(  # noqa: DJ001
        _("driver"), max_length=255, null=True, blank=True, help_text=_("Version of its driver.")
    )
    primary_physical_adapter_driver_version_key = version_key_column()
    wifi_band = models.CharField(  # noqa: DJ001
        _("band"), max_length=16, null=True, blank=True, help_text=_("2.4 GHz, 5 GHz or 6 GHz.")
    )
    wifi_channel = models.IntegerField(
        _("channel"), null=True, blank=True, help_text=_("Channel of the Wi-Fi.")
    )
    wifi_ssid = models.CharField(  # noqa: DJ001
        _("Wi-Fi network"), max_length=64, null=True, blank=True, help_text=_("Network name.")
    )
    wifi_bssid = models.CharField(  # noqa: DJ001
        _("access point"), max_length=17, null=True, blank=True, help_text=_("Access point.")
    )
    local_ip = models.GenericIPAddressField(
        _("local address"), null=True, blank=True, help_text=_("Address of the primary adapter.")
    )
    gateway_ip = models.GenericIPAddressField(
        _("gateway"), null=True, blank=True, help_text=_("Default gateway.")
    )
    dns_ips = ArrayField(
        models.GenericIPAddressField(),
        verbose_name=_("DNS servers"),
        null=True,
        blank=True,
        help_text=_("DNS servers."),
    )
    vpn_status = models.CharField(  # noqa: DJ001
        _("VPN"),
        max_length=16,
        choices=VpnStatus,
        null=True,
        blank=True,
        help_text=_("Whether a VPN is connected."),
    )
    vpn_name = models.CharField(  # noqa: DJ001
        _("VPN name"), max_length=255, null=True, blank=True, help_text=_("Adapter or product.")
    )

    class Meta:
        abstract = True


class ConnectivitySample(  # type: ignore[misc]
    SampledEvent,
    _Network,
    metric_columns("ConnectivityColumns", CONNECTIVITY),  # type: ignore[misc]
):
    """One device in one network situation in 5 minutes."""

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("network sample")
        verbose_name_plural = _("network samples")

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d %H:%M}"


class ConnectivityDaily(  # type: ignore[misc]
    DailyEvent,
    _Network,
    metric_columns("ConnectivityDailyColumns", CONNECTIVITY, daily=True),  # type: ignore[misc]
):
    """One device in one kind of network on one day of the instance's zone.

    Addresses are no part of its key: they hold the last value of the day.
    """

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily network")
        verbose_name_plural = _("daily networks")

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d}"
