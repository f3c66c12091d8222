"""How long a startup took, by a systemd on a private bus."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from dex_collector.probes.base import Context
from dex_collector.probes.boot_linux import BootReader
from tests.collector.fakes import NOON
from tests.fakes.bus import PrivateBus
from tests.fakes.systemd import FakeSystemd

MakeContext = Callable[..., Context]


@pytest.fixture
def machine(bus_machine: Path) -> Path:
    """A machine that began to start five minutes before noon."""
    at = int((NOON - timedelta(minutes=5)).timestamp())
    (bus_machine / "proc/stat").write_text(f"btime {at}\n")
    (bus_machine / "run/systemd/system").mkdir(parents=True)
    return bus_machine


class TestDuration:
    def test_is_that_from_power_on_until_all_has_started(
        self, bus: PrivateBus, machine: Path, make_context: MakeContext
    ) -> None:
        systemd = FakeSystemd(bus.address, firmware=4_000_400)
        systemd.finish(31_500_000)

        (fact,) = BootReader()(make_context(machine))

        assert fact.fields == {"type": "full_boot", "duration_ms": 35_500}

    def test_is_waited_for(self, bus: PrivateBus, machine: Path, make_context: MakeContext) -> None:
        systemd, reader = FakeSystemd(bus.address), BootReader()

        early = reader(make_context(machine))
        systemd.finish(310_000_000)
        (fact,) = reader(make_context(machine))
        systemd.stop()

        assert early == []
        assert fact.fields["duration_ms"] == 310_000
        assert reader(make_context(machine)) == [fact]

    def test_of_a_startup_that_does_not_end_is_left_out(
        self, bus: PrivateBus, machine: Path, make_context: MakeContext
    ) -> None:
        FakeSystemd(bus.address)
        at = int((NOON - timedelta(minutes=16)).timestamp())
        (machine / "proc/stat").write_text(f"btime {at}\n")

        (fact,) = BootReader()(make_context(machine))

        assert fact.fields == {"type": "full_boot"}

    def test_of_a_container_is_not_that_of_its_host(
        self, bus: PrivateBus, machine: Path, make_context: MakeContext
    ) -> None:
        FakeSystemd(bus.address, kernel=0).finish(9_000_000_000)

        assert BootReader()(make_context(machine)) == []

    def test_is_not_waited_for_without_systemd(
        self, machine: Path, make_context: MakeContext
    ) -> None:
        (machine / "run/systemd/system").rmdir()

        (fact,) = BootReader()(make_context(machine))

        assert fact.fields == {"type": "full_boot"}
