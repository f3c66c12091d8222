"""Fixtures of the collector's tests: a machine, a server, a clock, a daemon."""

import logging
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dex_collector import bus as bus_module
from dex_collector import journal
from dex_collector.configuration import Configuration
from dex_collector.daemon import Daemon, Settings
from dex_collector.probes import volumes_linux
from dex_collector.probes.base import Context
from dex_collector.reports import Cost, Reports
from dex_collector.session import companion, wayland_idle
from dex_collector.spool import Spool
from tests.collector.fakes import (
    COLLECTOR_KEY,
    ENROLMENT_KEY,
    NOON,
    STANDARD,
    FakeClock,
    FakeServer,
)
from tests.collector.watching import Door, Watch
from tests.fakes.bus import PrivateBus
from tests.fakes.logind import FakeLogind

FIXTURES = Path(__file__).parent / "fixtures"
GIB = 2**30


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer for the services of a test than for those of a device: processors are shared."""
    monkeypatch.setattr(bus_module, "REPLY_SECONDS", 30.0)
    monkeypatch.setattr(companion, "ANSWER_SECONDS", 30.0)
    monkeypatch.setattr(wayland_idle, "ANSWER_SECONDS", 30.0)


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """Undo what a command did to the log, so that caplog sees all of it."""
    yield
    logger = logging.getLogger(journal.ROOT)
    logger.handlers, logger.propagate = [], True


@pytest.fixture
def server(clock: FakeClock) -> Iterator[FakeServer]:
    fake = FakeServer()
    fake.clock = clock
    yield fake
    fake.close()


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A laptop of its own for one test: a copy that may be changed."""
    return copy_machine("laptop", tmp_path / "root")


@pytest.fixture
def bus_machine() -> Iterator[Path]:
    """A laptop at a short path: the address of a Unix socket has 107 characters at most."""
    with tempfile.TemporaryDirectory(prefix="dex-") as folder:
        yield copy_machine("laptop", Path(folder) / "root")


@pytest.fixture
def bus(bus_machine: Path) -> Iterator[PrivateBus]:
    """The system bus of that laptop."""
    made = PrivateBus(bus_machine / "run/dbus/system_bus_socket")
    yield made
    made.stop()


@pytest.fixture
def logind(bus: PrivateBus, bus_machine: Path) -> FakeLogind:
    """logind of a machine whose system bus is the private one."""
    (bus_machine / "run/systemd/seats").mkdir(parents=True)
    return FakeLogind(bus.address)


@pytest.fixture
def watch(logind: FakeLogind, bus_machine: Path, clock: FakeClock) -> Iterator[Watch]:
    made = Watch(bus_machine, clock)
    made.read()
    yield made
    made.reader.rest()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: the address of a Unix socket has 107 characters at most."""
    with tempfile.TemporaryDirectory(prefix="dex-") as made:
        os.chmod(made, 0o755)
        yield Path(made)


@pytest.fixture
def door(folder: Path) -> Iterator[Door]:
    made = Door(folder / "run/collector.sock")
    yield made
    made.server.close()


def copy_machine(name: str, to: Path) -> Path:
    """Return a changeable copy of a fixture machine."""
    shutil.copytree(FIXTURES / name, to, symlinks=True)
    return to


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "enrolment-key"
    file.write_text(ENROLMENT_KEY + "\n")
    return file


@pytest.fixture
def spool(tmp_path: Path, clock: FakeClock) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool.db", clock.now(), free_bytes=lambda: 10**12)
    made.begin_epoch("boot-1")
    yield made
    made.close()


@pytest.fixture
def start(
    server: FakeServer, clock: FakeClock, machine: Path, state: Path, key_file: Path
) -> Iterator[Callable[..., Daemon]]:
    """Start a daemon; its chance always takes the middle."""
    daemons: list[Daemon] = []

    def make(**changes: Any) -> Daemon:
        probes = {name: changes.pop(name) for name in ("probes", "read_cost") if name in changes}
        plain: dict[str, Any] = {
            "state": state,
            "server": server.url,
            "root": machine,
            "key_file": key_file,
        }
        probes.setdefault("read_cost", lambda: Cost(0.0, clock.monotonic(), 30_000_000))
        made = Daemon(Settings(**(plain | changes)), clock, chance=Middle(), **probes)
        daemons.append(made)
        return made

    yield make
    for daemon in daemons:
        try:
            daemon.close()
        except Exception:  # noqa: BLE001 - a test may have closed it itself
            continue


@pytest.fixture
def daemon(
    start: Callable[..., Daemon], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> Daemon:
    """An enrolled daemon without probes or reports on itself, whose first turn is over."""
    monkeypatch.setattr(Reports, "tell", lambda *args, **fields: None)
    made = start(probes=())
    made.step()
    return made


@pytest.fixture
def full_drives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mount point is there, 100 GiB with 40 free for users and 5 for root."""
    monkeypatch.setattr(volumes_linux, "measure", lambda folder: (100 * GIB, 40 * GIB, 55 * GIB))


class Middle(random.Random):
    """No chance: the middle of what is asked for."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def run(daemon: Daemon, clock: FakeClock, seconds: float, every: float = 10.0) -> None:
    """Step for a while; the clock moves by `every` seconds."""
    steps = int(seconds // every)
    for _ in range(steps):
        daemon.step()
        clock.advance(every)
    daemon.step()


@pytest.fixture
def make_context() -> Callable[..., Context]:
    """Make what a probe is given."""

    def make(root: Path, monotonic: float = 0.0, **switches: str) -> Context:
        return Context(root, NOON, monotonic, configuration(**switches))

    return make


def configuration(**switches: str) -> Configuration:
    """Return the reference defaults with some switches changed."""
    return Configuration(
        version=1, switches=STANDARD | switches, collector_key=COLLECTOR_KEY, epoch=0
    )
