"""Administration of what the wiring brings along: the periodic tasks of django-celery-beat."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.exceptions import NotRegistered
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.decorators import display

from apps.core import clock
from apps.core.admin import DetailMixin, ReadOnlyAdmin, Visit
from apps.core.admin.detail import change_url, visit_of
from apps.core.admin.values import Fact, badge, moment_html, yes_no
from apps.core.errors import DomainError
from apps.core.http import ScopedRequest
from dex import periodic
from dex.forms import PeriodicTaskForm

PERMISSION = "django_celery_beat.change_periodictask"

for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    with suppress(NotRegistered):
        admin.site.unregister(model)


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(DetailMixin, ReadOnlyAdmin):
    """What runs by itself: the code owns the list, an administrator the hour."""

    detail_template = "admin/dex/periodic_task.html"
    empty_text = _("No task is scheduled. Starting dex brings the list.")

    list_display: Sequence[Any] = ["name", "why", "rhythm", "last_run", "next_run", "state"]
    list_select_related = ["interval", "crontab"]
    ordering = ["name"]
    sortable_by: Sequence[str] = ()
    actions = None

    @display(description=_("What it does"))
    def why(self, task: PeriodicTask) -> str:
        """Return what it is for."""
        return gettext(task.description)  # of dex/schedule.py

    @display(description=_("Runs"))
    def rhythm(self, task: PeriodicTask) -> str:
        """Return when it runs, in words."""
        rhythm = periodic.rhythm_of(task)
        return rhythm.text() if rhythm else str(task.schedule)

    @display(description=_("Last run"))
    def last_run(self, task: PeriodicTask) -> str:
        """Return when it was last handed to the workers."""
        return moment_html(task.last_run_at, clock.now(), never=_("never"))

    @display(description=_("Next run"))
    def next_run(self, task: PeriodicTask) -> str:
        """Return when it is due."""
        return next_text(task)

    @display(description=_("State"))
    def state(self, task: PeriodicTask) -> str:
        """Return whether it runs."""
        return badge(_("enabled"), "success") if task.enabled else badge(_("disabled"), "warning")

    def get_queryset(self, request: ScopedRequest) -> QuerySet[PeriodicTask]:
        """Return all tasks: they say nothing about a device."""
        return PeriodicTask.objects.select_related("interval", "crontab").order_by("name")

    def name_of(self, request: Any, obj: PeriodicTask) -> str:
        """Call a task by its name alone: it says when it runs below."""
        return str(obj.name)

    def facts(self, obj: PeriodicTask, visit: Visit) -> Sequence[Fact]:
        """Return what the code decides, and when it runs."""
        return [
            Fact(_("State"), self.state(obj)),
            Fact(_("Runs"), self.rhythm(obj)),
            Fact(_("Last run"), self.last_run(obj)),
            Fact(_("Next run"), next_text(obj)),
            Fact(_("Task"), obj.task),
            Fact(_("Queue"), obj.queue),
            Fact(_("May be disabled"), yes_no(periodic.may_be_disabled(obj))),
        ]

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a task, and the form that moves it."""
        task = self.found(request, object_id)
        may_change = PERMISSION in request.scope.permissions
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        form = PeriodicTaskForm(request.POST or None, task=task)
        if request.method == "POST" and form.is_valid():
            periodic.change_task(
                task=task,
                rhythm=form.cleaned_data["rhythm"],
                is_enabled=form.cleaned_data.get("is_enabled", True),
                actor=request.user,
                now=clock.now(),
            )
            self.message_user(request, _("The task is moved."), messages.SUCCESS)
            return HttpResponseRedirect(change_url(task))
        context = {
            "facts": self.facts(task, visit_of(request)),
            "why": self.why(task),
            "form": form,
            "may_change": may_change,
            "run_url": reverse("admin:django_celery_beat_periodictask_run", args=[task.pk]),
        }
        return self.page(request, task, self.detail_template, context)

    def get_urls(self) -> list[URLPattern]:
        """Add the door that runs a task at once."""
        view = self.admin_site.admin_view(self.run_view)
        own = path("<path:object_id>/run/", view, name="django_celery_beat_periodictask_run")
        return [own, *super().get_urls()]

    def run_view(self, request: Any, object_id: str) -> HttpResponse:
        """Run a task at once."""
        task = self.found(request, object_id)
        if PERMISSION not in request.scope.permissions:
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            periodic.run_now(task=task, actor=request.user, now=clock.now())
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            text = _("The task is handed to a worker; see Upkeep for what it did.")
            self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(change_url(task))


def next_text(task: PeriodicTask) -> str:
    """Return when a task is due, in words."""
    now = clock.now()
    due = periodic.next_run(task, now)
    if due is not None and due <= now:
        return str(_("due now"))
    return moment_html(due, now)
