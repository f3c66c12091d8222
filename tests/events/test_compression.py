"""Bodies: no encoding makes the server decompress more than a batch may be."""

import gzip
import os

import pytest
import zstandard

from apps.core.errors import DomainError
from apps.events import compression
from apps.events.compression import PLAIN_LIMIT_BYTES, RATIO_FLOOR_BYTES, decompress

BODY = b'{"protocol": 1}' * 50


def zstd(data: bytes) -> bytes:
    """Compress with zstd."""
    return zstandard.compress(data)


class TestDecompress:
    @pytest.mark.parametrize(
        ("body", "encoding"),
        [
            (BODY, ""),
            (BODY, "identity"),
            (gzip.compress(BODY), "gzip"),
            (gzip.compress(BODY), " GZip "),
            (zstd(BODY), "zstd"),
            (zstandard.ZstdCompressor(write_content_size=False).compress(BODY), "zstd"),
        ],
    )
    def test_gives_the_plain_body(self, body: bytes, encoding: str) -> None:
        assert decompress(body, encoding) == BODY

    @pytest.mark.parametrize("compress", [gzip.compress, zstd])
    @pytest.mark.parametrize("size", [PLAIN_LIMIT_BYTES * 40, RATIO_FLOOR_BYTES * 4])
    def test_refuses_a_bomb(self, compress: object, size: int) -> None:
        bomb = compress(bytes(size))  # type: ignore[operator]

        assert refusal(bomb, "gzip" if compress is gzip.compress else "zstd") == (
            413,
            "body_too_large",
        )

    @pytest.mark.parametrize("encoding", ["gzip", "zstd", "identity"])
    def test_refuses_more_than_the_limit_at_an_honest_ratio(self, encoding: str) -> None:
        plain = os.urandom(PLAIN_LIMIT_BYTES + 1)
        bodies = {"gzip": gzip.compress(plain, 1), "zstd": zstd(plain), "identity": plain}

        assert refusal(bodies[encoding], encoding) == (413, "body_too_large")

    def test_takes_the_limit_itself(self) -> None:
        plain = os.urandom(PLAIN_LIMIT_BYTES)

        assert decompress(gzip.compress(plain, 1), "gzip") == plain
        assert decompress(zstd(plain), "zstd") == plain

    @pytest.mark.parametrize(
        ("body", "encoding"),
        [
            (gzip.compress(BODY)[:-9], "gzip"),
            (gzip.compress(BODY) + b"more", "gzip"),
            (b"", "gzip"),
            (BODY, "gzip"),
            (zstd(BODY), "gzip"),
            (BODY, "zstd"),
            (gzip.compress(BODY), "zstd"),
        ],
    )
    def test_refuses_what_is_not_as_it_says(self, body: bytes, encoding: str) -> None:
        assert refusal(body, encoding) == (400, "unreadable_batch")

    @pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "x"])
    def test_refuses_an_encoding_that_it_does_not_read(self, encoding: str) -> None:
        assert refusal(BODY, encoding) == (415, "unsupported_encoding")

    def test_does_not_inflate_a_bomb_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bomb = gzip.compress(bytes(200_000_000), 9)
        monkeypatch.setattr(compression, "PLAIN_LIMIT_BYTES", 1_000)

        assert refusal(bomb, "gzip") == (413, "body_too_large")


def refusal(body: bytes, encoding: str) -> tuple[int, str]:
    """Return status and code with which a body is refused."""
    with pytest.raises(DomainError) as caught:
        decompress(body, encoding)
    return caught.value.status, caught.value.code
