"""The runner: one probe's trouble is no other's."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from dex_collector.probes import runner as runner_module
from dex_collector.probes.base import Context, NoData, Output, Probe, ProbeError, Tally
from dex_collector.probes.runner import Runner

MakeContext = Callable[..., Context]


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "GRACE_SECONDS", 0.1)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets a hanging probe go at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def probe(name: str, reader: Callable[[Context], Iterable[Output]]) -> Probe:
    return Probe(name, 30, timeout_seconds=2, kinds=(), make_reader=lambda: reader)


def works(context: Context) -> list[Output]:
    return [Tally("x", 1)]


class TestRunner:
    @pytest.mark.case("collector.14")
    def test_a_hanging_probe_delays_no_other_and_is_disabled_after_the_second_time(
        self, make_context: MakeContext, tmp_path: Path, release: threading.Event
    ) -> None:
        starts = []

        def hangs(made: Context) -> list[Output]:
            starts.append(made.monotonic)
            release.wait(10)
            return [Tally("late", 1)]

        slow, quick = probe("slow", hangs), probe("quick", works)
        runner = Runner([slow, quick])
        runner.start(slow, make_context(tmp_path, monotonic=0))
        runner.start(quick, make_context(tmp_path, monotonic=0))

        results = runner.finished(0.0)
        late = runner.finished(2.0)

        assert [found.name for found, _, _ in results] == ["quick"]
        assert late == []
        assert runner.take_reports() == ["probe_timed_out.slow"]
        assert runner.is_idle()
        runner.start(slow, make_context(tmp_path, monotonic=30))
        assert starts == [0]  # not again while it hangs

    def test_the_answer_of_an_overdue_probe_does_not_count(
        self, make_context: MakeContext, tmp_path: Path, release: threading.Event
    ) -> None:
        def hangs(made: Context) -> list[Output]:
            release.wait(10)
            return [Tally("late", 1)]

        slow = probe("slow", hangs)
        runner = Runner([slow])
        runner.start(slow, make_context(tmp_path))
        runner.finished(5.0)
        thread = next(t for t in threading.enumerate() if t.name == "probe-slow")
        release.set()
        thread.join(5)

        assert runner.finished(6.0) == []
        assert runner.take_reports() == ["probe_timed_out.slow"]

    def test_a_failure_is_logged_without_what_was_read(
        self, make_context: MakeContext, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fails(made: Context) -> list[Output]:
            raise ProbeError("no btime line in /proc/stat")

        bad, good = probe("bad", fails), probe("good", works)
        runner = Runner([bad, good])
        runner.start(bad, make_context(tmp_path))
        runner.start(good, make_context(tmp_path))

        results = runner.finished(0.0)

        assert [found.name for found, _, _ in results] == ["good"]
        assert runner.take_reports() == ["probe_failed.bad"]
        assert "Probe failed" in caplog.text

    def test_an_absent_source_is_reported_once(
        self, make_context: MakeContext, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)

        def absent(made: Context) -> list[Output]:
            raise NoData("no utmp")

        one = probe("logins", absent)
        runner = Runner([one])
        runner.start(one, make_context(tmp_path))
        runner.finished(0.0)
        runner.start(one, make_context(tmp_path))
        runner.finished(60.0)

        assert runner.take_reports() == []
        assert caplog.text.count("no source") == 1
