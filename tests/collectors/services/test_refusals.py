"""What was lost and refused of a device in 30 days."""

from datetime import timedelta
from typing import Any

import pytest

from apps.collectors.models import RefusalCount
from apps.collectors.services import refusals
from apps.devices.models import Device
from tests.conftest import NOW
from tests.factories.collectors import boot, device_of, make_machine
from tests.locking import takes_in_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


def numbers(device: Device) -> tuple[int, int]:
    """Return what the device remembers as lost and refused."""
    device.refresh_from_db()
    return device.collector_dropped_records, device.collector_refused_records


class TestRefreshLosses:
    def test_tells_what_was_refused(self) -> None:
        machine = make_machine()
        machine.send(boot(duration_ms=-1), boot(duration_ms=-1), boot())

        assert refusals.refresh_losses(now=NOW) == 1
        assert numbers(device_of(machine)) == (0, 2)

    def test_leaves_out_what_the_configuration_took(self) -> None:
        device = device_of(make_machine())
        counts = {("collector", "x", "lost"): 7, ("configuration", "x", "username"): 3}
        refusals.count(device_id=device.pk, counts=counts, now=NOW)

        refusals.refresh_losses(now=NOW)

        assert numbers(device) == (7, 0)

    def test_forgets_what_is_older(self) -> None:
        device = device_of(make_machine())
        counts = {("collector", "x", "lost"): 7}
        refusals.count(device_id=device.pk, counts=counts, now=NOW - timedelta(days=29))
        refusals.refresh_losses(now=NOW)

        refusals.refresh_losses(now=NOW + timedelta(days=1))

        assert RefusalCount.objects.count() == 1
        assert numbers(device) == (0, 0)

    def test_writes_no_device_twice(self, django_assert_num_queries: Any) -> None:
        make_machine().send(boot(duration_ms=-1))
        refusals.refresh_losses(now=NOW)

        with django_assert_num_queries(1):
            assert refusals.refresh_losses(now=NOW) == 0

    @pytest.mark.usefixtures("clean_database")
    def test_takes_the_devices_in_the_order_of_all(self) -> None:
        machines = [make_machine(), make_machine(install_id="1" * 32, fingerprints={})]
        first, second = map(device_of, machines)
        for machine in machines:
            machine.send(boot(duration_ms=-1))

        Device.objects.filter(pk=first.pk).update(group_name="written last")  # lies behind

        assert takes_in_order(first, second, lambda: refusals.refresh_losses(now=NOW))
        assert numbers(first) == numbers(second) == (0, 1)
