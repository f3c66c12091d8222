"""The table of approvals."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.approvals.choices import ApprovalState
from apps.core.approvals.querysets import ApprovalQuerySet


class Approval(models.Model):
    """One request that somebody else agree to a change.

    Written by `approvals.services`; `core` knows no accounts, so it keeps their ids and logins.
    """

    kind = models.CharField(_("what"), max_length=32, help_text=_("Rule that asks for it."))
    object_id = models.BigIntegerField(help_text=_("What is to change."))
    change = models.JSONField(_("change"), default=dict, help_text=_("What was asked for."))
    change_hash = models.CharField(
        max_length=64, help_text=_("SHA-256 of the change; another change needs another approval.")
    )
    state = models.CharField(
        _("state"), max_length=16, choices=ApprovalState, default=ApprovalState.ASKED
    )
    asked_by_id = models.BigIntegerField(null=True)
    asked_by_label = models.CharField(_("asked by"), max_length=150)
    asked_at = models.DateTimeField(_("asked"))
    lapses_at = models.DateTimeField(_("lapses"), help_text=_("Without an answer until then."))
    decided_by_id = models.BigIntegerField(null=True, blank=True)
    decided_by_label = models.CharField(_("decided by"), max_length=150, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    is_single_person = models.BooleanField(
        _("by the one who asked"),
        default=False,
        help_text=_("Nobody else could decide, and a day had passed."),
    )
    reason = models.TextField(_("reason"), blank=True, help_text=_("Of the decision."))

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        app_label = "core"
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            models.UniqueConstraint(
                name="core_approval_one_waiting",
                fields=["kind", "object_id"],
                condition=Q(state=ApprovalState.ASKED),
            ),
            models.CheckConstraint(
                name="core_approval_not_by_the_asker",
                condition=~Q(state=ApprovalState.APPROVED)
                | Q(is_single_person=True)
                | ~Q(decided_by_id=F("asked_by_id")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
