"""Rules in an order, of which the first wins: the list, one rule, their order, what a change would do.

A change is never kept at once: each page proposes a whole list, a preview says what it would do,
and its answer keeps it. The proposal travels signed within the page.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.admin import DetailMixin, reads
from apps.core.admin.detail import list_url
from apps.core.admin.values import Button, Table, badge, moment_html, number_text
from apps.core.errors import DomainError
from apps.organization import services
from apps.organization.classification import RULES_LIMIT
from apps.organization.fleet import Preview, Progress
from apps.organization.places import Places

TERM_SECONDS = 86_400  # of a proposal


class OrderedRulesAdmin(DetailMixin):
    """The rules of one purpose, in their order.

    rule: of the list, made from rows and from JSON. rule_form: in which one is typed. machines: who
    knows the devices. purpose: part of the mark of proposals, so that one is none of another list.
    """

    actions = None
    rule: Any
    rule_form: Any
    machines: Any
    purpose: str
    list_title: Any
    order_title: Any
    list_note: Any
    add_title: Any
    add_label: Any
    keep_label: Any
    hidden_text: Any
    kept_text: Any
    preview_title: Any
    taken_title: Any
    progress_text: Any
    form_template: str

    # --- what a purpose says ---

    def rows_table(self, request: Any, rows: Sequence[Any], *, is_linked: bool) -> Table:
        """Return rules that are kept, as a caller sees them."""
        raise NotImplementedError

    def preview_tables(self, request: Any, rules: Sequence[Any], found: Preview) -> dict[str, Any]:
        """Return what a preview shows: `rules`, `moves`, `movers`, `summary`."""
        raise NotImplementedError

    def check_list(self, rules: Sequence[Any]) -> None:
        """Refuse what no list may be. Raises: DomainError."""
        raise NotImplementedError

    def keep_list(self, rules: Sequence[Any], base: str, actor: Any, now: datetime) -> None:
        """Put a list in the place of the present one. Raises: DomainError."""
        raise NotImplementedError

    def apply_list(self, actor: Any, now: datetime) -> None:
        """Have the present list applied again."""
        raise NotImplementedError

    def own_views(self) -> dict[str, Any]:
        """Return pages that a purpose adds, by name."""
        return {}

    def own_buttons(self, has_rules: bool) -> list[Button]:
        """Return buttons that a purpose adds."""
        return []

    def address(self, name: str) -> str:
        """Return the address of a page about the list."""
        return reverse(f"admin:organization_{self.opts.model_name}_{name}")

    # --- who may what ---

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        """Let those decide about all devices who see the whole tree."""
        return (
            f"organization.change_{self.opts.model_name}" in request.scope.permissions
            and request.scope.is_unrestricted
        )

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        """Ask as for a change: each changes the list as a whole."""
        return self.has_change_permission(request)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        """Ask as for a change: each changes the list as a whole."""
        return self.has_change_permission(request)

    def _refuse_strangers(self, request: Any) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied

    # --- pages ---

    def get_urls(self) -> list[URLPattern]:
        """Add the pages about the list as a whole."""
        views = {
            "order": self.order_view,
            "preview": self.preview_view,
            "run": self.run_view,
            **self.own_views(),
        }
        own = [
            path(
                f"{name}/",
                self.admin_site.admin_view(view),
                name=f"organization_{self.opts.model_name}_{name}",
            )
            for name, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: Any, extra_context: Any = None) -> HttpResponse:
        """Show the rules in their order, and how far the last run is."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        seen = list(self.get_queryset(request).order_by("position"))
        may_change = self.has_change_permission(request)
        table = self.rows_table(request, seen, is_linked=True)
        context = {
            "title": self.list_title,
            "note": self.list_note,
            "table": table,
            "buttons": self._list_buttons(bool(table.rows)) if may_change else [],
            "progress": self._progress() if request.scope.is_unrestricted else None,
        }
        return self.page(request, None, "admin/organization/rules.html", context)

    def add_view(self, request: Any, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Make a rule, at the end of the list."""
        self._refuse_strangers(request)
        rules = self._present()
        return self._form(request, self.add_title, None, lambda made: [*rules, made])

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Change a rule in its place, or show it to those who may not."""
        row = self.found(request, object_id)
        if not self.has_change_permission(request):
            table = self.rows_table(request, [row], is_linked=False)
            context = {"table": table, "buttons": [], "title": row.name, "note": self.list_note}
            return self.page(request, row, "admin/organization/rules.html", context)
        rules, present = self._present(), self.rule.of_row(row)

        def changed(made: Any) -> list[Any]:
            return [
                replace(made, uid=rule.uid) if rule.uid == present.uid else rule for rule in rules
            ]

        return self._form(request, row.name, present, changed, row=row)

    def delete_view(self, request: Any, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show what would happen without the rule."""
        row = self.found(request, object_id)
        self._refuse_strangers(request)
        rules = [rule for rule in self._present() if rule.uid != str(row.uid)]
        return self._preview(request, rules)

    def order_view(self, request: Any) -> HttpResponse:
        """Order the rules by buttons; the order so far travels with the page."""
        self._refuse_strangers(request)
        rules = {rule.uid: rule for rule in self._present()}
        order = [uid for uid in request.POST.getlist("rule") if uid in rules]
        order += [uid for uid in rules if uid not in order]
        moved = _moved(order, request.POST)
        if request.method == "POST" and "preview" in request.POST:
            return self._preview(request, [rules[uid] for uid in order])
        context = {
            "title": self.order_title,
            "note": self.list_note,
            "rules": [rules[uid] for uid in order],
            "moved": moved,
            "back": list_url(self.model),
        }
        return self.page(request, None, "admin/organization/rules_order.html", context)

    def preview_view(self, request: Any) -> HttpResponse:
        """Show another page of a preview, or keep what it proposes."""
        self._refuse_strangers(request)
        if request.method != "POST":
            return HttpResponseRedirect(list_url(self.model))
        rules, base = self._opened(request)
        if request.POST.get("confirmed") != "yes":
            return self._preview(request, rules, base=base)
        actor, now = request.user, clock.now()
        try:
            if services.fingerprint(rules) == base:
                self.apply_list(actor, now)
            else:
                self.keep_list(rules, base, actor, now)
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, self.kept_text, messages.SUCCESS)
        return HttpResponseRedirect(list_url(self.model))

    def run_view(self, request: Any) -> HttpResponse:
        """Show what the present rules would do; the answer has them applied to the fleet again."""
        self._refuse_strangers(request)
        return self._preview(request, self._present())

    # --- parts ---

    def _form(
        self, request: Any, title: Any, rule: Any, proposed: Any, row: Any = None
    ) -> HttpResponse:
        """Show the form of a rule; once it is sound, the preview of the list with it."""
        form = self.rule_form(request.POST or None, places=Places(), rule=rule)
        if request.method == "POST" and form.is_valid():
            rules = proposed(form.rule)
            try:
                self.check_list(rules)
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                return self._preview(request, rules)
        buttons = []
        if row is not None:
            address = reverse(f"admin:organization_{self.opts.model_name}_delete", args=[row.pk])
            buttons = [Button(_("Delete"), address, "delete", is_danger=True)]
        context = {
            "title": title,
            "form": form,
            "media": self.media + form.media,
            "buttons": buttons,
            "back": list_url(self.model),
        }
        return self.page(request, row, self.form_template, context)

    def _preview(self, request: Any, rules: Sequence[Any], *, base: str = "") -> HttpResponse:
        """Show what a list of rules would do to the devices that the caller sees."""
        if self.machines().hides(rules, request.scope):  # whom they take would tell what it is
            self.message_user(request, self.hidden_text, messages.ERROR)
            return HttpResponseRedirect(list_url(self.model))
        base = base or services.fingerprint(self._present())
        page = _page(request)
        found = self.machines().preview(rules, request.scope, page)
        devices = [mover.device for mover in found.movers]
        if devices:
            reads.record(request, reads.of_list(type(devices[0]), devices, request))
        context = {
            "title": self.preview_title,
            "taken_title": self.taken_title,
            "keep_label": self.keep_label,
            "preview": found,
            **self.preview_tables(request, rules, found),
            "page": page,
            "token": self._sealed(request, rules, base),
            "target": self.address("preview"),
            "is_unchanged": services.fingerprint(rules) == base,
            "back": list_url(self.model),
        }
        return self.page(request, None, "admin/organization/rules_preview.html", context)

    def _present(self) -> list[Any]:
        return list(self.model.objects.as_rules())

    def _sealed(self, request: Any, rules: Sequence[Any], base: str) -> str:
        found = {"rules": [rule.as_json() for rule in rules], "base": base, "by": request.user.pk}
        return signing.dumps(found, salt=self.purpose, compress=True)

    def _opened(self, request: Any) -> tuple[list[Any], str]:
        """Return what a page proposes: its rules, and the mark of the list that they change.

        Raises: Http404: it is not ours, somebody else's, or too old.
        """
        try:
            found = signing.loads(
                request.POST.get("token", ""), salt=self.purpose, max_age=TERM_SECONDS
            )
        except signing.BadSignature:
            raise Http404 from None
        if found["by"] != request.user.pk:
            raise Http404
        rules = found["rules"][: RULES_LIMIT + 1]
        return [self.rule.of_json(rule) for rule in rules], found["base"]

    def _list_buttons(self, has_rules: bool) -> list[Button]:
        found = [Button(self.add_label, self.address("add"), "add", is_primary=True)]
        if has_rules:
            found += [
                Button(_("Order"), self.address("order"), "swap_vert"),
                Button(_("Apply again"), self.address("run"), "refresh"),
            ]
        return [*found, *self.own_buttons(has_rules)]

    def _progress(self) -> dict[str, Any] | None:
        last: Progress | None = self.machines().progress()
        if last is None:
            return None
        return {
            "state": badge(last.label),
            "made": moment_html(last.created_at, clock.now()),
            "text": self.progress_text
            % {
                "done": number_text(last.done),
                "total": number_text(last.total),
                "moved": number_text(last.moved),
            },
        }


def _page(request: Any) -> int:
    text = request.POST.get("page", "1")
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _moved(order: list[str], answer: Any) -> str:
    """Move one rule up or down in place; return its uid, so that its button keeps the focus."""
    for name, step in (("up", -1), ("down", 1)):
        uid = answer.get(name, "")
        if uid in order:
            place = order.index(uid)
            other = place + step
            if 0 <= other < len(order):
                order[place], order[other] = order[other], order[place]
            return str(uid)
    return ""
