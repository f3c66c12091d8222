"""Doors that collectors knock on."""

import hashlib
import re
import shutil
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpResponse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.collectors import documents, errors
from apps.collectors.authentication import CollectorTokenAuthentication
from apps.collectors.collector_api import throttling
from apps.collectors.models import Collector
from apps.collectors.services import batches, checkin, enrolment, tokens
from apps.collectors.services.enrolment import EnrolmentRequest, Fingerprints
from apps.collectors.services.tokens import Token, TokenRequest
from apps.core import clock, limits
from apps.core.decoding import decoder_of
from apps.core.models import Instance
from apps.events import compression
from apps.events.compression import BodyTooLarge
from apps.events.kinds import Instant
from apps.events.refusals import Undecodable, from_validation, pointer

SMALL_BODY_BYTES = 16_384  # enrolment and token
COMPRESSED_LIMIT_BYTES = 5_000_000
SPREAD_SECONDS = 20  # over which a fleet that was sent away comes back
BUSY_RETRY_SECONDS = 30
CHALLENGE = 'Bearer realm="dex collector"'
_OFFSET = re.compile(r"[+-]?[0-9]{1,3}")
OFFSET_LIMIT_MINUTES = 14 * 60  # no zone is further from UTC
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
FREE_RATIO_MINIMUM = 0.05
FREE_BYTES_MINIMUM = 1_000_000_000


class CollectorView(APIView):
    """What the doors have in common: plain bodies, and a spread of those sent away."""

    parser_classes: list[Any] = []

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Spread Retry-After by device, so that a fleet does not come back as one.

        Our errors are none of REST framework's, which would add the challenge to a 401.
        """
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code in (
            status.HTTP_429_TOO_MANY_REQUESTS,
            status.HTTP_503_SERVICE_UNAVAILABLE,
        ):
            base = int(response.headers.get("Retry-After", BUSY_RETRY_SECONDS))
            response.headers["Retry-After"] = str(base + _spread(request))
        if response.status_code == status.HTTP_401_UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = CHALLENGE
        return response


class EnrolView(CollectorView):
    """POST /collector/v1/enrol -> 201, or 200 where the collector is enrolled already."""

    authentication_classes = []
    permission_classes = []
    throttle_classes = [throttling.EnrolPerAddress]

    def post(self, request: Request) -> Response:
        body = _small_body(request)
        wanted = _decode(body, EnrolmentRequest)
        if wanted.enrolment_key is not None:
            _limit("collector.enrol.key", enrolment.parse_key(wanted.enrolment_key))
        elif wanted.previous is not None:
            _limit("collector.enrol.previous", str(wanted.previous.collector_id))
        now = clock.now()
        enrolled = enrolment.enrol(
            request=wanted, body=body, signature=request.headers.get("Dex-Signature", ""), now=now
        )
        answer = _enrolment_answer(enrolled)
        code = status.HTTP_201_CREATED if enrolled.is_new else status.HTTP_200_OK
        return Response(answer, status=code)


class TokenView(CollectorView):
    """POST /collector/v1/token -> a nonce, then against a signature over it a token."""

    authentication_classes = []
    permission_classes = []
    throttle_classes = [throttling.TokenPerAddress]

    def post(self, request: Request) -> Response:
        body = _small_body(request)
        wanted = _decode(body, TokenRequest)
        _limit("collector.token", str(wanted.collector_id))
        now = clock.now()
        if wanted.nonce is None:
            nonce = tokens.make_nonce(collector_id=wanted.collector_id, now=now)
            return Response({"nonce": nonce, "expires_in": int(tokens.NONCE_TERM.total_seconds())})
        token = tokens.renew(
            request=wanted, body=body, signature=request.headers.get("Dex-Signature", ""), now=now
        )
        return Response({**_token(token), "server_time": now})


class CheckInView(CollectorView):
    """GET /collector/v1/check-in -> configuration and pending work, or 304."""

    authentication_classes = [CollectorTokenAuthentication]
    permission_classes = []
    throttle_classes = [throttling.CheckInPerCollector]

    def get(self, request: Request) -> HttpResponse:
        now, collector = clock.now(), _collector(request)
        checkin.check_in(
            collector=collector,
            fingerprints=_fingerprints(request.headers.get("Dex-Fingerprints", "{}")),
            version=_version(request.headers.get("Dex-Collector-Version", "")),
            utc_offset_minutes=_utc_offset(request.headers.get("Dex-Utc-Offset")),
            address=limits.address_of(request),
            now=now,
        )
        content = {
            "configuration": checkin.configuration_document(collector=collector, now=now),
            "configuration_version": collector.configuration_version,
            "generation": Instance.objects.current().generation,
            "send_now": checkin.is_page_open(collector.device_id),
            "work": [],
        }
        etag = f'"{hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]}"'
        # An open page is news each time: a collector reads nothing in a 304.
        is_news = content["send_now"] or request.headers.get("If-None-Match") != etag
        if not is_news:
            return HttpResponse(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
        answer = msgspec.to_builtins({**content, "server_time": now})
        return Response(answer, headers={"ETag": etag})


class EventBatchView(CollectorView):
    """POST /collector/v1/events -> 202, what was stored and what was refused.

    A bad record is refused alone: a collector cannot repair it, so refusing the whole batch
    would lose its neighbours. Only an unreadable envelope is refused whole.
    """

    authentication_classes = [CollectorTokenAuthentication]
    permission_classes = []
    throttle_classes = [throttling.EventsPerCollector]

    def post(self, request: Request) -> HttpResponse:
        _refuse_on_full_disk()
        if request.content_type.partition(";")[0].strip().lower() != "application/json":
            raise errors.WrongContentType
        body = compression.decompress(
            _body(request, COMPRESSED_LIMIT_BYTES), request.headers.get("Content-Encoding", "")
        )
        answer = batches.receive_batch(
            collector=_collector(request),
            body=body,
            received_at=clock.now(),
            device_clock=_device_clock(request.headers.get("Dex-Device-Clock")),
            address=limits.address_of(request),
        )
        return HttpResponse(
            answer, status=status.HTTP_202_ACCEPTED, content_type="application/json"
        )


class EnrolmentView(CollectorView):
    """DELETE /collector/v1/enrolment -> 204: the collector is being uninstalled."""

    authentication_classes = [CollectorTokenAuthentication]
    permission_classes = []
    throttle_classes = [throttling.CheckInPerCollector]

    def delete(self, request: Request) -> Response:
        enrolment.remove(collector=_collector(request), now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _collector(request: Request) -> Collector:
    """Return who calls; the views that ask are behind CollectorTokenAuthentication."""
    assert isinstance(request.auth, Collector)
    return request.auth


def _enrolment_answer(enrolled: enrolment.Enrolled) -> dict[str, Any]:
    now, instance = clock.now(), Instance.objects.current()
    collector = enrolment.reload(enrolled.collector)
    receipt = documents.sign(
        documents.RECEIPT,
        {
            "instance": str(instance.uid),
            "collector_id": str(collector.uid),
            "public_key": documents.base64_text(bytes(collector.public_key)),
            "entity": str(collector.device.entity.uid),
            "simulated": collector.device.is_simulated,
            "date": now.date().isoformat(),
        },
    )
    configuration = checkin.configuration_document(collector=collector, now=now)
    return {
        "collector_id": str(collector.uid),
        "device_id": str(collector.device.uid),
        **_token(enrolled.token),
        "server_time": now,
        "generation": instance.generation,
        "instance": {
            "id": str(instance.uid),
            "public_key": documents.base64_text(documents.instance_public_key()),
        },
        "configuration": msgspec.to_builtins(configuration),
        "receipt": msgspec.to_builtins(receipt),
        "action_keys": [],
    }


def _token(token: Token) -> dict[str, Any]:
    return {"token": token.text, "token_expires_at": token.expires_at}


def _decode(body: bytes, form: type[Any]) -> Any:
    try:
        return decoder_of(form).decode(body)
    except Undecodable as error:
        path = from_validation(error).path if isinstance(error, msgspec.ValidationError) else ()
        raise errors.InvalidRequest(pointer=pointer(*path)) from error


def _fingerprints(text: str) -> Fingerprints:
    try:
        return decoder_of(Fingerprints).decode(text)  # type: ignore[no-any-return]
    except Undecodable as error:
        raise errors.InvalidRequest(pointer="/Dex-Fingerprints") from error


def _version(text: str) -> str:
    """Return what a header says of the version, without what the database cannot hold."""
    return _UNPRINTABLE.sub("", text)[:64]


def _utc_offset(text: str | None) -> int | None:
    """Return the minutes by which the device's zone is ahead of UTC, as in "+120" or "-300"."""
    if text is None:
        return None
    if not _OFFSET.fullmatch(text) or abs(int(text)) > OFFSET_LIMIT_MINUTES:
        raise errors.InvalidRequest(pointer="/Dex-Utc-Offset")
    return int(text)


def _device_clock(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return msgspec.convert(text, Instant)
    except msgspec.ValidationError as error:
        raise errors.InvalidRequest(pointer="/Dex-Device-Clock") from error


def _small_body(request: Request) -> bytes:
    return _body(request, SMALL_BODY_BYTES)


def _body(request: Request, limit: int) -> bytes:
    """Read the body up to `limit` bytes, whatever its headers claim.

    Raises:
        BodyTooLarge: there is more.
    """
    claimed = request.META.get("CONTENT_LENGTH") or "0"
    if claimed.isdigit() and int(claimed) > limit:
        raise BodyTooLarge
    body = request._request.read(limit + 1)
    if len(body) > limit:
        raise BodyTooLarge
    return body


def _limit(name: str, key: str) -> None:
    """Count a request that names its key in the body.

    Raises:
        TooManyRequests: with the seconds to wait.
    """
    wait = limits.hit(name, key)
    if wait is not None:
        raise errors.TooManyRequests(retry_after=wait)


def _refuse_on_full_disk() -> None:
    disk = shutil.disk_usage(settings.DEX_DISK_PATH)
    if disk.free < FREE_BYTES_MINIMUM or disk.free < disk.total * FREE_RATIO_MINIMUM:
        raise errors.DiskNearlyFull


def _spread(request: Request) -> int:
    # Not `request.auth`, which would try again what has just failed.
    collector = getattr(request, "_auth", None)
    return spread_of(str(collector.uid) if collector else limits.address_of(request))


def spread_of(name: str) -> int:
    """Return the seconds, 0 to SPREAD_SECONDS, by which a caller comes back later than others."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % (SPREAD_SECONDS + 1)
