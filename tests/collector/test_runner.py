"""The runner: one probe's trouble is no other's."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dex_collector.probes import runner as runner_module
from dex_collector.probes.base import Context, NoData, Output, Probe, ProbeError, Tally
from dex_collector.probes.runner import Runner
from dex_collector.threads import Helper

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

    def test_the_sleep_of_the_machine_is_no_hang(
        self, make_context: MakeContext, tmp_path: Path, release: threading.Event
    ) -> None:
        def waits(made: Context) -> list[Output]:
            release.wait(10)
            return [Tally("x", 1)]

        one = probe("one", waits)
        runner = Runner([one])
        runner.start(one, replace(make_context(tmp_path, monotonic=100), awake=50))

        after_sleep = runner.finished(3_701.0, awake=51.0)
        reports = runner.take_reports()
        thread = next(t for t in threading.enumerate() if t.name == "probe-one")
        release.set()
        thread.join(5)
        results = runner.finished(3_701.5, awake=51.5)

        assert (after_sleep, reports) == ([], [])
        assert [found.name for found, _, _ in results] == ["one"]

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

    def test_a_failure_is_logged_once_until_it_works_again_and_counted_each_time(
        self, make_context: MakeContext, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        answers: list[Exception | None] = [
            ProbeError("x"), ProbeError("x"), ProbeError("y"), None, ProbeError("y"),
        ]  # fmt: skip

        def reads(made: Context) -> list[Output]:
            if (error := answers.pop(0)) is not None:
                raise error
            return []

        one = probe("one", reads)
        runner = Runner([one])
        while answers or runner.running():
            runner.start(one, make_context(tmp_path))
            runner.finished(0.0)

        assert [record.facts["error"] for record in caplog.records] == ["x", "y", "y"]  # type: ignore[attr-defined]
        assert runner.take_reports() == ["probe_failed.one"] * 4

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


class Hears:
    """A reader with a thread that works between its reads, whenever a test lets it."""

    def __init__(self) -> None:
        self.turn, self.done, self.is_over = threading.Event(), threading.Event(), False
        self.helper: Helper | None = None

    def __call__(self, context: Context) -> list[Output]:
        if self.helper is None:
            self.helper = Helper("hears", self._work)
            self.helper.start()
        return []

    def _work(self) -> None:
        while not self.is_over:
            self.turn.wait(10)
            self.turn.clear()
            ends = time.thread_time() + 0.05
            while time.thread_time() < ends:
                pass
            self.done.set()

    def work(self) -> None:
        """Let it work for 50 ms of a processor."""
        self.done.clear()
        self.turn.set()
        assert self.done.wait(10)


class TestCost:
    def test_counts_the_threads_that_worked_for_a_probe_since_its_read_before(
        self, make_context: MakeContext, tmp_path: Path
    ) -> None:
        reader = Hears()
        hearing, other = probe("hearing", reader), probe("other", works)
        runner = Runner([hearing, other])

        def read() -> dict[str, float]:
            for one in (hearing, other):
                runner.start(one, make_context(tmp_path))
            costs: dict[str, float] = {}
            while len(costs) < 2:
                runner.finished(0.0)
                costs |= dict(runner.take_costs())
            return costs

        read()
        reader.work()
        worked = read()
        rested = read()
        reader.is_over = True
        reader.work()
        assert reader.helper is not None
        reader.helper.join(10)
        ended = read()

        assert 0.05 <= worked["hearing"] < 0.1
        assert rested["hearing"] < 0.04
        assert 0.05 <= ended["hearing"] < 0.1
        assert read()["hearing"] < 0.04
        assert max(costs["other"] for costs in (worked, rested, ended)) < 0.04
