"""Rules that classify devices; see `ordered` for the pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.core.admin.detail import list_url
from apps.core.admin.values import Button, Table
from apps.core.scope import Scope
from apps.organization import fleet, rule_files, services
from apps.organization.admin import files, rule_tables
from apps.organization.admin.ordered import OrderedRulesAdmin
from apps.organization.choices import RuleFact
from apps.organization.classification import Rule
from apps.organization.fleet import Preview
from apps.organization.forms import RuleForm
from apps.organization.models import ClassificationRule, Entity
from apps.organization.places import Places, join

EXAMPLE = (
    "name,entity,active,matching,fact,value\n"
    "Laptops of Paris,France / Paris,yes,all,device_name,paris-*\n"
    "Laptops of Paris,France / Paris,yes,all,platform,linux\n"
)


@admin.register(ClassificationRule)
class ClassificationRuleAdmin(OrderedRulesAdmin):
    """The rules, in their order."""

    rule = Rule
    rule_form = RuleForm
    machines = staticmethod(fleet.known)
    purpose = "organization.rules"
    list_title = _("Classification rules")
    order_title = _("Order of the rules")
    list_note = _(
        "Of the rules that take a device the first wins. Devices moved by hand stay where they are "
        "until they are given back to the rules."
    )
    add_title = _("New rule")
    add_label = _("Add a rule")
    keep_label = _("Keep the rules")
    hidden_text = _("These rules read names or addresses that your profile hides.")
    kept_text = _("The rules are kept. Devices move within a few minutes.")
    preview_title = _("What the rules would do")
    taken_title = _("Devices that each rule takes")
    progress_text = _("%(done)s of %(total)s devices looked at, %(moved)s moved")
    form_template = "admin/organization/rule_form.html"

    def rows_table(self, request: Any, rows: Sequence[Any], *, is_linked: bool) -> Table:
        """Return rules, with those entities named that the caller sees."""
        return rule_tables.rules_table(
            [Rule.of_row(row) for row in rows],
            _SeenPlaces(request.scope),
            linked=rows if is_linked else (),
        )

    def preview_tables(self, request: Any, rules: Sequence[Any], found: Preview) -> dict[str, Any]:
        """Return which rule takes how many devices, and which would move."""
        places = Places()
        return {
            "rules": rule_tables.rules_table(rules, places, counts=found),
            "moves": rule_tables.moves_table(found, places),
            "movers": rule_tables.movers_table(found, places, request.scope),
            "summary": rule_tables.summary(found),
        }

    def check_list(self, rules: Sequence[Any]) -> None:
        """Refuse what no list of rules may be."""
        services.check_rules(rules)

    def keep_list(self, rules: Sequence[Any], base: str, actor: Any, now: datetime) -> None:
        """Put a list of rules in the place of the present one."""
        services.replace_rules(rules=rules, base=base, actor=actor, now=now)

    def apply_list(self, actor: Any, now: datetime) -> None:
        """Have the present rules applied to the whole fleet again."""
        services.apply_rules(actor=actor, now=now)

    def own_views(self) -> dict[str, Any]:
        """Add files that hold the whole list."""
        return {"import": self.import_view, "export": self.export_view}

    def own_buttons(self, has_rules: bool) -> list[Button]:
        """Add files that hold the whole list."""
        found = [Button(_("Import"), self.address("import"), "upload")]
        if has_rules:
            found.append(Button(_("Export"), self.address("export"), "download"))
        return found

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
            "back": list_url(self.model),
        }
        return files.page(self, request, context)

    def export_view(self, request: Any) -> HttpResponse:
        """Give the whole list as a file."""
        self._refuse_strangers(request)
        return files.attachment(
            "classification-rules", rule_files.export(ClassificationRule.objects.as_rules())
        )


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
