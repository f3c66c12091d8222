"""System checks of accounts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import register as register_check


@register_check()
def check_sign_in(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """accounts.E001: the one form that signs in is ours, which counts attempts."""
    console: dict[str, Any] = settings.UNFOLD
    form = console.get("LOGIN", {}).get("form")
    if form == "apps.accounts.forms.SignInForm":
        return []
    return [
        Error(
            "UNFOLD['LOGIN']['form'] is not our sign-in form: attempts would not be counted.",
            id="accounts.E001",
        )
    ]
