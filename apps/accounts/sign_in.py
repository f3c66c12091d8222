"""What happens around signing in and out: limit, audit, the time of the last one."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import ActorKind, AuditCode, Outcome, Severity
from apps.core import clock, limits
from apps.core.errors import DomainError

LIMIT, LOGIN_LIMIT = "sign_in.address", "sign_in.login"  # of dex/limits.py


class TooManySignIns(DomainError):
    """Guessing passwords must be slow, whoever's they are."""

    code = "too_many_requests"
    message = _("Too many failed attempts from this address. Wait a minute, then try again.")
    status = 429

    def __init__(self, retry_after: int) -> None:
        """retry_after: seconds."""
        super().__init__()
        self.retry_after = retry_after


class TooManyForLogin(TooManySignIns):
    """Guessing must be slow from many addresses, too."""

    message = _("Too many failed attempts with this login. Wait an hour, then try again.")


def check_limits(request: HttpRequest, login: str) -> None:
    """Refuse an attempt after too many failures of the client's network or with the typed login.

    Asked before any look-up, so the answer and its time tell nothing of whether there is such an
    account. Only failures count: whoever knows the password takes no turn from colleagues behind
    the same address. Attempts at the same time may each pass, as many as there are threads.

    Raises:
        TooManySignIns: there were as many failures as the limit allows.
    """
    wait = limits.wait_for(LIMIT, limits.network_of(request))
    if wait is not None:
        raise TooManySignIns(wait)
    wait = limits.wait_for(LOGIN_LIMIT, audit.digest(login))
    if wait is not None:
        raise TooManyForLogin(wait)


def _count_failure(request: HttpRequest, login: str) -> None:
    """Count for network and login; the latter by its digest: people type passwords there."""
    limits.hit(LIMIT, limits.network_of(request))
    limits.hit(LOGIN_LIMIT, audit.digest(login))


@receiver(user_logged_in, dispatch_uid="dex.signed_in")
def signed_in(*, user: Account, **_signal: Any) -> None:
    """Note the sign-in on the account and in the audit log."""
    now = clock.now()
    Account.objects.filter(pk=user.pk).update(last_signed_in_at=now)
    audit.record(code=AuditCode.SIGNED_IN, actor=user, at=now)


@receiver(user_logged_out, dispatch_uid="dex.signed_out")
def signed_out(*, user: Account | None, **_signal: Any) -> None:
    """Note the sign-out; a session that had ended already names nobody."""
    if isinstance(user, Account):
        audit.record(code=AuditCode.SIGNED_OUT, actor=user, at=clock.now())


@receiver(user_login_failed, dispatch_uid="dex.sign_in_failed")
def sign_in_failed(
    *, credentials: dict[str, Any], request: HttpRequest | None = None, **_signal: Any
) -> None:
    """Count and note a failure. What is no account's login is kept as a digest."""
    typed = str(credentials.get("username") or credentials.get("login") or "")
    if request is not None:
        _count_failure(request, typed)
    account = Account.objects.filter(login__iexact=typed).first()
    audit.record(
        code=AuditCode.SIGN_IN_FAILED,
        actor=account,
        actor_kind=ActorKind.ACCOUNT,
        actor_label="" if account else audit.digest(typed),
        outcome=Outcome.REFUSED,
        severity=Severity.WARNING,
        at=clock.now(),
    )
