"""Start of the app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    """Bases that every app stands on."""

    name = "apps.core"
    label = "core"
    verbose_name = _("Instance")

    def ready(self) -> None:
        """Fill the registries."""
        from apps.core import checks, shipped, shipping, task_context  # noqa: F401
        from apps.core.approvals import admin, personal_data  # noqa: F401
        from apps.core.personal_data import own_tables  # noqa: F401

        post_migrate.connect(shipped.make_all, dispatch_uid="dex.shipped")
