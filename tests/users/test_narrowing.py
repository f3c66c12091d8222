"""Groups and rights go where a configuration does not collect them any more."""

import pytest

from apps.accounts.models import Account
from apps.collectors.choices import Level, Preset
from apps.collectors.services import configuration, deletion, jobs
from apps.collectors.switches import PRESETS
from apps.users.models import Session, SessionChange, UserDevice
from tests.conftest import NOW
from tests.factories.collectors import ADA_ROSSI, configure, make_machine
from tests.factories.inventory import part
from tests.factories.sessions import ACCOUNT, change

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


def delete(actor: Account, *settings: str) -> None:
    """Delete what `settings` let in, on every device where they are narrower now."""
    place = {"level": Level.INSTANCE, "entity": None, "device": None}
    parameters = {**place, "switches": list(settings)}
    jobs.start(kind=deletion.KIND, parameters=parameters, actor=actor, now=NOW)
    jobs.run_open()


def test_groups_that_are_not_listed_go(ada: Account) -> None:
    groups = ["finance", "BUILTIN\\Users", "wheel", "S-1-5-32-544", "Cr\\oss"]
    configure(user_groups="all")
    make_machine().send(inventory=[part("users", [{**ACCOUNT, "groups": groups}])])
    before = sorted(UserDevice.objects.get().groups)
    configure(user_groups="listed")

    delete(ada, "user_groups")

    after = UserDevice.objects.get()
    assert before == sorted(groups)
    assert sorted(after.groups) == ["BUILTIN\\Users", "S-1-5-32-544", "wheel"]
    assert after.rights == "administrator"


def test_a_shorter_list_takes_groups_too(ada: Account) -> None:
    listed = {"user_groups": "listed"}
    save(listed, ["Finance"])
    machine = make_machine()
    machine.send(inventory=[part("users", [{**ACCOUNT, "groups": ["FINANCE", "wheel"]}])])
    before = UserDevice.objects.get().groups
    save(listed, [])

    delete(ada, "listed_groups")

    assert (sorted(before), UserDevice.objects.get().groups) == (["FINANCE", "wheel"], ["wheel"])


def save(values: dict[str, str], listed_groups: list[str]) -> None:
    """Put a set of switches and a list of groups in force."""
    configuration.save_configuration(
        level=Level.INSTANCE,
        preset=Preset.CUSTOM,
        values={**PRESETS[Preset.STANDARD], **values},
        details={"listed_groups": listed_groups},
        now=NOW,
    )


def test_addresses_of_sessions_become_networks(ada: Account) -> None:
    configure()
    machine = make_machine()
    record = change("connect", "2026-03-02T11:00:00Z", session_id="1", client_ip="10.2.3.4")
    machine.send(record, users=ADA_ROSSI)
    tables = (Session, SessionChange)
    before = [str(table.objects.get().client_ip) for table in tables]
    configure(local_addresses="prefix")

    delete(ada, "local_addresses")

    assert before == ["10.2.3.4"] * 2
    assert [str(table.objects.get().client_ip) for table in tables] == ["10.2.3.0"] * 2


def test_groups_and_rights_go_by_user_and_device(ada: Account) -> None:
    configure(user_groups="all")
    make_machine().send(inventory=[part("users", [ACCOUNT])])
    before = UserDevice.objects.get()
    configure(user_groups="off")

    delete(ada, "user_groups")

    after = UserDevice.objects.get()
    assert (len(before.groups), before.rights) == (2, "administrator")
    assert (after.groups, after.rights) == ([], "unknown")
