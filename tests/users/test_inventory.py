"""Accounts as devices list them: SID, principal name, rights and groups."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.collectors.choices import Level, Preset
from apps.collectors.models import RefusalCount
from apps.collectors.services import configuration
from apps.users import services
from apps.users.models import User, UserDevice
from tests.conftest import NOW
from tests.factories.collectors import (
    ADA_ROSSI,
    Machine,
    configure,
    device_of,
    login,
    make_machine,
)
from tests.factories.inventory import part
from tests.factories.sessions import ACCOUNT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

PSEUDONYM = "h:" + "1" * 32


def tell(machine: Machine, *accounts: dict[str, Any]) -> Any:
    """Send the accounts of a device."""
    return machine.send(inventory=[part("users", list(accounts))])


def dropped() -> dict[str, int]:
    """Return what the policy took, by switch."""
    rows = RefusalCount.objects.filter(kind="inventory.users")
    return {row.code: row.number for row in rows}


class TestAccounts:
    def test_become_users_with_all_that_was_told(self) -> None:
        configure(upn="clear", user_groups="all")
        machine = make_machine()

        tell(machine, ACCOUNT)

        user = User.objects.get()
        assert (user.name, user.type) == ("a.rossi@CORP", "domain_user")
        assert (user.sid, user.upn) == ("S-1-5-21-1-2-3-1001", "a.rossi@corp.example")
        assert user.upn_privacy_level == "clear"
        assert (user.rights, user.groups) == (
            "administrator",
            ["BUILTIN\\Administrators", "CORP\\Payroll"],
        )

    def test_are_the_users_whom_events_name(self) -> None:
        machine = make_machine()
        machine.send(login(), users=ADA_ROSSI)

        tell(machine, ACCOUNT)

        assert User.objects.get().rights == "administrator"
        assert UserDevice.objects.get().rights == "administrator"

    def test_tell_what_became_of_a_local_account(self) -> None:
        machine = make_machine()
        account = {"name": "pc\\ada", "type": "local_user"}
        tell(machine, account)

        tell(machine, {**account, "type": "local_admin"})

        assert User.objects.get().type == "local_admin"

    def test_of_a_number_belong_to_their_device(self) -> None:
        machine = make_machine()

        tell(machine, {"name": "pc\\ada", "type": "local_user", "sid": "1000"})

        assert User.objects.get().sid == f"1000@{device_of(machine).uid}"

    def test_keep_what_a_later_report_does_not_tell(self) -> None:
        machine = make_machine()
        tell(machine, ACCOUNT)

        tell(machine, {"name": ACCOUNT["name"], "type": "domain_user"})

        user = User.objects.get()
        assert user.sid == ACCOUNT["sid"]
        assert (user.rights, user.groups) == ("unknown", [])

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"name": "a\x00b"}, "/inventory/0/items/0/name"),
            ({"rights": "king"}, "/inventory/0/items/0/rights"),
            ({"groups": [""]}, "/inventory/0/items/0/groups/0"),
            ({"groups": ["g"] * 501}, "/inventory/0/items/0/groups"),
            ({"password": "x"}, "/inventory/0/items/0/password"),
        ],
    )
    def test_that_are_wrong_are_refused(self, change: dict[str, Any], pointer: str) -> None:
        response = tell(make_machine(), {**ACCOUNT, **change})

        assert [entry["pointer"] for entry in response.json()["refused"]] == [pointer]
        assert not User.objects.exists()

    def test_of_long_ago_cost_a_report_nothing(self) -> None:
        machine = make_machine()
        tell(machine, *({"name": f"old\\{n}", "type": "system"} for n in range(50)))
        UserDevice.objects.filter(user__name="7@old").update(rights="standard")

        with CaptureQueriesContext(connection) as queries:
            tell(machine, {"name": "new\\1", "type": "system"})

        [ids] = [
            found[1]
            for query in queries
            if (found := re.search(r"FROM \S*users_user\S* .*IN \(([^)]*)\).*FOR NO", query["sql"]))
        ]
        wanted = User.objects.filter(name__in=["1@new", "7@old"]).values_list("pk", flat=True)
        assert sorted(map(int, ids.split(","))) == sorted(wanted)
        assert not UserDevice.objects.exclude(rights="unknown", groups=[]).exists()

    @pytest.mark.case("data-model.16")
    def test_with_a_nul_are_refused_alone(self) -> None:
        configure(user_groups="all")
        machine = make_machine()
        bad = {**ACCOUNT, "groups": ["a\x00b"]}

        response = machine.send(login(), users=ADA_ROSSI, inventory=[part("users", [bad])])

        assert (response.json()["accepted"], len(response.json()["refused"])) == (1, 1)
        assert User.objects.get().groups == []


class TestForgedReport:
    """A device may name anybody; what others told of them stays."""

    FORGED = {**ACCOUNT, "type": "domain_user", "sid": "S-1-5-21-6", "upn": "x@evil.example"}

    @pytest.fixture
    def device(self) -> Machine:
        """Return the device of A. Rossi, which told all about the account."""
        configure(upn="clear", user_groups="all")
        machine = make_machine()
        tell(machine, ACCOUNT)
        return machine

    def test_changes_nothing_that_another_device_told(self, device: Machine) -> None:
        response = tell(make_machine(), {"name": "CORP\\other", "type": "system"}, self.FORGED)

        user = User.objects.get(name="a.rossi@CORP")
        assert (user.sid, user.upn) == (ACCOUNT["sid"], ACCOUNT["upn"])
        assert response.json()["refused"] == [
            {"index": 0, "code": "invalid", "pointer": "/inventory/0/items/1/sid"}
        ]
        count = RefusalCount.objects.get(kind="inventory.users")
        assert (count.code, count.number) == ("invalid", 1)

    def test_changes_no_type_of_a_pseudonym(self) -> None:
        configure(username="hashed")
        account = {"name": PSEUDONYM, "type": "domain_user"}
        tell(make_machine(), account)

        tell(make_machine(), {**account, "type": "system"})

        assert User.objects.get().type == "domain_user"

    def test_may_tell_what_nobody_told(self) -> None:
        configure(upn="clear")
        tell(make_machine(), {"name": ACCOUNT["name"], "type": "domain_user", "sid": "1000"})

        response = tell(make_machine(), ACCOUNT)

        user = User.objects.get()
        assert (user.sid, user.upn) == (ACCOUNT["sid"], ACCOUNT["upn"])
        assert (user.upn_privacy_level, response.json()["refused"]) == ("clear", [])

    def test_of_a_number_contradicts_no_sid(self, device: Machine) -> None:
        response = tell(make_machine(), {**ACCOUNT, "sid": "1000"})

        assert User.objects.get().sid == ACCOUNT["sid"]
        assert response.json()["refused"] == []

    def test_of_the_only_device_corrects_what_it_told(self, device: Machine) -> None:
        response = tell(device, self.FORGED)

        user = User.objects.get()
        assert (user.sid, user.upn) == ("S-1-5-21-6", "x@evil.example")
        assert response.json()["refused"] == []


class TestRights:
    def test_are_the_highest_of_all_devices(self) -> None:
        first, second = make_machine(), make_machine()
        tell(first, {**ACCOUNT, "rights": "power_user", "groups": ["wheel"]})

        tell(second, {**ACCOUNT, "rights": "standard", "groups": ["users"]})

        user = User.objects.get()
        assert (user.rights, user.groups) == ("power_user", ["users", "wheel"])

    def test_go_with_the_device_that_told_them(self) -> None:
        first, second = make_machine(), make_machine()
        tell(first, {**ACCOUNT, "rights": "administrator", "groups": ["wheel"]})
        tell(second, {**ACCOUNT, "rights": "standard", "groups": ["users"]})
        user = User.objects.get()

        device_of(first).delete()
        services.refresh_rights(user_ids=[user.pk])

        user.refresh_from_db()
        assert (user.rights, user.groups) == ("standard", ["users"])

    def test_end_where_the_device_lists_the_account_no_more(self) -> None:
        machine = make_machine()
        tell(machine, ACCOUNT)

        tell(machine, {"name": "CORP\\other", "type": "domain_user"})

        user = User.objects.get(name="a.rossi@CORP")
        assert (user.rights, user.groups) == ("unknown", [])


@pytest.mark.case("data-model.5")
class TestSwitches:
    def test_let_in_built_in_groups_alone(self) -> None:
        machine = make_machine()

        tell(machine, ACCOUNT)

        user = User.objects.get()
        assert (user.groups, user.rights) == (["BUILTIN\\Administrators"], "administrator")
        assert dropped()["user_groups"] == 1

    @pytest.mark.parametrize(
        "group", ["wheel", "Users", "BUILTIN\\USERS", "S-1-5-32-544", "corp\\Developers"]
    )
    def test_let_in_what_is_on_the_list(self, group: str) -> None:
        configuration.save_configuration(
            level=Level.INSTANCE,
            preset=Preset.STANDARD,
            details={"listed_groups": ["CORP\\developers"]},
            now=NOW,
        )

        others = ["CORP\\Payroll", "CORP\\wheel", "S-1-5-32-Payroll", "S-1-5-32-544 Payroll"]
        tell(make_machine(), {**ACCOUNT, "groups": [group, *others]})

        assert User.objects.get().groups == [group]

    def test_let_in_neither_rights_nor_groups(self) -> None:
        configure(user_groups="off")

        tell(make_machine(), ACCOUNT)

        assert (User.objects.get().rights, User.objects.get().groups) == ("unknown", [])
        assert dropped()["user_groups"] == 2

    def test_let_in_no_principal_name(self) -> None:
        tell(make_machine(), ACCOUNT)

        user = User.objects.get()
        assert (user.upn, user.upn_privacy_level) == ("", "none")
        assert dropped()["upn"] == 1

    def test_leave_nothing_of_an_account_without_a_name(self) -> None:
        configure(username="none", upn="clear", user_groups="all")

        tell(make_machine(), ACCOUNT)

        assert not User.objects.exists()
        assert not UserDevice.objects.exists()
        assert dropped()["username"] == 2

    @pytest.mark.parametrize(("upn", "level"), [("hashed", "hashed"), ("clear", "hashed")])
    def test_take_pseudonyms_where_names_are_clear(self, upn: str, level: str) -> None:
        configure(upn=upn)

        tell(make_machine(), {**ACCOUNT, "name": PSEUDONYM, "sid": PSEUDONYM, "upn": PSEUDONYM})

        user = User.objects.get()
        assert user.name.startswith("u1_")
        assert user.sid == user.upn == user.name
        assert (user.name_privacy_level, user.upn_privacy_level) == ("hashed", level)

    def test_take_no_clear_name_where_pseudonyms_are_asked(self) -> None:
        configure(username="hashed", upn="hashed")

        tell(make_machine(), ACCOUNT, {**ACCOUNT, "name": PSEUDONYM})

        user = User.objects.get()
        assert user.name_privacy_level == "hashed"
        assert (user.sid, user.upn) == ("", "")


@pytest.mark.usefixtures("clean_database")
class TestTwoDevicesAtOnce:
    def test_do_not_deadlock_over_the_same_people(self) -> None:
        """Each changes the facts of one half, and sums up the rights of all."""
        names = [f"CORP\\user {number}" for number in range(20)]
        machines = [make_machine(install_id=f"{number:032x}") for number in range(2)]

        def work(number: int) -> list[int]:
            found = []
            for turn in range(8):
                accounts = [
                    {"name": name, "type": "domain_user", "sid": f"S-1-5-{turn}" if mine else None}
                    for place, name in enumerate(names)
                    for mine in [(place < 10) == bool(number)]
                ]
                found.append(tell(machines[number], *accounts).status_code)
            connection.close()
            return found

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(work, range(2)))

        assert answers == [[202] * 8] * 2
        assert User.objects.count() == len(names)
