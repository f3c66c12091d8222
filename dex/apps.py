"""The wiring as a Django app: commands and checks, and the admin site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class DexConfig(AppConfig):
    """Commands of `dex/management` and the checks of `dex/checks.py`."""

    name = "dex"
    verbose_name = "dex"

    def ready(self) -> None:
        # Celery too: whoever puts a task into a queue needs our broker, not the default one.
        from dex import celery, checks, health_checks  # noqa: F401


class DexAdminConfig(AdminConfig):
    """Django's admin with our site."""

    default_site = "dex.admin_site.DexAdminSite"
