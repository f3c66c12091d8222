"""What the kernel's process connector says, byte for byte, and what a listener makes of it."""

import errno
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dex_collector.probes import process_listener_linux
from dex_collector.probes.process_connector_linux import (
    CORE_DUMP,
    EXEC,
    EXIT,
    NONE,
    Event,
    attach_filter,
    make_filter,
    make_subscription,
    open_connector,
    parse_event,
)
from dex_collector.probes.process_listener_linux import Heard, Listener
from dex_collector.probes.programs_linux import Program
from tests.collector.conftest import FIXTURES
from tests.collector.kernel import (
    Kernel,
    Yardstick,
    crash_once_heard,
    dumped,
    ended,
    message,
    own_shell,
    started,
)
from tests.fakes.bus import wait_for

SHORT_PROCESSES = 1_000
MOST_OF_A_YARDSTICK = 1.6  # it takes 0.9, as it rests in bursts; three files more a start: 2.1


class TestMessages:
    @pytest.mark.parametrize(
        ("file", "event"),
        [
            ("acknowledged", Event(NONE, 0, 0)),
            ("fork", None),
            ("exec", Event(EXEC, 2857, 0)),
            ("coredump", Event(CORE_DUMP, 2857, 0)),
            ("exit", Event(EXIT, 2857, 11)),
        ],
    )
    def test_that_were_recorded(self, file: str, event: Event | None) -> None:
        content = (FIXTURES / "process_connector" / file).read_bytes()

        assert parse_event(content) == event

    def test_of_threads_are_none(self) -> None:
        assert parse_event(ended(5, 11, thread=6)) is None
        assert parse_event(dumped(5, thread=6)) == Event(CORE_DUMP, 5, 0)

    def test_of_another_connector_or_cut_off_are_none(self) -> None:
        assert parse_event(message(EXEC, 5, 5, index=2)) is None
        assert parse_event(started(5)[:50]) is None
        assert parse_event(b"") is None

    def test_tell_the_signal_without_the_core_bit(self) -> None:
        assert parse_event(ended(5, 0x80 | 11)) == Event(EXIT, 5, 11)
        assert parse_event(ended(5, 3 << 8)) == Event(EXIT, 5, 0)

    def test_to_subscribe_have_40_bytes(self) -> None:
        """Source: cn_proc.h: a cn_msg for CN_IDX_PROC that holds PROC_CN_MCAST_LISTEN."""
        sent = make_subscription()

        assert struct.unpack("=IHHII IIIIHH I", sent) == (
            40, 3, 0, 0, os.getpid(), 1, 1, 0, 0, 4, 0, 1,
        )  # fmt: skip


class TestFilter:
    @pytest.mark.parametrize(
        ("content", "is_kept"),
        [
            (message(NONE), True),
            (started(5), True),
            (dumped(5, thread=6), True),
            (ended(5, 11), True),
            (ended(5, 0x80 | 6), True),
            (ended(5, 0), False),
            (ended(5, 1 << 8), False),
            (ended(5, 11, thread=6), False),
            (message(0x1, 4, 4, 5, 5), False),  # a fork
            (message(0x200, 5, 5), False),  # another name
        ],
    )
    def test_keeps_back_what_nobody_asks_for(self, content: bytes, is_kept: bool) -> None:
        """The steps run in the kernel, on a socket of another family."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        attach_filter(ours)

        with ours, theirs:
            theirs.send(content)
            theirs.send(started(1))

            assert (parse_event(ours.recv(512)) != Event(EXEC, 1, 0)) is is_kept

    def test_has_a_step_for_each_line(self) -> None:
        assert {len(step) for step in make_filter()} == {8}


class Time:
    """The listener's clock."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


@pytest.fixture
def at() -> Time:
    return Time()


@pytest.fixture
def listener(kernel: Kernel, at: Time) -> Iterator[Listener]:
    made = Listener(kernel.root, kernel.link, at, with_paths=True)
    yield made
    made.close()


def taken(listener: Listener, is_enough: Callable[[Heard], bool]) -> Heard:
    """Wait until the listener's thread has heard enough."""
    heard = Heard()
    for _ in range(500):
        more = listener.take({pid: (Program("known", "usr"), 0) for pid in range(900, 910)})
        heard.starts += more.starts
        heard.crashes += more.crashes
        heard.overflows += more.overflows
        if is_enough(heard):
            return heard
        time.sleep(0.01)
    raise AssertionError(f"heard only {heard}")


class TestListener:
    def test_counts_what_starts_by_user_and_name(self, kernel: Kernel, listener: Listener) -> None:
        kernel.run(5, "/usr/bin/soffice.bin")
        kernel.run(6, "/usr/bin/soffice.bin")

        kernel.say(started(5), started(6))

        heard = taken(listener, lambda so_far: so_far.starts.total() == 2)
        assert heard.starts == {(os.getuid(), "soffice.bin"): 2}

    def test_counts_what_has_gone_already(self, kernel: Kernel, listener: Listener) -> None:
        kernel.say(started(5))

        heard = taken(listener, lambda so_far: so_far.starts.total() == 1)
        assert heard.starts == {(None, "unknown"): 1}

    def test_names_what_has_just_ended_as_the_kernel_does(
        self, kernel: Kernel, listener: Listener
    ) -> None:
        kernel.run(5, "/usr/bin/true")
        (kernel.root / "proc/5/exe").unlink()  # so it is of a zombie

        kernel.say(started(5), ended(5, 11))

        (crash,) = taken(listener, lambda so_far: len(so_far.crashes) == 1).crashes
        assert crash.program == Program("true", "gone")

    @pytest.mark.parametrize("number", [4, 6, 7, 8, 11])
    def test_calls_these_signals_a_crash(
        self, kernel: Kernel, listener: Listener, number: int
    ) -> None:
        kernel.run(5, "/home/ada/tools/editor")

        kernel.say(started(5), dumped(5), ended(5, number))

        (crash,) = taken(listener, lambda so_far: len(so_far.crashes) == 1).crashes
        assert crash.program == Program("editor", "user_profile", "~/tools/editor")
        assert (crash.signal, crash.is_on_start) == (number, True)

    @pytest.mark.parametrize("number", [2, 9, 13, 15])
    def test_calls_others_none(self, kernel: Kernel, listener: Listener, number: int) -> None:
        kernel.run(5, "/usr/bin/editor")
        kernel.run(6, "/usr/bin/viewer")

        kernel.say(started(5), ended(5, number), ended(6, 11))

        (crash,) = taken(listener, lambda so_far: len(so_far.crashes) == 1).crashes
        assert crash.program.name == "viewer"

    def test_takes_a_dump_for_a_crash_whatever_the_signal(
        self, kernel: Kernel, listener: Listener
    ) -> None:
        kernel.run(5, "/usr/bin/editor")

        kernel.say(dumped(5), ended(5, signal.SIGSYS))

        (crash,) = taken(listener, lambda so_far: len(so_far.crashes) == 1).crashes
        assert crash.signal == signal.SIGSYS

    def test_a_crash_after_10_seconds_is_none_on_start(
        self, kernel: Kernel, listener: Listener, at: Time
    ) -> None:
        kernel.run(5, "/usr/bin/editor")
        kernel.say(started(5))
        taken(listener, lambda so_far: so_far.starts.total() == 1)
        listener.take({5: (Program("editor", "usr"), 0)})
        at.seconds += 10.5

        kernel.say(ended(5, 11))

        (crash,) = taken(listener, lambda so_far: len(so_far.crashes) == 1).crashes
        assert crash.is_on_start is False

    def test_of_a_number_that_is_used_again_says_what_runs_now(
        self, kernel: Kernel, listener: Listener
    ) -> None:
        kernel.run(5, "/usr/bin/editor")
        kernel.say(started(5))
        taken(listener, lambda so_far: so_far.starts.total() == 1)
        (kernel.root / "proc/5/exe").unlink()
        (kernel.root / "proc/5/exe").symlink_to("/usr/bin/viewer")

        kernel.say(dumped(5), ended(5, 11))

        (crash,) = taken(listener, lambda so_far: len(so_far.crashes) == 1).crashes
        assert (crash.program.name, crash.is_on_start) == ("viewer", None)

    def test_of_what_ran_before_knows_it_from_the_pass(
        self, kernel: Kernel, listener: Listener
    ) -> None:
        listener.take({900: (Program("known", "opt"), 0)})

        kernel.say(ended(900, 11))

        (crash,) = taken(listener, lambda so_far: len(so_far.crashes) == 1).crashes
        assert crash.program == Program("known", "opt")

    def test_leaves_when_programs_start_too_often(
        self, kernel: Kernel, listener: Listener, at: Time, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(process_listener_linux, "STARTS_MAXIMUM", 2)
        kernel.say(*[started(5)] * 130)
        taken(listener, lambda so_far: so_far.starts.total() == 130)
        at.seconds += 60

        kernel.say(started(5))

        taken(listener, lambda so_far: so_far.starts.total() == 1)
        assert (listener.is_alive, listener.rate) == (False, 2)

    def test_stays_while_they_do_not(self, kernel: Kernel, listener: Listener, at: Time) -> None:
        kernel.say(*[started(5)] * 130)
        taken(listener, lambda so_far: so_far.starts.total() == 130)
        at.seconds += 60

        kernel.say(started(5))

        taken(listener, lambda so_far: so_far.starts.total() == 1)
        assert listener.is_alive

    def test_rests_between_programs_that_start_one_after_the_other(
        self, kernel: Kernel, listener: Listener, at: Time, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rests: list[float] = []
        monkeypatch.setattr(process_listener_linux, "rest", rests.append)

        kernel.say(*[started(5)] * 50)

        taken(listener, lambda so_far: so_far.starts.total() == 50)
        assert rests == [0.005]

    def test_counts_when_the_queue_was_full(self, kernel: Kernel, at: Time) -> None:
        full = Full(kernel.link)
        listener = Listener(kernel.root, full, at)  # type: ignore[arg-type]

        kernel.say(started(5))

        heard = taken(listener, lambda so_far: so_far.starts.total() == 1)
        listener.close()
        assert heard.overflows == 1

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_does_not_live_on_without_its_thread(
        self, kernel: Kernel, listener: Listener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(event: Event) -> None:
            raise SystemExit  # which ends a thread without a word

        monkeypatch.setattr(listener, "_note", fail)
        was_alive = listener.is_alive
        kernel.say(started(5))

        wait_for(lambda: not listener.is_alive)
        assert was_alive

    def test_looks_at_nothing_once_closed(self, kernel: Kernel, listener: Listener) -> None:
        listener.close()

        kernel.say(started(5))
        listener._thread.join(30)

        assert not listener._thread.is_alive()
        assert listener.take({}).starts.total() == 0


class Full:
    """A link whose queue overflowed once."""

    def __init__(self, link: socket.socket) -> None:
        self._link, self._errors = link, [OSError(errno.ENOBUFS, "No buffer space available")]

    def recv(self, size: int) -> bytes:
        if self._errors:
            raise self._errors.pop()
        return self._link.recv(size)

    def __getattr__(self, name: str) -> object:
        return getattr(self._link, name)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._link.close()


@pytest.fixture
def real() -> Iterator[Listener]:
    """A listener to this machine's kernel."""
    try:
        link = open_connector()
    except OSError as error:
        pytest.skip(f"the kernel gives no process connector here: {error}")
    made = Listener(Path("/"), link, time.monotonic)
    yield made
    made.close()


@pytest.fixture
def yardstick(real: Listener) -> Iterator[Yardstick]:
    made = Yardstick()
    yield made
    made.close()


class TestRealKernel:
    @pytest.mark.case("collector.10")
    def test_tells_of_a_child_that_crashed(self, real: Listener, tmp_path: Path) -> None:
        shell = own_shell(tmp_path)

        crash_once_heard(shell, real)

        heard = taken(real, lambda so_far: shell.name in {c.program.name for c in so_far.crashes})
        assert [(c.signal, c.uid) for c in heard.crashes if c.program.name == shell.name] == [
            (signal.SIGSEGV, os.getuid())
        ]

    @pytest.mark.case("collector.10")
    def test_tells_of_1000_short_processes_at_little_cost(
        self, real: Listener, yardstick: Yardstick
    ) -> None:
        loop = f"i=0; while [ $i -lt {SHORT_PROCESSES} ]; do /bin/true; i=$((i+1)); done"

        costs = [self.cost(real, yardstick, loop) for _ in range(3)]

        assert min(costs) < MOST_OF_A_YARDSTICK

    def cost(self, listener: Listener, yardstick: Yardstick, loop: str) -> float:
        """Return the processor time for each start, as a part of the yardstick's."""
        listener._thread.take_cpu_seconds()
        yardstick.take_cost()
        subprocess.run(["sh", "-c", loop], check=True)
        heard = taken(listener, lambda so_far: so_far.starts.total() >= SHORT_PROCESSES)
        used = listener._thread.take_cpu_seconds() / heard.starts.total()
        assert heard.overflows == 0
        return used / yardstick.take_cost()
