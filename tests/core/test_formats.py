"""Numbers as people read them."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.utils import translation

from apps.core import formats
from apps.core.admin import values


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


class TestMachineForm:
    @pytest.mark.parametrize(
        ("form", "value", "text"),
        [
            (formats.bytes_text, 16 * 1024**3, "17179869184"),
            (formats.bytes_text, 1_536.5, "1536.5"),
            (formats.bytes_text, None, ""),
            (formats.duration_text, 7_500_000.0, "7500000"),
            (formats.ratio_text, 0.125, "0.125"),
            (values.number_text, 1_234_567, "1234567"),
            (values.number_text, -67.5, "-67.5"),
            (values.yes_no, False, "false"),
            (values.yes_no, None, ""),
            (values.badge, "<b>", "<b>"),
        ],
    )
    def test_has_no_unit_separator_or_markup(self, form: Any, value: Any, text: str) -> None:
        with translation.override("de"), formats.machine_form():
            assert form(value) == text

    def test_has_moments_in_utc(self) -> None:
        moment = datetime(2026, 3, 2, 13, 0, tzinfo=timezone(timedelta(hours=1)))

        with formats.machine_form():
            texts = {values.moment_html(moment, moment), formats.ago_text(moment, moment)}

        assert texts == {"2026-03-02T12:00:00Z"}

    def test_ends(self) -> None:
        with formats.machine_form():
            pass

        assert formats.bytes_text(1_536) == "1.5 KiB"
