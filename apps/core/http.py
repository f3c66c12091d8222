"""Types of requests, for annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from apps.core.scope import Scope


class ScopedRequest(HttpRequest):
    """A request of somebody whose rights are known; `scope` is made when first read."""

    scope: Scope
