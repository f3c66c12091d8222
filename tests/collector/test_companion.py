"""The session companion: a real socket, and a desktop played on a private bus."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jeepney import DBusAddress

from dex_collector.bus import Bus
from dex_collector.session.companion import Companion, Daemon
from dex_collector.session.desktop import Desktop
from dex_collector.session.idle import Idle
from dex_collector.session.indicator import INTERFACE, PATH, Indicator
from tests.collector.fakes import FakeClock
from tests.collector.watching import Door
from tests.fakes.bus import PrivateBus, wait_for
from tests.fakes.desktop import FakeIdleMonitor, FakePanel, FakeScreenSaver, FakeUserManager

OWN = os.getuid()
VISIBLE_AT = datetime(2026, 3, 2, 11, 59, 30, tzinfo=UTC)
GNOME = ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver")
KDE = ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver")


def nothing() -> None:
    """Stand for a way that a desktop does not have."""


class Session:
    """A companion that is stepped by hand."""

    def __init__(self, door: Door, address: str, clock: FakeClock) -> None:
        self.bus, self.clock = Bus(), clock
        self.shown: list[bool] = []
        self.desktop = Desktop(address, self.bus)
        self.companion = Companion(
            Daemon(door.path), self.desktop, Idle(self.desktop, nothing, nothing),
            self.shown.append, clock.monotonic,
        )  # fmt: skip

    def step(self, seconds: float = 60) -> float:
        self.clock.advance(seconds)
        return self.companion.step()

    def hear(self) -> None:
        wait_for(lambda: any(one.member == "ActiveChanged" for one in self.bus._signals))


@pytest.fixture
def session(door: Door, bus: PrivateBus, clock: FakeClock) -> Iterator[Session]:
    made = Session(door, bus.address, clock)
    yield made
    made.companion.stop()


class TestCompanion:
    @pytest.mark.parametrize("service", [GNOME, KDE], ids=["GNOME", "KDE"])
    def test_relays_the_screen_lock(
        self, session: Session, door: Door, bus: PrivateBus, service: tuple[str, str]
    ) -> None:
        saver = FakeScreenSaver(bus.address, *service)
        session.step()
        saver.set(True)
        session.hear()
        session.step(0)
        is_locked = door.companions.is_locked(OWN)
        saver.set(False)
        session.hear()

        session.step(0)

        assert is_locked
        assert [one.is_locked for one in door.companions.take_locks()] == [True, False]

    def test_tells_a_lock_of_before_it_came(
        self, session: Session, door: Door, bus: PrivateBus
    ) -> None:
        FakeScreenSaver(bus.address, *GNOME).is_active = True

        session.step()

        assert door.companions.is_locked(OWN)

    def test_tells_idle_time_and_desktop(
        self, session: Session, door: Door, bus: PrivateBus
    ) -> None:
        FakeIdleMonitor(bus.address, 42_000)
        manager = FakeUserManager(bus.address, VISIBLE_AT)
        session.step()
        session.step()

        assert 42 <= (door.companions.idle_seconds(OWN) or 0) < 43
        assert door.companions.desktop_at(OWN) == VISIBLE_AT
        assert len(manager.asked) == 2  # once: the unit and its time

    @pytest.mark.case("collector.9")
    def test_reads_nothing_that_is_off(self, session: Session, door: Door, bus: PrivateBus) -> None:
        services = [
            FakeScreenSaver(bus.address, *GNOME),
            FakeIdleMonitor(bus.address, 42_000),
            FakeUserManager(bus.address, VISIBLE_AT),
        ]
        door.allow(user_activity="off", session_events="off")
        session.step()
        session.step()
        asked = [service.asked for service in services]
        door.allow(measures_people=False)
        session.step()
        session.step()

        assert [bool(one) for one in asked] == [True, False, False]
        assert not session.bus.is_open

    def test_shows_whether_it_measures(self, session: Session, door: Door) -> None:
        session.step()
        door.allow(measures_people=False)
        session.step()
        door.server.close()
        session.step()

        assert session.shown == [True, False, False]

    def test_comes_back_to_a_daemon_that_was_restarted(
        self, session: Session, door: Door, bus: PrivateBus
    ) -> None:
        FakeScreenSaver(bus.address, *GNOME).is_active = True
        session.step()
        door.server.close()
        session.step()
        again = Door(door.path)

        session.step()

        assert again.companions.is_locked(OWN)
        again.server.close()

    def test_without_a_session_bus_says_where_it_is(self, door: Door, clock: FakeClock) -> None:
        session = Session(door, "", clock)

        session.step()

        assert session.shown == [True]


class TestIndicator:
    def test_shows_the_state_in_the_panel(self, bus: PrivateBus) -> None:
        panel, indicator, reader = FakePanel(bus.address), Indicator(bus.address), Bus()
        reader.open(bus.address)
        indicator.show(True)
        indicator.show(False)

        ((_, name),) = panel.items
        item = DBusAddress(PATH, name, INTERFACE)
        assert reader.get(item, "Title") == "dex is not measuring you now"
        assert reader.get(item, "ToolTip")[2] == "dex is not measuring you now"
        indicator.show(True)
        assert reader.get(item, "Title") == "dex measures this session"
        indicator.close()

    def test_waits_for_a_panel(self, bus: PrivateBus) -> None:
        indicator = Indicator(bus.address)
        indicator.show(True)
        panel = FakePanel(bus.address)

        indicator.show(True)
        indicator.show(True)

        assert len(panel.items) == 1
        indicator.close()

    def test_without_a_bus_does_nothing(self, tmp_path: Path) -> None:
        Indicator("").show(True)
        Indicator(f"unix:path={tmp_path / 'nothing'}").show(True)


class TestCommand:
    @pytest.fixture
    def command(self) -> list[str]:
        return [sys.executable, "-m", "dex_collector.session"]

    def test_says_whether_one_is_measured(
        self, door: Door, command: list[str], collector_path: dict[str, str]
    ) -> None:
        there = [*command, "status", f"--socket={door.path}"]
        nobody = [*command, "status", f"--socket={door.path}.gone"]

        def said(arguments: list[str]) -> str:
            return subprocess.run(
                arguments, env=collector_path, capture_output=True, text=True, check=True
            ).stdout

        assert said(there) == "dex measures this session\n"
        assert said(nobody) == "dex is not measuring you now\n"

    def test_runs_until_the_session_ends(
        self,
        door: Door,
        bus: PrivateBus,
        command: list[str],
        collector_path: dict[str, str],
    ) -> None:
        saver = FakeScreenSaver(bus.address, *GNOME)
        process = subprocess.Popen(
            [*command, f"--socket={door.path}"],
            env=collector_path | {"DBUS_SESSION_BUS_ADDRESS": bus.address},
        )
        wait_for(lambda: bool(saver.asked), seconds=20)
        saver.set(True)
        wait_for(lambda: door.companions.is_locked(OWN))

        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=10) == 0
        wait_for(lambda: not door.companions.is_locked(OWN))


@pytest.fixture
def collector_path() -> dict[str, str]:
    return {"PYTHONPATH": "collector", "PATH": os.environ["PATH"]}
