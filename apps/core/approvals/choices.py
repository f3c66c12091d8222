"""Enumerations of approvals."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ApprovalState(models.TextChoices):
    """Life of a request for approval."""

    ASKED = "asked", _("waits")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")
    LAPSED = "lapsed", _("lapsed")
    WITHDRAWN = "withdrawn", _("withdrawn")
