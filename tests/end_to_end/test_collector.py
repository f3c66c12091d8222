"""The real collector of this machine reports to a real instance."""

import platform
from pathlib import Path

import pytest

from tests.instances import Instance, boot_time, wait_for


@pytest.fixture(scope="module")
def device_id(stack: Instance) -> int:
    """Return the device of this machine, once its inventory is complete."""
    query = "SELECT id FROM devices_device WHERE inventory_state = 'complete' ORDER BY id LIMIT 1"
    wait_for(lambda: stack.value(query), 60, stack.output)
    return int(stack.value(query))


class TestCollector:
    @pytest.mark.case("collector.1")
    def test_enrols_by_itself_and_erases_its_key(self, stack: Instance, device_id: int) -> None:
        state = stack.value(
            "SELECT state FROM collectors_collector WHERE device_id = %s", device_id
        )

        assert state == "active"
        assert not (stack.home / "collector" / "enrolment-key").exists()

    def test_tells_the_true_facts_of_this_machine(self, stack: Instance, device_id: int) -> None:
        with stack.database() as connection:
            row = connection.execute(
                "SELECT name, operating_system_platform, operating_system_build,"
                " hardware_memory_bytes FROM devices_device WHERE id = %s",
                [device_id],
            ).fetchone()

        assert row == (platform.node().split(".")[0], "linux", platform.release(), _memory_bytes())

    def test_tells_when_it_booted(self, stack: Instance, device_id: int) -> None:
        booted = stack.value(
            "SELECT extract(epoch FROM occurred_at)::bigint FROM devices_boot WHERE device_id = %s",
            device_id,
        )

        assert booted == boot_time()

    def test_lists_the_volume_of_the_system(self, stack: Instance, device_id: int) -> None:
        mount_point = stack.value(
            "SELECT mount_point FROM devices_volume WHERE device_id = %s AND is_system", device_id
        )

        assert mount_point == "/"

    def test_reports_under_the_reference_defaults(self, stack: Instance, device_id: int) -> None:
        preset = stack.value(
            "SELECT preset FROM collectors_collectorconfiguration WHERE state = 'active'"
        )

        assert preset == "standard"


def _memory_bytes() -> int:
    first = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()[0]
    return int(first.split()[1]) * 1_024
