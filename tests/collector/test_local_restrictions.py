"""The file of the device's own administrator."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dex_collector import batch
from dex_collector.configuration import SWITCHES, Configuration
from dex_collector.daemon import Daemon
from dex_collector.local_restrictions import (
    PLACE,
    LocalRestrictions,
    parse_local_restrictions,
)
from tests.collector.conftest import run
from tests.collector.fakes import FakeClock, FakeServer

Start = Callable[..., Daemon]


def sent_bodies(daemon: Daemon) -> list[bytes]:
    return [body for (body,) in daemon.spool._db.execute("SELECT body FROM sent")]


def write(machine: Path, text: str) -> None:
    file = machine / PLACE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


class TestParsing:
    def test_of_switches_and_signers(self) -> None:
        text = (
            '[switches]\nfocus_time = "off"\nremote_actions = false\n[actions]\nsigners = ["AB"]\n'
        )

        found = parse_local_restrictions(text, SWITCHES)

        assert found == LocalRestrictions(
            {"focus_time": "off", "remote_actions": "off"}, frozenset({"ab"})
        )
        assert found.names() == ["accepted_signers", "focus_time", "remote_actions"]

    @pytest.mark.parametrize(
        "text",
        [
            '[switches]\nfocus_tme = "off"',
            '[switches]\nusername = "secret"',
            "[switches",
            "[swtches]",
            "switches = 1",
            "[actions]\nsigners = 3",
        ],
    )
    def test_what_is_misspelt_makes_all_narrow(self, text: str) -> None:
        found = parse_local_restrictions(text, SWITCHES)

        assert found.is_unreadable
        current = Configuration(switches={"username": "clear"}).within(found)
        assert (current.value("username"), current.is_on("executions")) == ("none", False)


class TestObeying:
    def test_only_makes_it_stricter(self) -> None:
        local = LocalRestrictions({"username": "clear", "local_addresses": "prefix"})

        signed = Configuration(switches={"username": "hashed", "local_addresses": "on"})
        current = signed.within(local)

        assert (current.value("username"), current.value("local_addresses")) == ("hashed", "prefix")

    def test_a_switch_off_here_is_not_read_and_the_server_is_told(
        self, start: Start, server: FakeServer, clock: FakeClock, machine: Path
    ) -> None:
        write(machine, '[switches]\npackages = "off"\nserial_numbers = "off"\n')

        run(start(), clock, seconds=330)

        assert server.parts("packages") == []
        assert "machine_serial_number" not in server.parts("hardware")[0]["fields"]
        assert server.parts("collector")[0]["fields"]["local_restrictions"] == [
            "packages",
            "serial_numbers",
        ]

    def test_a_file_that_comes_later_purges_what_waits(
        self, start: Start, server: FakeServer, clock: FakeClock, machine: Path
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=330)
        before = [batch.unpack(body)["inventory"] for body in sent_bodies(daemon)]

        write(machine, '[switches]\npackages = "off"\n')
        run(daemon, clock, seconds=700)

        after = [batch.unpack(body)["inventory"] for body in sent_bodies(daemon)]
        assert "packages" in {part["part"] for parts in before for part in parts}
        assert "packages" not in {part["part"] for parts in after for part in parts}

    def test_a_file_that_goes_lets_the_server_decide_again(
        self, start: Start, server: FakeServer, clock: FakeClock, machine: Path
    ) -> None:
        write(machine, '[switches]\npackages = "off"\n')
        daemon = start()
        run(daemon, clock, seconds=330)

        (machine / PLACE).unlink()
        run(daemon, clock, seconds=1500)

        assert server.parts("packages")

    def test_an_unreadable_file_is_reported(
        self, start: Start, server: FakeServer, clock: FakeClock, machine: Path
    ) -> None:
        write(machine, "no toml")

        run(start(), clock, seconds=330)

        assert server.parts("packages") == []
        assert server.parts("collector")[0]["fields"]["local_restrictions"] == [
            "local_file_unreadable"
        ]
        told = [record["fields"] for record in server.records("collector.events")]
        assert {
            "type": "configuration_refused",
            "details": "local.toml is unreadable: the narrowest holds",
        } in told
