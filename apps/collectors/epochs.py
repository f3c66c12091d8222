"""Epochs of pseudonyms and their keys (privacy.md 3): keys are files, never in the database."""

from apps.collectors.models import HashEpoch
from apps.core import keys

COLLECTOR_KEY = "username_collector_key"  # every device has it
SERVER_KEY = "username_server_key"  # no device has it


def current() -> int:
    """Return the number of the epoch in which new names get their pseudonyms. Cost: 1 query."""
    return HashEpoch.objects.order_by("-number").values_list("number", flat=True).first() or 0


def collector_key(epoch: int) -> bytes:
    """Return the key with which devices of an epoch take the first step."""
    return keys.secret(key_name(COLLECTOR_KEY, epoch))


def server_key(epoch: int) -> bytes:
    """Return the key of the second step."""
    return keys.secret(key_name(SERVER_KEY, epoch))


def key_name(base: str, epoch: int) -> str:
    """Return the file of a key: the first epoch has the plain name."""
    return f"{base}_{epoch}" if epoch else base
