"""Facts of a device that collectors, look-ups and connectors fill in: abstract parts of `Device`."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.choices import DesktopBroker, LocationType, UpdateGroup, VirtualizationType
from apps.devices.models.versions import version_key_column

WORD_LENGTH = 64  # characters of a word such as a capability


def _words(help_text: object) -> ArrayField:
    return ArrayField(
        models.CharField(max_length=WORD_LENGTH),
        default=list,
        blank=True,
        help_text=help_text,  # type: ignore[arg-type]
    )


class CollectorFacts(models.Model):
    """What is known of the device's collector; its identity and state are with the collector."""

    collector_target_version = models.CharField(
        _("wanted version"), max_length=64, blank=True, help_text=_("Version that it shall have.")
    )
    collector_target_version_key = version_key_column()
    collector_target_update_date_at = models.DateTimeField(
        _("planned update"), null=True, blank=True, help_text=_("When it is to be updated.")
    )
    collector_update_group = models.CharField(
        _("update group"),
        max_length=16,
        choices=UpdateGroup,
        blank=True,
        help_text=_("When it gets a new version."),
    )
    collector_tag_id = models.BigIntegerField(
        _("tag number"), null=True, blank=True, help_text=_("Label given at installation.")
    )
    collector_tag_string = models.CharField(
        _("tag"), max_length=255, blank=True, help_text=_("Label given at installation, a text.")
    )
    collector_local_ip = models.GenericIPAddressField(
        _("local address"), null=True, blank=True, help_text=_("Last local address.")
    )
    collector_capabilities = _words(_("What it cannot measure, or has to ask for."))
    collector_local_restrictions = _words(_("What the file on the device forbids."))
    collector_dropped_records = models.BigIntegerField(
        _("lost records"), default=0, help_text=_("Lost in 30 days.")
    )
    collector_refused_records = models.BigIntegerField(
        _("refused records"), default=0, help_text=_("Refused in 30 days.")
    )

    class Meta:
        abstract = True


class PlaceFacts(models.Model):
    """Where the device is: looked up from its public address, and said by rules."""

    public_ip_ip_address = models.GenericIPAddressField(
        null=True, blank=True, help_text=_("Address seen by the server.")
    )
    public_ip_isp = models.CharField(max_length=255, blank=True, help_text=_("Provider."))
    public_ip_country = models.CharField(max_length=64, blank=True, help_text=_("Country."))
    public_ip_state = models.CharField(max_length=64, blank=True, help_text=_("State."))
    public_ip_city = models.CharField(max_length=64, blank=True, help_text=_("City."))
    location_country = models.CharField(
        _("country"), max_length=64, blank=True, help_text=_("Country, by rules.")
    )
    location_state = models.CharField(
        _("state"), max_length=64, blank=True, help_text=_("State, by rules.")
    )
    location_city = models.CharField(
        _("city"), max_length=64, blank=True, help_text=_("City, by rules.")
    )
    location_site = models.CharField(
        _("site"), max_length=64, blank=True, help_text=_("Site, by rules.")
    )
    location_type = models.CharField(
        _("place"),
        max_length=8,
        choices=LocationType,
        blank=True,
        help_text=_("On site or remote."),
    )

    class Meta:
        abstract = True


class VirtualizationFacts(models.Model):
    """What a virtual desktop is; all but its type comes from connectors."""

    virtualization_type = models.CharField(
        _("virtual desktop"),
        max_length=16,
        choices=VirtualizationType,
        blank=True,
        help_text=_("How the virtual desktop is given to people."),
    )
    virtualization_desktop_broker = models.CharField(
        max_length=24, choices=DesktopBroker, blank=True, help_text=_("Product that gives it out.")
    )
    virtualization_desktop_pool = models.CharField(
        max_length=255, blank=True, help_text=_("Pool of desktops.")
    )
    virtualization_disk_image = models.CharField(
        max_length=255, blank=True, help_text=_("Image that it starts from.")
    )
    virtualization_environment_name = models.CharField(
        max_length=255, blank=True, help_text=_("Environment.")
    )
    virtualization_hostname = models.CharField(
        max_length=255, blank=True, help_text=_("Host that it runs on.")
    )
    virtualization_hypervisor_name = models.CharField(
        max_length=255, blank=True, help_text=_("Hypervisor.")
    )
    virtualization_instance_size = models.CharField(
        max_length=255, blank=True, help_text=_("Size of the instance.")
    )
    virtualization_region = models.CharField(max_length=255, blank=True, help_text=_("Region."))
    virtualization_last_update_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Last enrichment.")
    )

    class Meta:
        abstract = True
