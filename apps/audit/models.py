"""Rows of the schema `audit`, which belongs to another role: sql/schema.sql makes the tables."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.audit.choices import ActorKind, AuditCode, Outcome, Severity
from apps.audit.querysets import RecordQuerySet


class Record(models.Model):
    """What a row of the log says, sealed or not."""

    at = models.DateTimeField(_("time"), help_text=_("When it happened, by the server's clock."))
    code = models.PositiveIntegerField(_("event"), choices=AuditCode)
    severity = models.PositiveSmallIntegerField(
        _("severity"), choices=Severity, default=Severity.NOTICE
    )
    actor_kind = models.CharField(_("kind of actor"), max_length=16, choices=ActorKind)
    actor_id = models.CharField(_("actor id"), max_length=64, blank=True)
    actor_label = models.CharField(
        _("actor"), max_length=255, blank=True, help_text=_("Login at that time.")
    )
    support_access_id = models.BigIntegerField(_("support access"), null=True, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    session_ref = models.CharField(_("session"), max_length=64, blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    object_kind = models.CharField(_("kind of object"), max_length=64, blank=True)
    object_id = models.CharField(_("object id"), max_length=64, blank=True)
    object_label = models.CharField(
        _("object"), max_length=255, blank=True, help_text=_("Content only, never an employee.")
    )
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome, default=Outcome.DONE)
    reason = models.TextField(_("reason"), blank=True)
    detail = models.JSONField(
        _("detail"), default=dict, help_text=_("Old and new values of settings; at most 8 KB.")
    )

    objects = RecordQuerySet.as_manager()

    class Meta:
        abstract = True


class InboxEvent(Record):
    """One event as it was recorded, not yet sealed.

    Written by `services.record` in the transaction of what it tells; moved by `audit.seal()`.
    """

    id = models.BigAutoField(primary_key=True)
    subjects = models.JSONField(
        _("subjects"), default=list, help_text=_("Pairs of kind and id of who is concerned.")
    )

    class Meta:
        managed = False
        db_table = '"audit"."inbox"'
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.get_code_display()}"


class AuditEvent(Record):
    """One sealed event, chained to the one before.

    Written by `audit.seal()` alone; dropped by whole days after the retention, 180 days at least.
    """

    seq = models.BigIntegerField(_("number"), primary_key=True)
    day = models.DateField(_("day"), help_text=_("UTC day of sealing, and of the partition."))
    subject_count = models.PositiveIntegerField(_("subjects"), default=0)
    subject_digest = models.BinaryField(_("digest of the subjects"), null=True)
    prev_hash = models.BinaryField(_("hash of the row before"))
    hash = models.BinaryField(_("hash"))

    class Meta:
        managed = False
        db_table = '"audit"."event"'
        verbose_name = _("sealed audit event")
        verbose_name_plural = _("sealed audit events")
        permissions = [("export_auditevent", _("Can export the audit log"))]

    def __str__(self) -> str:
        return f"{self.seq} {self.get_code_display()}"


class AuditSubject(models.Model):
    """Whom a sealed event concerns: up to 1,000 ids a row, as many rows as needed."""

    id = models.BigAutoField(primary_key=True)
    seq = models.BigIntegerField(_("event number"))
    day = models.DateField(_("day"))
    kind = models.CharField(_("kind"), max_length=16)
    ids = ArrayField(models.CharField(max_length=64), verbose_name=_("ids"))

    class Meta:
        managed = False
        db_table = '"audit"."subject"'
        verbose_name = _("audit subject")
        verbose_name_plural = _("audit subjects")

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class AuditCheckpoint(models.Model):
    """A signed mark of the chain, each minute with new rows; kept for ever."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("time"))
    seq = models.BigIntegerField(_("event number"))
    count = models.BigIntegerField(_("rows"))
    hash = models.BinaryField(_("hash"))
    instance = models.UUIDField(_("instance"))
    signature = models.BinaryField(_("signature"))

    class Meta:
        managed = False
        db_table = '"audit"."checkpoint"'
        verbose_name = _("audit checkpoint")
        verbose_name_plural = _("audit checkpoints")

    def __str__(self) -> str:
        return f"{self.seq} {self.at:%Y-%m-%d %H:%M}"
