"""Start of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Who signs in to the console, and what they may do."""

    name = "apps.accounts"
    label = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Fill the registries."""
        from apps.accounts import (  # noqa: F401
            approvals,
            checks,
            health,
            personal_data,
            reads,
            shipping,
            sign_in,
        )
