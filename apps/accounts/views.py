"""Views of accounts beside the admin."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.views import i18n

from apps.accounts import services
from apps.accounts.models import Account
from apps.core import clock


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Speak the language chosen in the menu: in this browser, and to this account everywhere."""
    language, account = request.POST.get("language", ""), request.user
    is_known = request.method == "POST" and language in dict(settings.LANGUAGES)
    if is_known and isinstance(account, Account) and account.language != language:
        services.choose_language(account=account, language=language, now=clock.now())
    return i18n.set_language(request)
