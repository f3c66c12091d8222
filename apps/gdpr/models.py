"""Tables of retention."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.gdpr.choices import ChangeState, RetentionClass
from apps.gdpr.querysets import RetentionPolicyQuerySet


class RetentionPolicy(models.Model):
    """How long one class of rows is kept; a shorter term waits a day before it holds.

    Written by `services.retention`; one row a class, made after the first migration, never deleted.
    """

    retention_class = models.CharField(
        _("class"), max_length=16, choices=RetentionClass, unique=True
    )
    term = models.DurationField(_("kept for"), help_text=_("How long its rows are kept."))
    next_term = models.DurationField(
        _("shorter from then on"),
        null=True,
        blank=True,
        help_text=_("Shorter term that waits; empty: none."),
    )
    next_at = models.DateTimeField(
        _("from"), null=True, blank=True, help_text=_("When the shorter term holds.")
    )
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)

    objects = RetentionPolicyQuerySet.as_manager()

    class Meta:
        permissions = [
            ("view_data_inventory", _("Can see the data inventory")),
            ("approve_longer_retention", _("Can agree to longer retention")),
        ]
        verbose_name = _("retention policy")
        verbose_name_plural = _("retention policies")
        constraints = [
            models.CheckConstraint(
                name="gdpr_retentionpolicy_next_is_shorter",
                condition=Q(next_term__isnull=True, next_at__isnull=True)
                | Q(next_term__lt=models.F("term"), next_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.get_retention_class_display())

    def term_at(self, now: datetime) -> timedelta:
        """Return the term that holds at `now`."""
        is_due = self.next_at is not None and self.next_at <= now
        return self.next_term if is_due and self.next_term is not None else self.term

    @property
    def wanted_term(self) -> timedelta:
        """Return the term that holds once nothing waits any more."""
        return self.term if self.next_term is None else self.next_term


class RetentionChange(models.Model):
    """Longer terms that somebody else must agree to; one waits at most.

    Written by `services.retention`; kept, as the record of what was asked.
    """

    terms = models.JSONField(_("terms"), default=dict, help_text=_("Hours by class."))
    state = models.CharField(
        _("state"), max_length=16, choices=ChangeState, default=ChangeState.ASKED
    )
    asked_at = models.DateTimeField(_("asked"))

    class Meta:
        verbose_name = _("change to longer retention")
        verbose_name_plural = _("changes to longer retention")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["state"],
                condition=Q(state=ChangeState.ASKED),
                name="gdpr_retentionchange_one_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d} {self.get_state_display()}"


class FoldedDay(models.Model):
    """A day of the instance whose daily rows have lost their persons; written by the fold."""

    day = models.DateField(primary_key=True)
    folded_at = models.DateTimeField(help_text=_("When its daily rows were merged."))

    class Meta:
        verbose_name = _("day without persons")
        verbose_name_plural = _("days without persons")

    def __str__(self) -> str:
        return str(self.day)
