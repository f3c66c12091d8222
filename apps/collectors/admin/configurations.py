"""Administration of what is collected: a page to decide it, the past beside the present."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.models import Account
from apps.collectors.admin.deletion_pages import DeletionPages, offer_url
from apps.collectors.admin.effective_pages import EffectivePages, number_of
from apps.collectors.admin.targets import PERMISSION, Target, may_decide, target_of
from apps.collectors.choices import ConfigurationState, Level, Preset
from apps.collectors.forms import ConfigurationForm, legal_basis_text
from apps.collectors.models import CollectorConfiguration
from apps.collectors.services import changes
from apps.collectors.services import configuration as service
from apps.collectors.switches import PRESETS
from apps.collectors.tables import (
    change_tables,
    previous,
    switch_table,
)
from apps.core import clock
from apps.core.admin import ConfirmingMixin, DetailAdmin, Visit
from apps.core.admin.columns import Column
from apps.core.admin.detail import bound, change_url, list_url
from apps.core.admin.values import Button, Fact, Section, badge, moment_html
from apps.core.approvals.models import Approval
from apps.core.formats import NOTHING
from apps.core.http import ScopedRequest
from apps.core.scope import Scope

DEVICES_FOUND = 20
TABLES = "admin/core/section_tables.html"
STATE_TONES = {
    ConfigurationState.ACTIVE: "success",
    ConfigurationState.PENDING: "warning",
    ConfigurationState.ANNOUNCED: "info",
}
WAITS = _(
    "What collects or shows more waits: another administrator must approve it. Whatever does less "
    "holds already."
)
NOT_YET = (ConfigurationState.DRAFT, ConfigurationState.PENDING, ConfigurationState.ANNOUNCED)


@admin.register(CollectorConfiguration)
class CollectorConfigurationAdmin(EffectivePages, DeletionPages, ConfirmingMixin, DetailAdmin):
    """What may be collected, by level."""

    empty_text = _(
        "Nothing is configured: the strictest preset holds, and no device can enrol. Decide what "
        "is collected on the whole instance first."
    )

    list_display: Sequence[Any] = ["level", "preset", "version", "state_badge"]
    list_filter = ["state", "level", "preset"]
    list_select_related = ["entity", "device__entity", "author", "approver"]
    autocomplete_fields = ["entity"]
    completed_for = {"entity": "manage"}
    ordering = ["state", "-version"]
    sortable_by: Sequence[str] = ()
    actions = None

    @display(description=_("State"))
    def state_badge(self, row: CollectorConfiguration) -> str:
        """Return whether it holds, and whether anybody has confirmed it."""
        return state_badge(row)

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Name the place by what the caller may see."""
        now, scope = clock.now(), request.scope
        level, *rest = super().get_list_display(request)
        return [
            bound("place", _("Where"), lambda row: target_of(row).label(scope)),
            level,
            *rest,
            bound("made", _("Made"), lambda row: moment_html(row.created_at, now)),
            bound("made_by", _("Made by"), lambda row: account_text(row.author)),
            bound("approved_by", _("Approved by"), lambda row: account_text(row.approver)),
        ]

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        """Let those decide who have the permission for it."""
        return PERMISSION in request.scope.permissions

    def name_of(self, request: Any, obj: CollectorConfiguration) -> str:
        """Call it by place and version."""
        return f"{target_of(obj).label(request.scope)}, {_('version')} {obj.version}"

    def facts(self, obj: CollectorConfiguration, visit: Visit) -> Sequence[Fact]:
        """Return who decided what, and why."""
        return [
            Fact(_("State"), state_badge(obj)),
            Fact(_("Where"), target_of(obj).label(visit.scope), hint=obj.get_level_display()),
            Fact(_("Preset"), obj.get_preset_display()),
            Fact(_("Legal basis"), legal_basis_text(obj.legal_basis)),
            Fact(_("Purpose"), visit.scope.show(obj, "purpose")),
            Fact(_("Made"), moment_html(obj.created_at, visit.now)),
            Fact(_("Made by"), account_text(obj.author)),
            Fact(_("Approved by"), account_text(obj.approver)),
            Fact(_("Announced"), moment_html(obj.announced_at, visit.now)),
            Fact(_("In force from"), moment_html(obj.starts_at, visit.now)),
            Fact(_("Confirmed"), moment_html(obj.confirmed_at, visit.now, never=_("not yet"))),
            Fact(_("Replaced"), moment_html(obj.replaced_at, visit.now)),
        ]

    def sections(self, obj: CollectorConfiguration, visit: Visit) -> Sequence[Section]:
        """Return the switches, beside both presets and the configuration before."""
        before = previous(obj)
        parts = [
            Section(
                "switches",
                _("Switches"),
                TABLES,
                {"tables": [switch_table(obj, before)]},
                is_wide=True,
            )
        ]
        if obj.state in NOT_YET:
            data = {"tables": change_tables(obj)}
            parts.insert(0, Section("changes", _("What would change"), TABLES, data, is_wide=True))
        return parts

    def buttons(self, obj: CollectorConfiguration, visit: Visit) -> Sequence[Button]:
        """Lead to the page that decides, and to the question whether to withdraw."""
        target = target_of(obj)
        ways: list[Button] = []
        if obj.state == ConfigurationState.PENDING:
            asked = Approval.objects.waiting().filter(kind=changes.KIND, object_id=obj.pk).first()
            ways += [Button(_("Approval"), change_url(asked), "gavel")] if asked else []
        if not may_decide(visit.scope, target):
            return ways
        add = reverse("admin:collectors_collectorconfiguration_add")
        if obj.state == ConfigurationState.DRAFT and not obj.is_withdrawal:
            address = f"{add}{target.query}&from={obj.pk}"
            return [Button(_("Ask for it again"), address, "tune", is_primary=True)]
        if obj.state == ConfigurationState.ANNOUNCED:
            address = reverse("admin:collectors_collectorconfiguration_withdraw", args=[obj.pk])
            return [Button(_("Withdraw"), address, "undo", is_danger=True)]
        if obj.state != ConfigurationState.ACTIVE:
            return ways
        if obj.entity is not None:
            address = reverse("admin:collectors_configuration_effective")
            ways.append(Button(_("Effect"), f"{address}?entity={obj.entity_id}", "rule"))
        verb = _("Change") if obj.confirmed_at else _("Confirm")
        ways.append(Button(verb, f"{add}{target.query}", "tune", is_primary=True))
        if obj.level != Level.INSTANCE:
            address = reverse("admin:collectors_collectorconfiguration_withdraw", args=[obj.pk])
            ways.append(Button(_("Withdraw"), address, "undo", is_danger=True))
        return ways

    def notice(self, obj: CollectorConfiguration, visit: Visit) -> Any:
        """Say what waits for a confirmation."""
        if obj.state == ConfigurationState.ACTIVE and obj.is_kept:
            return _(
                "The device moved to where more is collected, or came back under a new key. It keeps "
                "to these values, or to stricter ones of its entity, until you withdraw them; that "
                "asks for approval."
            )
        if obj.state == ConfigurationState.ACTIVE and obj.confirmed_at is None:
            return _("Nobody has confirmed it yet: no device but this machine can enrol.")
        if obj.state == ConfigurationState.PENDING:
            return _(
                "It collects or shows more than now, so another administrator must approve it. Until "
                "then what holds now stays."
            )
        if obj.state == ConfigurationState.ANNOUNCED:
            return _("It is approved and announced to employees; it holds from the time below on.")
        return ""

    def get_urls(self) -> list[URLPattern]:
        """Add the effective result, and the page that asks."""
        wrap = self.admin_site.admin_view
        return [
            path(
                "effective/", wrap(self.effective_view), name="collectors_configuration_effective"
            ),
            path(
                "<path:object_id>/delete-collected/",
                wrap(self.delete_collected_view),
                name="collectors_collectorconfiguration_delete_collected",
            ),
            path(
                "<path:object_id>/withdraw/",
                wrap(self.withdraw_view),
                name="collectors_collectorconfiguration_withdraw",
            ),
            *super().get_urls(),
        ]

    def add_view(self, request: Any, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Decide what is collected: first where, then what."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        target = self._target(request)
        if target is None:
            return self._choose_target(request)
        if not may_decide(request.scope, target):
            raise PermissionDenied
        waiting = target.waiting()
        form = ConfigurationForm(
            request.POST or None,
            level=target.level,
            in_force=target.in_force(),
            start_from=self._draft(request, target),
        )
        conflict: CollectorConfiguration | None = None
        if request.method == "POST" and form.is_valid():
            try:
                return self._save(request, form, target)
            except service.ChangedMeanwhile:
                conflict = target.in_force()
                form = self._again(request, target, conflict)
        context = {
            "title": _("What is collected: %s") % target.label(request.scope),
            "form": form,
            "target": target,
            "is_instance": target.level == Level.INSTANCE,
            "waiting_url": change_url(waiting) if waiting else "",
            "conflict": conflict,
            "conflict_url": change_url(conflict) if conflict else "",
            "conflict_made": moment_html(conflict.created_at, clock.now()) if conflict else "",
            "presets": {str(preset): values for preset, values in PRESETS.items()},
            "back": list_url(CollectorConfiguration),
        }
        status = 409 if conflict else 200
        return self.page(request, None, "admin/collectors/decide.html", context, status)

    def withdraw_view(self, request: Any, object_id: str) -> HttpResponse:
        """Ask, then take a configuration out of force."""
        row = self.found(request, object_id)
        target = target_of(row)
        if row.state == ConfigurationState.ANNOUNCED:
            return self._cancel(request, row)
        is_open = row.state == ConfigurationState.ACTIVE and row.level != Level.INSTANCE
        if not (is_open and may_decide(request.scope, target)):
            raise PermissionDenied
        if not self.is_confirmed(request):
            return self.ask(
                request,
                question=_("Withdraw this configuration?"),
                names=[self.name_of(request, row)],
                consequences=[
                    _(
                        "What the level above says holds again, from each device's next check-in on."
                    ),
                    _("The configuration stays to be seen among the replaced ones."),
                ],
                do=_("Withdraw"),
                back=change_url(row),
                about=row,
            )
        outcome = changes.withdraw_configuration(
            configuration=row, actor=request.user, now=clock.now()
        )
        text = WAITS if outcome.waiting else _("The configuration is withdrawn.")
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(_next_page(outcome, request.scope))

    def _cancel(self, request: Any, row: CollectorConfiguration) -> HttpResponse:
        """Ask, then take back what is announced."""
        if not may_decide(request.scope, target_of(row)):
            raise PermissionDenied
        if not self.is_confirmed(request):
            return self.ask(
                request,
                question=_("Withdraw this announcement?"),
                names=[self.name_of(request, row)],
                consequences=[_("What holds now goes on holding. It stays here as a draft.")],
                do=_("Withdraw"),
                back=change_url(row),
                about=row,
            )
        changes.cancel_announcement(configuration=row, actor=request.user, now=clock.now())
        self.message_user(request, _("The announcement is withdrawn."), messages.SUCCESS)
        return HttpResponseRedirect(change_url(row))

    def _save(self, request: Any, form: ConfigurationForm, target: Target) -> HttpResponse:
        values = form.cleaned_data
        was_confirmed = form.in_force is not None and form.in_force.confirmed_at is not None
        outcome = changes.change_configuration(
            level=target.level,
            preset=Preset(values["preset"]),
            values=values["switches"],
            details=values["details"],
            entity=target.entity,
            device=target.device,
            legal_basis=values["legal_basis"],
            purpose=values["purpose"],
            replaces=values["replaces"],
            actor=request.user,
            now=clock.now(),
        )
        text = _("Saved. Devices follow from their next check-in on.")
        if target.level == Level.INSTANCE and not was_confirmed:
            text = _("Confirmed. Enrolment keys work from now on.")
        text = WAITS if outcome.waiting else text
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(_next_page(outcome, request.scope))

    def _again(
        self, request: Any, target: Target, newest: CollectorConfiguration | None
    ) -> ConfigurationForm:
        """Return the form as it was typed; saving it now replaces the newest on purpose."""
        typed = request.POST.copy()
        typed["replaces"] = str(newest.pk) if newest else ""
        form = ConfigurationForm(typed, level=target.level, in_force=newest)
        form.is_valid()
        return form

    def _draft(self, request: Any, target: Target) -> CollectorConfiguration | None:
        """Return the draft that the address names, if it is one of this place."""
        rows = CollectorConfiguration.objects.at(target.level, target.entity, target.device)
        number = number_of(request.GET.get("from", ""))
        return rows.filter(pk=number, state=ConfigurationState.DRAFT).first()

    def _target(self, request: Any) -> Target | None:
        """Return the place that the address names, None for none; hidden ones are not there."""
        level = request.GET.get("level", "")
        if level == Level.INSTANCE:
            return Target(Level.INSTANCE)
        if level == Level.ENTITY and request.GET.get("entity"):
            return Target(Level.ENTITY, entity=self.entity_of(request, "manage"))
        if level == Level.DEVICE and request.GET.get("device"):
            return Target(Level.DEVICE, device=self.device_of(request, "manage"))
        return None

    def _choose_target(self, request: Any) -> HttpResponse:
        """Show where a configuration may be made. Cost: 2 queries."""
        entity = CollectorConfiguration._meta.get_field("entity")
        field = self.formfield_for_foreignkey(entity, request)
        attrs = {"id": "dex-entity", "required": True}
        context = {
            "title": _("Where does it hold?"),
            "is_unrestricted": request.scope.is_unrestricted,
            "has_entities": field.queryset.exists(),
            "entity_select": field.widget.render("entity", None, attrs),
            "media": field.widget.media,
            **self.search(request, "manage", f"?level={Level.DEVICE}&device="),
        }
        return self.page(request, None, "admin/collectors/choose_target.html", context)


def state_badge(row: CollectorConfiguration) -> str:
    """Return whether it holds, and whether anybody has confirmed it."""
    state = ConfigurationState(row.state)
    if state == ConfigurationState.ACTIVE and row.confirmed_at is None:
        return badge(_("in force, not confirmed"), "warning")
    return badge(state.label, STATE_TONES.get(state, ""))


def account_text(account: Account | None) -> str:
    """Return who it was, a dash for nobody or somebody who is gone."""
    return account.login if account is not None else NOTHING


def _next_page(outcome: changes.Outcome, scope: Scope) -> str:
    """Return where to go on after a change."""
    narrowed = outcome.active if outcome.is_narrower else None
    if narrowed and (offer := offer_url(narrowed, scope)):
        return offer
    row = outcome.waiting or outcome.active
    assert row is not None  # a change makes at least one of them
    return change_url(row)
