"""Who read rows about people leaves one audit row a page."""

import pytest
from django.test import Client

from apps.accounts.models import Profile
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.binaries import upkeep
from apps.binaries.models import Binary, ExecutionSample
from apps.core.admin import address_of
from apps.devices.models import Boot, Device
from apps.organization.models import Entity
from apps.users.models import Login, User
from tests.conftest import NOW
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    boot,
    collector_of,
    device_of,
    execution,
    login,
    make_machine,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

DEVICES = "/admin/devices/device/"
BOOTS = "/admin/devices/boot/"
USERS = "/admin/users/user/"
LOGINS = "/admin/users/login/"
SAMPLES = "/admin/binaries/executionsample/"
BINARIES = "/admin/binaries/binary/"


@pytest.fixture
def device(paris: Entity) -> Device:
    """Return a device of Paris on which A. Rossi logged in and ran a program."""
    machine = make_machine(paris)
    machine.send(login(), boot(), execution(), users=ADA_ROSSI, binaries=SOFFICE)
    upkeep.refresh_presence(now=NOW)
    return device_of(machine)


@pytest.fixture
def both(device: Device) -> list[list[str]]:
    """Return device and user as an audit row names them."""
    return [["device", str(device.pk)], ["user", str(User.objects.get().pk)]]


def reads() -> list[InboxEvent]:
    """Return the audit rows of reads, oldest first."""
    return list(InboxEvent.objects.filter(code__range=(3001, 3099)).order_by("id"))


class TestPageOfARow:
    @pytest.mark.parametrize("level", [0, 3])
    def test_about_a_person_is_recorded(
        self, ben_client: Client, both: list[list[str]], level: int
    ) -> None:
        Profile.objects.update(privacy_level=level)
        address = address_of(Login.objects.get())

        ben_client.get(f"{LOGINS}{address}/change/")

        [row] = reads()
        assert (row.code, row.actor_label) == (AuditCode.USER_OPENED, "ben")
        assert (row.object_kind, row.object_id) == ("users.login", address)
        assert row.subjects == both

    def test_about_what_a_person_ran_is_recorded(
        self, ada_client: Client, both: list[list[str]]
    ) -> None:
        ada_client.get(f"{SAMPLES}{address_of(ExecutionSample.objects.get())}/change/")

        [row] = reads()
        assert (row.code, row.subjects) == (AuditCode.USER_OPENED, both)

    def test_about_a_device_is_recorded(self, ada_client: Client, device: Device) -> None:
        ada_client.get(f"{BOOTS}{address_of(Boot.objects.get())}/change/")

        [row] = reads()
        assert (row.code, row.subjects) == (
            AuditCode.DEVICE_OPENED,
            [["device", str(device.pk)]],
        )

    def test_of_a_collector_is_recorded(self, ada_client: Client, paris: Entity) -> None:
        collector = collector_of(make_machine(paris))

        ada_client.get(f"/admin/collectors/collector/{collector.pk}/change/")

        assert [row.code for row in reads()] == [AuditCode.DEVICE_OPENED]

    def test_that_is_hidden_is_not(self, ben_client: Client, lyon: Entity) -> None:
        make_machine(lyon, host_name="lyon-laptop").send(login(), users=ADA_ROSSI)

        ben_client.get(f"{LOGINS}{address_of(Login.objects.get())}/change/")

        assert reads() == []


class TestList:
    def test_names_whom_it_showed(self, ada_client: Client, both: list[list[str]]) -> None:
        ada_client.get(LOGINS, {"window": "7d"})

        [row] = reads()
        assert row.code == AuditCode.IDENTITIES_LISTED
        assert row.object_kind == "users.login"
        assert row.subjects == both
        assert row.detail["filter"] == {"window": "7d"}
        assert (row.detail["rows"], row.detail["subjects"]) == (1, 2)
        assert row.detail["scope"] == "everything"

    @pytest.mark.parametrize("url", [DEVICES, USERS, SAMPLES, "/admin/collectors/collector/"])
    def test_of_whatever_names_people_or_devices_is_recorded(
        self, ada_client: Client, device: Device, url: str
    ) -> None:
        ada_client.get(url)

        assert [row.code for row in reads()] == [AuditCode.IDENTITIES_LISTED]

    @pytest.mark.case("access.20")
    @pytest.mark.parametrize(("number", "is_told"), [(24, True), (25, False)])
    def test_names_nobody_where_it_is_long(
        self, ada_client: Client, device: Device, number: int, is_told: bool
    ) -> None:
        Device.objects.bulk_create(
            Device(
                entity=device.entity,
                context=device.context,
                name=f"copy-{place}",
                operating_system_platform="linux",
                first_seen_at=NOW,
                last_seen_at=NOW,
            )
            for place in range(number)
        )

        ada_client.get(DEVICES)

        [row] = reads()
        assert row.detail["subjects"] == number + 1
        assert bool(row.subjects) is is_told

    def test_of_one_device_is_recorded_at_every_level(
        self, ben_client: Client, device: Device
    ) -> None:
        Profile.objects.update(privacy_level=3)

        ben_client.get(LOGINS, {"device": device.pk})

        [row] = reads()
        assert row.subjects == [["device", str(device.pk)]]
        assert row.detail["filter"] == {"device": str(device.pk)}

    def test_that_hides_names_is_not(self, ben_client: Client, device: Device) -> None:
        Profile.objects.update(privacy_level=3)

        ben_client.get(LOGINS)
        ben_client.get(USERS)

        assert reads() == []

    def test_that_shows_nobody_is_not(self, ada_client: Client) -> None:
        ada_client.get(LOGINS)

        assert reads() == []

    @pytest.mark.case("access.26")
    def test_keeps_what_was_typed_as_a_digest(self, ada_client: Client, device: Device) -> None:
        ada_client.get(USERS, {"q": "a.rossi"})
        ada_client.get(LOGINS, {"after": "A. Rossi\0"})

        first, second = reads()
        assert first.detail["filter"] == {"q": audit.digest("a.rossi")}
        assert "ossi" not in str([first.detail, second.detail])

    def test_says_in_which_part_of_the_tree(
        self, ben_client: Client, device: Device, paris: Entity
    ) -> None:
        ben_client.get(DEVICES)

        [row] = reads()
        assert row.detail["scope"] == [str(paris.pk)]


class TestProgram:
    def test_records_whose_executions_its_page_showed(
        self, ada_client: Client, both: list[list[str]]
    ) -> None:
        binary = Binary.objects.get()

        ada_client.get(f"{BINARIES}{binary.pk}/change/")

        [row] = reads()
        assert row.code == AuditCode.IDENTITIES_LISTED
        assert (row.object_kind, row.object_id) == ("binaries.binary", str(binary.pk))
        assert row.subjects == both

    def test_records_nothing_where_it_showed_nobody(
        self, ben_client: Client, device: Device
    ) -> None:
        Profile.objects.update(privacy_level=3)

        ben_client.get(f"{BINARIES}{Binary.objects.get().pk}/change/")

        assert reads() == []
