"""Connections of programs: quarters of an hour and days."""

from django.db import models
from django.db.models import F, Func
from django.utils.translation import gettext_lazy as _

from apps.binaries.choices import DestinationType, Protocol
from apps.binaries.metrics import CONNECTION
from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.links import event_link
from apps.events.metrics import metric_columns
from apps.events.models import DailyEvent, SampledEvent
from apps.users.models import user_link

# Source: IANA special-purpose address registries (RFC 6890): loopback and unspecified; private
# use (RFC 1918, RFC 4193), shared (RFC 6598), link-local and multicast.
LOCAL_RANGES = ("127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128", "::ffff:127.0.0.0/104")
INTRANET_RANGES = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "255.255.255.255/32",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
    "::ffff:10.0.0.0/104",
    "::ffff:172.16.0.0/108",
    "::ffff:192.168.0.0/112",
)


def _is_in(ranges: tuple[str, ...]) -> str:
    """Return the SQL that tells whether an address lies in one of `ranges`."""
    return " OR ".join(f"%(expressions)s <<= inet '{part}'" for part in ranges)


def _type_of(column: str) -> Func:
    return Func(
        F(column),
        template=(
            "CASE WHEN %(expressions)s IS NULL THEN 'unknown' "
            f"WHEN {_is_in(LOCAL_RANGES)} THEN 'local' "
            f"WHEN {_is_in(INTRANET_RANGES)} THEN 'intranet' ELSE 'internet' END"
        ),
        output_field=models.CharField(max_length=8),
    )


def _private_part_of(column: str) -> Func:
    return Func(
        F(column),
        template=(f"CASE WHEN {_is_in(LOCAL_RANGES + INTRANET_RANGES)} THEN %(expressions)s END"),
        output_field=models.GenericIPAddressField(),
    )


def _failed_ratio() -> models.GeneratedField:
    """Return the column of failed among attempted connections; null without attempts."""
    attempts = Func(
        F("number_of_connections_sum"),
        template="nullif(%(expressions)s, 0)",
        output_field=models.FloatField(),
    )
    return models.GeneratedField(
        expression=Func(
            F("number_of_failed_connections_sum"),
            attempts,
            template="(%(expressions)s)",
            arg_joiner="::double precision / ",
            output_field=models.FloatField(),
        ),
        output_field=models.FloatField(),
        db_persist=True,
        help_text=_("Failed among attempted connections of the row."),
    )


class _Traffic(models.Model):
    """What a connection row says whatever its resolution."""

    device = device_link()
    context = context_link()
    user = user_link()
    binary = event_link("binaries.Binary", verbose_name=_("binary"), help_text=_("Program."))
    protocol = models.CharField(
        _("protocol"), max_length=3, choices=Protocol, help_text=_("Transport protocol.")
    )
    destination_port = models.IntegerField(
        _("port"), null=True, blank=True, help_text=_("Port of the destination.")
    )
    destination_domain = models.CharField(  # noqa: DJ001 - unknown is null
        _("domain"),
        max_length=255,
        null=True,
        blank=True,
        help_text=_("Domain of the destination, from DNS or TLS."),
    )
    destination_country = models.CharField(  # noqa: DJ001
        _("country"),
        max_length=64,
        null=True,
        blank=True,
        help_text=_("Country of the destination, looked up."),
    )

    class Meta:
        abstract = True


class ConnectionSample(  # type: ignore[misc]
    SampledEvent,
    _Traffic,
    metric_columns("ConnectionColumns", CONNECTION),  # type: ignore[misc]
):
    """Traffic of one binary of one user to one destination in 15 minutes.

    PostgreSQL computes what the address tells, so that no sender can say otherwise.
    """

    destination_ip = models.GenericIPAddressField(
        _("address"), null=True, blank=True, help_text=_("Address of the destination.")
    )
    destination_type = models.GeneratedField(
        expression=_type_of("destination_ip"),
        output_field=models.CharField(max_length=8, choices=DestinationType),
        db_persist=True,
        help_text=_("Where the destination lies, by its address."),
    )
    destination_private_ip = models.GeneratedField(
        expression=_private_part_of("destination_ip"),
        output_field=models.GenericIPAddressField(),
        db_persist=True,
        help_text=_("Its address where that is no public one: what a day keeps of it."),
    )
    failed_connection_ratio = _failed_ratio()

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("connection sample")
        verbose_name_plural = _("connection samples")

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d %H:%M}"


class ConnectionDaily(  # type: ignore[misc]
    DailyEvent,
    _Traffic,
    metric_columns("ConnectionDailyColumns", CONNECTION, daily=True),  # type: ignore[misc]
):
    """Traffic of one binary of one user to one destination on one day of the instance's zone.

    Public addresses are left out: services in the cloud change theirs all day.
    """

    destination_type = models.CharField(
        _("type"), max_length=8, choices=DestinationType, help_text=_("By its address.")
    )
    destination_private_ip = models.GenericIPAddressField(
        _("address"), null=True, blank=True, help_text=_("Address where that is no public one.")
    )
    failed_connection_ratio = _failed_ratio()

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily connections")
        verbose_name_plural = _("daily connections")
        # As for executions: whether any day still refers to a program.
        indexes = [models.Index(fields=["binary", "bucket"], name="binaries_connectiondaily_bin")]

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d}"
