"""Under `strict` no clear name leaves a device or stays on it, nor is one kept by the server."""

import gzip
import logging
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from apps.collectors.choices import Preset
from apps.core import clock as server_clock
from apps.devices.models import Device
from apps.users.models import Login, User
from dex_collector.daemon import Daemon, Settings
from dex_collector.probes import volumes_linux
from dex_collector.transport import Answer
from tests.collector.conftest import copy_machine, run
from tests.collector.fakes import FakeClock
from tests.collector.written import everything_written
from tests.contract.test_collector import ViewTransport, booted
from tests.factories.collectors import configure, make_key
from tests.scan import tables_with

pytestmark = pytest.mark.django_db

WORD = "zorro"  # who uses the laptop, which is named after its user
NAMED = (
    "etc/passwd",
    "etc/group",
    "proc/self/mountinfo",
    "proc/sys/kernel/hostname",
    "run/utmp",
    "var/log/wtmp",
)
Start = Callable[[], Daemon]


class Tapped(ViewTransport):
    """Keeps all that leaves the device."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        is_packed = (headers or {}).get("Content-Encoding") == "gzip"
        plain = gzip.decompress(body) if body and is_packed else body or b""
        self.sent += [f"{method} {path} {headers}".encode(), plain]
        return super().request(method, path, body, headers)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """One clock for both sides."""
    made = FakeClock()
    monkeypatch.setattr(server_clock, "now", made.now)
    return made


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> Tapped:
    """Return the one way out of the device."""
    made = Tapped()
    monkeypatch.setattr("dex_collector.daemon.Transport", lambda url, ca_file: made)
    return made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return the folder of the collector."""
    return tmp_path / "state"


@pytest.fixture
def start(
    tmp_path: Path, state: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Start]:
    """Start the collector of a laptop whose user and host bear the word."""
    monkeypatch.setattr(volumes_linux, "measure", lambda folder: (2**40, 2**38, 2**39))
    root = booted(copy_machine("laptop", tmp_path / "root"))
    for name in NAMED:
        content = (root / name).read_bytes().replace(b"adas-laptop", b"zorros-laptop")
        content = content.replace(b"ada\0\0", b"zorro")  # fields of a fixed length
        (root / name).write_bytes(content.replace(b"ada", b"zorro"))
    daemons: list[Daemon] = []

    def make() -> Daemon:
        (tmp_path / "key").write_text(make_key())
        settings = Settings(
            state=state, server="https://dex.example", root=root, key_file=tmp_path / "key"
        )
        daemons.append(Daemon(settings, clock, chance=random.Random(7)))
        return daemons[-1]

    yield make
    for daemon in daemons:
        daemon.close()


@pytest.mark.case("privacy.2")
class TestStrict:
    def test_leaves_no_name_in_any_table_log_spool_or_request(
        self,
        start: Start,
        clock: FakeClock,
        transport: Tapped,
        state: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        configure(Preset.STRICT)

        run(start(), clock, seconds=2100, every=30)

        assert transport.statuses("events") == {202}
        assert [one["refused"] for one in transport.contents("events") if one["refused"]] == []
        assert tables_with(WORD) == []
        assert WORD.encode() not in everything_written(state)
        assert WORD.encode() not in b"\n".join(transport.sent)
        assert WORD not in caplog.text
        assert Login.objects.exists()
        assert User.objects.filter(name__startswith="u1_").exists()
        assert Device.objects.get().name.startswith("h:")

    def test_is_looked_for_where_standard_keeps_it(
        self, start: Start, clock: FakeClock, transport: Tapped, state: Path
    ) -> None:
        configure(Preset.STANDARD)

        run(start(), clock, seconds=2100, every=30)

        assert {"public.users_user", "public.devices_device"} <= set(tables_with(WORD))
        assert WORD.encode() in everything_written(state)
        assert WORD.encode() in b"\n".join(transport.sent)
