"""Starts and crashes of programs, as they become records."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dex_collector.clock import to_text
from dex_collector.daemon import Daemon
from dex_collector.probes import executions, executions_linux
from dex_collector.probes.base import Context, Output, Probe, Sample, Tally
from dex_collector.probes.executions_linux import LACKS, ExecutionReader
from dex_collector.probes.hearing_linux import Hearing, since_boot
from dex_collector.probes.process_connector_linux import open_connector
from tests.collector.conftest import FIXTURES, configuration, copy_machine, run
from tests.collector.fakes import FakeClock, FakeServer
from tests.collector.kernel import Kernel, crash_once_heard, dumped, ended, own_shell, started
from tests.collector.outputs import facts, lacks, starts
from tests.fakes.bus import wait_for

MakeContext = Callable[..., Context]
Start = Callable[..., Daemon]
HearCrash = Callable[[], Daemon]

LAPTOP = FIXTURES / "laptop"
PLATFORM = {"platform": "linux", "architecture": "x64"}


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(copy_machine("laptop", tmp_path / "heard"))


@pytest.fixture
def hearing(kernel: Kernel) -> Iterator[Hearing]:
    """What listens to the kernel of a test; a second link comes from the same one."""

    def open_link() -> socket.socket:
        kernel.link, kernel._end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        return kernel.link

    made = Hearing(open_link, clock=lambda: 1_000.0)
    yield made
    made.rest()


def settle(hearing: Hearing, number: int) -> None:
    """Wait until so many starts and crashes were heard."""
    listener = hearing._listener
    assert listener is not None
    wait_for(lambda: listener._heard.starts.total() + len(listener._heard.crashes) >= number)


class TestHearing:
    def test_counts_starts_instead_of_comparing_passes(
        self, make_context: MakeContext, kernel: Kernel, hearing: Hearing
    ) -> None:
        reader = ExecutionReader(hearing)
        reader(make_context(kernel.root, monotonic=1_000))
        kernel.run(3000, "/usr/bin/editor")
        kernel.say(started(3000), started(3000), started(3001))
        (kernel.root / "proc/2300").rename(kernel.root / "proc/2400")  # a fork that starts nothing
        settle(hearing, 3)

        found = reader(make_context(kernel.root, monotonic=1_060))

        assert starts(found)["editor"] == 2
        assert starts(found)["unknown"] == 1
        assert starts(found)["bash"] == 0
        assert "executions.polled" not in lacks(found)

    def test_of_what_has_ended_has_no_memory(
        self, make_context: MakeContext, kernel: Kernel, hearing: Hearing
    ) -> None:
        reader = ExecutionReader(hearing)
        reader(make_context(kernel.root, monotonic=1_000))
        kernel.say(started(3001))
        settle(hearing, 1)

        found = reader(make_context(kernel.root, monotonic=1_060))

        (gone,) = (o for o in found if isinstance(o, Sample) and o.binary and o.user is None)
        assert (gone.gauges, gone.counters) == ({}, {"number_of_executions": 1})

    @pytest.mark.parametrize(
        ("value", "path"),
        [("root_only", None), ("full", "/usr/lib/libreoffice/program/soffice.bin")],
    )
    def test_tells_of_crashes_with_the_path_that_a_switch_allows(
        self,
        make_context: MakeContext,
        kernel: Kernel,
        hearing: Hearing,
        value: str,
        path: str | None,
    ) -> None:
        reader = ExecutionReader(hearing)
        reader(make_context(kernel.root, monotonic=1_000, binary_paths=value))
        kernel.say(dumped(2200), ended(2200, signal.SIGABRT))
        settle(hearing, 1)

        found = reader(make_context(kernel.root, monotonic=1_060, binary_paths=value))

        (fact,) = facts(found, "execution.crashes")
        assert fact.fields.get("binary_path") == path
        assert fact.fields["binary_path_root"] == "usr"
        assert fact.binary == {"name": "soffice.bin", **PLATFORM}

    @pytest.mark.case("collector.9")
    @pytest.mark.parametrize("heard_under", ["full", "root_only"])
    def test_tells_no_path_that_was_read_when_it_might_be(
        self, make_context: MakeContext, kernel: Kernel, hearing: Hearing, heard_under: str
    ) -> None:
        reader = ExecutionReader(hearing)
        reader(make_context(kernel.root, monotonic=1_000, binary_paths="full"))
        reader(make_context(kernel.root, monotonic=1_060, binary_paths=heard_under))
        kernel.say(dumped(2200), ended(2200, signal.SIGABRT))
        settle(hearing, 1)

        found = reader(make_context(kernel.root, monotonic=1_120, binary_paths="root_only"))

        (fact,) = facts(found, "execution.crashes")
        assert "binary_path" not in fact.fields
        assert fact.fields["binary_path_root"] == "usr"

    def test_that_overflowed_compares_passes_and_counts_it(
        self, make_context: MakeContext, kernel: Kernel, hearing: Hearing
    ) -> None:
        reader = ExecutionReader(hearing)
        reader(make_context(kernel.root, monotonic=1_000))
        assert hearing._listener is not None
        hearing._listener._heard.overflows = 1
        (kernel.root / "proc/2300").rename(kernel.root / "proc/2400")

        found = reader(make_context(kernel.root, monotonic=1_060))

        assert starts(found)["bash"] == 1
        assert Tally("process_events_lost", 1) in found

    def test_leaves_for_10_minutes_when_too_much_starts(
        self, make_context: MakeContext, kernel: Kernel, hearing: Hearing
    ) -> None:
        reader = ExecutionReader(hearing)
        reader(make_context(kernel.root, monotonic=1_000))
        assert hearing._listener is not None
        hearing._listener.rate, hearing._listener._is_closed = 345, True

        left = reader(make_context(kernel.root, monotonic=1_060))
        still = reader(make_context(kernel.root, monotonic=1_600))
        back = reader(make_context(kernel.root, monotonic=1_660))

        (event,) = facts(left, "collector.events")
        assert event.fields == {
            "type": "probe_slowed",
            "details": "executions polled for 600 s: 345 starts/s",
        }
        assert "executions.polled" in lacks(left)
        assert "executions.polled" in lacks(still)
        assert [f.fields["type"] for f in facts(back, "collector.events")] == ["probe_restored"]
        assert "executions.polled" not in lacks(back)

    def test_forbidden_polls_and_says_so(self, make_context: MakeContext, machine: Path) -> None:
        def forbidden() -> socket.socket:
            raise PermissionError

        reader = ExecutionReader(Hearing(forbidden))

        found = reader(make_context(machine, monotonic=1_000))

        assert lacks(found) == {"executions.polled", "crashes.unsupported", *LACKS}
        assert {"freezes.unsupported", "focus_time.unsupported"} <= {*LACKS}

    def test_rests_when_told_to(
        self, make_context: MakeContext, kernel: Kernel, hearing: Hearing
    ) -> None:
        reader = ExecutionReader(hearing)
        reader(make_context(kernel.root, monotonic=1_000))
        before = hearing._listener
        kernel.run(3000, "/usr/bin/editor")
        kernel.say(started(3000))
        settle(hearing, 1)

        reader.rest()

        assert before is not None
        assert not before.is_alive
        assert before.take({}).starts.total() == 0

    def test_asks_no_kernel_about_a_captured_machine(
        self, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[int] = []
        monkeypatch.setattr(socket, "socket", lambda *args: asked.append(1))

        ExecutionReader()(make_context(LAPTOP, monotonic=1_000))

        assert asked == []


class TestDaemon:
    @pytest.fixture
    def probe(self, hearing: Hearing) -> Probe:
        declared = executions.PROBE
        return Probe(
            **{
                **{name: getattr(declared, name) for name in declared.__dataclass_fields__},
                "make_reader": lambda: ExecutionReader(hearing),
            }
        )

    @pytest.fixture
    def hear_crash(
        self, start: Start, clock: FakeClock, kernel: Kernel, probe: Probe, hearing: Hearing
    ) -> HearCrash:
        """Return what runs a daemon for a minute, and lets it hear of a crash at its end."""

        def _hear_crash() -> Daemon:
            hearing._clock = clock.monotonic
            daemon = start(root=kernel.root, probes=(probe,))
            run(daemon, clock, seconds=60)
            kernel.say(dumped(2200), ended(2200, signal.SIGSEGV))
            settle(hearing, 1)
            return daemon

        return _hear_crash

    def test_sends_crashes(
        self,
        server: FakeServer,
        clock: FakeClock,
        hear_crash: HearCrash,
    ) -> None:
        daemon = hear_crash()

        run(daemon, clock, seconds=1_900, every=30)

        (record,) = server.records("execution.crashes")
        assert record["fields"]["error_code"] == "SIGSEGV"
        names = {b["name"] for body in server.bodies for b in body["binaries"].values()}
        assert "soffice.bin" in names

    @pytest.mark.case("collector.9")
    def test_switched_off_hears_no_more_and_leaves_no_crash(
        self,
        server: FakeServer,
        clock: FakeClock,
        hearing: Hearing,
        hear_crash: HearCrash,
    ) -> None:
        daemon = hear_crash()
        run(daemon, clock, seconds=60)
        waited = daemon.spool.waiting_records()
        server.configure(executions="off")

        run(daemon, clock, seconds=1_900, every=30)

        assert waited
        assert hearing._listener is None
        assert server.records("execution.crashes") == []

    def test_that_stops_passes_on_what_it_heard(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        kernel: Kernel,
        hear_crash: HearCrash,
    ) -> None:
        daemon = hear_crash()
        daemon.close()

        run(start(root=kernel.root, probes=()), clock, seconds=1_900, every=30)

        (record,) = server.records("execution.crashes")
        assert record["fields"]["error_code"] == "SIGSEGV"

    def test_that_stops_outside_work_hours_reads_nothing_more(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        kernel: Kernel,
        hear_crash: HearCrash,
    ) -> None:
        server.switches["work_hours"] = "schedule"
        server.work_hours = {"days": [1], "start": "12:00", "end": "12:02"}
        daemon = hear_crash()
        clock.advance(60)
        daemon.close()

        run(start(root=kernel.root, probes=()), clock, seconds=1_900, every=30)

        assert server.records("execution.crashes") == []

    def test_counts_the_cost_of_hearing_for_its_probe(
        self, start: Start, clock: FakeClock, kernel: Kernel, probe: Probe
    ) -> None:
        daemon = start(root=kernel.root, probes=(probe,))
        run(daemon, clock, seconds=60)

        crew = daemon.measurement._runner._crews[probe.name]
        assert [one.name for one in crew._helpers] == ["process-events"]

    @pytest.mark.parametrize("refusal", ["day", "server"])
    def test_that_may_not_measure_hears_no_more(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        kernel: Kernel,
        probe: Probe,
        hearing: Hearing,
        refusal: str,
    ) -> None:
        hearing._clock = clock.monotonic
        daemon = start(root=kernel.root, probes=(probe,))
        run(daemon, clock, seconds=60)
        was_heard = hearing._listener is not None
        if refusal == "day":
            daemon.link.enrolled.refused_at = to_text(clock.now() - timedelta(hours=25))
        else:
            daemon._follow(daemon.link.enrolled, reason="device_expired")
            server.is_down = True

        daemon.step()

        assert was_heard
        assert hearing._listener is None

    def test_a_path_that_may_be_told_no_more_is_purged(
        self,
        server: FakeServer,
        clock: FakeClock,
        hear_crash: HearCrash,
    ) -> None:
        server.switches["binary_paths"] = "full"
        daemon = hear_crash()
        run(daemon, clock, seconds=60)
        server.configure(binary_paths="root_only")

        run(daemon, clock, seconds=1_900, every=30)

        (record,) = server.records("execution.crashes")
        assert "binary_path" not in record["fields"]
        assert record["fields"]["binary_path_root"] == "usr"


class TestSlowed:
    def test_compares_passes_that_the_watchdog_set_apart(
        self, make_context: MakeContext, machine: Path
    ) -> None:
        reader = ExecutionReader()
        reader(make_context(machine, monotonic=1_000))

        slowed = reader(make_context(machine, monotonic=1_121))
        asleep = reader(make_context(machine, monotonic=1_421))

        assert starts(slowed) == dict.fromkeys(starts(slowed), 0)
        assert [one.counters for one in asleep if isinstance(one, Sample)] == [{}] * 4
        assert all(one.counters for one in slowed if isinstance(one, Sample))


class TestThisMachine:
    @pytest.mark.case("collector.10")
    def test_that_a_child_crashes_on_is_told_once(self, tmp_path: Path) -> None:
        try:
            open_connector().close()
        except OSError as error:
            pytest.skip(f"the kernel gives no process connector here: {error}")
        shell = own_shell(tmp_path)
        reader = ExecutionReader()

        def read() -> list[Output]:
            now = datetime.now(tz=UTC)
            return reader(Context(Path("/"), now, since_boot(), configuration()))

        read()
        listener = reader._hearing._listener
        assert listener is not None
        began = datetime.now(tz=UTC)
        crash_once_heard(shell, listener)
        wait_for(lambda: shell.name in {c.program.name for c in listener._heard.crashes})

        found = [*read(), *read()]

        reader.rest()
        told = [
            f for f in facts(found, "execution.crashes") if (f.binary or {})["name"] == shell.name
        ]
        assert [fact.fields["number_of_crashes"] for fact in told] == [1]
        assert told[0].fields["crash_on_start"] is True
        moment, slack = told[0].occurred_at, timedelta(seconds=1)
        assert began - slack < moment < datetime.now(tz=UTC) + slack


class TestManyProcesses:
    @pytest.fixture
    def crowd(self, tmp_path: Path) -> Path:
        """A machine with 400 processes of 40 programs."""
        root = copy_machine("laptop", tmp_path / "crowd")
        for pid in range(3_000, 3_396):
            folder = root / "proc" / str(pid)
            folder.mkdir()
            for name in ("status", "statm", "io"):
                os.link(root / "proc/2200" / name, folder / name)
            (folder / "exe").symlink_to(f"/usr/bin/program{pid % 40}")
            text = (root / "proc/2200/stat").read_text().replace("2200", str(pid), 1)
            (folder / "stat").write_text(text)
        return root

    @pytest.mark.case("collector.12")
    def test_are_one_row_for_each_program(self, make_context: MakeContext, crowd: Path) -> None:
        found = ExecutionReader()(make_context(crowd, monotonic=1_000))

        rows = {(one.binary or {})["name"] for one in found if isinstance(one, Sample)}
        assert len(executions_linux.read_processes(crowd, {})) == 400
        assert len(rows) == 44
        assert {f"program{number}" for number in range(40)} <= rows
