"""Database and web server killed, again and again, under a stream of batches."""

import random
import threading
import time
from dataclasses import dataclass, field

import pytest

from tests.end_to_end.test_faults import DEVICE_IDS, LAST_DEVICE, enrolled
from tests.end_to_end.wire import Device, boots
from tests.instances import Instance, wait_for
from tests.soak.sizes import size

FAULTS = size("FAULTS", 30)
FAULTS_OF_ONE = 10  # instance: its restarts wait 0.5 s, then twice as long each time, 8 s at last
DEVICES = size("DEVICES", 6)
RECORDS = 500
EPOCH = "00000000deadbee5"
PAUSE_SECONDS = 3.0  # of a device between batches: below the limit of 30 a minute, tries included
VICTIMS = ("/bin/postgres -D", "granian")

STORED = (
    "SELECT coalesce(jsonb_object_agg(device_id || '/' || duration_ms, number), '{}') FROM ("
    " SELECT device_id, duration_ms, count(*) AS number FROM devices_boot"
    " WHERE device_id = ANY(%s) GROUP BY device_id, duration_ms) found"
)


@dataclass
class Sender:
    """A device that sends batch after batch until it is told to stop."""

    device: Device
    is_over: threading.Event
    acknowledged: list[int] = field(default_factory=list)

    def run(self) -> None:
        """Send; the number of a batch is the duration of its boots."""
        sequence = 0
        while not self.is_over.is_set():
            self.device.deliver(boots(EPOCH, sequence, RECORDS))
            self.acknowledged.append(sequence)
            sequence += 1
            time.sleep(PAUSE_SECONDS)


@pytest.mark.parametrize("number", range(-(-FAULTS // FAULTS_OF_ONE)))
def test_nothing_acknowledged_is_lost_and_nothing_is_stored_twice(
    stack: Instance, number: int
) -> None:
    last = stack.value(LAST_DEVICE)
    dice = random.Random(number)
    over = threading.Event()
    senders = [Sender(device, over) for device in enrolled(stack, DEVICES)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    ids = stack.value(DEVICE_IDS, last)

    for thread in threads:
        thread.start()
    try:
        for fault in range(FAULTS_OF_ONE):
            _wait_until_all_deliver(senders, stack)
            time.sleep(dice.uniform(0, PAUSE_SECONDS))  # so that it falls into any part of a batch
            stack.kill(VICTIMS[fault % len(VICTIMS)])
        _wait_until_all_deliver(senders, stack)
    finally:
        over.set()
        for thread in threads:
            thread.join()

    expected = {
        f"{device_id}/{sequence}": RECORDS
        for device_id, sender in zip(ids, senders, strict=True)
        for sequence in sender.acknowledged
    }
    assert any(status != 202 for sender in senders for status in sender.device.answers)
    assert stack.value(STORED, ids) == expected


def _wait_until_all_deliver(senders: list[Sender], stack: Instance) -> None:
    """Wait until each device has got a batch through; none of them may have given up."""
    before = [len(sender.acknowledged) for sender in senders]
    wait_for(
        lambda: all(
            len(sender.acknowledged) > number
            for sender, number in zip(senders, before, strict=True)
        ),
        120,
        stack.output,
    )
