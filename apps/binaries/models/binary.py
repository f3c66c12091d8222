"""Binaries: files that ran, and what devices say of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.binaries.choices import BinaryArchitecture
from apps.binaries.querysets import BinaryQuerySet
from apps.core.models import UUIDModel
from apps.devices.choices import Platform

OTHER = "other"


class Binary(UUIDModel):
    """One executable file content: known by its SHA-256, else by name, size and version.

    Made by the pipeline when a batch first names it, with what that batch says; described by
    `services.settle_claims` from then on; goes with the last row that refers to it. The
    pseudo-binary `other` stands for all programs that were too small to be told apart.
    """

    identity = models.CharField(
        max_length=64, unique=True, editable=False, help_text=_("Hash of what makes it one binary.")
    )
    name = models.CharField(_("name"), max_length=255, db_index=True, help_text=_("File name."))
    version = models.CharField(_("version"), max_length=255, blank=True, help_text=_("Version."))
    version_key = ArrayField(models.BigIntegerField(), null=True, blank=True, editable=False)
    platform = models.CharField(
        _("platform"), max_length=16, choices=Platform, help_text=_("Operating system family.")
    )
    architecture = models.CharField(
        _("architecture"),
        max_length=8,
        choices=BinaryArchitecture,
        blank=True,
        help_text=_("Processor architecture."),
    )
    size_bytes = models.BigIntegerField(_("size"), null=True, blank=True, help_text=_("File size."))
    md5_hash = models.CharField(max_length=32, blank=True, help_text=_("MD5 of the content."))
    sha1_hash = models.CharField(max_length=40, blank=True, help_text=_("SHA-1 of the content."))
    sha256_hash = models.CharField(
        max_length=64, blank=True, help_text=_("SHA-256 of the content.")
    )
    company = models.CharField(_("company"), max_length=255, blank=True, help_text=_("Maker."))
    description = models.CharField(
        max_length=255, blank=True, help_text=_("Description in the file.")
    )
    product_name = models.CharField(
        _("product"), max_length=255, blank=True, help_text=_("Product in the file.")
    )
    product_category = models.CharField(
        _("category"), max_length=255, blank=True, help_text=_("Category, given by hand.")
    )
    product_subcategory = models.CharField(
        _("subcategory"), max_length=255, blank=True, help_text=_("Subcategory, given by hand.")
    )
    has_user_interface = models.BooleanField(
        _("has a window"), null=True, blank=True, help_text=_("Ever had a window.")
    )
    custom = models.JSONField(
        _("custom fields"), default=dict, blank=True, editable=False, help_text=_("Custom fields.")
    )
    first_seen_at = models.DateTimeField(_("first seen"), help_text=_("First data about it."))
    last_seen_at = models.DateTimeField(
        _("last seen"), db_index=True, help_text=_("Last data about it, to the hour.")
    )

    objects = BinaryQuerySet.as_manager()

    class Meta:
        verbose_name = _("binary")
        verbose_name_plural = _("binaries")

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()

    @property
    def is_other(self) -> bool:
        """Return whether it is the pseudo-binary: no file of that name lacks its size."""
        return self.name == OTHER and self.size_bytes is None and not self.version


class BinaryClaim(models.Model):
    """One way in which devices describe a binary, and how many of them do.

    Written by `claims.hear` when a device says it first; read by `services.settle_claims`, which
    lets the description of the most devices win; goes with its binary. Of the devices it keeps
    marks, never ids: a device always sets the same one of `claims.MARKS`, so nobody counts twice.
    """

    binary = models.ForeignKey(Binary, on_delete=models.CASCADE, related_name="claims")
    digest = models.CharField(max_length=64, help_text=_("Hash of the description."))
    facts = models.JSONField(help_text=_("Columns of the binary, as devices tell them."))
    marks = models.BigIntegerField(help_text=_("One bit for each group of devices that said so."))
    is_settled = models.BooleanField(
        default=False, help_text=_("The binary's description takes it into account.")
    )

    class Meta:
        verbose_name = _("description by devices")
        verbose_name_plural = _("descriptions by devices")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["binary", "digest"], name="binaries_binaryclaim_description"
            )
        ]
        indexes = [
            models.Index(
                fields=["id"], name="binaries_binaryclaim_open", condition=Q(is_settled=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.binary_id}: {self.digest[:8]}"
