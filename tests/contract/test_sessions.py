"""What the collector makes of sessions, posted to the real views."""

import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from apps.core import clock as server_clock
from apps.users.models import Login, Session, SessionChange, SessionSample
from dex_collector.daemon import Daemon, Settings
from dex_collector.probes import sessions, sessions_linux
from dex_collector.probes.session_network_linux import Connection
from dex_collector.probes.sessions_linux import SessionReader
from tests.collector.conftest import copy_machine, run
from tests.collector.fakes import NOON, FakeClock
from tests.contract.test_collector import ViewTransport, doors
from tests.factories.collectors import configure, make_key
from tests.fakes.bus import PrivateBus, wait_for
from tests.fakes.logind import FakeLogind, Person

pytestmark = pytest.mark.django_db

ADA, CLIENT = Person(1000, "ada"), "198.51.100.7"
WAY = Connection(b"1", ip_address(CLIENT), round_trip_us=20_500, sent=100, sent_again=0)


class Office:
    """A laptop whose logind is played, and its daemon against the views."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.clock, self.reader = clock, SessionReader(clock.monotonic)
        self.root = copy_machine("laptop", folder / "root")
        (self.root / "run/systemd/seats").mkdir(parents=True)
        self.bus = PrivateBus(self.root / "run/dbus/system_bus_socket")
        self.logind = FakeLogind(self.bus.address)
        (folder / "key").write_text(make_key())
        settings = Settings(
            state=folder / "state", server="https://dex.example", root=self.root,
            key_file=folder / "key",
        )  # fmt: skip
        probe = replace(sessions.PROBE, make_reader=lambda: self.reader)
        self.daemon = Daemon(settings, clock, chance=random.Random(7), probes=[probe])

    def step(self, seconds: float = 30) -> None:
        run(self.daemon, self.clock, seconds=seconds, every=30)

    def hear(self, member: str) -> None:
        heard = self.reader._logind._bus._signals
        wait_for(lambda: any(one.member == member for one in heard))

    def close(self) -> None:
        self.daemon.close()
        self.reader.rest()
        self.bus.stop()


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    clock = FakeClock()
    monkeypatch.setattr(server_clock, "now", clock.now)
    monkeypatch.setattr("dex_collector.daemon.Transport", lambda url, ca_file: ViewTransport())
    monkeypatch.setattr(sessions_linux, "read_connections", lambda root, protocol: [WAY])
    with tempfile.TemporaryDirectory(prefix="dex-") as folder:
        made = Office(Path(folder), clock)
        yield made
        made.close()


class TestSessions:
    @pytest.mark.case("data-model.14")
    def test_are_stored_and_nothing_is_refused(self, office: Office) -> None:
        configure()
        office.logind.add("1", ADA, NOON - timedelta(hours=1))
        office.logind.add(
            "2", ADA, NOON - timedelta(hours=1), service="sshd", remote=True, remote_host=CLIENT
        )
        office.step()
        office.logind.hint("1", LockedHint=True)
        office.hear("PropertiesChanged")
        office.step(900)
        office.logind.hint("1", LockedHint=False)
        office.hear("PropertiesChanged")
        office.step()
        office.logind.end("1")
        office.hear("SessionRemoved")
        office.step(1800)

        views = doors(office.daemon)
        assert views.statuses("events") == {202}
        assert [one["refused"] for one in views.contents("events") if one["refused"]] == []
        assert [o["dropped_by_configuration"] for o in views.contents("events")].count(0) == len(
            views.contents("events")
        )
        assert set(Login.objects.values_list("logon_type", flat=True)) == {"interactive", "remote"}
        changes = SessionChange.objects.order_by("occurred_at").values_list("change", flat=True)
        assert list(changes) == ["lock", "unlock", "logout"]
        told = Session.objects.get(session_id__startswith="1.")
        assert told.protocol == "console"
        assert told.user is not None
        assert told.user.username == "ada"
        assert told.end_time_at is not None
        remote = SessionSample.objects.filter(session_id__startswith="2.").order_by("bucket")
        assert remote[0].round_trip_time_ms_max == 20.5
        locked = SessionSample.objects.filter(session_id__startswith="1.").order_by("bucket")[0]
        assert locked.locked_duration_ms_sum > 800_000
        assert locked.number_of_sessions_sum == 1
