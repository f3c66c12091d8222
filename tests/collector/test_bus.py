"""The client of D-Bus, with a real bus."""

import time
from pathlib import Path

import pytest
from jeepney import DBusAddress, MatchRule

from dex_collector.bus import Bus, BusLost, BusRefused, system_bus
from tests.collector.fakes import NOON
from tests.fakes.bus import PrivateBus, wait_for
from tests.fakes.logind import MANAGER, NAME, ROOT, SESSION, FakeLogind, Person

ADA = Person(1000, "ada")
LOGIND = DBusAddress(ROOT, NAME, MANAGER)


class TestBus:
    def test_calls_reads_and_listens(self, bus: PrivateBus, bus_machine: Path) -> None:
        logind, client = FakeLogind(bus.address), Bus()
        client.open(system_bus(bus_machine))
        client.listen(MatchRule(type="signal", sender=NAME, interface=MANAGER))

        logind.open("1", ADA, NOON)
        answer = client.call(LOGIND, "ListSessions")
        session = DBusAddress(answer[0][0][4], NAME, SESSION)

        assert client.get(session, "User")[0] == ADA.uid
        assert logind.asked == [(ROOT, "ListSessions"), (session.object_path, "User")]
        heard = [one for one in client.signals() if one.sender == client.owner_of(NAME)]
        assert [one.member for one in heard] == ["SessionNew"]

    def test_tells_a_refusal_from_a_loss(self, bus: PrivateBus) -> None:
        client = Bus()
        FakeLogind(bus.address)
        client.open(bus.address)

        with pytest.raises(BusRefused, match="UnknownObject"):
            client.get(DBusAddress("/nothing", NAME, SESSION), "User")

        bus.stop()
        wait_for(lambda: not client.is_open)
        with pytest.raises(BusLost):
            client.call(LOGIND, "ListSessions")
        bus.start()

    def test_opens_again(self, bus: PrivateBus) -> None:
        client = Bus()
        client.open(bus.address)
        bus.stop()
        wait_for(lambda: not client.is_open)
        bus.start()
        FakeLogind(bus.address)

        client.open(bus.address)

        assert client.call(LOGIND, "ListSessions") == ([],)

    def test_takes_silence_for_a_loss(
        self, bus: PrivateBus, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("dex_collector.bus.REPLY_SECONDS", 0.1)
        logind, client = FakeLogind(bus.address), Bus()
        logind.methods["ListSessions"] = lambda message: time.sleep(0.3) or ("", ())  # type: ignore[func-returns-value]
        client.open(bus.address)

        with pytest.raises(BusLost):
            client.call(LOGIND, "ListSessions")

        assert not client.is_open

    def test_is_lost_where_there_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(BusLost):
            system_bus(tmp_path)
        with pytest.raises(BusLost):
            Bus().open(f"unix:path={tmp_path / 'nothing'}")
