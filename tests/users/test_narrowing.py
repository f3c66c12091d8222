"""Groups and rights go where a configuration does not collect them any more."""

import pytest

from apps.accounts.models import Account
from apps.collectors.choices import Level
from apps.collectors.services import deletion, jobs
from apps.users.models import UserDevice
from tests.conftest import NOW
from tests.factories.collectors import configure, make_machine
from tests.factories.inventory import part
from tests.factories.sessions import ACCOUNT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


def test_groups_and_rights_go_by_user_and_device(ada: Account) -> None:
    configure(user_groups="all")
    make_machine().send(inventory=[part("users", [ACCOUNT])])
    before = UserDevice.objects.get()
    configure(user_groups="off")

    place = {"level": Level.INSTANCE, "entity": None, "device": None}
    parameters = {**place, "switches": ["user_groups"]}
    jobs.start(kind=deletion.KIND, parameters=parameters, actor=ada, now=NOW)
    jobs.run_open()

    after = UserDevice.objects.get()
    assert (len(before.groups), before.rights) == (2, "administrator")
    assert (after.groups, after.rights) == ([], "unknown")
