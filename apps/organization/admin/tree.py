"""Administration of the tree and of who may see which part of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Prefetch
from django.forms import ModelForm
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from apps.accounts.admin import ServiceAdmin
from apps.accounts.choices import ProfileKind
from apps.accounts.http import AccountRequest
from apps.core import clock
from apps.core.admin.detail import change_url, list_url
from apps.core.errors import DomainError
from apps.organization import entity_files, services
from apps.organization.admin import files
from apps.organization.choices import EntityKind
from apps.organization.forms import EntityForm, ViewDomainForm, indented
from apps.organization.models import Entity, EntityGroupPermission, ViewDomain
from apps.organization.uses import uses_of

IMPORT = "organization.import_entities"
NODES_SHOWN = 5  # of each profile in the list


def nodes_text(profile: ViewDomain, action: str, most: int = 100) -> str:
    """Return the nodes on which a profile may do something, by name. Cost: 1 query."""
    if profile.built_in:
        return str(_("Everything"))
    rows = Entity.objects.filter(
        grants__group_id=profile.group_id, grants__permission__codename=action
    )
    names = list(rows.in_tree_order().values_list("name", flat=True)[: most + 1])
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


@admin.register(Entity)
class EntityAdmin(ServiceAdmin):
    """The tree, drawn by indentation."""

    form = EntityForm
    list_display = ["tree_name", "kind"]
    search_fields = ["name"]
    autocomplete_fields = ["parent"]
    ordering = ["path"]
    sortable_by: list[str] = []
    fieldsets = [(None, {"fields": ["name", "parent"]})]
    actions_list = ["import_file", "export_file"]

    @action(description=_("Import"), url_path="import", permissions=["import"], icon="upload")
    def import_file(self, request: AccountRequest) -> HttpResponse:
        """Take a file of entities: first show what it would do, then do it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.POST.get("confirmed") == "yes":
            return self._import(request, files.opened(request, IMPORT))
        form, plan, data = files.read_upload(request, entity_files.plan)
        context = {
            "title": _("Import entities"),
            "form": form,
            "plan": plan,
            "problems": plan.problems if plan else (),
            "token": files.sealed(request, IMPORT, data.decode("utf-8-sig")) if plan else "",
            "example": "path\nFrance\nFrance / Paris\n",
            "notes": [
                _(
                    "A line for each entity: column “path” holds the names from the top, parted "
                    "by “/”; or columns “parent” and “name”. Missing entities above are added, "
                    "too. Nothing is moved, renamed or deleted."
                )
            ],
            "back": list_url(Entity),
        }
        return files.page(self, request, context)

    @action(description=_("Export"), url_path="export", permissions=["view"], icon="download")
    def export_file(self, request: AccountRequest) -> HttpResponse:
        """Give the entities that the caller sees as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        seen = Entity.objects.permitted_to(request.scope)
        return files.attachment("entities", entity_files.export(seen))

    def has_import_permission(self, request: AccountRequest) -> bool:
        """Ask as for one entity."""
        return self.has_add_permission(request)

    def _import(self, request: AccountRequest, text: str) -> HttpResponse:
        try:
            plan = services.import_entities(data=text, actor=request.user, now=clock.now())
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            number = len(plan.added)
            words = ngettext("%d entity added.", "%d entities added.", number) % number
            self.message_user(request, words, messages.SUCCESS)
        return HttpResponseRedirect(list_url(Entity))

    @display(description=_("Entity"))
    def tree_name(self, entity: Entity) -> str:
        """Return the name at its depth."""
        return indented(entity)

    def get_fixed_fields(self, request: AccountRequest, obj: Entity | None = None) -> list[str]:
        """Keep the root and "Unclassified" in their place; their names may change."""
        is_built_in = obj is not None and obj.kind != EntityKind.ORDINARY
        return ["parent"] if is_built_in else []

    def may_complete(self, request: AccountRequest) -> bool:
        """Let those complete names, too, who see devices: they see where these stand."""
        return super().may_complete(request) or bool(
            request.scope.is_unrestricted or request.scope.grants.get("view_device")
        )

    def completion_labels(
        self, request: AccountRequest, rows: Sequence[Entity]
    ) -> Mapping[int, str]:
        """Return where entities stand: names are unique beside each other only."""
        return Entity.objects.permitted_to(request.scope).trails(rows)

    def has_add_permission(self, request: AccountRequest) -> bool:
        """Let those build the tree who see all of it."""
        return super().has_add_permission(request) and request.scope.is_unrestricted

    def has_change_permission(self, request: AccountRequest, obj: Entity | None = None) -> bool:
        """Let those change the tree who see all of it."""
        return super().has_change_permission(request, obj) and request.scope.is_unrestricted

    def has_delete_permission(self, request: AccountRequest, obj: Entity | None = None) -> bool:
        """Delete one empty entity at a time, so that each is audited."""
        is_free = obj is not None and obj.kind == EntityKind.ORDINARY
        return (
            is_free
            and request.scope.is_unrestricted
            and super().has_delete_permission(request, obj)
        )

    def save_model(
        self, request: AccountRequest, obj: Entity, form: ModelForm, change: bool
    ) -> None:
        """Create, rename or move by the services."""
        actor, now, values = request.user, clock.now(), form.cleaned_data
        if not change:
            made = services.create_entity(
                name=values["name"], parent=values["parent"], actor=actor, now=now
            )
            obj.__dict__.update(made.__dict__)
            return
        entity = Entity.objects.get(pk=obj.pk)
        if "name" in form.changed_data:
            services.rename_entity(entity=entity, name=values["name"], actor=actor, now=now)
        if "parent" in form.changed_data:
            services.move_entity(entity=entity, parent=values["parent"], actor=actor, now=now)

    def delete_view(
        self, request: AccountRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Ask before an entity goes, or say what keeps it and what to do about that."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        entity = self.get_object(request, object_id)
        if entity is None:
            raise Http404
        if not self.has_delete_permission(request, entity):
            raise PermissionDenied
        if problem := uses_of(entity).problem:
            return self._kept(request, entity, problem)
        if request.POST.get("confirmed") == "yes":
            return self._delete(request, entity)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": entity,
            "title": entity.name,
            "question": _("Delete this entity?"),
            "consequences": [_("What profiles may do on it goes with it.")],
            "names": [entity.name],
            "do": _("Delete"),
            "back": change_url(entity),
            "hidden": [],
        }
        return TemplateResponse(request, "admin/core/confirm.html", context)

    def _delete(self, request: AccountRequest, entity: Entity) -> HttpResponse:
        try:
            services.delete_entity(entity=entity, actor=request.user, now=clock.now())
        except DomainError as error:  # taken into use meanwhile
            return self._kept(request, entity, str(error))
        self.message_user(request, _("The entity is deleted."), messages.SUCCESS)
        return HttpResponseRedirect(list_url(Entity))

    def _kept(
        self, request: AccountRequest, entity: Entity, problem: str | Promise
    ) -> HttpResponse:
        self.message_user(request, problem, messages.ERROR)
        return HttpResponseRedirect(change_url(entity))


@admin.register(ViewDomain)
class ViewDomainAdmin(ServiceAdmin):
    """What each main profile may do on which part of the tree."""

    form = ViewDomainForm
    list_display = ["name", "nodes"]
    search_fields = ["name"]
    fieldsets = [(None, {"fields": ["view_device", "act_on_device", "manage_device"]})]

    @display(description=_("Sees"))
    def nodes(self, profile: ViewDomain) -> str:
        """Return the first nodes whose devices the profile sees, as `get_queryset` read them."""
        if profile.built_in:
            return str(_("Everything"))
        names = [grant.content_object.name for grant in profile.group.seen_nodes]  # type: ignore[attr-defined]
        return ", ".join(names[:NODES_SHOWN]) + (" …" if len(names) > NODES_SHOWN else "")

    # What a form asks for; as texts for those who may not change it.

    @display(description=_("Sees the devices of"))
    def view_device(self, profile: ViewDomain) -> str:
        """Return the nodes of the action."""
        return nodes_text(profile, "view_device")

    @display(description=_("Acts on the devices of"))
    def act_on_device(self, profile: ViewDomain) -> str:
        """Return the nodes of the action."""
        return nodes_text(profile, "act_on_device")

    @display(description=_("Manages the devices of"))
    def manage_device(self, profile: ViewDomain) -> str:
        """Return the nodes of the action."""
        return nodes_text(profile, "manage_device")

    def get_queryset(self, request: AccountRequest) -> models.QuerySet[ViewDomain]:
        """Leave out additional profiles, which have no view domain. Cost: 2 queries."""
        is_allowed = "organization.view_viewdomain" in request.scope.permissions
        rows = ViewDomain._default_manager.filter(kind=ProfileKind.MAIN)
        if not is_allowed:
            return rows.none()
        seen = EntityGroupPermission.objects.filter(permission__codename="view_device")
        nodes = Prefetch(
            "group__entitygrouppermission_set",
            seen.select_related("content_object").order_by("content_object__path"),
            to_attr="seen_nodes",
        )
        return rows.order_by("name").select_related("group").prefetch_related(nodes)

    def has_add_permission(self, request: AccountRequest) -> bool:
        """Refuse: profiles are made under accounts."""
        return False

    def has_change_permission(self, request: AccountRequest, obj: ViewDomain | None = None) -> bool:
        """Let those grant who see all; the built-in profile sees all by itself."""
        is_open = obj is None or not obj.built_in
        return (
            is_open
            and request.scope.is_unrestricted
            and super().has_change_permission(request, obj)
        )

    def has_delete_permission(self, request: AccountRequest, obj: ViewDomain | None = None) -> bool:
        """Refuse: profiles are deleted under accounts."""
        return False

    def save_model(
        self, request: AccountRequest, obj: ViewDomain, form: ModelForm, change: bool
    ) -> None:
        """Replace the grants by the service."""
        services.set_view_domain(
            profile=obj, grants=form.cleaned_data, actor=request.user, now=clock.now()
        )
