"""Users: the employees whose accounts were used on devices, and their sessions."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    """Application `users`."""

    name = "apps.users"
    verbose_name = _("Users")

    def ready(self) -> None:
        from apps.devices import pseudonyms
        from apps.users import (  # noqa: F401
            conversion,
            custom,
            entries,
            events,
            inventory,
            narrowing,
            nql,
            panels,
            personal_data,
        )

        pseudonyms.register(entries.stored)
