"""What the tables about batches and days say about people."""

from apps.core.personal_data import BEHAVIOUR, NONE, PSEUDONYM, Classification, register
from apps.events.models import DirtyDay, ReceivedBatch, RolledUpDay, UpkeepRun

register(
    ReceivedBatch,
    Classification(
        subject="device",
        keys={"device": "device_id"},
        fields={
            "id": NONE,
            "device_id": PSEUDONYM,
            "epoch": PSEUDONYM,
            "sequence": NONE,
            "body_hash": PSEUDONYM,
            "answer": NONE,
            "clock_offset_ms": NONE,
            "received_at": BEHAVIOUR,
        },
    ),
)
register(
    DirtyDay,
    Classification(
        subject="device",
        keys={"device": "device_id"},
        fields={"id": NONE, "device_id": PSEUDONYM, "day": BEHAVIOUR, "marked_at": NONE},
    ),
)
register(RolledUpDay, Classification(fields={"day": NONE, "rolled_up_at": NONE}))
register(
    UpkeepRun,
    Classification(
        fields={"id": NONE, "task": NONE, "started_at": NONE, "finished_at": NONE, "counts": NONE}
    ),
)
