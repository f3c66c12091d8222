"""Bases of event tables, and what is kept about batches and days."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.events.choices import Source


class Event(models.Model):
    """One row of an event table: written by COPY, removed with its partition or its device.

    `id` has neither index nor constraint in the database (storage.md 2): a row is addressed by
    device, time and id together. Every concrete model has a column `device_id`.
    """

    TIME_FIELD: str
    PARTITION_MONTHS = 0  # 0: a partition holds one UTC day

    id = models.BigIntegerField(primary_key=True)
    source = models.CharField(
        max_length=12, choices=Source, default=Source.COLLECTOR, help_text=_("Who reported it.")
    )

    class Meta:
        abstract = True


class PunctualEvent(Event):
    """One occurrence, exact in time."""

    TIME_FIELD = "occurred_at"

    occurred_at = models.DateTimeField(help_text=_("When it happened, by the corrected clock."))

    class Meta:
        abstract = True


class SampledEvent(Event):
    """One time bucket of one combination of key dimensions."""

    TIME_FIELD = "bucket"

    bucket = models.DateTimeField(help_text=_("Start of the time bucket."))

    class Meta:
        abstract = True


class DailyEvent(SampledEvent):
    """One day of the instance's zone of one combination of key dimensions, derived from samples."""

    PARTITION_MONTHS = 1

    class Meta:
        abstract = True


class ReceivedBatch(models.Model):
    """One batch that was stored, known by device, epoch and sequence.

    Written in the transaction of its rows; purged after the collectors' retry window. A batch found
    here is answered again and stores nothing.
    """

    device_id = models.BigIntegerField()
    epoch = models.CharField(max_length=32)
    sequence = models.BigIntegerField()
    body_hash = models.BinaryField(max_length=32, help_text=_("SHA-256 of the plain body."))
    answer = models.TextField(help_text=_("The answer that was given, as JSON."))
    clock_offset_ms = models.BigIntegerField(
        default=0, help_text=_("Server's minus device's clock.")
    )
    received_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("received batch")
        verbose_name_plural = _("received batches")
        constraints = [
            models.UniqueConstraint(
                fields=["device_id", "epoch", "sequence"], name="events_receivedbatch_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.epoch}/{self.sequence}"


class DirtyDay(models.Model):
    """A device and day whose daily rows no longer match the samples; removed when recomputed."""

    device_id = models.BigIntegerField()
    day = models.DateField(help_text=_("Day of the instance's time zone."))
    marked_at = models.DateTimeField()

    class Meta:
        verbose_name = _("day to roll up")
        verbose_name_plural = _("days to roll up")
        constraints = [
            models.UniqueConstraint(fields=["device_id", "day"], name="events_dirtyday_key")
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.day}"


class RolledUpDay(models.Model):
    """A day of the instance that has ended and was handed to the roll-up, for all devices."""

    day = models.DateField(primary_key=True)
    rolled_up_at = models.DateTimeField()

    class Meta:
        verbose_name = _("rolled-up day")
        verbose_name_plural = _("rolled-up days")

    def __str__(self) -> str:
        return str(self.day)


class UpkeepRun(models.Model):
    """One run of a task that looks after the event tables, shown to administrators."""

    task = models.CharField(_("task"), max_length=64)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    counts = models.JSONField(default=dict, help_text=_("What was made, removed or recomputed."))

    class Meta:
        verbose_name = _("upkeep run")
        verbose_name_plural = _("upkeep runs")
        indexes = [models.Index(fields=["task", "-started_at"], name="events_upkeeprun_task")]

    def __str__(self) -> str:
        return f"{self.task} {self.started_at:%Y-%m-%d %H:%M}"
