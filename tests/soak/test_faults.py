"""Database and web server killed, again and again, under a stream of batches."""

import threading
import time
from dataclasses import dataclass, field

from tests.end_to_end.test_faults import DEVICE_IDS, LAST_DEVICE, enrolled
from tests.end_to_end.wire import Device, boots
from tests.instances import Instance, wait_for
from tests.soak.sizes import size

FAULTS = size("FAULTS", 30)
DEVICES = size("DEVICES", 6)
RECORDS = 500
EPOCH = "00000000deadbee5"
PAUSE_SECONDS = 3.0  # of a device between batches: below the limit of 30 a minute, tries included
STEADY_SECONDS = 65.0  # between two ends of the same process; else its restart waits ever longer
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


def test_nothing_acknowledged_is_lost_and_nothing_is_stored_twice(stack: Instance) -> None:
    last = stack.value(LAST_DEVICE)
    over = threading.Event()
    senders = [Sender(device, over) for device in enrolled(stack, DEVICES)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    ids = stack.value(DEVICE_IDS, last)

    for thread in threads:
        thread.start()
    try:
        for number in range(FAULTS):
            delivered = _delivered(senders)
            wait_for(lambda: _delivered(senders) > delivered + DEVICES, 120, stack.output)  # noqa: B023
            stack.kill(VICTIMS[number % len(VICTIMS)])
            time.sleep(STEADY_SECONDS / len(VICTIMS))
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


def _delivered(senders: list[Sender]) -> int:
    return sum(len(sender.acknowledged) for sender in senders)
