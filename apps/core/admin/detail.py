"""Admin base for pages of our own about one object: facts first, then sections; nothing to edit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise

from apps.core import clock
from apps.core.admin import reads
from apps.core.admin.columns import Labelled
from apps.core.admin.reads import Subject
from apps.core.admin.scoped import ReadOnlyAdmin, ScopedAdmin
from apps.core.admin.values import Button, Fact, Section, link
from apps.core.formats import NOTHING
from apps.core.http import ScopedRequest
from apps.core.scope import Scope


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at a page, when, what the address asks for, and whom the page has shown."""

    scope: Scope
    now: datetime
    query: Mapping[str, str] = field(default_factory=dict)
    seen: set[Subject] = field(default_factory=set)

    def may(self, permission: str) -> bool:
        """Return whether the visitor has a permission ("devices.view_device")."""
        return permission in self.scope.permissions

    def saw(self, rows: Iterable[models.Model]) -> None:
        """Note that the page shows whom rows are about, as far as their names are not hidden."""
        self.seen.update(reads.shown(rows, self.scope))


class DetailMixin(ScopedAdmin):
    """Draws one object by `facts`, `sections` and `buttons` instead of a form."""

    detail_template = "admin/core/detail.html"
    is_timeline = False  # of one device: times are told exactly whatever the instance decided

    def facts(self, obj: Any, visit: Visit) -> Sequence[Fact]:
        """Return what stands at the head of the page."""
        return []

    def sections(self, obj: Any, visit: Visit) -> Sequence[Section]:
        """Return the parts below."""
        return []

    def buttons(self, obj: Any, visit: Visit) -> Sequence[Button]:
        """Return the ways on."""
        return []

    def notice(self, obj: Any, visit: Visit) -> str | Promise:
        """Return what needs attention, "" for nothing."""
        return ""

    def extra(self, obj: Any, visit: Visit) -> Mapping[str, Any]:
        """Return what else the template needs."""
        return {}

    def name_of(self, request: Any, obj: Any) -> str:
        """Return what the caller may call the object."""
        return short_name(obj, request.scope)

    def opened(self, request: Any, obj: Any, visit: Visit) -> None:
        """Record whom the page is about and shows, before it is sent. Cost: 1 query, if anybody."""
        address = unquote(request.resolver_match.kwargs.get("object_id", str(obj.pk)))
        reads.record(request, reads.of_row(obj, address, visit.seen))

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the page of one object."""
        obj = self.found(request, object_id)
        visit = visit_of(request)
        told = obj if self.is_timeline else visit.scope.told(obj)
        context = {
            "facts": self.facts(told, visit),
            "sections": self.sections(obj, visit),
            "buttons": self.buttons(obj, visit),
            "notice": self.notice(obj, visit),
            **self.extra(obj, visit),
            **(extra_context or {}),
        }
        self.opened(request, obj, visit)
        return self.page(request, told, self.detail_template, context)

    def found(self, request: Any, object_id: str) -> Any:
        """Return the object of an address.

        Raises: PermissionDenied, Http404 (hidden and missing alike).
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        return obj

    def page(
        self, request: Any, obj: Any, template: str, context: Mapping[str, Any], status: int = 200
    ) -> TemplateResponse:
        """Return a page of the console, about an object where one is given."""
        # A page with a title of its own is not headed by the name of the list.
        opts = self.opts if obj is not None or not context.get("title") else None
        about: dict[str, Any] = {"opts": opts, "original": None, "title": ""}
        if obj is not None:
            label = self.name_of(request, obj)
            about |= {"original": Labelled(obj, label), "title": label}
        request.current_app = self.admin_site.name
        site = self.admin_site.each_context(request)
        return TemplateResponse(request, template, {**site, **about, **context}, status=status)


class DetailAdmin(DetailMixin, ReadOnlyAdmin):
    """A read-only object with a page of its own."""

    empty_text: str | Promise = ""  # what to do where the list has no rows


def visit_of(request: ScopedRequest) -> Visit:
    """Return who looks at the page of a request."""
    return Visit(request.scope, clock.now(), request.GET.dict())


def change_url(obj: models.Model) -> str:
    """Return the address of an object's page."""
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def list_url(model: type[models.Model], **query: Any) -> str:
    """Return the address of a list, narrowed by `query`."""
    meta = model._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    text = "&".join(f"{name}={value}" for name, value in query.items())
    return f"{address}?{text}" if text else address


def short_name(obj: models.Model, scope: Scope) -> str:
    """Return what the caller may call an object, in few letters: its name, else its label."""
    name = scope.show(obj, "name") if hasattr(obj, "name") else ""
    return str(name or scope.label(obj))


def object_link(obj: models.Model | None, scope: Scope, permission: str = "") -> str:
    """Return the caller's name of an object, as a link; a dash where the caller may not view it.

    permission: needed instead of that to view the model.
    """
    if obj is None or not may_view(obj, scope, permission):
        return NOTHING
    return link(change_url(obj), short_name(obj, scope))


def part_link(obj: models.Model, scope: Scope) -> str:
    """Return the name of what belongs to the object of the page, a link where it may be opened.

    Such as the entity of a device: who sees the device may know where it stands.
    """
    name = short_name(obj, scope)
    return link(change_url(obj), name) if may_view(obj, scope) else name


def may_view(obj: models.Model, scope: Scope, permission: str = "") -> bool:
    """Return whether the caller may view objects of this kind; rows apart."""
    meta = type(obj)._meta
    return (permission or f"{meta.app_label}.view_{meta.model_name}") in scope.permissions


def bound(
    name: str,
    title: str | Promise,
    value: Callable[[Any], Any],
    *,
    ordering: str | None = None,
) -> Callable[[Any], Any]:
    """Return a list column that knows more than its row; `value` closes over the request."""

    @admin.display(description=title, ordering=ordering)  # type: ignore[arg-type]
    def column(obj: Any) -> Any:
        return value(obj)

    column.__name__ = name
    return column


def linked(scope: Scope, title: str | Promise, path: str) -> Callable[[Any], Any]:
    """Return the column of the object at `path` of each row, as a link; never sortable."""
    return bound(path, title, lambda row: object_link(getattr(row, path), scope))


def own_name(model: type[models.Model], scope: Scope, title: str | Promise) -> Callable[[Any], Any]:
    """Return the column of each row's own name; sortable only where none is hidden."""
    ordering = None if scope.may_hide(model, "name") else "name"
    return bound("own_name", title, lambda row: short_name(row, scope), ordering=ordering)
