"""Bases of models, and the few rows that describe the instance itself."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.approvals.models import Approval
from apps.core.querysets import InstanceManager

__all__ = ["Approval", "Generation", "Instance", "UUIDModel"]


class UUIDModel(models.Model):
    """A row with a small key inside and a public one that tells nothing."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(
        _("public id"), default=uuid.uuid4, unique=True, editable=False, help_text=_("Public id.")
    )

    class Meta:
        abstract = True


class Instance(models.Model):
    """This installation: exactly one row, made after the first migration, never deleted."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    uid = models.UUIDField(
        _("public id"),
        default=uuid.uuid4,
        unique=True,
        editable=False,
        help_text=_("Tells instances apart; part of signed documents."),
    )
    name = models.CharField(
        _("name"), max_length=100, default="dex", help_text=_("Shown to administrators.")
    )
    generation = models.PositiveIntegerField(
        _("generation"), default=1, help_text=_("Raised by each restore; collectors see it.")
    )
    created_at = models.DateTimeField(_("created"))

    objects = InstanceManager()

    class Meta:
        verbose_name = _("instance")
        verbose_name_plural = _("instances")
        constraints = [models.CheckConstraint(name="core_instance_single_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return self.name


class Generation(models.Model):
    """One counter that outdates caches; written by `generations.bump`, never deleted."""

    name = models.CharField(_("name"), max_length=64, primary_key=True)
    value = models.PositiveBigIntegerField(_("value"), default=0)

    class Meta:
        verbose_name = _("generation")
        verbose_name_plural = _("generations")

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
