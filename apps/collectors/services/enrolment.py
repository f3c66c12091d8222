"""Enrolment: keys that let devices in, and the collectors that came with them."""

import base64
import datetime as dt
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import F

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.collectors import documents, effective, errors, origins
from apps.collectors.choices import CollectorState, KeyPurpose, Level, StubState
from apps.collectors.models import Collector, CollectorConfiguration, CollectorStub, EnrolmentKey
from apps.collectors.services import moves, tokens
from apps.core import keys
from apps.core.decoding import decoder_of
from apps.core.locks import transaction_lock
from apps.devices import classification, locating, ruled_fields
from apps.devices import services as devices
from apps.devices.choices import Platform
from apps.devices.inventory import permitted_name
from apps.devices.versions import version_key
from apps.organization.models import Entity

KEY_BYTES = 16  # 26 characters of base32
FINGERPRINT_KEY = "fingerprint_key"
DEFAULT_TERM = timedelta(days=90)
LOST_ANSWER_TERM = timedelta(hours=24)
RESTORE_TERM = timedelta(days=90)  # no backup is older: what it forgot was enrolled since
STUB_TERM = timedelta(days=400)  # a device back from a long leave needs nobody's help

Hex64 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Name = Annotated[str, msgspec.Meta(max_length=255, pattern=r"^[^\x00-\x1f]*\Z")]


class Fingerprints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keyed hashes of what the hardware calls itself; None where it has no such name."""

    machine_id: Hex64 | None = None
    smbios_uuid: Hex64 | None = None
    serial: Hex64 | None = None
    system_volume: Hex64 | None = None


class Previous(msgspec.Struct, frozen=True):
    """The collector that vouches for a new key pair: a clone, or a device back from leave."""

    collector_id: UUID
    signature: str


class EnrolmentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Body of POST /collector/v1/enrol."""

    protocol: Literal[1]
    public_key: str  # base64 of 32 bytes
    install_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
    platform: Literal["windows", "macos", "linux"]
    fingerprints: Fingerprints = Fingerprints()
    enrolment_key: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    collector_version: Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[^\x00-\x1f]*\Z")] = ""
    host_name: Name = ""
    previous: Previous | None = None
    receipt: documents.Signed | None = None

    @property
    def key_bytes(self) -> bytes:
        """Return the public key.

        Raises:
            InvalidRequest: it is not 32 bytes in base64.
        """
        try:
            raw = base64.b64decode(self.public_key, validate=True)
        except ValueError:
            raw = b""
        if len(raw) != 32:
            raise errors.InvalidRequest(pointer="/public_key")
        return raw


class Enrolled(msgspec.Struct, frozen=True):
    """A collector, its new token, and whether it is new itself."""

    collector: Collector
    token: tokens.Token
    is_new: bool


def create_key(
    *,
    name: str,
    now: datetime,
    entity: Entity | None = None,
    purpose: KeyPurpose = KeyPurpose.FLEET,
    platforms: list[str] | None = None,
    expires_at: datetime | None = None,
    maximum_uses: int | None = None,
    actor: Account | None = None,
) -> tuple[EnrolmentKey, str]:
    """Make an enrolment key; return it and its text, which is shown this once.

    The text holds, besides the secret, the key of fingerprints: a device needs it before it
    may say anything of its hardware.
    """
    secret = secrets.token_bytes(KEY_BYTES)
    with transaction.atomic():
        key = EnrolmentKey.objects.create(
            name=name,
            entity=entity,
            purpose=purpose,
            platforms=platforms or [],
            expires_at=expires_at or now + DEFAULT_TERM,
            maximum_uses=maximum_uses,
            key_hash=_hash(_base32(secret)),
            created_at=now,
        )
        audit.record(
            actor=actor,
            code=AuditCode.ENROLMENT_KEY_CREATED,
            object_kind="enrolment_key",
            object_id=str(key.uid),
            object_label=key.name,
            at=now,
        )
    fingerprint_key = keys.secret(FINGERPRINT_KEY, KEY_BYTES)
    return key, f"dexk-{_base32(secret)}-{_base32(fingerprint_key)}"


def revoke_key(*, key: EnrolmentKey, actor: Account, now: datetime) -> None:
    """Let nobody enrol with `key` any more; who did stays enrolled."""
    with transaction.atomic():
        key.revoked_at = key.revoked_at or now
        key.save(update_fields=["revoked_at"])
        audit.record(
            actor=actor,
            code=AuditCode.ENROLMENT_KEY_REVOKED,
            object_kind="enrolment_key",
            object_id=str(key.uid),
            object_label=key.name,
            at=now,
        )


def enrol(*, request: EnrolmentRequest, body: bytes, signature: str, now: datetime) -> Enrolled:
    """Let a device in, by an enrolment key or by a collector that vouches for it.

    A repeat with the same public key (its answer was lost) gives the same collector again and
    counts no use.

    Raises:
        EnrolmentRefused: one of its kinds says why.
        DeviceErased: the key pair belongs to an erased device.
    """
    public_key = request.key_bytes
    if not documents.is_signed_by(public_key, documents.ENROL, body, signature):
        raise errors.SignatureInvalid
    with transaction.atomic():
        # The same request twice at once: the second finds what the first made.
        transaction_lock(f"collectors.enrol.{public_key.hex()}")
        known = Collector.objects.select_for_update().filter(public_key=public_key).first()
        if known is not None:
            return _again(known, request, now)
        _refuse_erased(public_key)
        if request.enrolment_key is not None:
            return _by_key(request, public_key, now)
        return _by_previous(request, public_key, now)


def reload(collector: Collector) -> Collector:
    """Return `collector` with its device, as requests need it. Cost: 1 query."""
    return Collector.objects.for_request().get(pk=collector.pk)


def remove(*, collector: Collector, now: datetime) -> None:
    """Note that a collector was uninstalled; its device and data stay to their terms."""
    with transaction.atomic():
        Collector.objects.filter(pk=collector.pk).update(
            state=CollectorState.UNENROLLED, token_hash=None, token_expires_at=None
        )
        _record(AuditCode.COLLECTOR_REMOVED, collector, now)


def revoke(*, collector: Collector, actor: Account, now: datetime) -> None:
    """Take a collector's token and trust: it needs a new enrolment key."""
    with transaction.atomic():
        Collector.objects.filter(pk=collector.pk).update(
            state=CollectorState.REVOKED, token_hash=None, token_expires_at=None
        )
        _record(AuditCode.COLLECTOR_REVOKED, collector, now, actor=actor)


def parse_key(text: str) -> str:
    """Return the secret part of a key as shown ("dexk-...-..."), or of a bare secret."""
    parts = text.strip().split("-")
    return parts[1] if len(parts) == 3 and parts[0] == "dexk" else text.strip()


def _again(known: Collector, request: EnrolmentRequest, now: datetime) -> Enrolled:
    """Answer an enrolment whose answer was lost.

    Only while nobody has used its token: the request carries neither time nor nonce, so that a
    recorded one would else be worth a token for ever.
    """
    if known.state == CollectorState.ERASED:
        raise errors.DeviceErased
    was_used = known.last_contact_at is not None
    if not known.is_active or was_used or now - known.enrolled_at > LOST_ANSWER_TERM:
        raise errors.KeyPairUsed
    if known.install_id != request.install_id:
        raise errors.SignatureInvalid
    return Enrolled(known, tokens.issue(collector=known, now=now), is_new=False)


def _by_key(request: EnrolmentRequest, public_key: bytes, now: datetime) -> Enrolled:
    key = _use_key(request, now)
    entity = key.entity or Entity.objects.unclassified()
    is_simulated = key.purpose == KeyPurpose.SIMULATION
    return _admit(request, public_key, entity, now, key=key, is_simulated=is_simulated)


class Receipt(msgspec.Struct, frozen=True):
    """What the instance certified at an enrolment."""

    collector_id: UUID
    public_key: str  # base64
    entity: UUID
    date: dt.date
    simulated: bool = False


def _by_previous(request: EnrolmentRequest, public_key: bytes, now: datetime) -> Enrolled:
    """Admit a new key pair for which an enrolled one vouches: a new device beside the old.

    The old one may have expired: then its stub still knows the key. Or a restore has forgotten
    it: then its receipt, which we signed, tells the key. In both cases the receipt tells the entity.
    What was decided to collect less of the old device holds for the new one, but after a restore
    that has forgotten it.
    """
    if request.previous is None:
        raise errors.KeyUnknown
    uid = request.previous.collector_id
    old = (
        Collector.objects.select_related("device__entity", "enrolment_key__entity")
        .filter(uid=uid)
        .first()
    )
    receipt = None if old else _receipt(request.receipt, uid)
    stub = None if old else CollectorStub.objects.filter(collector_uid=uid).first()
    voucher = _voucher(old, stub, receipt, now)
    message = public_key + request.install_id.encode()
    if voucher is None or not documents.is_signed_by(
        voucher, documents.RE_ENROL, message, request.previous.signature
    ):
        raise errors.SignatureInvalid
    if old is not None:
        entity, key = old.device.entity, old.enrolment_key
        is_simulated, is_pinned = old.device.is_simulated, old.device.is_entity_pinned
    else:
        entity, key = _entity_of(receipt), None
        is_simulated, is_pinned = receipt is not None and receipt.simulated, False
    enrolled = _admit(
        request,
        public_key,
        entity,
        now,
        key=key,
        previous=uid,
        is_simulated=is_simulated,
        is_pinned=is_pinned,
    )
    if old is not None:
        moves.keep_of_old(old=old.device, new=enrolled.collector.device, now=now)
    elif stub is not None:
        moves.keep_to(device=enrolled.collector.device, limits=stub.limits, now=now)
    return enrolled


def _voucher(
    old: Collector | None, stub: CollectorStub | None, receipt: Receipt | None, now: datetime
) -> bytes | None:
    """Return the public key that may vouch, None where none may."""
    if old is not None:
        return bytes(old.public_key) if old.is_active else None
    if stub is not None:
        is_fresh = stub.day >= (now - STUB_TERM).date()
        return bytes(stub.public_key) if stub.state == StubState.EXPIRED and is_fresh else None
    if receipt is None or receipt.date < (now - RESTORE_TERM).date():
        return None
    return base64.b64decode(receipt.public_key)


def _receipt(signed: documents.Signed | None, uid: UUID) -> Receipt | None:
    """Return the receipt of a collector, None where it shows none.

    Raises:
        SignatureInvalid: the receipt is not ours, or another collector's.
    """
    if signed is None:
        return None
    text = signed.document.encode(errors="replace")
    key = documents.instance_public_key()
    if not documents.is_signed_by(key, documents.RECEIPT, text, signed.signature):
        raise errors.SignatureInvalid
    receipt: Receipt = decoder_of(Receipt).decode(text)
    if receipt.collector_id != uid:
        raise errors.SignatureInvalid
    return receipt


def _entity_of(receipt: Receipt | None) -> Entity:
    """Return the entity in which a collector was enrolled, if it still exists."""
    found = receipt and Entity.objects.filter(uid=receipt.entity).first()
    return found or Entity.objects.unclassified()


def _admit(
    request: EnrolmentRequest,
    public_key: bytes,
    entity: Entity,
    now: datetime,
    *,
    key: EnrolmentKey | None,
    previous: UUID | None = None,
    is_simulated: bool = False,
    is_pinned: bool = False,
) -> Enrolled:
    platform, name = Platform(request.platform), _name_in(entity, request)
    if not is_pinned:
        entity = classification.entity_of_new(
            name=name, platform=platform, origin=origins.of_key(key), otherwise=entity
        )
    device = devices.enrol_device(
        entity=entity,
        is_entity_pinned=is_pinned,
        platform=platform,
        name=_name_in(entity, request),  # what may be kept where the rules put it
        is_simulated=is_simulated,
        now=now,
    )
    collector = Collector.objects.create(
        device=device,
        install_id=request.install_id,
        public_key=public_key,
        fingerprints=msgspec.to_builtins(request.fingerprints),
        version=request.collector_version,
        version_key=version_key(request.collector_version),
        enrolled_at=now,
        enrolment_key=key,
        previous=previous,
    )
    locating.reconsider(device_ids=[device.pk], now=now)
    ruled_fields.reconsider(device_ids=[device.pk])
    _record(AuditCode.COLLECTOR_ENROLLED, collector, now)
    return Enrolled(collector, tokens.issue(collector=collector, now=now), is_new=True)


def _name_in(entity: Entity, request: EnrolmentRequest) -> str:
    """Return the host name in the form that may be kept in an entity."""
    policy = effective.read().of(device_id=0, entity_path=entity.path).policy
    return permitted_name(request.host_name, policy)


def _use_key(request: EnrolmentRequest, now: datetime) -> EnrolmentKey:
    key = (
        EnrolmentKey.objects.select_for_update(of=("self",))
        .select_related("entity")
        .filter(key_hash=_hash(parse_key(request.enrolment_key or "")))
        .first()
    )
    if key is None:
        raise errors.KeyUnknown
    if key.revoked_at:
        raise errors.KeyRevoked
    if key.expires_at <= now:
        raise errors.KeyExpired
    if key.maximum_uses is not None and key.uses >= key.maximum_uses:
        raise errors.KeyExhausted
    if key.platforms and request.platform not in key.platforms:
        raise errors.WrongPlatform
    if key.purpose != KeyPurpose.LOCAL and not is_collection_confirmed():
        raise errors.KeyInactive
    EnrolmentKey.objects.filter(pk=key.pk).update(uses=F("uses") + 1)
    return key


def is_collection_confirmed() -> bool:
    """Return whether an administrator has confirmed what is collected. Cost: 1 query."""
    return (
        CollectorConfiguration.objects.in_force()
        .filter(level=Level.INSTANCE, confirmed_at__isnull=False)
        .exists()
    )


def _refuse_erased(public_key: bytes) -> None:
    stub = CollectorStub.objects.filter(public_key=public_key).first()
    if stub is not None and stub.state == StubState.ERASED:
        raise errors.DeviceErased


def _record(
    code: AuditCode, collector: Collector, now: datetime, actor: Account | None = None
) -> None:
    audit.record(
        actor=actor,
        actor_kind="account" if actor else "collector",
        actor_id=str(actor.pk if actor else collector.uid),
        code=code,
        object_kind="collector",
        object_id=str(collector.uid),
        subjects=[("device", collector.device_id)],
        detail={"previous": str(collector.previous)} if collector.previous else {},
        at=now,
    )


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
