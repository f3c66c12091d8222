"""Pages that ask before something is done that cannot be taken back."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

from apps.core.admin.detail import DetailMixin

Text = str | Promise


class ConfirmingMixin(DetailMixin):
    """Asks in words, with the names of what is meant, before an action is done."""

    def is_confirmed(self, request: HttpRequest) -> bool:
        """Return whether the caller has seen the question and said yes."""
        return request.method == "POST" and request.POST.get("confirmed") == "yes"

    def ask(
        self,
        request: Any,
        *,
        question: Text,
        names: Iterable[str],
        consequences: Sequence[Text],
        do: Text,
        back: str,
        action: str = "",
        selected: Iterable[Any] = (),
        about: Any = None,
        is_harmless: bool = False,
    ) -> HttpResponse:
        """Return the page that asks.

        action, selected: name and rows of an action on a list, empty for one on an object.
        """
        hidden = [("action", action)] if action else []
        hidden += [(ACTION_CHECKBOX_NAME, row.pk) for row in selected]
        context = {
            "question": question,
            "names": list(names),
            "consequences": consequences,
            "do": do,
            "back": back,
            "hidden": hidden,
            "is_harmless": is_harmless,
        }
        return self.page(request, about, "admin/core/confirm.html", context)
