"""Faults of real servers: nothing acknowledged is lost, nothing is stored twice."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from dex import paths
from tests.end_to_end.wire import Device, boots
from tests.instances import Instance, free_port, wait_for

BATCHES = 8  # of each device; with retries below the limit of 30 a minute
RECORDS = 1_000
DEVICES = 3
EPOCH = "00000000deadbeef"

COUNT_BOOTS = "SELECT count(*) FROM devices_boot WHERE device_id = ANY(%s)"
COUNT_NOTES = "SELECT count(*) FROM events_receivedbatch WHERE epoch = %s AND device_id = ANY(%s)"
DEVICE_IDS = (
    "SELECT array_agg(id ORDER BY id) FROM devices_device WHERE name = 'device' AND id > %s"
)
LAST_DEVICE = "SELECT coalesce(max(id), 0) FROM devices_device"


def enrolled(stack: Instance, number: int) -> list[Device]:
    """Return devices that have enrolled."""
    devices = [Device(stack.port) for _ in range(number)]
    for device in devices:
        device.enrol(stack.command("make_local_enrolment_key"))
    return devices


def deliver_all(device: Device) -> None:
    """Deliver the batches of one device, in order."""
    for sequence in range(BATCHES):
        device.deliver(boots(EPOCH, sequence, RECORDS))


class TestPostgresKilled:
    def test_in_mid_batch_loses_nothing_and_stores_nothing_twice(self, stack: Instance) -> None:
        last = stack.value(LAST_DEVICE)
        devices = enrolled(stack, DEVICES)
        threads = [threading.Thread(target=deliver_all, args=(device,)) for device in devices]

        for thread in threads:
            thread.start()
        wait_for(lambda: sum(len(device.answers) for device in devices) >= DEVICES * 2, 30)
        stack.kill("/bin/postgres -D")
        for thread in threads:
            thread.join()

        ids = stack.value(DEVICE_IDS, last)
        assert any(status != 202 for device in devices for status in device.answers)
        assert stack.value(COUNT_BOOTS, ids) == DEVICES * BATCHES * RECORDS
        assert stack.value(COUNT_NOTES, EPOCH, ids) == DEVICES * BATCHES


class TestWebKilled:
    @pytest.fixture
    def slow_web(self, stack: Instance) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a web server of the instance that waits between commit and answer."""
        self.port = free_port()
        command = [
            sys.executable, "-m", "granian", "--interface=wsgi", "--host=127.0.0.1",
            f"--port={self.port}", "--workers=1", "--no-ws", "tests.end_to_end.slow_wsgi:application",
        ]  # fmt: skip
        server = subprocess.Popen(
            command,
            cwd=paths.CODE,
            env=stack.environment | {"DEX_PROCESS": "web"},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(Device(self.port).is_server_ready, 30)
            yield server
        finally:
            server.kill()
            server.wait()

    def test_between_commit_and_answer_the_resent_batch_is_known(
        self, stack: Instance, slow_web: "subprocess.Popen[bytes]"
    ) -> None:
        last = stack.value(LAST_DEVICE)
        device = enrolled(stack, 1)[0]
        ids = stack.value(DEVICE_IDS, last)
        body = boots(EPOCH, 1, RECORDS)
        slow = Device(self.port, token=device.token)
        sender = threading.Thread(target=slow.send, args=(body,))

        sender.start()
        wait_for(lambda: stack.value(COUNT_NOTES, EPOCH, ids) == 1, 20)
        _kill_group(slow_web)
        sender.join()
        answer = device.deliver(body)

        assert slow.answers == [0]
        assert answer["accepted"] == RECORDS
        assert stack.value(COUNT_BOOTS, ids) == RECORDS


class TestBrokerKilled:
    def test_batches_go_on_and_tasks_come_back(self, stack: Instance) -> None:
        last = stack.value(LAST_DEVICE)
        device = enrolled(stack, 1)[0]
        runs = "SELECT count(*) FROM events_upkeeprun WHERE task = 'events.roll_up'"
        before = stack.value(runs)

        stack.kill("valkey-server")
        answer = device.deliver(boots(EPOCH, 1, RECORDS))
        wait_for(lambda: _enqueued(stack), 60)
        wait_for(lambda: stack.value(runs) > before, 60, stack.output)

        assert answer["accepted"] == RECORDS
        assert stack.value(COUNT_BOOTS, stack.value(DEVICE_IDS, last)) == RECORDS


def _enqueued(stack: Instance) -> bool:
    """Put a task into the broker; False while it is away."""
    script = "from apps.events.tasks import roll_up; roll_up.apply_async(retry=False)"
    try:
        stack.command("shell", "--no-imports", "-c", script)
    except subprocess.CalledProcessError:
        time.sleep(0.5)
        return False
    return True


def _kill_group(server: "subprocess.Popen[bytes]") -> None:
    """Kill a server and its workers at once."""

    os.killpg(server.pid, signal.SIGKILL)
