"""Admin base that shows each caller no more than its scope allows."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import models
from django.forms import Media
from django.http import Http404, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from apps.core.admin import reads
from apps.core.admin.autocomplete import CompletedSelect, labels_by
from apps.core.admin.changelist import ScopedChangeList
from apps.core.admin.columns import Column, Labelled, shown
from apps.core.admin.exports import ExportMixin
from apps.core.admin.paging import EndsPaginator
from apps.core.admin.unranked import unranked_order
from apps.core.errors import DomainError
from apps.core.personal_data import registry

Request = Any  # a core.http.ScopedRequest; subclasses narrow it to accounts.http.AccountRequest


class ScopedAdmin(ExportMixin, ModelAdmin):
    """Rows by `permitted_to`, names by `scope.show`, no oracle by search, filter or order.

    The model's default queryset has `permitted_to(scope)`, with an argument `action` where rows
    belong to an entity: then changing and deleting needs the grant "manage" there.

    completed_for: for fields of `autocomplete_fields`, what must be granted on the rows offered,
    where that is more than "view".
    """

    compressed_fields = True
    list_filter_submit = False
    paginator: type[Paginator[Any]] = EndsPaginator
    completed_for: Mapping[str, str] = {}

    def get_queryset(self, request: Request) -> models.QuerySet[Any]:
        """Return the rows that the caller may see."""
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.permitted_to(request.scope)  # type: ignore[attr-defined, no-any-return]

    def changelist_view(self, request: Request, extra_context: Any = None) -> HttpResponse:
        """Show the list, and record whom it showed. Cost: 1 query more where it showed anybody."""
        page: HttpResponse = super().changelist_view(request, extra_context)
        context = getattr(page, "context_data", None) or {}
        changelist = context.get("cl")
        if changelist is not None:
            context["export"] = self.export_button(request, changelist)
            for spec in changelist.filter_specs:
                context["media"] += getattr(spec, "media", Media())
            reads.record(request, reads.of_list(self.model, changelist.result_list, request))
        return page

    def get_changelist(self, request: Request, **kwargs: Any) -> type[ChangeList]:
        """Return a list that tells by what it is narrowed."""
        return ScopedChangeList

    def may_complete(self, request: Request) -> bool:
        """Return whether the caller may have names of rows completed in fields and filters."""
        return bool(self.has_view_permission(request))

    def completion_labels(self, request: Request, rows: Sequence[Any]) -> Mapping[Any, str]:
        """Return by key what the caller may call rows, where one is chosen among many."""
        return {row.pk: request.scope.label(row) for row in rows}

    def formfield_for_foreignkey(self, db_field: Any, request: Request, **kwargs: Any) -> Any:
        """Offer rows of the view domain only; names complete in `autocomplete_fields`."""
        rows = db_field.remote_field.model._default_manager.all()
        if hasattr(rows, "permitted_to"):
            action = self.completed_for.get(db_field.name)
            own = rows.permitted_to(request.scope, *([action] if action else []))
            kwargs = {"queryset": own, **kwargs}
        if db_field.name in self.get_autocomplete_fields(request):
            related = self.admin_site.get_model_admin(db_field.remote_field.model)
            labels = labels_by(related, request)
            widget = CompletedSelect(db_field, self.admin_site, labels=labels)
            kwargs = {"widget": widget, **kwargs}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(self, request: Request, obj: Any = None) -> bool:
        """Ask for the permission on the model first, then for the grant on the entity."""
        return super().has_change_permission(request, obj) and self._manages(request, obj)

    def has_delete_permission(self, request: Request, obj: Any = None) -> bool:
        """Ask for the permission on the model first, then for the grant on the entity."""
        return super().has_delete_permission(request, obj) and self._manages(request, obj)

    def get_list_display(self, request: Request) -> Sequence[Column]:
        """Show personal fields through the scope."""
        return [self._shown(request, name) for name in super().get_list_display(request)]

    def get_list_display_links(
        self, request: Request, list_display: Sequence[Column]
    ) -> Sequence[Column] | None:
        """Keep the links of columns that were replaced."""
        links: Sequence[Column] | None = super().get_list_display_links(request, list_display)
        return [self._shown(request, name) for name in links] if links else links

    def get_fixed_fields(self, request: Request, obj: Any = None) -> Sequence[Column]:
        """Return the fields that are read-only; override this, not `get_readonly_fields`."""
        fixed: Sequence[Column] = self.readonly_fields
        return fixed

    def get_readonly_fields(self, request: Request, obj: Any = None) -> Sequence[Column]:
        """Show personal fields through the scope; a hidden one cannot be edited either."""
        names = [*self.get_fixed_fields(request, obj), *self._hidden(request)]
        return [self._shown(request, name) for name in dict.fromkeys(names)]

    def get_exclude(self, request: Request, obj: Any = None) -> list[str]:
        """Keep read-only and hidden fields out of the form, whatever stands for them."""
        readonly = self.get_readonly_fields(request, obj)
        names = [getattr(column, "__name__", column) for column in readonly]
        return [*(super().get_exclude(request, obj) or []), *names]

    def get_fieldsets(self, request: Request, obj: Any = None) -> list[Any]:
        """Replace the personal fields that are not edited."""
        readonly = {getattr(c, "__name__", c) for c in self.get_readonly_fields(request, obj)}
        is_shut = obj is not None and not self.has_change_permission(request, obj)

        def replaced(entry: Any) -> Any:
            if isinstance(entry, list | tuple):
                return [replaced(part) for part in entry]
            return self._shown(request, entry) if is_shut or entry in readonly else entry

        return [
            (title, {**options, "fields": _once([replaced(f) for f in options["fields"]])})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_search_fields(self, request: Request) -> Sequence[str]:
        """Search no hidden field: whether it matches would tell its value."""
        hidden, listed = request.scope.may_hide, request.scope.may_list
        return [
            field
            for field in super().get_search_fields(request)
            if not hidden(self.model, field) and listed(self.model, field)
        ]

    def get_list_filter(self, request: Request) -> Sequence[Any]:
        """Filter by no hidden field."""
        hidden = request.scope.may_hide
        return [
            entry
            for entry in super().get_list_filter(request)
            if not (path := filter_path(entry)) or not hidden(self.model, path)
        ]

    def get_ordering(self, request: Request) -> Sequence[Any]:
        """Order by no hidden field, and by none that would rank persons where that is refused."""
        hidden = request.scope.may_hide
        ordering = super().get_ordering(request) or self.model._meta.ordering or ()
        shown = [f for f in ordering if not (isinstance(f, str) and hidden(self.model, f))]
        return unranked_order(self.model, shown, request.scope)

    def lookup_allowed(self, lookup: str, value: str, request: Request) -> bool:
        """Refuse an address that filters by a hidden field, or by what no column can hold.

        So does one by a field that would rank persons, where that is refused.
        """
        scope = request.scope
        if scope.may_hide(self.model, lookup) or not scope.may_list(self.model, lookup):
            return False
        return "\0" not in value and super().lookup_allowed(lookup, value, request)

    def render_change_form(
        self, request: Request, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Call the object in titles and breadcrumbs by what the caller may see."""
        obj = kwargs.get("obj")
        if obj is not None:
            label = request.scope.label(obj)
            context |= {"subtitle": label, "original": Labelled(obj, label)}
        page: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return page

    def history_view(
        self, request: Request, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Answer 404: the audit log is the history, and Django's page prints the object's name."""
        raise Http404

    def _get_obj_does_not_exist_redirect(
        self, request: Request, opts: Any, object_id: str
    ) -> HttpResponse:
        """Answer 404 for what is hidden as for what was never there. Source: access.md 2.4."""
        raise Http404

    def response_action(
        self, request: Request, queryset: models.QuerySet[Any]
    ) -> HttpResponse | None:
        """Tell in words why an action was refused."""
        try:
            response: HttpResponse | None = super().response_action(request, queryset)
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return response

    def _shown(self, request: Request, name: Column) -> Column:
        """Return the column of a personal field, one per request; others as they are."""
        if not _is_name(name) or name not in registry.personal_fields(self.model):
            return name
        made: dict[tuple[Any, Column], Column] = request.__dict__.setdefault("_dex_columns", {})
        if (self.model, name) not in made:
            made[self.model, name] = shown(self.model, str(name), request.scope)
        return made[self.model, name]

    def _hidden(self, request: Request) -> list[str]:
        """Return the names of fields that are hidden on some row."""
        names = sorted(registry.personal_fields(self.model))
        return [name for name in names if request.scope.may_hide(self.model, name)]

    def _manages(self, request: Request, obj: Any) -> bool:
        """Return whether the caller manages the entity of this row. Cost: 1 query."""
        if obj is None or obj.pk is None:
            return True
        rows = self.model._default_manager.get_queryset()
        permitted_to = rows.permitted_to  # type: ignore[attr-defined]
        if "action" not in inspect.signature(permitted_to).parameters:
            return True
        return bool(permitted_to(request.scope, "manage").filter(pk=obj.pk).exists())


class ReadOnlyAdmin(ModelAdmin):
    """What machines collected is not added, changed or deleted by hand."""

    def has_add_permission(self, request: Request, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: Request, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: Request, obj: Any = None) -> bool:
        """Refuse."""
        return False


def _is_name(name: Any) -> bool:
    return isinstance(name, str)


def _once(entries: list[Any]) -> list[Any]:
    """Return the entries without repeats, in order."""
    seen: list[Any] = []
    for entry in entries:
        if entry not in seen:
            seen.append(entry)
    return seen


def filter_path(entry: Any) -> str:
    """Return the field that a list filter reads, "" for one of our own classes."""
    first = entry[0] if isinstance(entry, list | tuple) else entry
    return first if isinstance(first, str) else ""
