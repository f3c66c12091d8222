"""Beginning and forgetting epochs of pseudonyms (privacy.md 3)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode, Severity
from apps.collectors import epochs
from apps.collectors.models import HashEpoch
from apps.core import generations, keys
from apps.core.errors import DomainError
from apps.core.locks import transaction_lock


class EpochInUse(DomainError):
    """The keys of the epoch that holds make today's pseudonyms."""

    code = "epoch_in_use"
    status = 409
    message = _("This epoch is in use: begin a new one first.")


def begin(*, reason: str, now: datetime, actor: Account | None = None) -> HashEpoch:
    """Begin a new epoch: whoever is seen from now on has a new pseudonym, and is a new user."""
    with transaction.atomic():
        transaction_lock("collectors.epoch")
        number = epochs.current() + 1
        if number == 1:  # the first epoch had no row: it is what an instance begins with
            HashEpoch.objects.get_or_create(number=0, defaults={"started_at": now})
        epoch = HashEpoch.objects.create(number=number, reason=reason, started_at=now)
        epochs.collector_key(number)  # made now, not by the first device that asks
        epochs.server_key(number)
        generations.bump(generations.CONFIGURATION)
        audit.record(
            actor=actor,
            code=AuditCode.HASH_EPOCH_BEGUN,
            object_kind="hash_epoch",
            object_id=str(number),
            detail={"reason": reason},
            at=now,
        )
    return epoch


def destroy_keys(*, epoch: HashEpoch, actor: Account, now: datetime) -> None:
    """Destroy the keys of an epoch that is over: nobody can link its pseudonyms any more.

    Raises:
        EpochInUse: it is the epoch that holds.
    """
    with transaction.atomic():
        transaction_lock("collectors.epoch")
        if epoch.number >= epochs.current():
            raise EpochInUse
        HashEpoch.objects.filter(pk=epoch.pk).update(destroyed_at=now)
        audit.record(
            actor=actor,
            code=AuditCode.HASH_KEYS_DESTROYED,
            severity=Severity.WARNING,
            object_kind="hash_epoch",
            object_id=str(epoch.number),
            at=now,
        )
        # Last: a row that says so without it is mended by doing it again, never the other way.
        transaction.on_commit(lambda: _destroy_files(epoch.number))


def _destroy_files(number: int) -> None:
    for base in (epochs.COLLECTOR_KEY, epochs.SERVER_KEY):
        keys.destroy(epochs.key_name(base, number))
