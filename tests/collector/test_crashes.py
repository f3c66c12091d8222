"""Crashes of programs, as they become records."""

import signal
from collections.abc import Callable
from datetime import timedelta

import pytest

from dex_collector.probes.base import Context, Fact
from dex_collector.probes.crashes_linux import grouped, make_facts
from dex_collector.probes.process_listener_linux import Crash
from dex_collector.probes.programs_linux import Program, parse_link
from tests.collector.conftest import FIXTURES
from tests.collector.fakes import NOON

MakeContext = Callable[..., Context]
LAPTOP = FIXTURES / "laptop"
PLATFORM = {"platform": "linux", "architecture": "x64"}


def crash(at: float, name: str = "editor", uid: int = 1000, on_start: bool = False) -> Crash:
    return Crash(Program(name, "opt"), uid, signal.SIGSEGV, at, on_start)


class TestCrashes:
    def test_of_a_binary_within_a_minute_are_one_event(self, make_context: MakeContext) -> None:
        context = make_context(LAPTOP, monotonic=1_000)

        (fact,) = make_facts([crash(960), crash(950), crash(999, on_start=True)], context, PLATFORM)

        assert fact == Fact(
            kind="execution.crashes",
            occurred_at=NOON - timedelta(seconds=50),
            key="2026-03-02T11:59:10.000Z 0",
            fields={
                "number_of_crashes": 3,
                "crash_on_start": True,
                "binary_path_root": "opt",
                "error_code": "SIGSEGV",
                "kind": "crash",
            },
            user={"name": "adas-laptop\\ada", "type": "local_user"},
            binary={"name": "editor", **PLATFORM},
        )

    def test_of_another_binary_user_or_minute_are_events_of_their_own(self) -> None:
        first, other, root, later = crash(1), crash(2, "viewer"), crash(3, uid=0), crash(62)

        assert grouped([first, other, root, later]) == [[first], [other], [root], [later]]

    @pytest.mark.parametrize(
        ("link", "root", "shown"),
        [
            ("/usr/bin/editor", "usr", "/usr/bin/editor"),
            ("/bin/editor", "system", "/bin/editor"),
            ("/opt/tool/editor (deleted)", "opt", "/opt/tool/editor"),
            ("/home/ada/bin/editor", "user_profile", "~/bin/editor"),
            ("/srv/home/ada/x/editor", "user_profile", "~/x/editor"),
            ("/root/editor", "user_profile", "~/editor"),
            ("/tmp/editor", "temp", "/tmp/editor"),
            ("/snap/editor/1/editor", "other", "/snap/editor/1/editor"),
            ("/var/copy/home/ada/editor", "user_profile", "~/editor"),
        ],
    )
    def test_tell_where_the_file_lies(self, link: str, root: str, shown: str) -> None:
        assert parse_link(link, with_path=True) == Program("editor", root, shown)
        assert parse_link(link, with_path=False) == Program("editor", root)
