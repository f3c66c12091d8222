"""The four-eyes rule of longer retention."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.core.admin.values import Section, Table, columns
from apps.core.approvals import kinds
from apps.core.approvals.models import Approval
from apps.core.scope import Scope
from apps.gdpr import terms
from apps.gdpr.models import RetentionChange
from apps.gdpr.rules import term_text
from apps.gdpr.services import retention

APPROVE = "gdpr.approve_longer_retention"
TABLES = "admin/core/section_tables.html"


def visible(_scope: Scope) -> QuerySet[Any]:
    """Return the ids of all changes: they are the instance's, and say nothing about anybody."""
    return RetentionChange.objects.values("pk")


def may_decide(_scope: Scope, _approval: Approval) -> bool:
    """Return whether the caller's rights reach it: the permission is enough."""
    return True


def labels(approvals: Sequence[Approval], _scope: Scope) -> Mapping[int, str]:
    """Return what they are about."""
    return {approval.object_id: str(_("Retention")) for approval in approvals}


def sections(approval: Approval, visit: Any) -> Sequence[Section]:
    """Return the terms before and after."""
    change = RetentionChange.objects.filter(pk=approval.object_id).first()
    if change is None:
        return []
    wanted = retention.terms_of(change)
    table = Table(
        caption=_("Longer terms"),
        columns=columns(_("Class"), _("Now"), _("Asked for")),
        rows=[
            [name.label, term_text(terms.term(name, visit.now)), term_text(term)]
            for name, term in wanted.items()
        ],
    )
    return [Section("terms", _("What would change"), TABLES, {"tables": [table]}, is_wide=True)]


kinds.register(
    kinds.ApprovalKind(
        name=retention.KIND,
        title=_("Longer retention"),
        permission=APPROVE,
        asks_with="gdpr.change_retentionpolicy",
        visible=visible,
        may_decide=may_decide,
        change_of=retention.change_of,
        labels=labels,
        sections=sections,
        decided=retention.decided,
        lock=retention.LOCK,
        may_be_alone=True,
    )
)
