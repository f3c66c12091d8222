"""Numbers as people read them."""

from datetime import datetime, timedelta

import pytest
from django.utils import translation

from apps.core import formats


class TestBytesText:
    @pytest.mark.parametrize(
        ("size_bytes", "text"),
        [
            (None, formats.NOTHING),
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_536, "1.5 KiB"),
            (16 * 1024**3, "16 GiB"),
            (2**70, "1048576 PiB"),
        ],
    )
    def test_uses_binary_units(self, size_bytes: int | None, text: str) -> None:
        assert formats.bytes_text(size_bytes) == text

    def test_speaks_the_language_under_way(self) -> None:
        with translation.override("de"):
            assert formats.bytes_text(1_536) == "1,5 KiB"


class TestDurationText:
    @pytest.mark.parametrize(
        ("duration_ms", "text"),
        [
            (None, formats.NOTHING),
            (0, "0 ms"),
            (999, "999 ms"),
            (31_500, "31.5 s"),
            (60_000, "1 min 0 s"),
            (3_599_000, "59 min 59 s"),
            (3_600_000, "1 h 0 min"),
            (7_500_000, "2 h 5 min"),
            (90_000_000, "1 d 1 h"),
        ],
    )
    def test_uses_the_two_largest_units(self, duration_ms: int | None, text: str) -> None:
        assert formats.duration_text(duration_ms) == text


class TestRatioText:
    @pytest.mark.parametrize(("ratio", "text"), [(None, "–"), (0.125, "12.5 %"), (1, "100 %")])  # noqa: RUF001
    def test_is_a_percentage(self, ratio: float | None, text: str) -> None:
        assert formats.ratio_text(ratio) == text


class TestAgoText:
    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (-1, "in the future"),
            (5, "just now"),
            (60, "1 minute ago"),
            (7_200, "2 hours ago"),
            (200_000, "2 days ago"),
        ],
    )
    def test_has_one_unit(self, seconds: int, text: str, now: datetime) -> None:
        assert formats.ago_text(now - timedelta(seconds=seconds), now) == text

    def test_says_never(self, now: datetime) -> None:
        assert formats.ago_text(None, now) == "never"
