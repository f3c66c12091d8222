"""Under `strict` no name in clear is left anywhere, even if a device sends it everywhere."""

import logging
from typing import Any

import pytest

from apps.collectors.choices import Preset
from tests.factories.collectors import SOFFICE, Machine, configure, execution, login, make_machine
from tests.factories.inventory import part
from tests.factories.sessions import ACCOUNT
from tests.scan import tables_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

NAME = "rossicanary"
USERS = {"1": {"name": f"CORP\\a.{NAME}", "type": "domain_user"}}


def send_it_everywhere(machine: Machine) -> Any:
    """Send a batch whose every place for a name holds it in clear."""
    account = {
        **ACCOUNT,
        "name": f"CORP\\a.{NAME}",
        "sid": f"S-1-5-{NAME}",
        "upn": f"a.{NAME}@corp.example",
        "groups": [f"group of {NAME}"],
    }
    volume = {"name": f"/dev/mapper/home-{NAME}", "mount_point": f"/home/{NAME}"}
    return machine.send(
        login(),
        execution(),
        users=USERS,
        binaries=SOFFICE,
        inventory=[
            part("users", [account]),
            part("local_admins", [{"name": f"CORP\\a.{NAME}", "type": "user"}]),
            part("operating_system", {"host_name": f"pc-{NAME}"}),
            part("volumes", [volume]),
        ],
    )


@pytest.mark.case("privacy.2")
class TestStrict:
    def test_keeps_no_name_in_any_table_log_or_answer(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        configure(Preset.STRICT)
        machine = make_machine(host_name=f"pc-{NAME}")

        response = send_it_everywhere(machine)

        assert response.status_code == 202
        assert response.json()["dropped_by_configuration"] >= 5
        assert tables_with(NAME) == []
        assert NAME not in response.content.decode()
        assert not [record for record in caplog.records if NAME in record.getMessage()]

    def test_is_looked_for_where_standard_keeps_it(self) -> None:
        configure(Preset.STANDARD)

        send_it_everywhere(make_machine(host_name=f"pc-{NAME}"))

        assert {"public.users_user", "public.devices_device"} <= set(tables_with(NAME))
