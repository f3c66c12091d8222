"""What the real probes make of captured machines, posted to the real views."""

import json
import os
import random
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.binaries.models import InstalledPackage
from apps.collectors.models import Collector, CollectorEvent
from apps.core import clock as server_clock
from apps.devices.models import (
    Boot,
    ConnectivitySample,
    Cpu,
    Device,
    HardReset,
    LocalAdmin,
    NetworkAdapter,
    SystemCrash,
)
from apps.users.models import User, UserDevice
from dex_collector.daemon import Daemon, Settings
from dex_collector.probes import volumes_linux
from dex_collector.transport import Answer
from tests.collector.conftest import copy_machine, run
from tests.collector.fakes import NOON, FakeClock
from tests.factories.collectors import configure, make_key

pytestmark = pytest.mark.django_db

MACHINES = ("laptop", "virtual_machine", "server", "ipv6_only")
Start = Callable[[str], Daemon]


class ViewTransport:
    """Sends requests into the views, in place of a socket."""

    def __init__(self) -> None:
        self.client = APIClient()
        self.traffic_bytes = 0
        self.answers: list[tuple[str, Answer]] = []

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        content_type = sent.pop("Content-Type", "application/json")
        client: Any = self.client  # the stubs know bodies of text only
        response = client.generic(
            method, f"/collector/v1/{path}", body or b"", content_type, headers=sent
        )
        names = {name.lower(): value for name, value in response.items()}
        answer = Answer(response.status_code, names, response.content)
        self.answers.append((path, answer))
        return answer

    def close(self) -> None:
        pass

    def contents(self, path: str) -> list[dict[str, Any]]:
        return [answer.json() for door, answer in self.answers if door == path]

    def statuses(self, path: str) -> set[int]:
        return {answer.status for door, answer in self.answers if door == path}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """One clock for both sides."""
    made = FakeClock()
    monkeypatch.setattr(server_clock, "now", made.now)
    return made


@pytest.fixture
def start(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start the collector of a captured machine against the views."""
    monkeypatch.setattr("dex_collector.daemon.Transport", lambda url, ca_file: ViewTransport())
    monkeypatch.setattr(
        volumes_linux, "measure", lambda folder: (100 * 2**30, 40 * 2**30, 55 * 2**30)
    )
    daemons: list[Daemon] = []

    def make(machine: str) -> Daemon:
        key_file = tmp_path / f"{machine}.key"
        key_file.write_text(make_key())
        settings = Settings(
            state=tmp_path / f"{machine}.state",
            server="https://dex.example",
            root=booted(copy_machine(machine, tmp_path / machine)),
            key_file=key_file,
        )
        daemons.append(Daemon(settings, clock, chance=random.Random(7)))
        return daemons[-1]

    yield make
    for daemon in daemons:
        daemon.close()


def booted(root: Path, before: timedelta = timedelta(hours=6)) -> Path:
    """Let a machine have booted so long before noon, whenever it was captured, and crashed before."""
    for record in root.glob("var/lib/systemd/pstore/*/dmesg*"):
        os.utime(record, (crashed_at := (NOON - before).timestamp() - 60, crashed_at))
    stat = root / "proc/stat"
    at = round((NOON - before).timestamp())
    stat.write_text(re.sub(r"^btime \d+$", f"btime {at}", stat.read_text(), flags=re.MULTILINE))
    return root


def doors(daemon: Daemon) -> ViewTransport:
    transport: Any = daemon.link.transport
    return transport  # type: ignore[no-any-return]


class TestCapturedMachine:
    @pytest.mark.parametrize("machine", MACHINES)
    def test_is_stored_and_nothing_is_refused(
        self, start: Start, clock: FakeClock, machine: str
    ) -> None:
        configure()
        daemon = start(machine)

        run(daemon, clock, seconds=2100, every=30)

        views = doors(daemon)
        assert views.statuses("enrol") == {201}
        assert views.statuses("events") == {202}
        assert [one["refused"] for one in views.contents("events") if one["refused"]] == []
        assert daemon.spool.read("counters", {}).get("records_refused") is None
        assert [one["need_full"] for one in views.contents("events") if one["need_full"]] == []
        device = Device.objects.get()
        assert device.operating_system_platform == "linux"
        assert device.hardware_memory_bytes
        assert Boot.objects.filter(device=device).count() == 1
        assert device.connectivity_last_connectivity_type in {"wifi", "ethernet"}
        assert device.collector_local_ip
        assert ConnectivitySample.objects.filter(device=device).exists()
        assert NetworkAdapter.objects.filter(device=device, address__isnull=False).exists()
        assert Cpu.objects.filter(device=device).exists()
        assert LocalAdmin.objects.filter(device=device, name="root").exists()
        assert InstalledPackage.objects.filter(device=device).exists() is (machine != "server")
        assert HardReset.objects.filter(device=device).exists() is (machine == "laptop")
        assert SystemCrash.objects.filter(device=device).exists() is (machine == "server")
        assert CollectorEvent.objects.filter(device=device, type="health").exists()
        assert "dns_latency.unsupported" in device.collector_capabilities

    def test_tells_who_uses_it_with_rights_and_listed_groups(
        self, start: Start, clock: FakeClock
    ) -> None:
        configure()

        run(start("laptop"), clock, seconds=60, every=30)

        held = dict(UserDevice.objects.values_list("user__username", "rights"))
        assert (held["ada"], held["ben"]) == ("administrator", "standard")
        assert User.objects.get(username="ben").groups == ["docker", "users"]
        assert set(LocalAdmin.objects.values_list("name", flat=True)) == {
            "root",
            "ada@adas-laptop",
            "admin",
            "sudo",
        }

    def test_tells_it_hashed_and_nothing_is_refused(self, start: Start, clock: FakeClock) -> None:
        configure(username="hashed", device_name="hashed")
        daemon = start("laptop")

        run(daemon, clock, seconds=60, every=30)

        assert [one["refused"] for one in doors(daemon).contents("events") if one["refused"]] == []
        dropped = [one["dropped_by_configuration"] for one in doors(daemon).contents("events")]
        assert sum(dropped) == 0
        assert User.objects.exclude(username__startswith="u1_").count() == 0
        assert LocalAdmin.objects.filter(name__startswith="u1_").count() == 1

    def test_tells_a_boot_of_long_ago_and_nothing_is_refused(
        self, start: Start, clock: FakeClock
    ) -> None:
        configure()
        daemon = start("laptop")
        booted(daemon.settings.root, before=timedelta(days=90))

        run(daemon, clock, seconds=60, every=30)

        device = Device.objects.get()
        assert device.boot_last_full_boot_time_at == NOON - timedelta(days=90)
        assert [one["refused"] for one in doors(daemon).contents("events") if one["refused"]] == []
        assert not Boot.objects.exists()

    def test_checks_in_with_what_it_enrolled_with(self, start: Start, clock: FakeClock) -> None:
        configure()
        daemon = start("laptop")

        run(daemon, clock, seconds=1500, every=30)

        assert doors(daemon).statuses("check-in") <= {200, 304}
        assert daemon.configuration.current.version >= 1
        assert Collector.objects.get().version

    def test_obeys_a_stricter_configuration(self, start: Start, clock: FakeClock) -> None:
        configure()
        daemon = start("laptop")
        run(daemon, clock, seconds=60, every=30)
        clock.advance(1)
        configure(username="none", serial_numbers="off")

        daemon.check_in()

        assert daemon.configuration.current.value("username") == "none"
        assert daemon.configuration.current.value("serial_numbers") == "off"

    def test_keeps_its_own_when_the_stricter_one_was_forged(
        self, start: Start, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configure()
        daemon = start("laptop")
        run(daemon, clock, seconds=60, every=30)
        before = daemon.configuration.current
        configure(username="none")
        real = ViewTransport.request

        def forge(self: ViewTransport, method: str, path: str, *rest: Any) -> Answer:
            answer = real(self, method, path, *rest)
            if path != "check-in" or answer.status != 200:
                return answer
            content = answer.json()
            signed = content["configuration"]
            signed["document"] = signed["document"].replace('"none"', '"hashed"', 1)
            return Answer(answer.status, answer.headers, json.dumps(content).encode())

        with monkeypatch.context() as forging:
            forging.setattr(ViewTransport, "request", forge)
            daemon.check_in()
        refused = daemon.configuration.current

        daemon.check_in()  # the true one, by the same door

        assert refused == before
        assert daemon.configuration.current.value("username") == "none"
