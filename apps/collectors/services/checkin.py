"""Check-in: which configuration holds, and whether the hardware is still the one that enrolled."""

from contextlib import suppress
from datetime import datetime

from django.core.cache import cache
from django.db import DatabaseError, transaction
from redis.exceptions import RedisError

from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.collectors import documents, effective, errors
from apps.collectors.documents import Signed
from apps.collectors.models import Collector
from apps.collectors.services.enrolment import Fingerprints
from apps.core.models import Instance
from apps.devices import public_addresses
from apps.devices.versions import version_key

CONFLICT_FROM = 2  # of four fingerprints
PAGE_OPEN_SECONDS = 600  # a page of the device was opened or refreshed that lately


def check_in(
    *,
    collector: Collector,
    fingerprints: Fingerprints,
    version: str,
    now: datetime,
    utc_offset_minutes: int | None = None,
    address: str = "",
) -> None:
    """Note the contact, and turn away a copied identity.

    utc_offset_minutes: of the device's zone, None where it does not tell. address: from which it
    calls.

    Raises:
        IdentityConflict: two or more fingerprints are not those of the enrolment.
    """
    if differing(collector, fingerprints) >= CONFLICT_FROM:
        _note_conflict(collector, now)
        raise errors.IdentityConflict
    Collector.objects.filter(pk=collector.pk).update(
        last_contact_at=now,
        version=version,
        version_key=version_key(version),
        utc_offset_minutes=utc_offset_minutes,
    )
    collector.utc_offset_minutes = utc_offset_minutes  # decides whether it is at work now
    policy = effective.for_collector(collector).policy
    public_addresses.notice(device=collector.device, address=address, policy=policy, now=now)


def differing(collector: Collector, fingerprints: Fingerprints) -> int:
    """Return how many fingerprints are known on both sides and differ."""
    enrolled = collector.fingerprints
    present = {name: getattr(fingerprints, name) for name in Fingerprints.__struct_fields__}
    return sum(
        1 for name, value in present.items() if value and enrolled.get(name) not in (None, value)
    )


def configuration_document(*, collector: Collector, now: datetime) -> Signed:
    """Return the signed configuration of a collector; its version rises when its content changed.

    Cost: 1 UPDATE when it changed, else none beside those of `effective`.
    """
    holds = effective.for_collector(collector)
    if holds.digest != collector.configuration_digest:
        _raise_version(collector, holds.digest, now)
    issued_at = collector.configuration_issued_at or now
    instance = Instance.objects.current()
    return documents.sign(
        documents.CONFIGURATION,
        {
            **holds.content,
            "instance": str(instance.uid),
            "collector_id": str(collector.uid),
            "version": collector.configuration_version,
            "generation": instance.generation,  # a restore may take the version back
            "issued_at": issued_at.isoformat(),
        },
    )


def open_page(device_id: int) -> None:
    """Ask the collector of a device to report each minute: somebody looks at it.

    Without the cache nobody asks: the page is worth more than the minutes.
    """
    with suppress(RedisError, DatabaseError, OSError):
        cache.set(_page_key(device_id), True, PAGE_OPEN_SECONDS)


def is_page_open(device_id: int) -> bool:
    """Return whether somebody looked at the device's page lately; False if the cache is away."""
    try:
        return bool(cache.get(_page_key(device_id)))
    except (RedisError, DatabaseError, OSError):
        return False


def _raise_version(collector: Collector, digest: str, now: datetime) -> None:
    with transaction.atomic():
        row = Collector.objects.select_for_update().get(pk=collector.pk)
        if row.configuration_digest != digest:
            row.configuration_version += 1
            row.configuration_digest = digest
            row.configuration_issued_at = now
            row.save(
                update_fields=[
                    "configuration_version",
                    "configuration_digest",
                    "configuration_issued_at",
                ]
            )
    collector.configuration_version = row.configuration_version
    collector.configuration_digest = row.configuration_digest
    collector.configuration_issued_at = row.configuration_issued_at


def _note_conflict(collector: Collector, now: datetime) -> None:
    Collector.objects.filter(pk=collector.pk).update(conflict_at=now)
    # Once an hour at most: a copy that keeps knocking must not fill the log.
    if _is_first_conflict(collector):
        audit.record(
            actor_kind="collector",
            actor_id=str(collector.uid),
            code=AuditCode.IDENTITY_CONFLICT,
            object_kind="collector",
            object_id=str(collector.uid),
            subjects=[("device", collector.device_id)],
            outcome="refused",
            at=now,
        )


def _is_first_conflict(collector: Collector) -> bool:
    try:
        return bool(cache.add(f"collectors.conflict.{collector.pk}", True, 3_600))
    except (RedisError, DatabaseError, OSError):
        return True


def _page_key(device_id: int) -> str:
    return f"collectors.page_open.{device_id}"
