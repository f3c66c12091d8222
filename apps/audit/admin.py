"""The audit log, to read."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.audit.health import may_change
from apps.audit.models import AuditEvent, InboxEvent
from apps.core.admin import ReadOnlyAdmin, ScopedAdmin
from apps.core.http import ScopedRequest

UNPROTECTED = _(
    "audit.W002: the application's database role could change this log. Who looks after the"
    " database gives dex the roles that `manage.py audit_schema --print` makes."
)
FIELDS = [
    "at",
    "code",
    "outcome",
    "actor_kind",
    "actor_label",
    "address",
    "object_kind",
    "object_id",
    "object_label",
    "reason",
    "detail",
    "request_id",
]


class RecordAdmin(ScopedAdmin, ReadOnlyAdmin):
    """Rows of the log, newest first; no action, no count of all."""

    list_display = ["at", "code_label", "actor_label", "object_text", "outcome_label", "address"]
    list_filter = ["code", ("at", admin.DateFieldListFilter), "actor_kind", "outcome"]
    search_fields = ["actor_label", "object_label", "request_id"]
    search_help_text = _("Search by actor, object or request id")
    fieldsets = [(None, {"fields": FIELDS})]
    ordering = ["-at", "-pk"]
    export_permission = "audit.export_auditevent"  # access.md 2.3: reading is not exporting
    sortable_by: list[str] = []
    show_full_result_count = False
    actions = None

    def changelist_view(self, request: ScopedRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list; say so where the database does not protect it."""
        if may_change():
            self.message_user(request, UNPROTECTED, messages.WARNING)
        page: HttpResponse = super().changelist_view(request, extra_context)
        return page

    @display(description=_("Event"))
    def code_label(self, record: InboxEvent) -> str:
        """Return number and words of the code."""
        return f"{record.code} {record.get_code_display()}"

    @display(description=_("Object"))
    def object_text(self, record: InboxEvent) -> str:
        """Return kind and name of what was changed."""
        return f"{record.object_kind} {record.object_label or record.object_id}".strip()

    @display(
        description=_("Outcome"),
        label={"done": "success", "refused": "warning", "failed": "danger"},
    )
    def outcome_label(self, record: InboxEvent) -> tuple[str, str]:
        """Return how it ended."""
        return record.outcome, record.get_outcome_display()


@admin.register(InboxEvent)
class InboxEventAdmin(RecordAdmin):
    """What was recorded and is not sealed yet: until the sealer runs, everything."""

    fieldsets = [(None, {"fields": [*FIELDS, "subjects"]})]


@admin.register(AuditEvent)
class AuditEventAdmin(RecordAdmin):
    """What is sealed and chained."""

    fieldsets = [(None, {"fields": ["seq", *FIELDS, "subject_count"]})]
