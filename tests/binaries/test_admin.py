"""Pages of programs and what they did."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.binaries import upkeep
from apps.binaries.models import Binary, ExecutionSample
from apps.core.admin import address_of
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.accounts import find_permissions
from tests.factories.collectors import ADA_ROSSI, SOFFICE, device_of, execution, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

BINARIES = "/admin/binaries/binary/"
SAMPLES = "/admin/binaries/executionsample/"
DAYS = "/admin/binaries/executiondaily/"


@pytest.fixture
def device(paris: Entity) -> Device:
    """Return a device of Paris on which a program ran."""
    machine = make_machine(paris)
    record = execution(cpu_time_ms={"sum": 61_000}, execution_duration_ms={"sum": 900_000})
    machine.send(record, users=ADA_ROSSI, binaries=SOFFICE)
    upkeep.refresh_presence(now=NOW)
    return device_of(machine)


def only(account: Account, *permissions: str) -> None:
    """Leave an account these permissions."""
    assert account.main_profile is not None
    account.main_profile.group.permissions.set(find_permissions(permissions))


class TestBinaryPages:
    @pytest.mark.parametrize("url", [BINARIES, SAMPLES, DAYS])
    def test_are_closed_to_cleo(self, cleo_client: Client, url: str) -> None:
        assert cleo_client.get(url).status_code == 403

    @pytest.mark.parametrize("url", [BINARIES, SAMPLES, DAYS])
    def test_ask_a_fixed_number_of_questions(
        self, ada_client: Client, device: Device, django_assert_max_num_queries: Any, url: str
    ) -> None:
        with django_assert_max_num_queries(10):
            assert ada_client.get(url).status_code == 200

    def test_list_programs_and_runs(self, ada_client: Client, device: Device) -> None:
        assert "soffice.bin" in ada_client.get(BINARIES).content.decode()
        assert "1 min 1 s" in ada_client.get(SAMPLES).content.decode()

    def test_show_a_program(self, ada_client: Client, device: Device) -> None:
        binary = Binary.objects.get()

        page = ada_client.get(f"{BINARIES}{binary.pk}/change/").content.decode()

        assert "ada-laptop" in page
        assert "1 min 1 s" in page
        assert "a.rossi@CORP" in page

    def test_show_a_run(self, ada_client: Client, device: Device) -> None:
        address = address_of(ExecutionSample.objects.get())

        page = ada_client.get(f"{SAMPLES}{address}/change/").content.decode()

        assert "CPU time" in page
        assert "15 min 0 s" in page

    @pytest.mark.parametrize("door", ["list", "row"])
    def test_name_nothing_that_may_not_be_viewed(
        self, ben: Account, ben_client: Client, device: Device, door: str
    ) -> None:
        only(ben, "binaries.view_executionsample")
        address = address_of(ExecutionSample.objects.get())
        url = {"list": SAMPLES, "row": f"{SAMPLES}{address}/change/"}[door]

        page = ben_client.get(url).content.decode()

        assert "1 min 1 s" in page
        assert [name for name in ("rossi", "ada-laptop", "soffice") if name in page] == []

    def test_link_to_what_may_be_viewed(
        self, ben: Account, ben_client: Client, device: Device
    ) -> None:
        only(ben, "binaries.view_executionsample", "devices.view_device")

        page = ben_client.get(SAMPLES).content.decode()

        assert f"/admin/devices/device/{device.pk}/change/" in page
        assert "rossi" not in page

    def test_are_a_part_of_the_device(self, ada_client: Client, device: Device) -> None:
        page = ada_client.get(f"/admin/devices/device/{device.pk}/change/").content.decode()

        assert "soffice.bin" in page

    def test_of_another_entity_are_not_there_for_ben(
        self, ben_client: Client, lyon: Entity
    ) -> None:
        make_machine(lyon).send(execution(), users=ADA_ROSSI, binaries=SOFFICE)
        upkeep.refresh_presence(now=NOW)
        binary = Binary.objects.get()
        address = address_of(ExecutionSample.objects.get())

        assert "soffice" not in ben_client.get(BINARIES).content.decode()
        assert "soffice" not in ben_client.get(SAMPLES).content.decode()
        assert ben_client.get(f"{BINARIES}{binary.pk}/change/").status_code == 404
        assert ben_client.get(f"{SAMPLES}{address}/change/").status_code == 404
