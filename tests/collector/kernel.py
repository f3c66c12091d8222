"""The process connector as tests need it: its messages, a kernel that says them, the real one."""

import os
import shutil
import signal
import socket
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

from dex_collector.probes.process_connector_linux import CORE_DUMP, EXEC, EXIT, open_connector
from dex_collector.probes.process_listener_linux import Listener
from dex_collector.threads import Helper
from tests.fakes.bus import wait_for


def message(what: int, *words: int, index: int = 1) -> bytes:
    """Return a message as include/uapi/linux/{netlink,connector,cn_proc}.h write it: 76 bytes."""
    event = struct.pack("=IIQ", what, 0, 10**9) + struct.pack(
        "=6I", *words, *[0] * (6 - len(words))
    )
    connector = struct.pack("=IIIIHH", index, 1, 7, 0, len(event), 0)
    return struct.pack("=IHHII", 76, 3, 0, 7, 0) + connector + event


def started(pid: int) -> bytes:
    return message(EXEC, pid, pid)


def dumped(pid: int, thread: int | None = None) -> bytes:
    return message(CORE_DUMP, thread or pid, pid, 1, 1)


def ended(pid: int, code: int, thread: int | None = None) -> bytes:
    return message(EXIT, thread or pid, pid, code, signal.SIGCHLD, 1, 1)


class Kernel:
    """The other end of the subscription."""

    def __init__(self, root: Path) -> None:
        self.link, self._end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.root = root

    def say(self, *messages: bytes) -> None:
        for content in messages:
            self._end.send(content)

    def run(self, pid: int, program: str) -> None:
        """Let a process be there."""
        folder = self.root / "proc" / str(pid)
        folder.mkdir(parents=True)
        (folder / "exe").symlink_to(program)
        (folder / "stat").write_text(f"{pid} ({program[-15:].rpartition('/')[2]}) S 1")


def own_shell(folder: Path) -> Path:
    """Return a program that nothing else on this machine runs."""
    return Path(shutil.copy(Path("/bin/sh").resolve(), folder / f"shell-{os.getpid()}"))


def crash_once_heard(shell: Path, listener: Listener) -> None:
    """Run a program that crashes as soon as its start was heard, however long that takes."""

    def is_heard() -> bool:
        run = listener._runs.get(child.pid)
        return run is not None and run.program.name == shell.name

    with subprocess.Popen([shell, "-c", "read go; kill -SEGV $$"], stdin=subprocess.PIPE) as child:
        wait_for(is_heard)
        child.communicate(b"\n")


class Yardstick:
    """Hears of the same starts at the same time, and does the least that tells them apart.

    A processor that others use makes each waking and each look dearer, for both alike.
    """

    def __init__(self) -> None:
        self._link = open_connector()
        self._link.settimeout(None)  # with one, each message would cost a call more
        self._link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 1, 0))
        self._looks = 0
        self._is_over = False
        self._thread = Helper("yardstick", self._listen)
        self._thread.start()

    def close(self) -> None:
        self._is_over = True
        self._thread.join()

    def take_cost(self) -> float:
        """Return the processor seconds of one look, of those since the last call."""
        looks, self._looks = self._looks, 0
        return self._thread.take_cpu_seconds() / max(1, looks)

    def _listen(self) -> None:
        with self._link:
            while not self._is_over:
                # Silence, or it has ended.
                with suppress(BlockingIOError, FileNotFoundError, ProcessLookupError):
                    (pid,) = struct.unpack_from("=I", self._link.recv(512), 56)
                    self._looks += 1
                    os.stat(f"/proc/{pid}")
                    os.readlink(f"/proc/{pid}/exe")
