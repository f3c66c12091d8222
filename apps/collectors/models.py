"""Tables of collectors: keys, identities, what may be collected, what was not stored."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.collectors.choices import (
    CollectorState,
    ConfigurationState,
    KeyPurpose,
    Level,
    Preset,
    RefusalOrigin,
    StubState,
)
from apps.collectors.querysets import (
    CollectionJobQuerySet,
    CollectorQuerySet,
    ConfigurationQuerySet,
    EnrolmentKeyQuerySet,
    HashEpochQuerySet,
)
from apps.collectors.reports import CollectorEvent
from apps.core.jobs import Job
from apps.core.models import UUIDModel
from apps.devices.models.versions import version_key_column
from apps.devices.querysets import DeviceEventQuerySet

__all__ = [
    "CollectionJob",
    "Collector",
    "CollectorConfiguration",
    "CollectorEvent",
    "CollectorStub",
    "EnrolmentKey",
    "HashEpoch",
    "RefusalCount",
]


class EnrolmentKey(UUIDModel):
    """A key with which new devices enrol; only its hash is kept, the text is shown once.

    Written by `services.enrolment`; revoking it does not touch collectors that enrolled with it.
    """

    name = models.CharField(
        _("name"),
        max_length=100,
        unique=True,
        help_text=_("Where it is used, as in “laptops, Paris”."),
    )
    entity = models.ForeignKey(
        "organization.Entity",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("entity"),
        help_text=_("Entity of the devices that enrol with it; empty: Unclassified."),
    )
    platforms = models.JSONField(
        _("platforms"), default=list, blank=True, help_text=_("Systems that may enrol; empty: all.")
    )
    purpose = models.CharField(
        _("purpose"),
        max_length=16,
        choices=KeyPurpose,
        default=KeyPurpose.FLEET,
        help_text=_("What it is for."),
    )
    expires_at = models.DateTimeField(_("expires"), help_text=_("Later nobody enrols with it."))
    maximum_uses = models.PositiveIntegerField(
        _("maximum uses"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    uses = models.PositiveIntegerField(
        _("uses"), default=0, editable=False, help_text=_("Devices enrolled with it.")
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    key_hash = models.CharField(
        max_length=64, unique=True, editable=False, help_text=_("SHA-256 of the key.")
    )
    created_at = models.DateTimeField(_("created"), editable=False)

    objects = EnrolmentKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrolment key")
        verbose_name_plural = _("enrolment keys")

    def __str__(self) -> str:
        return self.name


class Collector(UUIDModel):
    """The agent of one device: its public key, its token, its state.

    Written by `services`; goes with its device and then leaves a stub.
    """

    device = models.OneToOneField(
        "devices.Device",
        on_delete=models.CASCADE,
        related_name="collector",
        verbose_name=_("device"),
    )
    install_id = models.CharField(max_length=64, help_text=_("Random, made at installation."))
    public_key = models.BinaryField(max_length=32, unique=True, help_text=_("Ed25519."))
    fingerprints = models.JSONField(
        default=dict, help_text=_("Keyed hashes of what the hardware calls itself.")
    )
    token_hash = models.BinaryField(
        max_length=32, null=True, unique=True, help_text=_("SHA-256 of the token.")
    )
    token_expires_at = models.DateTimeField(_("token expires"), null=True, blank=True)
    nonce_used_at = models.BigIntegerField(
        default=0, help_text=_("Time of the last nonce that was used, microseconds.")
    )
    state = models.CharField(
        _("state"), max_length=16, choices=CollectorState, default=CollectorState.ACTIVE
    )
    version = models.CharField(
        _("version"), max_length=64, blank=True, help_text=_("Installed version.")
    )
    version_key = version_key_column()
    boot_id = models.CharField(max_length=64, blank=True, help_text=_("Boot of its last batch."))
    configuration_version = models.PositiveBigIntegerField(
        _("configuration issued"),
        default=0,
        help_text=_("Version of the configuration made for it."),
    )
    configuration_digest = models.CharField(
        max_length=64, blank=True, help_text=_("Hash of what that version says.")
    )
    configuration_issued_at = models.DateTimeField(null=True, blank=True)
    reported_configuration_version = models.PositiveBigIntegerField(
        _("configuration in force"),
        default=0,
        help_text=_("Version by which its last batch was collected."),
    )
    utc_offset_minutes = models.SmallIntegerField(
        _("offset from UTC"),
        null=True,
        blank=True,
        help_text=_("Of the device's time zone at its last check-in; empty: it never told."),
    )
    clock_offset_ms = models.BigIntegerField(
        _("clock offset"), default=0, help_text=_("Server's minus device's clock.")
    )
    conflict_at = models.DateTimeField(
        _("other hardware seen"),
        null=True,
        blank=True,
        help_text=_("When another machine last showed this identity, and was turned away."),
    )
    lost_records = models.JSONField(
        default=dict, help_text=_("Records lost on the device since enrolment, by kind.")
    )
    enrolled_at = models.DateTimeField(_("enrolled"))
    last_contact_at = models.DateTimeField(
        _("last contact"), null=True, blank=True, help_text=_("Last batch or check-in.")
    )
    enrolment_key = models.ForeignKey(
        EnrolmentKey,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="collectors",
        verbose_name=_("enrolment key"),
    )
    previous = models.UUIDField(
        null=True, blank=True, help_text=_("Collector whose key vouched for this one.")
    )

    objects = CollectorQuerySet.as_manager()

    class Meta:
        verbose_name = _("collector")
        verbose_name_plural = _("collectors")

    def __str__(self) -> str:
        return str(self.uid)[:8]

    @property
    def is_active(self) -> bool:
        return self.state == CollectorState.ACTIVE

    # What DRF asks of whoever authenticated.
    is_authenticated = True


class CollectorStub(models.Model):
    """What stays of a collector whose device is gone: enough to answer it, nothing of the device."""

    collector_uid = models.UUIDField(unique=True)
    public_key = models.BinaryField(max_length=32, unique=True, help_text=_("Ed25519."))
    token_hash = models.BinaryField(
        max_length=32, null=True, unique=True, help_text=_("SHA-256 of its last token.")
    )
    state = models.CharField(max_length=16, choices=StubState)
    day = models.DateField(help_text=_("When it went."))
    limits = models.JSONField(
        default=dict,
        help_text=_("What was decided to collect less of the device; it holds when it comes back."),
    )

    class Meta:
        verbose_name = _("collector stub")
        verbose_name_plural = _("collector stubs")

    def __str__(self) -> str:
        return str(self.collector_uid)[:8]


class CollectorConfiguration(models.Model):
    """What may be collected, at one level; a change makes a new row and replaces the old one.

    Written by `services.configuration` and `services.changes`. No row at all means `strict`.
    One that collects more is first `pending` (somebody must agree), then `announced` (employees
    must know), and in force from `starts_at` on, even before a task has said so.
    """

    level = models.CharField(
        _("level"), max_length=16, choices=Level, help_text=_("Where it holds.")
    )
    entity = models.ForeignKey(
        "organization.Entity",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("entity"),
    )
    device = models.ForeignKey(
        "devices.Device",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("device"),
    )
    preset = models.CharField(
        _("preset"), max_length=16, choices=Preset, help_text=_("Shipped set of switches.")
    )
    switches = models.JSONField(_("switches"), default=dict, help_text=_("Value by switch."))
    details = models.JSONField(
        _("lists and work hours"), default=dict, help_text=_("What is listed, and when to measure.")
    )
    is_withdrawal = models.BooleanField(
        default=False,
        editable=False,
        help_text=_("Takes the one before out of force and puts nothing in its place."),
    )
    is_kept = models.BooleanField(
        default=False,
        editable=False,
        help_text=_(
            "Keeps a device that moved or came back to what was collected before; never more."
        ),
    )
    version = models.PositiveBigIntegerField(
        _("version"), editable=False, help_text=_("Rises with each change on the instance.")
    )
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=ConfigurationState,
        default=ConfigurationState.ACTIVE,
        editable=False,
    )
    legal_basis = models.CharField(
        _("legal basis"),
        max_length=200,
        blank=True,
        help_text=_("As in “legitimate interest, Art. 6 (1) f”."),
    )
    purpose = models.TextField(
        _("purpose"), blank=True, help_text=_("Why these data are collected.")
    )
    author = models.ForeignKey(
        "accounts.Account",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    approver = models.ForeignKey(
        "accounts.Account",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("approved by"),
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)
    announced_at = models.DateTimeField(_("announced"), null=True, blank=True, editable=False)
    starts_at = models.DateTimeField(
        _("in force from"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("When an announced one holds."),
    )
    replaced_at = models.DateTimeField(_("replaced"), null=True, blank=True, editable=False)

    objects = ConfigurationQuerySet.as_manager()

    class Meta:
        verbose_name = _("collector configuration")
        verbose_name_plural = _("collector configurations")
        permissions = [
            ("configure", _("Can decide what is collected")),
            ("approve_configuration", _("Can approve that more is collected")),
        ]
        constraints = [
            models.CheckConstraint(
                name="collectors_configuration_level",
                condition=Q(level=Level.INSTANCE, entity__isnull=True, device__isnull=True)
                | Q(level=Level.ENTITY, entity__isnull=False, device__isnull=True)
                | Q(level=Level.DEVICE, entity__isnull=True, device__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["level", "entity", "device"],
                condition=Q(state=ConfigurationState.ACTIVE),
                nulls_distinct=False,
                name="collectors_configuration_one_in_force",
            ),
            models.UniqueConstraint(
                fields=["level", "entity", "device"],
                condition=Q(state__in=[ConfigurationState.PENDING, ConfigurationState.ANNOUNCED]),
                nulls_distinct=False,
                name="collectors_configuration_one_waiting",
            ),
            models.CheckConstraint(
                name="collectors_configuration_announced_starts",
                condition=~Q(state=ConfigurationState.ANNOUNCED) | Q(starts_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()}, {self.version}"

    @property
    def settings(self) -> dict[str, Any]:
        """Return what it decides, switches and details alike; the rest is left to above."""
        return {**self.switches, **self.details}


class HashEpoch(models.Model):
    """One span during which a name has the same pseudonym; the newest one holds.

    Written by `services.epochs`. Its keys lie in files outside the database.
    """

    number = models.PositiveIntegerField(_("number"), unique=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    started_at = models.DateTimeField(_("started"))
    destroyed_at = models.DateTimeField(
        _("keys destroyed"),
        null=True,
        blank=True,
        help_text=_("Since then nobody can tell whose its pseudonyms are."),
    )

    objects = HashEpochQuerySet.as_manager()

    class Meta:
        verbose_name = _("epoch of pseudonyms")
        verbose_name_plural = _("epochs of pseudonyms")

    def __str__(self) -> str:
        return str(self.number)


class CollectionJob(Job):
    """A long piece of work on what was collected: a row that a periodic task carries on.

    Written by `services.jobs`; kept as the record of what was done, and without any name.
    """

    kind = models.CharField(_("what"), max_length=32, help_text=_("Which work it is."))
    parameters = models.JSONField(_("of what"), default=dict, help_text=_("Of what, and where."))
    counts = models.JSONField(_("result"), default=dict, help_text=_("Rows changed, by table."))
    author = models.ForeignKey(
        "accounts.Account",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )

    objects = CollectionJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("deletion or conversion")
        verbose_name_plural = _("deletions and conversions")
        constraints = [
            models.CheckConstraint(
                name="collectors_collectionjob_done_in_total", condition=Q(done__lte=F("total"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class RefusalCount(models.Model):
    """How many records of a device and day were not stored, and why."""

    device = models.ForeignKey(
        "devices.Device",
        on_delete=models.CASCADE,
        related_name="refusal_counts",
        verbose_name=_("device"),
    )
    origin = models.CharField(_("where"), max_length=16, choices=RefusalOrigin)
    kind = models.CharField(_("kind"), max_length=64, help_text=_("Event kind or inventory part."))
    code = models.CharField(
        _("reason"), max_length=64, help_text=_("Refusal code, or the switch that forbids it.")
    )
    day = models.DateField(_("day"))
    number = models.PositiveBigIntegerField(_("number"), default=0)

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("count of records not stored")
        verbose_name_plural = _("counts of records not stored")
        constraints = [
            models.UniqueConstraint(
                fields=["device", "origin", "kind", "code", "day"],
                name="collectors_refusalcount_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.code} {self.day}"
