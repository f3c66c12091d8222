"""A fresh machine: `make run`, and a few minutes later it tells of itself.

The instance, its collector and the machine are real. Only logind is that of the tests, on a bus
that this instance alone sees: so there is a session, wherever this runs.
"""

import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.bus import PrivateBus
from tests.fakes.logind import FakeLogind, Person
from tests.instances import Instance, boot_time, make_instance, remove, wait_for
from tests.programs import require_own_mounts

FACTS_SECONDS = 180.0  # from the start of all until the facts are there
BUCKET_SECONDS = 300
BUCKET_WAIT_SECONDS = 60.0  # from the close of the bucket, which is sent at once
ADA = Person(1000, "ada")
CAME_AT = datetime.now(tz=UTC).replace(microsecond=0) - timedelta(hours=1)

DEVICE = (
    "SELECT name FROM devices_device d"
    " WHERE inventory_state = 'complete' AND EXISTS (SELECT FROM devices_boot WHERE device_id = d.id)"
)
BOOTED = "SELECT extract(epoch FROM occurred_at)::bigint FROM devices_boot"
SESSION = (
    "SELECT ARRAY[state, protocol, (extract(epoch FROM start_time_at)::bigint)::text]"
    " FROM users_session"
)
FIRST_BUCKET = "SELECT extract(epoch FROM min(bucket))::bigint FROM devices_performancesample"
READINGS = "SELECT used_memory_bytes_count FROM devices_performancesample ORDER BY bucket LIMIT 1"


@dataclass(frozen=True)
class Run:
    """An instance and when it was started."""

    instance: Instance
    started: float  # monotonic
    started_at: float  # Unix time

    def wait_for(self, query: str, seconds: float) -> float:
        """Wait until a query has a value, `seconds` from the start at most; return how long."""
        left = seconds - (time.monotonic() - self.started)
        wait_for(lambda: self.instance.value(query), left, self.instance.output)
        return time.monotonic() - self.started


@pytest.fixture(scope="module")
def logind() -> Iterator[Path]:
    """Return a folder to be /run, whose bus has a logind: Ada came an hour ago."""
    with tempfile.TemporaryDirectory(prefix="dex-") as folder:
        os.chmod(folder, 0o755)
        (Path(folder) / "systemd" / "seats").mkdir(parents=True)
        bus = PrivateBus(Path(folder) / "dbus" / "system_bus_socket")
        FakeLogind(bus.address).add("2", ADA, CAME_AT)
        yield Path(folder)
        bus.stop()


@pytest.fixture(scope="module")
def run(logind: Path) -> Iterator[Run]:
    """Return an instance with the collector of this machine, just started."""
    inside = [*require_own_mounts(), "sh", "-c", 'mount --bind "$0" /run && exec "$@"']
    instance = make_instance()
    instance.inside = (*inside, str(logind))
    try:
        run = Run(instance, time.monotonic(), time.time())
        instance.begin()
        instance.wait_until_ready(FACTS_SECONDS)
        yield run
    finally:
        remove(instance)


class TestFreshMachine:
    @pytest.mark.case("collector.1")
    def test_tells_its_inventory_and_boot(self, run: Run, tell: Callable[[str], None]) -> None:
        took = run.wait_for(DEVICE, FACTS_SECONDS)

        tell(f"{took:.0f} s until inventory and boot, {took / FACTS_SECONDS:.0%} of the time")
        assert run.instance.value(DEVICE) == platform.node().split(".")[0]
        assert run.instance.value(BOOTED) == boot_time()

    def test_tells_of_a_session(self, run: Run, tell: Callable[[str], None]) -> None:
        took = run.wait_for(SESSION, FACTS_SECONDS)

        tell(f"{took:.0f} s until the session, {took / FACTS_SECONDS:.0%} of the time")
        came_at = str(round(CAME_AT.timestamp()))
        assert run.instance.value(SESSION) == ["active", "console", came_at]

    def test_tells_of_its_first_bucket(self, run: Run, tell: Callable[[str], None]) -> None:
        run.wait_for(FIRST_BUCKET, FACTS_SECONDS + BUCKET_SECONDS + BUCKET_WAIT_SECONDS)

        closed = run.instance.value(FIRST_BUCKET) + BUCKET_SECONDS
        late = time.time() - closed
        tell(f"{late:.0f} s from the close of the first bucket until it was there")
        assert run.started_at < closed
        assert 0 < late < BUCKET_WAIT_SECONDS
        assert run.instance.value(READINGS) > 0
