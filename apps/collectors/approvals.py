"""The four-eyes rule of configurations that collect more."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.collectors.forms import legal_basis_text
from apps.collectors.models import CollectorConfiguration
from apps.collectors.rights import may_reach, place_label
from apps.collectors.services import changes, configuration
from apps.collectors.tables import change_tables
from apps.core.admin.detail import part_link
from apps.core.admin.values import Fact, Section
from apps.core.approvals import kinds
from apps.core.approvals.models import Approval
from apps.core.scope import Scope

APPROVE = "collectors.approve_configuration"
TABLES = "admin/core/section_tables.html"


def visible(scope: Scope) -> QuerySet[Any]:
    """Return the ids of the configurations that a caller may see."""
    return CollectorConfiguration.objects.permitted_to(scope).values("pk")


def may_decide(scope: Scope, approval: Approval) -> bool:
    """Return whether the caller manages the place. Cost: at most 2 queries."""
    row = _row(approval)
    return row is not None and may_reach(scope, row)


def labels(approvals: Sequence[Approval], scope: Scope) -> Mapping[int, str]:
    """Return the places, as the caller may see them. Cost: 1 query."""
    return {row.pk: place_label(row, scope) for row in _rows(approvals)}


def sections(approval: Approval, visit: Any) -> Sequence[Section]:
    """Return what would change there."""
    row = _row(approval)
    if row is None:
        return []
    data = {
        "facts": [
            Fact(_("Legal basis"), legal_basis_text(row.legal_basis)),
            Fact(_("Purpose"), visit.scope.show(row, "purpose")),
            Fact(_("Configuration"), part_link(row, visit.scope)),
        ],
        "tables": change_tables(row),
    }
    return [Section("changes", _("What would change"), TABLES, data, is_wide=True)]


def _row(approval: Approval) -> CollectorConfiguration | None:
    return _rows([approval]).first()


def _rows(approvals: Sequence[Approval]) -> QuerySet[CollectorConfiguration]:
    rows = CollectorConfiguration.objects.select_related("entity", "device__entity")
    return rows.filter(pk__in=[approval.object_id for approval in approvals])


kinds.register(
    kinds.ApprovalKind(
        name=changes.KIND,
        title=_("More is collected or shown"),
        permission=APPROVE,
        asks_with="collectors.configure",
        visible=visible,
        may_decide=may_decide,
        change_of=changes.change_of,
        labels=labels,
        sections=sections,
        decided=changes.decided,
        lock=configuration.LOCK,
        may_be_alone=True,
    )
)
