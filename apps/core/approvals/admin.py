"""The page that lists what waits for somebody else's agreement, and the page that gives it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core import clock
from apps.core.admin import ConfirmingMixin, DetailAdmin, Visit
from apps.core.admin.changelist import ScopedChangeList
from apps.core.admin.columns import Column
from apps.core.admin.detail import bound, change_url, visit_of
from apps.core.admin.values import Button, Fact, Section, badge, moment_html
from apps.core.approvals import kinds, services
from apps.core.approvals.choices import ApprovalState
from apps.core.approvals.models import Approval
from apps.core.errors import DomainError
from apps.core.http import ScopedRequest
from apps.core.scope import Scope

TONES = {
    ApprovalState.ASKED: "warning",
    ApprovalState.APPROVED: "success",
    ApprovalState.REFUSED: "danger",
}


class ApprovalList(ScopedChangeList):
    """The list, its objects named all at once."""

    def completed(self, rows: Iterable[Any], request: Any) -> list[Any]:
        """Read what requests are about."""
        rows = list(rows)
        labels = kinds.labels_of(rows, request.scope)
        for row in rows:
            row.about = labels[row.pk]
        return rows


class KindFilter(admin.SimpleListFilter):
    """Rules by what they are called."""

    title = _("what")
    parameter_name = "kind"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the rules that the caller may see."""
        return [(kind.name, kind.title) for kind in kinds.permitted_to(request.scope)]

    def queryset(self, request: Any, queryset: QuerySet[Approval]) -> QuerySet[Approval]:
        """Keep the requests of the chosen rule."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Approval)
class ApprovalAdmin(ConfirmingMixin, DetailAdmin):
    """What was asked for, by whom, and who decided."""

    empty_text = _(
        "Nothing waits. When somebody asks for more than is collected now, it is listed here "
        "until another person has decided."
    )
    list_display: Sequence[Any] = ["what", "asked_by_label", "state_badge"]
    list_filter = ["state", KindFilter]
    ordering = ["-asked_at", "-pk"]
    sortable_by: Sequence[str] = ()
    actions = None

    @display(description=_("What"))
    def what(self, row: Approval) -> str:
        """Return the rule."""
        return str(kinds.find(row.kind).title)

    @display(description=_("State"))
    def state_badge(self, row: Approval) -> str:
        """Return whether it waits."""
        return state_badge(row)

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Name the object by what the caller may see."""
        now = clock.now()
        return [
            *super().get_list_display(request),
            bound("about", _("About"), lambda row: row.about),
            bound("asked", _("Asked"), lambda row: moment_html(row.asked_at, now)),
            bound("lapses", _("Lapses"), lambda row: moment_html(row.lapses_at, now)),
        ]

    def get_changelist(self, request: Any, **kwargs: Any) -> type[ApprovalList]:
        """Return our own list."""
        return ApprovalList

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        """Let in who may ask or decide; rows are chosen by the queryset."""
        return any(kinds.permitted_to(request.scope))

    def has_module_permission(self, request: Any) -> bool:
        """Show it to the same."""
        return self.has_view_permission(request)

    def name_of(self, request: Any, obj: Approval) -> str:
        """Call it by the rule and the object."""
        label = kinds.labels_of([obj], request.scope)[obj.pk]
        return f"{kinds.find(obj.kind).title}: {label}"

    def facts(self, obj: Approval, visit: Visit) -> Sequence[Fact]:
        """Return who asked, and who decided."""
        return [
            Fact(_("State"), state_badge(obj), hint=_next_step(obj, visit)),
            Fact(_("Asked by"), obj.asked_by_label),
            Fact(_("Asked"), moment_html(obj.asked_at, visit.now)),
            Fact(_("Lapses"), moment_html(obj.lapses_at, visit.now)),
            Fact(_("Decided by"), obj.decided_by_label),
            Fact(_("Decided"), moment_html(obj.decided_at, visit.now, never=_("not yet"))),
            Fact(_("Reason"), visit.scope.show(obj, "reason")),
        ]

    def sections(self, obj: Approval, visit: Visit) -> Sequence[Section]:
        """Return the change, as its rule tells it."""
        return kinds.find(obj.kind).sections(obj, visit)

    def buttons(self, obj: Approval, visit: Visit) -> Sequence[Button]:
        """Lead to the decision, or back."""
        ways = []
        if may_decide(obj, visit.scope, visit.now):
            address = reverse("admin:core_approval_decide", args=[obj.pk])
            ways.append(Button(_("Decide"), address, "gavel", is_primary=True))
        if may_withdraw(obj, visit.scope):
            address = reverse("admin:core_approval_withdraw", args=[obj.pk])
            ways.append(Button(_("Withdraw"), address, "undo", is_danger=True))
        return ways

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that decide and withdraw."""
        wrap = self.admin_site.admin_view
        return [
            path("<path:object_id>/decide/", wrap(self.decide_view), name="core_approval_decide"),
            path(
                "<path:object_id>/withdraw/",
                wrap(self.withdraw_view),
                name="core_approval_withdraw",
            ),
            *super().get_urls(),
        ]

    def decide_view(self, request: Any, object_id: str) -> HttpResponse:
        """Show the change, then approve or refuse it."""
        row, now = self.found(request, object_id), clock.now()
        if not _holds_right(row, request.scope):
            raise PermissionDenied
        problem, status = "", 200
        if request.method == "POST":
            try:
                return self._decide(request, row)
            except DomainError as error:
                problem, status = str(error), error.status
                row.refresh_from_db()
        context = {
            "facts": self.facts(row, visit_of(request)),
            "sections": self.sections(row, visit_of(request)),
            "seen": row.change_hash,
            "is_open": row.state == ApprovalState.ASKED and now < row.lapses_at,
            "is_own": row.asked_by_id == request.user.pk,
            "is_alone": services.may_confirm_alone(row, request.user.pk, now),
            "problem": problem,
            "typed": request.POST.get("reason", ""),
            "back": change_url(row),
        }
        return self.page(request, row, "admin/approvals/decide.html", context, status)

    def withdraw_view(self, request: Any, object_id: str) -> HttpResponse:
        """Ask, then take a request back."""
        row = self.found(request, object_id)
        if not may_withdraw(row, request.scope):
            raise PermissionDenied
        if not self.is_confirmed(request):
            return self.ask(
                request,
                question=_("Withdraw this request?"),
                names=[self.name_of(request, row)],
                consequences=[_("Nothing changes. It can be asked for again.")],
                do=_("Withdraw"),
                back=change_url(row),
                about=row,
            )
        services.withdraw(approval=row, actor=request.user, now=clock.now())
        self.message_user(request, _("The request is withdrawn."), messages.SUCCESS)
        return HttpResponseRedirect(change_url(row))

    def _decide(self, request: Any, row: Approval) -> HttpResponse:
        is_own = row.asked_by_id == request.user.pk
        if is_own and not request.user.check_password(request.POST.get("password", "")):
            raise WrongPassword
        is_approved = request.POST.get("decision") == "approve"
        services.decide(
            approval=row,
            seen=request.POST.get("seen", ""),
            is_approved=is_approved,
            reason=request.POST.get("reason", "")[:2_000],
            actor=request.user,
            now=clock.now(),
        )
        text = _("Approved.") if is_approved else _("Refused.")
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(change_url(row))


class WrongPassword(DomainError):
    """Whoever confirms alone shows once more who they are."""

    code = "wrong_password"
    status = 403
    message = _("The password is wrong.")


def may_decide(row: Approval, scope: Scope, now: Any) -> bool:
    """Return whether the caller may decide now. Cost: at most 2 queries."""
    if row.state != ApprovalState.ASKED or now >= row.lapses_at or not _holds_right(row, scope):
        return False
    is_own = row.asked_by_id == scope.account_id
    return not is_own or services.may_confirm_alone(row, scope.account_id, now)


def may_withdraw(row: Approval, scope: Scope) -> bool:
    """Return whether the caller asked for it and it still waits."""
    return row.state == ApprovalState.ASKED and row.asked_by_id == scope.account_id


def state_badge(row: Approval) -> str:
    """Return the state in a coloured field."""
    state = ApprovalState(row.state)
    return badge(state.label, TONES.get(state, ""))


def _holds_right(row: Approval, scope: Scope) -> bool:
    kind = kinds.find(row.kind)
    return kind.permission in scope.permissions and kind.may_decide(scope, row)


def _next_step(row: Approval, visit: Visit) -> Any:
    """Return who has to do what."""
    if row.state != ApprovalState.ASKED:
        return ""
    kind = kinds.find(row.kind)
    if row.asked_by_id != visit.scope.account_id:
        return _("You can decide.") if _holds_right(row, visit.scope) else _("Others decide.")
    if not kind.may_be_alone or kinds.has_other_decider(row):
        return _("Somebody else has to decide.")
    return _("Nobody else could decide: you may confirm it yourself after 24 hours.")
