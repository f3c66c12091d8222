"""Runs of the classification rules over the whole fleet."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.choices import RunState
from apps.devices.querysets import ClassificationRunQuerySet


class ClassificationRun(models.Model):
    """One run over all devices, in chunks: a row that a periodic task carries on.

    Written by `fleet`; a newer run takes the place of an open one.
    """

    state = models.CharField(_("state"), max_length=16, choices=RunState, default=RunState.WAITING)
    total = models.PositiveBigIntegerField(_("devices"), default=0)
    done = models.PositiveBigIntegerField(_("done"), default=0, help_text=_("Devices looked at."))
    moved = models.PositiveBigIntegerField(_("moved"), default=0, help_text=_("Devices moved."))
    last_device_id = models.BigIntegerField(
        default=0, editable=False, help_text=_("How far the run is, in the order of ids.")
    )
    error = models.CharField(_("error"), max_length=200, blank=True, help_text=_("Why it failed."))
    author = models.ForeignKey(
        "accounts.Account",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("created"))
    heartbeat_at = models.DateTimeField(_("last sign"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ClassificationRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("classification of the fleet")
        verbose_name_plural = _("classifications of the fleet")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.state} {self.pk}"
