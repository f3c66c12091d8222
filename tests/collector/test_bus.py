"""The client of D-Bus, with a real bus."""

import threading
from pathlib import Path

import pytest
from jeepney import DBusAddress, HeaderFields, MatchRule, Message, new_signal

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

    def test_keeps_no_signal_that_nobody_asked_for(
        self, bus: PrivateBus, bus_machine: Path
    ) -> None:
        logind, stranger, client = FakeLogind(bus.address), Bus(), Bus()
        for one in (client, stranger):
            one.open(system_bus(bus_machine))
        name = client._connection.unique_name  # type: ignore[union-attr]
        sent_to_us = new_signal(LOGIND, "SessionRemoved", "so", ("1", ROOT))
        sent_to_us.header.fields[HeaderFields.destination] = name

        stranger.say(sent_to_us)
        stranger.owner_of(NAME)  # by its answer the bus has passed on what came before
        client.owner_of(NAME)
        before = client.signals()
        client.listen(MatchRule(type="signal", sender=NAME, interface=MANAGER))
        stranger.say(sent_to_us)
        stranger.owner_of(NAME)
        owner = client.owner_of(NAME)
        while_open = [one.sender for one in client.signals()]
        client.keep_only_from(owner)
        stranger.say(sent_to_us)
        stranger.owner_of(NAME)
        logind.open("1", ADA, NOON)
        client.call(LOGIND, "ListSessions")

        assert before == []
        assert while_open == [stranger._connection.unique_name]  # type: ignore[union-attr]
        assert [one.member for one in client.signals()] == ["SessionNew"]

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
        logind, client, end = FakeLogind(bus.address), Bus(), threading.Event()

        def say_nothing(message: Message) -> tuple[str, tuple[()]]:
            end.wait(30)
            return "", ()

        logind.methods["ListSessions"] = say_nothing
        client.open(bus.address)
        monkeypatch.setattr("dex_collector.bus.REPLY_SECONDS", 0.1)

        with pytest.raises(BusLost):
            client.call(LOGIND, "ListSessions")

        end.set()
        assert not client.is_open

    def test_is_lost_where_there_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(BusLost):
            system_bus(tmp_path)
        with pytest.raises(BusLost):
            Bus().open(f"unix:path={tmp_path / 'nothing'}")
