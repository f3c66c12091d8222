"""Runs of the rules of classification and of sites over the whole fleet."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.jobs import Job, JobQuerySet
from apps.devices.choices import RunPurpose


class ClassificationRun(Job):
    """One run over all devices, in chunks: a row that a periodic task carries on.

    Written by `fleet` and `site_runs`; a newer run takes the place of an open one of its purpose.
    """

    purpose = models.CharField(
        _("purpose"), max_length=8, choices=RunPurpose, default=RunPurpose.ENTITIES
    )

    total = models.PositiveBigIntegerField(_("devices"), default=0)
    done = models.PositiveBigIntegerField(_("done"), default=0, help_text=_("Devices looked at."))
    moved = models.PositiveBigIntegerField(_("moved"), default=0, help_text=_("Devices moved."))
    last_device_id = models.BigIntegerField(
        default=0, editable=False, help_text=_("How far the run is, in the order of ids.")
    )
    author = models.ForeignKey(
        "accounts.Account",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )

    objects = JobQuerySet["ClassificationRun"].as_manager()

    class Meta:
        verbose_name = _("classification of the fleet")
        verbose_name_plural = _("classifications of the fleet")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.state} {self.pk}"
