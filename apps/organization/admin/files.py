"""Pages that take and give files: entities and rules."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core import signing
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from apps.organization import sheets

TERM_SECONDS = 86_400  # of a file that was looked at


class FileForm(forms.Form):
    """A file as people choose it."""

    file = forms.FileField(label=_("File (CSV)"))

    def clean_file(self) -> bytes:
        """Return its content; what is too large is not read."""
        found = self.cleaned_data["file"]
        if found.size > sheets.BYTES_LIMIT:
            raise forms.ValidationError(_("The file is larger than 1 MB."))
        content: bytes = found.read()
        return content


def page(model_admin: Any, request: Any, context: Mapping[str, Any]) -> HttpResponse:
    """Return the page that takes a file."""
    site = model_admin.admin_site.each_context(request)
    about = {"opts": model_admin.opts, "original": None}
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/organization/import.html", {**site, **about, **context})


def attachment(name: str, text: str) -> HttpResponse:
    """Return a file to keep."""
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def sealed(request: Any, salt: str, text: str) -> str:
    """Return a file that was looked at, as it travels within a page."""
    return signing.dumps({"text": text, "by": request.user.pk}, salt=salt, compress=True)


def opened(request: Any, salt: str) -> str:
    """Return the file that was looked at.

    Raises: Http404: it is not ours, somebody else's, or too old.
    """
    try:
        found = signing.loads(request.POST.get("token", ""), salt=salt, max_age=TERM_SECONDS)
    except signing.BadSignature:
        raise Http404 from None
    if found["by"] != request.user.pk:
        raise Http404
    return str(found["text"])


def read_upload(request: Any, plan: Callable[[bytes], Any]) -> tuple[FileForm, Any, bytes]:
    """Return the form, and where a sound file was sent what it would do."""
    is_sent = request.method == "POST"
    form = FileForm(request.POST if is_sent else None, request.FILES if is_sent else None)
    if not is_sent or not form.is_valid():
        return form, None, b""
    data = form.cleaned_data["file"]
    try:
        return form, plan(data), data
    except sheets.SheetRefused as error:
        form.add_error("file", str(error))
        return form, None, b""
