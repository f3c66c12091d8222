"""The page of retention: what is kept how long, what a change takes, what the tasks did."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import clock
from apps.core.admin import DetailAdmin
from apps.core.admin.detail import list_url
from apps.core.admin.values import Table, columns, moment_html
from apps.core.formats import NOTHING
from apps.gdpr import inventory_page, preview, terms
from apps.gdpr.choices import ChangeState, RetentionClass
from apps.gdpr.forms import TermsForm
from apps.gdpr.models import RetentionChange, RetentionPolicy
from apps.gdpr.rules import RULES, range_text, term_text
from apps.gdpr.schedule import task_table
from apps.gdpr.services import retention as service

PERMISSION = "gdpr.change_retentionpolicy"
Policies = Mapping[str, RetentionPolicy]


@admin.register(RetentionPolicy)
class RetentionPolicyAdmin(DetailAdmin):
    """How long each class of rows is kept; the set is one page, for its terms bound each other."""

    empty_text = gettext_lazy("The policies are made with the instance.")

    def changelist_view(self, request: Any, extra_context: Any = None) -> HttpResponse:
        """Show the terms, and the tasks that see to them. Cost: 6 queries."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = clock.now()
        context = {
            "title": _("Retention"),
            "tables": [policy_table(_policies(), now), task_table(now)],
            "asked": _asked_text(),
            "change_url": reverse("admin:gdpr_retentionpolicy_terms") if _may(request) else "",
        }
        return self.page(request, None, "admin/gdpr/retention.html", context)

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Answer 404: a class has no page of its own."""
        raise Http404

    def get_urls(self) -> list[URLPattern]:
        """Add the page that changes the terms, and the data inventory."""
        wrap = self.admin_site.admin_view
        return [
            path("terms/", wrap(self.terms_view), name="gdpr_retentionpolicy_terms"),
            path("fields/", wrap(self.inventory_view), name="gdpr_data_inventory"),
            *super().get_urls(),
        ]

    def inventory_view(self, request: Any) -> HttpResponse:
        """Show every field that is stored, or give the same as a file. Cost: 1 query at most."""
        if inventory_page.PERMISSION not in request.scope.permissions:
            raise PermissionDenied
        file = inventory_page.file_of(request.GET)
        if file is not None:
            return file
        context = inventory_page.context(request.GET)
        return self.page(request, None, "admin/gdpr/data_inventory.html", context)

    def terms_view(self, request: Any) -> HttpResponse:
        """Ask for the terms, show what goes, then change them."""
        if not _may(request):
            raise PermissionDenied
        now, policies = clock.now(), _policies()
        form = TermsForm(request.POST or None, policies=policies)
        context: dict[str, Any] = {
            "title": _("Change retention"),
            "form": form,
            "back": list_url(RetentionPolicy),
        }
        if request.method == "POST" and form.is_valid():
            changes = _changes(form.wanted(), policies)
            if request.POST.get("confirmed") == "yes" or not changes:
                return self._save(request, changes, now)
            context["preview"] = preview_tables(changes, policies, now)
        return self.page(request, None, "admin/gdpr/terms.html", context)

    def _save(
        self, request: Any, wanted: Mapping[RetentionClass, timedelta], now: datetime
    ) -> HttpResponse:
        changed = service.change_terms(wanted=wanted, actor=request.user, now=now)
        self.message_user(request, _saved_text(changed), messages.SUCCESS)
        return HttpResponseRedirect(list_url(RetentionPolicy))


def policy_table(policies: Policies, now: datetime) -> Table:
    """Return every class with its term, and what waits."""
    return Table(
        caption=_("What is kept, and how long"),
        columns=columns(
            _("Class"), _("Holds"), _("Kept for"), _("Allowed"), _("What stays"), _("Waits")
        ),
        rows=[
            [
                rule.name.label,
                rule.holds,
                term_text(terms.term(rule.name, now)),
                range_text(rule),
                rule.leaves,
                _waiting(policies[rule.name], now),
            ]
            for rule in RULES.values()
        ],
    )


def preview_tables(
    changes: Mapping[RetentionClass, timedelta], policies: Policies, now: datetime
) -> Sequence[Table]:
    """Return one table of the changes, and one of what goes. Cost: 2 queries a shorter class."""
    lines, lost = [], []
    for name, new in changes.items():
        old = policies[name].wanted_term
        is_shorter = new < policies[name].term_at(now)
        when = _("in 24 hours") if is_shorter else _("once somebody else agrees")
        lines.append([name.label, term_text(old), term_text(new), when])
        if is_shorter:
            found = preview.losses(name, old=policies[name].term_at(now), new=new, now=now)
            lost += [[name.label, loss.table, preview.loss_text(loss)] for loss in found]
    return [
        Table(
            caption=_("Changes"),
            columns=columns(_("Class"), _("Before"), _("After"), _("In force")),
            rows=lines,
        ),
        Table(
            caption=_("What goes"),
            columns=columns(_("Class"), _("Table"), _("Rows"), numbers=[2]),
            rows=lost,
            empty=_("Nothing that is stored goes."),
        ),
    ]


def _changes(
    wanted: Mapping[RetentionClass, timedelta], policies: Policies
) -> dict[RetentionClass, timedelta]:
    return {name: term for name, term in wanted.items() if term != policies[name].wanted_term}


def _waiting(policy: RetentionPolicy, now: datetime) -> str:
    if policy.next_term is None or policy.next_at is None or policy.next_at <= now:
        return NOTHING
    return format_html("{} {}", term_text(policy.next_term), moment_html(policy.next_at, now))


def _saved_text(changed: service.Changed) -> str:
    if changed.asked is not None:
        return _("Saved. Longer terms wait until somebody else agrees.")
    if not changed.policies:
        return _("Nothing has changed.")
    waits = any(row.next_at for row in changed.policies)
    return _("Saved. Shorter terms hold in 24 hours.") if waits else _("Saved.")


def _asked_text() -> str:
    """Return the longer terms that wait for somebody else, "" for none. Cost: 1 query."""
    change = RetentionChange.objects.filter(state=ChangeState.ASKED).first()
    if change is None:
        return ""
    wanted = service.terms_of(change)
    return ", ".join(f"{name.label}: {term_text(term)}" for name, term in wanted.items())


def _policies() -> dict[str, RetentionPolicy]:
    return {row.retention_class: row for row in RetentionPolicy.objects.all()}


def _may(request: Any) -> bool:
    return PERMISSION in request.scope.permissions
