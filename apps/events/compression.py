"""Bodies: decompressed with a cap on what comes out, whatever they claim of themselves."""

import zlib

import zstandard
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError
from apps.events.errors import UnreadableBatch

PLAIN_LIMIT_BYTES = 5_000_000
RATIO_LIMIT = 100  # plain to compressed; beyond it the body is a bomb
RATIO_FLOOR_BYTES = 65_536  # below it any ratio is harmless
GZIP_WINDOW = 16 + zlib.MAX_WBITS


class UnsupportedEncoding(DomainError):
    """The Content-Encoding is not one of those we read."""

    code = "unsupported_encoding"
    status = 415
    message = _("Content-Encoding must be gzip, zstd or identity.")


class BodyTooLarge(DomainError):
    """The body is larger than the protocol allows."""

    code = "body_too_large"
    status = 413
    message = _("The body is too large. Send it in parts.")


def decompress(body: bytes, encoding: str) -> bytes:
    """Return the plain body.

    Raises:
        UnsupportedEncoding: neither identity, gzip nor zstd.
        BodyTooLarge: over PLAIN_LIMIT_BYTES, or over RATIO_LIMIT times the compressed size.
        UnreadableBatch: not what `encoding` says.
    """
    limit = min(PLAIN_LIMIT_BYTES, max(len(body) * RATIO_LIMIT, RATIO_FLOOR_BYTES))
    match encoding.strip().lower():
        case "" | "identity":
            plain = body
        case "gzip":
            plain = _gunzip(body, limit)
        case "zstd":
            plain = _unzstd(body, limit)
        case _:
            raise UnsupportedEncoding
    if len(plain) > PLAIN_LIMIT_BYTES:
        raise BodyTooLarge
    return plain


def _gunzip(body: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(GZIP_WINDOW)
    try:
        plain = inflater.decompress(body, limit)
    except zlib.error as error:
        raise UnreadableBatch from error
    if len(plain) >= limit and not inflater.eof:
        raise BodyTooLarge
    if not inflater.eof or inflater.unused_data:
        raise UnreadableBatch
    return plain


def _unzstd(body: bytes, limit: int) -> bytes:
    try:
        with zstandard.ZstdDecompressor(max_window_size=2**23).stream_reader(body) as reader:
            plain = reader.read(limit + 1)
    except zstandard.ZstdError as error:
        raise UnreadableBatch from error
    if len(plain) > limit:
        raise BodyTooLarge
    return plain
