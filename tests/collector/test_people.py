"""Accounts of a device, their groups and rights, and what of that leaves it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dex_collector.daemon import Daemon
from dex_collector.inventory import Part
from dex_collector.probes import accounts_linux, local_admins_linux, users_linux
from dex_collector.probes.base import Context, Lack, NoData, Output
from tests.collector.conftest import FIXTURES, configuration, copy_machine, run
from tests.collector.fakes import FakeClock, FakeServer
from tests.collector.spying import spy
from tests.collector.written import everything_written

MakeContext = Callable[..., Context]
Start = Callable[..., Daemon]

LAPTOP, VIRTUAL, SERVER = (FIXTURES / name for name in ("laptop", "virtual_machine", "server"))


def items(outputs: Sequence[Output]) -> list[dict[str, Any]]:
    (part,) = (one for one in outputs if isinstance(one, Part))
    return list(part.items or [])


class TestSudoers:
    def test_names_whoever_may_run_everything(self) -> None:
        found = accounts_linux.read_grants(LAPTOP)

        assert found == accounts_linux.Grants(frozenset({"root"}), frozenset({"admin", "sudo"}))

    def test_knows_aliases_continued_lines_and_names_with_blanks(self) -> None:
        found = accounts_linux.read_grants(SERVER)

        assert found.users == {"operator", "dora"}
        assert found.groups == {"it admins@example.com"}

    @pytest.mark.parametrize(
        ("line", "users", "groups"),
        [
            ("ada ALL=(ALL) NOPASSWD: ALL", {"ada"}, set()),
            ("ada, ben ALL = ALL", {"ada", "ben"}, set()),
            ("ada ALL=/usr/bin/apt", set(), set()),
            ("ada ALL=(ALL) /usr/bin/apt, /usr/bin/ALL", set(), set()),
            ("#1000 ALL=(ALL) ALL", set(), set()),
            ("%CORP\\\\domain\\ admins ALL=(ALL) ALL", set(), {"CORP\\domain admins"}),
            ("%#1000 ALL=ALL", set(), set()),
            ("+netgroup ALL=ALL", set(), set()),
            ("Defaults:ada !lecture", set(), set()),
            ("# ada ALL=(ALL) ALL", set(), set()),
        ],
    )
    def test_has_many_forms(self, line: str, users: set[str], groups: set[str]) -> None:
        found = accounts_linux.parse_sudoers(line)

        assert (found.users, found.groups) == (users, groups)

    def test_without_sudo_grants_nothing(self, tmp_path: Path) -> None:
        assert accounts_linux.read_grants(tmp_path) == accounts_linux.Grants()

    def test_that_is_not_readable_is_replaced_by_the_usual_groups(self, tmp_path: Path) -> None:
        root = copy_machine("laptop", tmp_path / "root")
        (root / "etc/sudoers").unlink()
        (root / "etc/sudoers").mkdir()  # even root cannot read it

        found = accounts_linux.read_grants(root)

        assert not found.is_whole
        assert found.groups == {"admin", "sudo", "wheel"}


class TestLocalAdmins:
    @pytest.mark.case("collector.12")
    def test_of_a_laptop(self, make_context: MakeContext) -> None:
        assert items(local_admins_linux.read_local_admins(make_context(LAPTOP))) == [
            {"name": "adas-laptop\\ada", "type": "user"},
            {"name": "root", "type": "user"},
            {"name": "admin", "type": "group"},
            {"name": "sudo", "type": "group"},
        ]

    def test_hashed_keep_the_names_that_every_system_has(self, make_context: MakeContext) -> None:
        hashed = make_context(LAPTOP, username="hashed")

        names = [one["name"] for one in items(local_admins_linux.read_local_admins(hashed))]

        assert names[1:] == ["root", "admin", "sudo"]
        assert names[0].startswith("h:")

    def test_say_where_sudoers_could_not_be_read(
        self, make_context: MakeContext, tmp_path: Path
    ) -> None:
        root = copy_machine("laptop", tmp_path / "root")
        (root / "etc/sudoers").unlink()
        (root / "etc/sudoers").mkdir()

        found = local_admins_linux.read_local_admins(make_context(root))

        assert Lack("sudoers.unsupported") in found

    def test_without_names_are_not_claimed_to_be_none(self, make_context: MakeContext) -> None:
        assert local_admins_linux.read_local_admins(make_context(LAPTOP, username="none")) == []


class TestUsers:
    @pytest.mark.case("collector.12")
    def test_of_a_laptop_are_the_people_on_it(self, make_context: MakeContext) -> None:
        assert items(users_linux.read_users(make_context(LAPTOP, user_groups="all"))) == [
            {
                "name": "adas-laptop\\ada",
                "type": "local_user",
                "sid": "1000",
                "rights": "administrator",
                "groups": ["docker", "sudo"],
            },
            {
                "name": "adas-laptop\\ben",
                "type": "local_user",
                "sid": "1001",
                "rights": "standard",
                "groups": ["docker", "project-x", "users"],
            },
        ]

    def test_listed_groups_are_those_on_the_list(self) -> None:
        allowed = configuration(user_groups="listed")

        assert users_linux.allowed_groups(["Docker", "project-x"], allowed) == []

    def test_hashed_have_no_number_either(self, make_context: MakeContext) -> None:
        found = items(users_linux.read_users(make_context(LAPTOP, username="hashed")))

        assert {one[name][:2] for one in found for name in ("name", "sid")} == {"h:"}
        assert len({one["sid"] for one in found} | {one["name"] for one in found}) == 4

    def test_are_not_claimed_to_be_none(self, make_context: MakeContext, tmp_path: Path) -> None:
        with pytest.raises(NoData):
            users_linux.read_users(make_context(tmp_path))


class TestSwitches:
    @pytest.mark.case("collector.9")
    @pytest.mark.case("collector.25")
    @pytest.mark.parametrize(
        ("switch", "value", "module", "function"),
        [
            ("local_admins", "off", local_admins_linux, "read_grants"),
            ("local_admins", "off", local_admins_linux, "read_accounts"),
            ("user_groups", "off", users_linux, "read_groups"),
            ("user_groups", "off", users_linux, "read_grants"),
            ("username", "none", users_linux, "read_accounts"),
            ("username", "none", local_admins_linux, "read_accounts"),
        ],
    )
    def test_off_is_not_read_at_all(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
        switch: str,
        value: str,
        module: object,
        function: str,
    ) -> None:
        server.switches[switch] = value
        reads = spy(monkeypatch, (module, function))

        run(start(), clock, seconds=60, every=10)

        assert reads == []
        assert server.bodies

    @pytest.mark.case("collector.9")
    def test_on_is_read(self, start: Start, server: FakeServer, clock: FakeClock) -> None:
        run(start(), clock, seconds=10)

        (part,) = server.parts("users")
        assert [one["groups"] for one in part["items"]] == [["docker", "sudo"], ["docker", "users"]]
        assert server.parts("local_admins")

    @pytest.mark.case("privacy.25")
    def test_outside_work_hours_they_wait_for_the_morning(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.switches["work_hours"] = "schedule"
        clock.set_wall(datetime(2026, 3, 3, 4, 0, tzinfo=UTC))
        daemon = start()

        run(daemon, clock, seconds=3600, every=60)
        before = server.parts("users") + server.parts("local_admins")
        run(daemon, clock, seconds=2 * 3600, every=60)

        assert before == []
        assert len(server.parts("users") + server.parts("local_admins")) == 2


class TestStricterConfiguration:
    @pytest.mark.case("collector.8")
    def test_hashes_what_waits_and_takes_rights_away(
        self, start: Start, server: FakeServer, clock: FakeClock, state: Path
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        assert b"adas-laptop\\\\ben" in everything_written(state)
        assert b'"groups":' in everything_written(state)
        server.configure(username="hashed", device_name="hashed", user_groups="off")
        since = len(server.requests)

        daemon.check_in()
        run(daemon, clock, seconds=600, every=30)
        daemon.spool.send_again()
        daemon.turn()

        written = everything_written(state)
        assert b"adas-laptop" not in written
        assert b'"groups":' not in written
        again = [r.json() for r in server.requests[since:] if r.path == "events"]
        parts = [p for body in again for p in body["inventory"] if p["part"] == "users"]
        assert {tuple(sorted(one)) for p in parts for one in p.get("items", [])} == {
            ("name", "sid", "type")
        }

    def test_drops_whole_parts(
        self, start: Start, server: FakeServer, clock: FakeClock, state: Path
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        server.configure(username="none", local_admins="off")

        daemon.check_in()

        written = everything_written(state)
        assert b'"part":"users"' not in written
        assert b'"part":"local_admins"' not in written
        assert b'"part":"hardware"' in written

    @pytest.mark.case("collector.8")
    def test_takes_from_what_waits_the_groups_that_left_the_list(
        self, start: Start, server: FakeServer, clock: FakeClock, state: Path
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        before = everything_written(state)
        server.lists = {"user_groups": ["sudo"]}
        server.configure()

        daemon.check_in()

        written = everything_written(state)
        told = re.compile(rb'"groups": ?\[[^]]*"docker"')
        assert told.search(before)
        assert not told.search(written)
        assert re.search(rb'"groups": ?\[[^]]*"sudo"', written)

    def test_takes_no_longer_list_of_before(self) -> None:
        narrow = configuration(vpn_status="off")
        longer = replace(narrow, lists={"user_groups": frozenset({"secret"})})

        assert narrow.is_stricter_than(configuration())
        assert not longer.is_stricter_than(configuration())
