"""Administration of enrolment keys: made, shown once, revoked; never changed."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from apps.accounts.admin import ServiceAdmin
from apps.accounts.http import AccountRequest
from apps.collectors.forms import EnrolmentKeyForm
from apps.collectors.models import EnrolmentKey
from apps.collectors.services import enrolment
from apps.collectors.words import KeyState, key_badge, key_state
from apps.core import clock
from apps.core.admin import ConfirmingMixin, Visit
from apps.core.admin.columns import Column
from apps.core.admin.detail import bound, change_url, list_url, part_link
from apps.core.admin.values import Button, Fact, moment_html, number_text
from apps.core.http import ScopedRequest
from apps.devices.choices import Platform

CONSEQUENCES = [
    _("No new device can enrol with it any more, and this cannot be taken back."),
    _("Collectors that have enrolled with it stay enrolled and go on reporting."),
]
PERMISSION = "collectors.change_enrolmentkey"  # who may make keys worthless


@admin.register(EnrolmentKey)
class EnrolmentKeyAdmin(ConfirmingMixin, ServiceAdmin):
    """Keys that let devices in."""

    form = EnrolmentKeyForm
    empty_text = _(
        "An enrolment key lets devices in: make one, and install the collector with it. "
        "The key's text is shown once, when it is made."
    )
    show_add_link = True

    list_display: Sequence[Any] = ["name", "entity_name", "platform_names", "purpose", "uses_text"]
    list_filter = ["purpose"]
    search_fields = ["name"]
    list_select_related = ["entity"]
    autocomplete_fields = ["entity"]
    completed_for = {"entity": "manage"}
    ordering = ["-created_at", "-pk"]
    fieldsets = [
        (None, {"fields": ["name", "entity", "platforms", "purpose"]}),
        (_("Limits"), {"fields": ["expires_on", "maximum_uses"]}),
    ]
    actions = ["revoke"]

    @display(description=_("Entity"), ordering="entity__path")
    def entity_name(self, key: EnrolmentKey) -> str:
        """Return where its devices go."""
        return key.entity.name if key.entity else str(_("Unclassified"))

    @display(description=_("Platforms"))
    def platform_names(self, key: EnrolmentKey) -> str:
        """Return the systems that may enrol."""
        names = [Platform(value).label for value in key.platforms if value in Platform.values]
        return ", ".join(str(name) for name in names) or str(_("all"))

    @display(description=_("Uses"), ordering="uses")
    def uses_text(self, key: EnrolmentKey) -> str:
        """Return how many devices enrolled, and how many may."""
        if key.maximum_uses is None:
            return number_text(key.uses)
        values = {"uses": number_text(key.uses), "limit": number_text(key.maximum_uses)}
        return _("%(uses)s of %(limit)s") % values

    @action(description=_("Revoke"), permissions=["revoke"])
    def revoke(
        self, request: AccountRequest, queryset: QuerySet[EnrolmentKey]
    ) -> HttpResponse | None:
        """Revoke keys, after a question."""
        keys = list(queryset.permitted_to(request.scope, "manage"))  # type: ignore[attr-defined]
        if not self.is_confirmed(request):
            return self.ask(
                request,
                question=ngettext(
                    "Revoke %d enrolment key?", "Revoke %d enrolment keys?", len(keys)
                )
                % len(keys),
                names=[key.name for key in keys],
                consequences=CONSEQUENCES,
                do=_("Revoke"),
                back=request.get_full_path(),
                action="revoke",
                selected=keys,
            )
        for key in keys:
            enrolment.revoke_key(key=key, actor=request.user, now=clock.now())
        text = ngettext("%d key revoked.", "%d keys revoked.", len(keys))
        self.message_user(request, text % len(keys), messages.SUCCESS)
        return None

    def has_revoke_permission(self, request: AccountRequest, obj: Any = None) -> bool:
        """Ask for the permission to change keys."""
        return PERMISSION in request.scope.permissions

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        """Refuse: what a key lets in was decided when it was made."""
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        """Refuse: a key is revoked, and stays to be seen."""
        return False

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Show the states as they are now. Cost: 1 query."""
        now, is_confirmed = clock.now(), enrolment.is_collection_confirmed()

        def state(key: EnrolmentKey) -> str:
            return key_badge(key_state(key, is_confirmed=is_confirmed, now=now))

        return [
            *super().get_list_display(request),
            bound(
                "expires",
                _("Expires"),
                lambda key: moment_html(key.expires_at, now),
                ordering="expires_at",
            ),
            bound("state", _("State"), state),
        ]

    def facts(self, obj: EnrolmentKey, visit: Visit) -> Sequence[Fact]:
        """Return all that is known of a key; its text is not."""
        is_confirmed = enrolment.is_collection_confirmed()
        state = key_state(obj, is_confirmed=is_confirmed, now=visit.now)
        entity = part_link(obj.entity, visit.scope) if obj.entity else _("Unclassified")
        return [
            Fact(_("State"), key_badge(state)),
            Fact(_("Entity"), entity),
            Fact(_("Platforms"), self.platform_names(obj)),
            Fact(_("Purpose"), obj.get_purpose_display()),
            Fact(_("Uses"), self.uses_text(obj)),
            Fact(_("Expires"), moment_html(obj.expires_at, visit.now)),
            Fact(_("Made"), moment_html(obj.created_at, visit.now)),
            Fact(_("Revoked"), moment_html(obj.revoked_at, visit.now)),
        ]

    def buttons(self, obj: EnrolmentKey, visit: Visit) -> Sequence[Button]:
        """Lead to the question whether to revoke it."""
        if obj.revoked_at or not visit.may(PERMISSION):
            return []
        address = reverse("admin:collectors_enrolmentkey_revoke", args=[obj.pk])
        return [Button(_("Revoke"), address, "block", is_danger=True)]

    def notice(self, obj: EnrolmentKey, visit: Visit) -> Any:
        """Say why nobody can enrol yet."""
        is_confirmed = enrolment.is_collection_confirmed()
        if key_state(obj, is_confirmed=is_confirmed, now=visit.now) == KeyState.INACTIVE:
            return _("No device can enrol with it before you have confirmed what is collected.")
        return ""

    def get_urls(self) -> list[URLPattern]:
        """Add the page that asks."""
        view = self.admin_site.admin_view(self.revoke_view)
        own = path("<path:object_id>/revoke/", view, name="collectors_enrolmentkey_revoke")
        return [own, *super().get_urls()]

    def revoke_view(self, request: Any, object_id: str) -> HttpResponse:
        """Ask, then revoke one key."""
        key = self.found(request, object_id)
        if not (self.has_revoke_permission(request) and self._manages(request, key)):
            raise PermissionDenied
        if not self.is_confirmed(request):
            return self.ask(
                request,
                question=_("Revoke this enrolment key?"),
                names=[key.name],
                consequences=CONSEQUENCES,
                do=_("Revoke"),
                back=change_url(key),
                about=key,
            )
        enrolment.revoke_key(key=key, actor=request.user, now=clock.now())
        self.message_user(request, _("The key is revoked."), messages.SUCCESS)
        return HttpResponseRedirect(change_url(key))

    def add_view(self, request: Any, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Offer one button: the answer shows the key, and leads nowhere else."""
        one = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**one, **(extra_context or {})})

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Offer entities without a way to add one in passing."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "entity" and hasattr(field.widget, "can_add_related"):
            field.widget = field.widget.widget
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Say what no entity means, to those who may leave it empty."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "entity":
            field.help_text = _("Devices that enrol with it go there.")
            field.required = field.widget.is_required = not request.scope.is_unrestricted
            field.widget.placeholder = "" if field.required else _("Unclassified")
        return field

    def save_model(self, request: Any, obj: EnrolmentKey, form: ModelForm, change: bool) -> None:
        """Make the key by its service; its text lives only as long as this request."""
        values = form.cleaned_data
        key, text = enrolment.create_key(
            name=values["name"],
            entity=values["entity"],
            purpose=values["purpose"],
            platforms=values["platforms"],
            expires_at=values["expires_on"],
            maximum_uses=values["maximum_uses"],
            actor=request.user,
            now=clock.now(),
        )
        obj.__dict__.update(key.__dict__)
        request.dex_key_text = text

    def response_add(self, request: Any, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Show the text, once: no redirect, so that it is written down nowhere."""
        context = {
            "key_text": request.dex_key_text,
            "server": settings.DEX_PUBLIC_URL,
            "is_confirmed": enrolment.is_collection_confirmed(),
            "list_url": list_url(EnrolmentKey),
        }
        response = self.page(request, obj, "admin/collectors/key_made.html", context)
        response["Cache-Control"] = "no-store"
        return response
