"""Start of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganizationConfig(AppConfig):
    """The tree of entities on which profiles hold permissions."""

    name = "apps.organization"
    label = "organization"
    verbose_name = _("Organisation")

    def ready(self) -> None:
        """Fill the registries."""
        from apps.nql import reader
        from apps.organization import grants, health, personal_data, shipping  # noqa: F401
        from apps.organization.models import Entity

        reader.may_read(Entity)  # it bounds what a query sees
