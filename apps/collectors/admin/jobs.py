"""Administration of long work on what was collected: what runs, how far it is, what it did."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.collectors.admin.targets import PERMISSION
from apps.collectors.models import CollectionJob
from apps.collectors.services import jobs
from apps.core import clock
from apps.core.admin import ConfirmingMixin, DetailAdmin, Visit
from apps.core.admin.columns import Column
from apps.core.admin.detail import bound, change_url, list_url
from apps.core.admin.values import (
    Button,
    Fact,
    Section,
    Table,
    badge,
    columns,
    moment_html,
    number_text,
)
from apps.core.errors import DomainError
from apps.core.formats import NOTHING
from apps.core.http import ScopedRequest
from apps.core.jobs import JobState

TONES = {JobState.RUNNING: "info", JobState.DONE: "success", JobState.FAILED: "danger"}


class KindFilter(admin.SimpleListFilter):
    """Kinds of work by what they are called."""

    title = _("what")
    parameter_name = "kind"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer every kind."""
        return [(kind.name, kind.title) for kind in jobs.registered()]

    def queryset(self, request: Any, queryset: QuerySet[CollectionJob]) -> QuerySet[CollectionJob]:
        """Keep the work of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(CollectionJob)
class CollectionJobAdmin(ConfirmingMixin, DetailAdmin):
    """Deletions after a narrowing, and names that become pseudonyms."""

    empty_text = _(
        "Nothing was deleted or made pseudonymous by a change of what is collected. A page offers "
        "it when you narrow a configuration."
    )
    show_add_link = True
    list_display: Sequence[Any] = ["what", "state_badge", "progress"]
    list_filter = ["state", KindFilter]
    list_select_related = ["author"]
    ordering = ["-created_at", "-pk"]
    sortable_by: Sequence[str] = ()
    actions = None

    @display(description=_("What"))
    def what(self, job: CollectionJob) -> str:
        """Return which work it is."""
        return str(jobs.find(job.kind).title)

    @display(description=_("State"))
    def state_badge(self, job: CollectionJob) -> str:
        """Return whether it runs."""
        return badge(JobState(job.state).label, TONES.get(JobState(job.state), ""))

    @display(description=_("Progress"))
    def progress(self, job: CollectionJob) -> str:
        """Return how far it is."""
        return progress_text(job)

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Add when it was asked for."""
        now = clock.now()
        made = bound("made", _("Made"), lambda job: moment_html(job.created_at, now))
        return [*super().get_list_display(request), made]

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        """Let those begin who decide what is collected on the whole instance."""
        return PERMISSION in request.scope.permissions and request.scope.is_unrestricted

    def name_of(self, request: Any, obj: CollectionJob) -> str:
        """Call it by its kind."""
        return f"{self.what(obj)} {obj.pk}"

    def facts(self, obj: CollectionJob, visit: Visit) -> Sequence[Fact]:
        """Return how far it is."""
        return [
            Fact(_("State"), self.state_badge(obj), hint=obj.error),
            Fact(_("Progress"), progress_text(obj)),
            Fact(_("Made by"), obj.author.login if obj.author else NOTHING),
            Fact(_("Made"), moment_html(obj.created_at, visit.now)),
            Fact(_("Last sign"), moment_html(obj.heartbeat_at, visit.now, never=_("not yet"))),
            Fact(_("Finished"), moment_html(obj.finished_at, visit.now, never=_("not yet"))),
        ]

    def sections(self, obj: CollectionJob, visit: Visit) -> Sequence[Section]:
        """Return the rows that were changed, by table."""
        table = Table(
            caption=_("Rows changed"),
            columns=columns(_("Table"), _("Rows"), numbers=[1]),
            rows=[[name, number_text(rows)] for name, rows in sorted(obj.counts.items())],
            empty=_("None yet."),
        )
        template = "admin/core/section_tables.html"
        return [Section("counts", _("Rows changed"), template, {"tables": [table]}, is_wide=True)]

    def buttons(self, obj: CollectionJob, visit: Visit) -> Sequence[Button]:
        """Let a failed one go on."""
        if obj.state != JobState.FAILED or PERMISSION not in visit.scope.permissions:
            return []
        address = reverse("admin:collectors_collectionjob_retry", args=[obj.pk])
        return [Button(_("Try again"), address, "refresh", is_primary=True)]

    def get_urls(self) -> list[URLPattern]:
        """Add the page that lets a failed one go on."""
        retry = self.admin_site.admin_view(self.retry_view)
        own = path("<path:object_id>/retry/", retry, name="collectors_collectionjob_retry")
        return [own, *super().get_urls()]

    def add_view(self, request: Any, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Choose work, then ask for the number of what it changes."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        names = [kind.name for kind in jobs.offered()]
        name = request.GET.get("kind") or (names[0] if len(names) == 1 else "")
        if not names or name not in names:
            raise Http404
        problem, status = "", 200
        if request.method == "POST":
            try:
                job = jobs.start_offered(
                    kind=name,
                    typed=request.POST.get("number", ""),
                    actor=request.user,
                    now=clock.now(),
                )
            except DomainError as error:
                problem, status = str(error), error.status
            else:
                self.message_user(request, _("It begins within a minute."), messages.SUCCESS)
                return HttpResponseRedirect(change_url(job))
        context = {
            "title": jobs.find(name).title,
            "offer": jobs.find(name).offer,
            "problem": problem,
            "back": list_url(CollectionJob),
        }
        return self.page(request, None, "admin/collectors/start_job.html", context, status)

    def retry_view(self, request: Any, object_id: str) -> HttpResponse:
        """Let a failed one go on."""
        job = self.found(request, object_id)
        if not self.has_add_permission(request):
            raise PermissionDenied
        if not self.is_confirmed(request):
            return self.ask(
                request,
                question=_("Try again?"),
                names=[self.name_of(request, job)],
                consequences=[_("It goes on with the step that failed.")],
                do=_("Try again"),
                back=change_url(job),
                about=job,
                is_harmless=True,
            )
        jobs.retry(job=job, actor=request.user, now=clock.now())
        return HttpResponseRedirect(change_url(job))


def progress_text(job: CollectionJob) -> str:
    """Return the steps done, of how many."""
    return _("%(done)d of %(total)d steps") % {"done": job.done, "total": job.total}
