"""Idle time of a session: a compositor that is played, and what there is without one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dex_collector.bus import Bus
from dex_collector.session.desktop import Desktop
from dex_collector.session.idle import Idle
from dex_collector.session.wayland_idle import WaylandIdle
from dex_collector.session.x11_idle import X11Idle
from tests.fakes.bus import wait_for
from tests.fakes.wayland import GLOBALS, FakeCompositor


def nothing() -> None:
    return None


def has_left(compositor: FakeCompositor) -> bool:
    try:
        compositor.tell(is_idle=True)
    except OSError:
        return True
    return False


def reads(idle: WaylandIdle, expected: int | None) -> Callable[[], bool]:
    return lambda: idle.read_idle_ms() == expected


class TestWayland:
    @pytest.mark.parametrize(("version", "opcode"), [(1, 1), (2, 2), (3, 2)])
    def test_tells_after_a_minute_without_input(
        self, folder: Path, version: int, opcode: int
    ) -> None:
        compositor = FakeCompositor(
            folder / "wayland-0", GLOBALS | {"ext_idle_notifier_v1": version}
        )
        idle = WaylandIdle.open(str(folder), "wayland-0")
        assert idle is not None
        wait_for(lambda: compositor.asked == [(opcode, 60_000)])
        before = idle.read_idle_ms()

        compositor.tell(is_idle=True)
        wait_for(reads(idle, 60_001))
        compositor.tell(is_idle=False)
        wait_for(reads(idle, 0))

        assert before == 0
        compositor.close()
        wait_for(reads(idle, None))

    def test_binds_nothing_but_seat_and_notifier(self, folder: Path) -> None:
        compositor = FakeCompositor(folder / "wayland-0", GLOBALS)
        idle = WaylandIdle.open(str(folder), "wayland-0")
        wait_for(lambda: bool(compositor.asked))

        assert sorted(compositor.bound.values()) == ["ext_idle_notifier_v1 1", "wl_seat 1"]
        assert idle is not None
        idle.close()

    def test_of_a_compositor_without_it_is_none(self, folder: Path) -> None:
        FakeCompositor(folder / "wayland-0", {"wl_seat": 9})

        assert WaylandIdle.open(str(folder), "wayland-0") is None

    @pytest.mark.parametrize(
        ("place", "display"), [("", "wayland-0"), ("here", ""), ("here", "wayland-0")]
    )
    def test_without_a_compositor_is_none(self, folder: Path, place: str, display: str) -> None:
        assert WaylandIdle.open(str(folder) if place else "", display) is None


class TestX11:
    def test_without_a_server_is_none(self) -> None:
        assert X11Idle.open("") is None
        assert X11Idle.open(":4711") is None


class TestIdle:
    def test_leaves_the_compositor_when_it_may_not_be_read(self, folder: Path) -> None:
        compositor = FakeCompositor(folder / "wayland-0", GLOBALS)
        idle = Idle(Desktop("", Bus()), lambda: WaylandIdle.open(str(folder), "wayland-0"), nothing)
        at_first = idle.read_ms()
        idle.rest()

        wait_for(lambda: has_left(compositor))
        assert at_first == 0

    def test_without_any_way_is_unknown(self) -> None:
        assert Idle(Desktop("", Bus()), nothing, nothing).read_ms() is None
