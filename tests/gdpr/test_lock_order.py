"""Whoever locks many rows takes devices before users, and devices in the order of their ids."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

from apps.devices.models import Device
from apps.gdpr.services import expiry
from apps.organization.models import Entity
from apps.users import conversion, upkeep
from apps.users.models import User
from tests.conftest import NOW
from tests.factories.collectors import ADA_ROSSI, device_of, login, make_machine
from tests.factories.sessions import at

pytestmark = pytest.mark.usefixtures("fixed_clock", "clean_database")

LONG_AGO = NOW - timedelta(days=91)


def is_free_while_waiting(work: Callable[[], Any], *, held: Any, asked: Any) -> bool:
    """Return whether the row `asked` can be had while `work` waits for the row `held`."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock(held)
            future = pool.submit(run)
            wait_for_waiting()
            is_free = can_be_had(asked)
        future.result(timeout=30)
    return is_free


def lock(row: Any, **how: Any) -> None:
    """Lock a row to the end of the transaction."""
    type(row).objects.select_for_update(**how).get(pk=row.pk)


def can_be_had(row: Any) -> bool:
    """Return whether nobody else has locked a row."""
    try:
        with transaction.atomic():
            lock(row, nowait=True)
    except OperationalError:
        return False
    return True


def wait_for_waiting() -> None:
    """Wait until somebody waits for a row."""
    for _try in range(1_000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_locks WHERE NOT granted")
            if cursor.rowcount:
                return
        time.sleep(0.01)
    raise AssertionError("Nobody waited.")


@pytest.fixture
def devices(paris: Entity) -> list[Device]:
    """Return two devices on which A. Rossi logged in last; the first lies last in the table."""
    machines = [make_machine(paris, install_id=f"{number:032x}") for number in range(2)]
    for machine in machines:
        machine.send(login(at(9)), users=ADA_ROSSI)
    found = sorted(map(device_of, machines), key=lambda device: device.pk)
    Device.objects.filter(pk=found[0].pk).update(is_one_user=False)
    Device.objects.filter(pk=found[1].pk).update(is_one_user=False)
    Device.objects.filter(pk=found[0].pk).update(name="ada-laptop")
    return found


class TestPurge:
    def test_of_users_holds_none_while_it_waits_for_a_device(self, devices: list[Device]) -> None:
        User.objects.update(last_seen_at=LONG_AGO)
        user = User.objects.get()

        def purge() -> None:
            expiry.purge_inventory(now=NOW)

        assert is_free_while_waiting(purge, held=devices[0], asked=user)
        assert not User.objects.exists()

    def test_of_devices_holds_no_user_while_it_waits_for_one(self, devices: list[Device]) -> None:
        Device.objects.filter(pk=devices[0].pk).update(
            first_seen_at=LONG_AGO, last_seen_at=LONG_AGO
        )
        user = User.objects.get()

        def purge() -> None:
            expiry.purge_inventory(now=NOW)

        assert is_free_while_waiting(purge, held=devices[0], asked=user)
        assert Device.objects.get() == devices[1]


class TestManyDevices:
    def test_are_taken_in_order_where_names_are_converted(self, devices: list[Device]) -> None:
        def rename() -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    conversion.LAST_LOGINS, {"names": ["a.rossi@CORP"], "pseudonyms": ["u1_x"]}
                )

        assert is_free_while_waiting(rename, held=devices[0], asked=devices[1])
        assert Device.objects.filter(login_last_login_user_name="u1_x").count() == 2

    def test_are_taken_in_order_where_their_use_is_told_anew(self, devices: list[Device]) -> None:
        def refresh() -> None:
            with connection.cursor() as cursor:  # in the order of the table, as where it is large
                cursor.execute("SET enable_indexscan TO off; SET enable_bitmapscan TO off")
            upkeep.refresh_one_user([device.pk for device in devices])

        assert is_free_while_waiting(refresh, held=devices[0], asked=devices[1])
        assert Device.objects.filter(is_one_user=True).count() == 2
