"""What people see of the collector, and what they do not see of each other."""

import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dex_collector import batch, cli
from dex_collector.configuration import SWITCHES
from dex_collector.daemon import Daemon
from dex_collector.probes.registry import PROBES
from dex_collector.show import door as door_module
from dex_collector.show.door import ANSWERS_MAXIMUM, ShowDoor, ask
from dex_collector.show.gathering import Gathering
from dex_collector.show.text import html_parts, text_lines
from dex_collector.show.viewer import Viewer
from dex_collector.show.words import LABELS, configuration_lines
from tests.collector.conftest import configuration, run
from tests.collector.fakes import FakeClock, FakeServer
from tests.fakes.bus import wait_for

Start = Callable[..., Daemon]
ADA, BOB, ROOT = 1000, 1999, 0


def login(name: str | None, session: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        "kind": "session.logins",
        "occurred_at": "2026-03-02T11:00:00.000Z",
        "fields": {"session": session},
    }
    return record if name is None else {**record, "user": {"name": name, "type": "local_user"}}


def boot() -> dict[str, Any]:
    return {"kind": "device_performance.boots", "occurred_at": "2026-03-02T10:00:00.000Z"}


@pytest.fixture
def daemon(start: Start, server: FakeServer, clock: FakeClock, machine: Path) -> Daemon:
    """A device of Ada and Bob: one batch was sent, one waits, some records are in none."""
    with (machine / "etc/passwd").open("a") as file:
        file.write("bob:x:1999:1999::/home/bob:/bin/bash\n")
    made = start(probes=())
    run(made, clock, seconds=20)
    made.spool.add(
        [login(r"adas-laptop\ada", "s1"), login(r"adas-laptop\bob", "s2"), boot()], clock.now()
    )
    made.turn()
    made.spool.add([login(r"adas-laptop\bob", "s3"), login(r"adas-laptop\ada", "s4")], clock.now())
    made.sender.seal()
    made.spool.add([login(r"adas-laptop\bob", "s5"), login(None, "s6"), boot()], clock.now())
    return made


@pytest.fixture
def seen_by(
    daemon: Daemon, state: Path, machine: Path, clock: FakeClock
) -> Callable[[int], Gathering]:
    return lambda uid: Gathering(state, clock, uid, machine)


def sessions(lines: Iterator[dict[str, Any]]) -> list[str]:
    return sorted(re.findall(r'"session": "(s\d)"', json.dumps(list(lines))))


class TestViewer:
    @pytest.mark.case("collector.17")
    def test_sees_own_rows_and_counts_of_others(self, seen_by: Callable[[int], Gathering]) -> None:
        own = list(seen_by(ADA).everything())

        assert sessions(iter(own)) == ["s1", "s4"]
        assert "bob" not in json.dumps(own)
        sent = [line for line in own if line.get("batch") == "sent"]
        assert {"session.logins": 1} in [line["content"].get("others") for line in sent]
        assert "device_performance.boots" in json.dumps(sent)

    def test_another_sees_the_other_rows(self, seen_by: Callable[[int], Gathering]) -> None:
        assert sessions(seen_by(BOB).everything()) == ["s2", "s3", "s5"]

    def test_somebody_without_an_account_sees_the_device_only(
        self, seen_by: Callable[[int], Gathering]
    ) -> None:
        assert sessions(seen_by(54_321).everything()) == []

    def test_root_sees_the_exact_batches(
        self, seen_by: Callable[[int], Gathering], server: FakeServer
    ) -> None:
        lines = list(seen_by(ROOT).everything())

        sent = [line["content"] for line in lines if line.get("batch") == "sent"]
        assert sent == list(reversed(server.bodies))
        assert sessions(iter(lines)) == ["s1", "s2", "s3", "s4", "s5", "s6"]

    def test_what_is_shown_keeps_the_numbers_of_the_batch(self) -> None:
        records = [login("bob", "s1"), login("ada", "s2"), {**boot(), "binary": {"name": "x"}}]
        stamp = batch.Stamp("b", 1, "2026-03-02T12:00:00.000Z", 5)
        content = batch.compose(records, stamp, "e", 1, {})

        shown = Viewer(ADA, frozenset({"ada"})).content(content)

        assert shown["users"] == {"2": {"name": "ada", "type": "local_user"}}
        assert [event.get("user") for event in shown["events"]] == [2, None]
        assert shown["binaries"] == {"1": {"name": "x"}}
        assert shown["others"] == {"session.logins": 1}

    def test_accounts_of_others_are_counted_in_the_inventory(self) -> None:
        part = {"part": "users", "full": True, "items": [{"name": "ada"}, {"name": "bob"}]}

        shown, hidden = Viewer(ADA, frozenset({"ada"})).record(part)

        assert (shown, hidden) == ({**part, "items": [{"name": "ada"}]}, 1)

    def test_finds_the_own_pseudonym(
        self, start: Start, server: FakeServer, clock: FakeClock, state: Path, machine: Path
    ) -> None:
        server.switches["username"] = "hashed"
        daemon = start()
        run(daemon, clock, seconds=330)
        name = next(
            item["name"]
            for part in server.parts("users")
            for item in part["items"]
            if item["name"].startswith("h:")
        )

        assert name in Gathering(state, clock, ADA, machine).viewer.names


class TestNext:
    @pytest.mark.case("collector.17")
    def test_equals_what_is_then_sent_less_the_rows_of_others(
        self, seen_by: Callable[[int], Gathering], daemon: Daemon, server: FakeServer
    ) -> None:
        number = len(server.bodies)
        of_root = [line["content"] for line in seen_by(ROOT).next()]
        of_ada = list(seen_by(ADA).next())

        daemon.turn()

        assert of_root == server.bodies[number:]
        assert sessions(iter(of_ada)) == ["s4"]


class TestWords:
    def test_every_switch_has_words(self) -> None:
        assert set(LABELS) == set(SWITCHES)

    def test_every_value_has_words(self) -> None:
        everything = [{name: value} for name, values in SWITCHES.items() for value in values]

        assert all(configuration_lines(configuration(**one)) for one in everything)

    def test_says_what_is_off(self) -> None:
        lines = dict(configuration_lines(configuration(wifi_identifiers="off")))

        assert lines["the name of your Wi-Fi network and access point"] == "not collected"

    def test_every_probe_names_its_source(self) -> None:
        assert [probe.name for probe in PROBES if not probe.source] == []


class TestPage:
    def test_is_one_file_that_asks_for_nothing(self, seen_by: Callable[[int], Gathering]) -> None:
        page = "".join(html_parts(seen_by(ADA).everything()))

        assert page.startswith("<!doctype html>")
        assert re.findall(r"(?:src|href|url)\s*[=(]", page) == []
        assert "<script" not in page
        assert "color-scheme: light dark" in page
        assert "not collected" in page
        assert "bob" not in page

    def test_escapes_what_was_measured(self) -> None:
        line = {
            "batch": "sent", "sent_at": "now", "bytes": 3,
            "content": {"sequence": 1, "events": [{"name": "<script>alert(1)</script>"}]},
        }  # fmt: skip

        assert "<script>" not in "".join(html_parts([line]))

    def test_text_says_source_interval_and_last_value(
        self, start: Start, server: FakeServer, clock: FakeClock, state: Path, machine: Path
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=330)

        text = "\n".join(text_lines(Gathering(state, clock, ROOT, machine).everything()))

        assert "performance from /proc, /sys, every 30 s" in text
        assert "security from nftables, /etc/ufw, /sys/fs/cgroup, /opt, every 1 h" in text
        assert "  disk health: not at all" in text
        assert "Batch 1 (sent 2026-03-02T12:00:" in text
        assert '"kind": "device_performance.events"' in text
        assert "Enrolled since" in text


class TestDoor:
    @pytest.fixture
    def door(
        self, daemon: Daemon, seen_by: Callable[[int], Gathering], tmp_path: Path
    ) -> Iterator[Path]:
        made = ShowDoor(tmp_path / "run" / "show.sock", seen_by)
        yield tmp_path / "run" / "show.sock"
        made.close()

    def test_answers_the_account_that_the_kernel_names(
        self, door: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(door_module, "read_peer_uid", lambda link: BOB)

        assert sessions(ask(door, "all")) == ["s2", "s3", "s5"]

    def test_answers_the_status_and_the_next_batches(self, door: Path) -> None:
        [status] = ask(door, "status")

        assert any("Waiting" in sentence for sentence in status["sentences"])
        assert [line["batch"] for line in ask(door, "next")] == ["next", "next"]

    def test_a_question_that_it_does_not_know_harms_nothing(self, door: Path) -> None:
        with pytest.raises(ValueError, match="did not answer"):
            list(ask(door, "\xff"))

        assert list(ask(door, "status"))

    def test_of_one_account_that_keeps_silent_another_does_not_wait(
        self, door: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(door))
            wait_for(lambda: self.is_refused(door, "still answers"))
            monkeypatch.setattr(door_module, "read_peer_uid", lambda link: BOB)

            assert sessions(ask(door, "all")) == ["s2", "s3", "s5"]

    def test_ends_for_who_reads_too_slowly(
        self, door: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(door_module, "WHOLE_SECONDS", 0.0)

        with pytest.raises(ValueError, match="did not answer"):
            list(ask(door, "all"))

    def is_refused(self, door: Path, words: str) -> bool:
        try:
            return not list(ask(door, "status"))
        except ValueError as error:
            return words in str(error)

    def test_refuses_who_asks_too_often(self, door: Path) -> None:
        for _ in range(ANSWERS_MAXIMUM):
            list(ask(door, "status"))

        with pytest.raises(ValueError, match="ten times in ten minutes"):
            list(ask(door, "status"))

    def test_refuses_slowly(self, door: Path) -> None:
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(door))
            wait_for(lambda: self.is_refused(door, "still answers"))
            began = time.monotonic()

            assert all(self.is_refused(door, "still answers") for _ in range(3))

        assert time.monotonic() - began >= 2 * door_module.REFUSAL_SECONDS

    def test_is_opened_by_the_daemon_and_used_by_the_command(
        self,
        start: Start,
        clock: FakeClock,
        tmp_path: Path,
        state: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        daemon = start(probes=(), socket=tmp_path / "run" / "collector.sock")
        run(daemon, clock, seconds=20)
        monkeypatch.setattr(os, "getuid", lambda: ADA)
        places = ["--state", str(state), "--show-socket", str(tmp_path / "run" / "show.sock")]

        status = cli.main(["status", *places])
        text = capsys.readouterr().out
        daemon.close()
        afterwards = cli.main(["status", *places])

        assert (status, afterwards) == (0, 2)
        assert "Enrolled since" in text
        assert "No collector answers here" in capsys.readouterr().err


class TestCommand:
    def test_writes_json_lines_and_a_page_for_the_owner_alone(
        self, daemon: Daemon, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        page = tmp_path / "page.html"

        cli.main(["show", "--state", str(state), "--json"])
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        cli.main(["show", "--state", str(state), "--html", str(page)])

        assert lines[0]["probes"]
        assert [line["batch"] for line in lines[1:]][:1] == ["waiting"]
        assert "What is measured about me" in page.read_text()
        assert page.stat().st_mode & 0o777 == 0o600
