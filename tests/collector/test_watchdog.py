"""The watchdog: what is left out when the collector costs too much, and when it comes back."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from dex_collector import __version__
from dex_collector.daemon import Daemon
from dex_collector.notify import notify
from dex_collector.probes.base import Context, Output, Probe
from dex_collector.reports import Cost
from dex_collector.spool import Spool
from dex_collector.troubles import LIMIT, MEMORY, Troubles
from dex_collector.watchdog import Watchdog
from tests.collector.conftest import run
from tests.collector.fakes import FakeClock, FakeServer
from tests.collector.test_cli import environment


def probe(name: str, every: float = 30, kinds: tuple[str, ...] = ()) -> Probe:
    return Probe(name, every, timeout_seconds=2, kinds=kinds, make_reader=lambda: reads_nothing)


def reads_nothing(context: Context) -> Iterable[Output]:
    return []


class Machine:
    """A process whose cost tests set; the clock moves by the minute."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.cpu, self.memory, self.traffic = clock, 0.0, 30_000_000, 0
        self.told: list[tuple[str, str]] = []
        self.probes = [probe("slow"), probe("cheap"), probe("sessions", kinds=("session.logins",))]
        self.watchdog = Watchdog(self.probes, clock, self.tell, self.cost)
        for name, seconds in (("slow", 0.4), ("cheap", 0.001), ("sessions", 9.0)):
            self.watchdog.note_run(name, seconds)

    def tell(self, type_: str, details: str) -> None:
        self.told.append((type_, details))

    def cost(self) -> Cost:
        return Cost(self.cpu, self.clock.monotonic(), self.memory)

    def pass_minutes(
        self, minutes: int, cpu_share: float = 0.0, bits_per_second: float = 0
    ) -> None:
        for _ in range(minutes):
            self.clock.advance(60)
            self.cpu += 60 * cpu_share
            self.traffic += round(60 * bits_per_second / 8)
            self.watchdog.step(self.traffic)

    def types(self) -> list[str]:
        return [type_ for type_, _ in self.told]


@pytest.fixture
def machine_of_cost(clock: FakeClock) -> Machine:
    return Machine(clock)


class TestProcessor:
    @pytest.mark.case("collector.14")
    def test_a_dear_probe_is_slowed_then_dropped_and_comes_back(
        self, machine_of_cost: Machine
    ) -> None:
        slow, _, sessions = machine_of_cost.probes

        machine_of_cost.pass_minutes(5, cpu_share=0.013)
        slowed = machine_of_cost.watchdog.interval(slow)
        machine_of_cost.pass_minutes(5, cpu_share=0.007)
        dropped = machine_of_cost.watchdog.is_dropped("slow")
        machine_of_cost.pass_minutes(31, cpu_share=0.0004)

        assert (slowed, dropped) == (60, True)
        assert machine_of_cost.watchdog.interval(sessions) == 30
        assert not machine_of_cost.watchdog.is_dropped("slow")
        assert machine_of_cost.watchdog.interval(slow) == 30
        assert machine_of_cost.told == [
            (
                "probe_slowed",
                "slow: 400 ms each 30 s, now each 60 s, all others half as often too;"
                " the collector 1.30% of a core",
            ),
            (
                "probe_disabled",
                "slow: 400 ms each 60 s, not read for now; the collector 0.70% of a core",
            ),
            ("probe_restored", "slow: read again, each 60 s"),
            ("probe_restored", "all probes: read as often as before"),
        ]

    def test_one_probe_is_dropped_in_five_minutes_and_sessions_stay(
        self, machine_of_cost: Machine
    ) -> None:
        machine_of_cost.pass_minutes(60, cpu_share=0.02)

        watchdog = machine_of_cost.watchdog
        assert machine_of_cost.types() == ["probe_slowed", "probe_disabled", "probe_disabled"]
        assert not watchdog.is_dropped("sessions")

    def test_the_budget_of_the_hour_is_smaller_than_that_of_five_minutes(
        self, machine_of_cost: Machine
    ) -> None:
        machine_of_cost.pass_minutes(44, cpu_share=0.002)
        before = machine_of_cost.types()

        machine_of_cost.pass_minutes(3, cpu_share=0.002)

        assert (before, machine_of_cost.types()) == ([], ["probe_slowed"])

    def test_a_dear_hour_that_is_over_drops_nothing_more(self, machine_of_cost: Machine) -> None:
        machine_of_cost.pass_minutes(5, cpu_share=0.03)

        machine_of_cost.pass_minutes(14, cpu_share=0.001)

        assert machine_of_cost.types() == ["probe_slowed"]

    def test_within_the_budget_nothing_happens(self, machine_of_cost: Machine) -> None:
        machine_of_cost.pass_minutes(120, cpu_share=0.0014)

        assert machine_of_cost.told == []


class TestTraffic:
    def test_sends_less_often_over_the_budget_and_as_before_below_half_of_it(
        self, machine_of_cost: Machine
    ) -> None:
        machine_of_cost.pass_minutes(31, bits_per_second=20_000)
        factor = machine_of_cost.watchdog.sending_factor
        machine_of_cost.pass_minutes(90)

        assert factor == 4
        assert machine_of_cost.watchdog.sending_factor == 1
        assert machine_of_cost.told[0] == (
            "probe_slowed",
            "sending: 5.3 kbit/s, now 2 times the usual interval",
        )

    def test_the_turns_of_the_daemon_are_further_apart(
        self, start: Callable[..., Daemon], server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start(probes=())
        run(daemon, clock, seconds=60)
        daemon.turn()
        usual = daemon._next_turn - clock.monotonic()

        daemon.watchdog.sending_factor = 4
        daemon.turn()

        assert daemon._next_turn - clock.monotonic() == pytest.approx(usual + 3 * 900)


class TestMemory:
    def test_twice_over_the_cap_ends_the_process_in_order(
        self, start: Callable[..., Daemon], server: FakeServer, clock: FakeClock
    ) -> None:
        memory = [30_000_000]
        daemon = start(read_cost=lambda: Cost(0.0, clock.monotonic(), memory[0]))
        run(daemon, clock, seconds=60)
        memory[0] = 61_000_000

        run(daemon, clock, seconds=60)
        once = daemon.watchdog.must_restart
        run(daemon, clock, seconds=60)

        assert (once, daemon.watchdog.must_restart) == (False, True)
        daemon.turn()
        told = [record["fields"].get("details") for record in server.records("collector.events")]
        assert "61000000 bytes of memory, twice: starting again" in told


class TestDaemon:
    @pytest.mark.case("collector.14")
    def test_what_is_shed_reaches_the_server_with_its_reason(
        self, start: Callable[..., Daemon], server: FakeServer, clock: FakeClock
    ) -> None:
        share = [0.02]
        cpu = lambda: Cost(clock.monotonic() * share[0], clock.monotonic(), 30_000_000)  # noqa: E731
        reads = []

        def read(context: Context) -> Iterable[Output]:
            reads.append(context.monotonic)
            return []

        dear = Probe("dear", 30, 2, (), lambda: read)
        daemon = start(probes=(dear,), read_cost=cpu)
        run(daemon, clock, seconds=720)
        while_dropped = len(reads)
        run(daemon, clock, seconds=120)
        daemon.turn()

        types = [record["fields"]["type"] for record in server.records("collector.events")]
        assert [t for t in types if t.startswith("probe_")] == ["probe_slowed", "probe_disabled"]
        assert len(reads) == while_dropped


CRASHES = """
import os, random, signal, sys
from pathlib import Path
from dex_collector.clock import SystemClock
from dex_collector.daemon import Daemon, Settings
from dex_collector.probes.base import Probe

def crash(context):
    os.kill(os.getpid(), signal.SIGSEGV)

probes = (Probe("crashing", 30, 2, (), lambda: crash),)
settings = Settings(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
Daemon(settings, SystemClock(), probes=probes).run()
"""


class TestTroubles:
    @pytest.mark.case("collector.14")
    def test_a_probe_that_crashed_the_process_twice_is_not_run_by_the_third(
        self,
        start: Callable[..., Daemon],
        server: FakeServer,
        clock: FakeClock,
        state: Path,
        machine: Path,
        key_file: Path,
    ) -> None:
        command = [sys.executable, "-c", CRASHES, *map(str, (state, server.url, machine, key_file))]
        ends = [
            subprocess.run(command, env=environment(), timeout=60, check=False).returncode
            for _ in range(2)
        ]
        reads = []

        def read(context: Context) -> Iterable[Output]:
            reads.append(context.now)
            return []

        daemon = start(probes=(Probe("crashing", 30, 2, (), lambda: read),))
        run(daemon, clock, seconds=90)
        daemon.turn()

        assert ends == [-signal.SIGSEGV, -signal.SIGSEGV]
        assert reads == []
        told = [record["fields"] for record in server.records("collector.events")]
        assert [
            one["details"] for one in told if one["type"] in {"probe_failed", "probe_disabled"}
        ] == [
            "crashing: with it the collector crashed",
            "crashing: with it the collector crashed; not read until its next version",
        ]

    def test_are_forgotten_by_the_next_version(self, spool: Spool, tmp_path: Path) -> None:
        spool.write(MEMORY, {"version": "0.0.9", "counts": {"packages": LIMIT}})

        assert Troubles(tmp_path, spool).counts() == {}

    def test_nobody_is_blamed_for_a_kill(self, spool: Spool, tmp_path: Path) -> None:
        (tmp_path / "running").write_text("packages")
        (tmp_path / "fault").write_text("")

        assert Troubles(tmp_path, spool).crashed == []

    def test_a_hang_counts_beyond_the_process(self, spool: Spool, tmp_path: Path) -> None:
        Troubles(tmp_path, spool).count("packages")

        assert spool.read(MEMORY) == {"version": __version__, "counts": {"packages": 1}}


class TestNotify:
    def test_tells_the_service_manager(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        notify("READY=1")

        assert receiver.recv(100) == b"READY=1"
        receiver.close()

    def test_is_silent_without_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NOTIFY_SOCKET", f"/nowhere/{os.getpid()}")

        notify("READY=1")
