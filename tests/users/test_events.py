"""Users as batches name them."""

from typing import Any

import pytest

from apps.users.models import Login, User, UserDevice
from tests.factories.collectors import configure, device_of, login, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


def users(name: Any, type: str = "domain_user") -> dict[str, Any]:
    """Return a batch's dictionary of one user."""
    return {"1": {"name": name, "type": type}}


class TestUserEntry:
    @pytest.mark.parametrize(
        ("sent", "name", "username"),
        [
            ("CORP\\a.rossi", "a.rossi@CORP", "a.rossi"),
            ("a.rossi", "a.rossi", "a.rossi"),
            ("a\\b\\c", "c@a\\b", "c"),
            ("CORP\\René Ölçer", "René Ölçer@CORP", "René Ölçer"),
        ],
    )
    def test_becomes_user_at_domain(self, sent: str, name: str, username: str) -> None:
        make_machine().send(login(), users=users(sent))

        user = User.objects.get()
        assert (user.name, user.username) == (name, username)

    def test_of_a_domain_is_one_user_on_all_devices(self) -> None:
        first, second = make_machine(), make_machine()

        first.send(login(), users=users("CORP\\ada"))
        second.send(login(), users=users("corp\\ADA"))

        assert User.objects.count() == 1
        assert UserDevice.objects.count() == 2

    @pytest.mark.parametrize("kind", ["local_user", "local_admin", "system"])
    def test_of_a_device_is_another_user_on_each(self, kind: str) -> None:
        first, second = make_machine(), make_machine()

        [machine.send(login(), users=users("PC\\ada", kind)) for machine in (first, second)]

        assert User.objects.count() == 2

    @pytest.mark.case("privacy.6")
    def test_is_another_user_clear_than_hashed(self) -> None:
        machine = make_machine()
        machine.send(login(), users=users("h:" + "0" * 32))
        configure()

        machine.send(login(), users=users("CORP\\ada"))

        assert User.objects.count() == 2
        assert Login.objects.values("user").distinct().count() == 2

    @pytest.mark.parametrize(
        ("entry", "pointer"),
        [
            ({"name": "", "type": "domain_user"}, "/users/1/name"),
            ({"name": "a\x00b", "type": "domain_user"}, "/users/1/name"),
            ({"name": "a\x1b[1m", "type": "domain_user"}, "/users/1/name"),
            ({"name": "a" * 257, "type": "domain_user"}, "/users/1/name"),
            ({"name": "a", "type": "king"}, "/users/1/type"),
            ({"name": "a"}, "/users/1"),
            ({"name": "a", "type": "system", "sid": "S-1"}, "/users/1/sid"),
            ("a", "/users/1"),
        ],
    )
    def test_that_is_wrong_refuses_the_records_that_name_it(self, entry: Any, pointer: str) -> None:
        dictionary = {"1": entry, "2": {"name": "b", "type": "domain_user"}}

        response = make_machine().send(login(), login(user=2), users=dictionary)

        [refusal] = response.json()["refused"]
        assert (refusal["index"], refusal["pointer"]) == (0, pointer)
        assert Login.objects.get().user.name == "b"

    def test_that_nothing_names_makes_no_user(self) -> None:
        make_machine().send(users=users("CORP\\ada"))

        assert not User.objects.exists()

    def test_notes_which_device_was_used(self) -> None:
        machine = make_machine()

        machine.send(login(), users=users("CORP\\ada"))

        use = UserDevice.objects.get()
        assert (use.device, use.user.name) == (device_of(machine), "ada@CORP")


class TestLoginRecord:
    def test_leaves_absent_what_was_not_measured(self) -> None:
        make_machine().send(login(), users=users("CORP\\ada"))

        row = Login.objects.get()
        assert (row.logon_type, row.time_until_desktop_is_ready_ms, row.session_id) == (
            None,
            None,
            "",
        )
        assert row.number_of_logins == 1

    def test_may_name_nobody(self) -> None:
        machine = make_machine()

        response = machine.send(login() | {"user": None})

        assert response.json()["accepted"] == 1
        assert Login.objects.get().user is None
