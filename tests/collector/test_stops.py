"""Sleeps, crashes and resets of the machine."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dex_collector.daemon import Daemon
from dex_collector.probes import stops_linux
from dex_collector.probes.base import Context, Fact, Lack
from dex_collector.probes.stops_linux import Turn, reset_at
from tests.collector.conftest import FIXTURES, copy_machine, run
from tests.collector.fakes import NOON, FakeClock, FakeServer

MakeContext = Callable[..., Context]
Start = Callable[..., Daemon]

LAPTOP, VIRTUAL, SERVER = (FIXTURES / name for name in ("laptop", "virtual_machine", "server"))
ON, OFF = True, False


@pytest.fixture
def server_root(tmp_path: Path) -> Path:
    """A server that panicked at 10:00:05; Git keeps no times of files."""
    root = copy_machine("server", tmp_path / "server")
    for file in (root / "var/lib/systemd/pstore").rglob("dmesg*"):
        at = datetime(2026, 3, 1, 10, 0, 5, tzinfo=UTC).timestamp()
        os.utime(file, (at, at))
    return root


def turns(*kinds: bool) -> list[Turn]:
    return [Turn(kind, NOON + timedelta(hours=n)) for n, kind in enumerate(kinds)]


class TestHardResets:
    @pytest.mark.case("collector.12")
    def test_of_a_laptop_is_a_boot_without_a_shutdown_before(
        self, make_context: MakeContext
    ) -> None:
        found = stops_linux.read_stops(make_context(LAPTOP))

        assert [one for one in found if isinstance(one, Fact)] == [
            Fact(
                "device_performance.hard_resets",
                datetime(2026, 3, 2, 6, tzinfo=UTC),
                key="2026-03-02T06:00:00.000Z",
                is_lasting=True,
            )
        ]

    @pytest.mark.case("collector.12")
    def test_of_a_server_that_was_shut_down_is_none(self, make_context: MakeContext) -> None:
        found = stops_linux.read_stops(make_context(SERVER))

        assert "device_performance.hard_resets" not in {
            one.kind for one in found if isinstance(one, Fact)
        }

    @pytest.mark.parametrize(
        ("kinds", "is_reset"),
        [
            ((), False),
            ((ON,), False),  # the file may begin here
            ((OFF, ON), False),
            ((ON, OFF, ON), False),
            ((ON, ON), True),
            ((ON, ON, OFF, ON), False),
            ((ON, OFF, ON, ON), True),
        ],
    )
    def test_is_told_of_the_last_boot_alone(self, kinds: tuple[bool, ...], is_reset: bool) -> None:
        assert (reset_at(turns(*kinds), []) is not None) is is_reset

    def test_after_a_crash_is_the_crash(self) -> None:
        assert reset_at(turns(ON, ON), [NOON + timedelta(minutes=5)]) is None
        assert reset_at(turns(ON, ON), [NOON - timedelta(minutes=5)]) is not None

    def test_is_told_once_for_each_boot(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        run(start(), clock, seconds=3 * 3600, every=300)

        assert len(server.records("device_performance.hard_resets")) == 1

    def test_a_machine_without_the_file_says_so(self, make_context: MakeContext) -> None:
        found = stops_linux.read_stops(make_context(VIRTUAL))

        assert Lack("hard_resets.unsupported") in found
        assert Lack("system_crashes.unsupported") in found

    def test_of_a_large_file_only_the_end_is_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stops_linux, "TAIL_BYTES", 2 * stops_linux.ENTRY.size)
        content = (LAPTOP / stops_linux.WTMP).read_bytes()
        (tmp_path / "var/log").mkdir(parents=True)
        (tmp_path / stops_linux.WTMP).write_bytes(content + b"half an entry")

        found = list(stops_linux.parse_wtmp(stops_linux.read_wtmp(tmp_path)))

        assert found == [Turn(True, datetime(2026, 3, 2, 6, tzinfo=UTC))]

    def test_sees_the_boot_before_in_the_file_that_was_put_aside(self, tmp_path: Path) -> None:
        content, size = (LAPTOP / stops_linux.WTMP).read_bytes(), stops_linux.ENTRY.size
        (tmp_path / "var/log").mkdir(parents=True)
        (tmp_path / "var/log/wtmp-20260301").write_bytes(content[: 5 * size])
        (tmp_path / "var/log/wtmp-20260201.gz").write_bytes(b"packed")
        (tmp_path / stops_linux.WTMP).write_bytes(content[5 * size :])

        found = list(stops_linux.parse_wtmp(stops_linux.read_wtmp(tmp_path)))

        assert reset_at(found, []) == datetime(2026, 3, 2, 6, tzinfo=UTC)

    def test_an_empty_file_tells_nothing(self, make_context: MakeContext, tmp_path: Path) -> None:
        (tmp_path / "var/log").mkdir(parents=True)
        (tmp_path / stops_linux.WTMP).touch()

        assert Lack("hard_resets.unsupported") in stops_linux.read_stops(make_context(tmp_path))


class TestSystemCrashes:
    @pytest.mark.case("collector.12")
    def test_of_a_server_is_one_panic_of_two_parts(
        self, make_context: MakeContext, server_root: Path
    ) -> None:
        found = stops_linux.read_stops(make_context(server_root))

        assert found == [
            Fact(
                "device_performance.system_crashes",
                datetime(2026, 3, 1, 10, tzinfo=UTC),
                key="2026-03-01T10:00:00.000Z",
                fields={"label": "kernel_panic"},
                is_lasting=True,
            )
        ]

    @pytest.mark.parametrize("days", [-31, 1])
    def test_of_long_ago_or_of_tomorrow_is_no_event(
        self, make_context: MakeContext, server_root: Path, days: int
    ) -> None:
        at = (NOON + timedelta(days=days)).timestamp()
        for file in (server_root / "var/lib/systemd/pstore").rglob("dmesg*"):
            os.utime(file, (at, at))

        assert stops_linux.read_stops(make_context(server_root)) == []

    def test_is_told_once_though_the_record_stays(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        server_root: Path,
    ) -> None:
        first = start(root=server_root)
        run(first, clock, seconds=60, every=30)
        first.close()
        (server_root / "proc/sys/kernel/random/boot_id").write_text("another boot\n")

        run(start(root=server_root), clock, seconds=60, every=30)

        assert len(server.records("device_performance.boots")) == 2
        assert len(server.records("device_performance.system_crashes")) == 1


class TestSleeps:
    @pytest.mark.case("collector.11")
    def test_are_told_with_their_length(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=120, every=10)
        before = clock.now()
        clock.sleep(7_200)
        run(daemon, clock, seconds=120, every=10)
        daemon.turn()

        (sleep,) = server.records("device_performance.sleeps")
        assert sleep["fields"] == {"duration_ms": 7_200_000}
        at = datetime.fromisoformat(sleep["occurred_at"])
        assert timedelta() <= before - at <= timedelta(seconds=40)

    def test_a_stopped_collector_is_no_sleep(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=60, every=10)
        clock.advance(7_200)
        run(daemon, clock, seconds=120, every=10)
        daemon.turn()

        assert server.records("device_performance.sleeps") == []
