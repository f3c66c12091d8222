"""Start of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NqlConfig(AppConfig):
    """The query language; for now the catalogue of what can be asked."""

    name = "apps.nql"
    label = "nql"
    verbose_name = _("Query language")

    def ready(self) -> None:
        """Fill the registries."""
        from apps.nql import checks, reader  # noqa: F401
