"""Rules that classify devices: the list, one rule, their order, and what a change would do.

A change is never kept at once: each page proposes a whole list, a preview says what it would do,
and its answer keeps it. The proposal travels signed within the page.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.admin import DetailMixin, reads
from apps.core.admin.detail import list_url
from apps.core.admin.values import Button, badge, moment_html, number_text
from apps.core.errors import DomainError
from apps.core.scope import Scope
from apps.organization import fleet, rule_files, services
from apps.organization.admin import files, rule_tables
from apps.organization.choices import RuleFact
from apps.organization.classification import RULES_LIMIT, Rule
from apps.organization.forms import RuleForm
from apps.organization.models import ClassificationRule, Entity
from apps.organization.places import Places, join

SALT = "organization.rules"
TERM_SECONDS = 86_400  # of a proposal
CHANGE = "organization.change_classificationrule"
EXAMPLE = (
    "name,entity,active,matching,fact,value\n"
    "Laptops of Paris,France / Paris,yes,all,device_name,paris-*\n"
    "Laptops of Paris,France / Paris,yes,all,platform,linux\n"
)
PREVIEW = "admin:organization_classificationrule_preview"


@admin.register(ClassificationRule)
class ClassificationRuleAdmin(DetailMixin):
    """The rules, in their order."""

    actions = None

    # --- who may what ---

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        """Let those decide where devices go who see the whole tree."""
        return CHANGE in request.scope.permissions and request.scope.is_unrestricted

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
            "import": self.import_view,
            "export": self.export_view,
        }
        own = [
            path(
                f"{name}/",
                self.admin_site.admin_view(view),
                name=f"organization_classificationrule_{name}",
            )
            for name, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: Any, extra_context: Any = None) -> HttpResponse:
        """Show the rules in their order, and how far the last run is."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        seen = self.get_queryset(request).order_by("position")
        may_change = self.has_change_permission(request)
        places = _SeenPlaces(request.scope)
        table = rule_tables.rules_table(
            [Rule.of_row(row) for row in seen], places, linked=list(seen)
        )
        context = {
            "title": _("Classification rules"),
            "table": table,
            "buttons": _list_buttons(bool(table.rows)) if may_change else [],
            "progress": _progress() if request.scope.is_unrestricted else None,
        }
        return self.page(request, None, "admin/organization/rules.html", context)

    def add_view(self, request: Any, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Make a rule, at the end of the list."""
        self._refuse_strangers(request)
        rules = ClassificationRule.objects.as_rules()
        return self._form(request, _("New rule"), None, lambda made: [*rules, made])

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Change a rule in its place, or show it to those who may not."""
        row = self.found(request, object_id)
        if not self.has_change_permission(request):
            table = rule_tables.rules_table([Rule.of_row(row)], _SeenPlaces(request.scope))
            context = {"table": table, "buttons": [], "title": row.name}
            return self.page(request, row, "admin/organization/rules.html", context)
        rules, present = ClassificationRule.objects.as_rules(), Rule.of_row(row)

        def changed(made: Rule) -> list[Rule]:
            return [
                replace(made, uid=rule.uid) if rule.uid == present.uid else rule for rule in rules
            ]

        return self._form(request, row.name, present, changed, row=row)

    def delete_view(self, request: Any, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show what would happen without the rule."""
        row = self.found(request, object_id)
        self._refuse_strangers(request)
        rules = [rule for rule in ClassificationRule.objects.as_rules() if rule.uid != str(row.uid)]
        return self._preview(request, rules)

    def order_view(self, request: Any) -> HttpResponse:
        """Order the rules by buttons; the order so far travels with the page."""
        self._refuse_strangers(request)
        rules = {rule.uid: rule for rule in ClassificationRule.objects.as_rules()}
        order = [uid for uid in request.POST.getlist("rule") if uid in rules]
        order += [uid for uid in rules if uid not in order]
        moved = _moved(order, request.POST)
        if request.method == "POST" and "preview" in request.POST:
            return self._preview(request, [rules[uid] for uid in order])
        context = {
            "title": _("Order of the rules"),
            "rules": [rules[uid] for uid in order],
            "moved": moved,
            "back": list_url(ClassificationRule),
        }
        return self.page(request, None, "admin/organization/rules_order.html", context)

    def preview_view(self, request: Any) -> HttpResponse:
        """Show another page of a preview, or keep what it proposes."""
        self._refuse_strangers(request)
        if request.method != "POST":
            return HttpResponseRedirect(list_url(ClassificationRule))
        rules, base = _opened(request)
        if request.POST.get("confirmed") != "yes":
            return self._preview(request, rules, base=base)
        actor, now = request.user, clock.now()
        try:
            if services.fingerprint(rules) == base:
                services.apply_rules(actor=actor, now=now)
            else:
                services.replace_rules(rules=rules, base=base, actor=actor, now=now)
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            text = _("The rules are kept. Devices move within a few minutes.")
            self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(list_url(ClassificationRule))

    def run_view(self, request: Any) -> HttpResponse:
        """Show what the present rules would do; the answer has them applied to the fleet again."""
        self._refuse_strangers(request)
        return self._preview(request, ClassificationRule.objects.as_rules())

    def import_view(self, request: Any) -> HttpResponse:
        """Take a file that holds the whole list; the preview says what it would do."""
        self._refuse_strangers(request)
        present = ClassificationRule.objects.as_rules()
        form, plan, _data = files.read_upload(request, lambda data: rule_files.plan(data, present))
        if plan and not plan.problems:
            return self._preview(request, plan.rules)
        context = {
            "title": _("Import rules"),
            "form": form,
            "problems": plan.problems if plan else (),
            "example": EXAMPLE,
            "notes": [
                _(
                    "A line for each condition; lines of one name are one rule. The file takes the "
                    "place of the whole list: rules that it does not name are removed."
                ),
            ],
            "codes": RuleFact.values,
            "back": list_url(ClassificationRule),
        }
        return files.page(self, request, context)

    def export_view(self, request: Any) -> HttpResponse:
        """Give the whole list as a file."""
        self._refuse_strangers(request)
        return files.attachment(
            "classification-rules", rule_files.export(ClassificationRule.objects.as_rules())
        )

    # --- parts ---

    def _form(
        self, request: Any, title: Any, rule: Rule | None, proposed: Any, row: Any = None
    ) -> HttpResponse:
        """Show the form of a rule; once it is sound, the preview of the list with it."""
        form = RuleForm(request.POST or None, places=Places(), rule=rule)
        if request.method == "POST" and form.is_valid():
            rules = proposed(form.rule)
            try:
                services.check_rules(rules)
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                return self._preview(request, rules)
        buttons = []
        if row is not None:
            address = reverse("admin:organization_classificationrule_delete", args=[row.pk])
            buttons = [Button(_("Delete"), address, "delete", is_danger=True)]
        context = {
            "title": title,
            "form": form,
            "media": self.media + form.media,
            "buttons": buttons,
            "back": list_url(ClassificationRule),
        }
        return self.page(request, row, "admin/organization/rule_form.html", context)

    def _preview(self, request: Any, rules: Sequence[Rule], *, base: str = "") -> HttpResponse:
        """Show what a list of rules would do to the devices that the caller sees."""
        if fleet.known().hides(rules, request.scope):  # whom they take would tell what it is
            text = _("These rules read names or addresses that your profile hides.")
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(list_url(ClassificationRule))
        base = base or services.fingerprint(ClassificationRule.objects.as_rules())
        page = _page(request)
        found = fleet.known().preview(rules, request.scope, page)
        devices = [mover.device for mover in found.movers]
        if devices:
            reads.record(request, reads.of_list(type(devices[0]), devices, request))
        places = Places()
        context = {
            "title": _("What the rules would do"),
            "preview": found,
            "rules": rule_tables.rules_table(rules, places, counts=found),
            "moves": rule_tables.moves_table(found, places),
            "movers": rule_tables.movers_table(found, places, request.scope),
            "summary": rule_tables.summary(found),
            "page": page,
            "token": _sealed(request, rules, base),
            "target": reverse(PREVIEW),
            "is_unchanged": services.fingerprint(rules) == base,
            "back": list_url(ClassificationRule),
        }
        return self.page(request, None, "admin/organization/rules_preview.html", context)


class _SeenPlaces(Places):
    """Names the entities of a caller's view domain alone, and of what is above them as much."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        seen = Entity.objects.permitted_to(scope)
        self._seen = frozenset(seen.values_list("pk", flat=True))

    def name(self, entity_id: int) -> str:
        """Return where an entity stands, "" where it is none of the caller's."""
        steps: list[str] = []
        place: int | None = entity_id
        while place in self._seen and (place != self.root_id or not steps):
            steps.insert(0, self.steps(place)[-1])
            place = self.parents[place]
        return join(tuple(steps))


def _sealed(request: Any, rules: Sequence[Rule], base: str) -> str:
    found = {"rules": [rule.as_json() for rule in rules], "base": base, "by": request.user.pk}
    return signing.dumps(found, salt=SALT, compress=True)


def _opened(request: Any) -> tuple[list[Rule], str]:
    """Return what a page proposes: its rules, and the mark of the list that they change.

    Raises: Http404: it is not ours, somebody else's, or too old.
    """
    try:
        found = signing.loads(request.POST.get("token", ""), salt=SALT, max_age=TERM_SECONDS)
    except signing.BadSignature:
        raise Http404 from None
    if found["by"] != request.user.pk:
        raise Http404
    return [Rule.of_json(rule) for rule in found["rules"][: RULES_LIMIT + 1]], found["base"]


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


def _list_buttons(has_rules: bool) -> list[Button]:
    def address(name: str) -> str:
        return reverse(f"admin:organization_classificationrule_{name}")

    found = [
        Button(_("Add a rule"), address("add"), "add", is_primary=True),
        Button(_("Import"), address("import"), "upload"),
    ]
    if has_rules:
        found += [
            Button(_("Order"), address("order"), "swap_vert"),
            Button(_("Apply again"), address("run"), "refresh"),
            Button(_("Export"), address("export"), "download"),
        ]
    return found


def _progress() -> dict[str, Any] | None:
    last = fleet.known().progress()
    if last is None:
        return None
    return {
        "state": badge(last.label),
        "made": moment_html(last.created_at, clock.now()),
        "text": _("%(done)s of %(total)s devices looked at, %(moved)s moved")
        % {
            "done": number_text(last.done),
            "total": number_text(last.total),
            "moved": number_text(last.moved),
        },
    }
