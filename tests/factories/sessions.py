"""What collectors tell of sessions and of the accounts on a device."""

from datetime import datetime, timedelta
from typing import Any

from tests.conftest import NOW

SESSION = "2@4f1c"
TODAY = NOW.replace(hour=0)
ACCOUNT = {
    "name": "CORP\\a.rossi",
    "type": "domain_user",
    "sid": "S-1-5-21-1-2-3-1001",
    "upn": "a.rossi@corp.example",
    "rights": "administrator",
    "groups": ["BUILTIN\\Administrators", "CORP\\Payroll"],
}
WHOLE_BUCKET = 900_000  # ms
LATENCY = {"sum": 60.0, "count": 3, "min": 10.0, "max": 30.0}
LOSS = {"sum": 0.3, "count": 3, "min": 0.0, "max": 0.2}


def at(hours: float, minutes: float = 0) -> str:
    """Return an instant of the day of NOW, as it is sent."""
    return text(TODAY + timedelta(hours=hours, minutes=minutes))


def text(moment: datetime) -> str:
    """Return an instant as it is sent."""
    return moment.isoformat().replace("+00:00", "Z")


def change(
    what: str, when: str, user: int | None = 1, session_id: str = SESSION, **fields: Any
) -> dict[str, Any]:
    """Return one record of a change; what: "logout", "lock" and so on."""
    return {
        "kind": f"session.{what}s",
        "occurred_at": when,
        "user": user,
        "fields": {"session_id": session_id, **fields},
    }


def sample(
    bucket: str,
    user: int | None = 1,
    session_id: str = SESSION,
    protocol: str | None = None,
    **metrics: Any,
) -> dict[str, Any]:
    """Return one record of a session's quarter of an hour, active throughout by default."""
    amounts = metrics or {"session_duration_ms": WHOLE_BUCKET, "active_duration_ms": WHOLE_BUCKET}
    return {
        "kind": "session.events",
        "bucket": bucket,
        "bucket_s": 900,
        "user": user,
        "fields": {"session_id": session_id, "session_protocol": protocol},
        "metrics": {
            name: value if isinstance(value, dict) else {"sum": value}
            for name, value in amounts.items()
        },
    }


def vdi_session(start: str, user: int | None = 1, **fields: Any) -> dict[str, Any]:
    """Return one record of a remote session."""
    return {
        "kind": "session.vdi_sessions",
        "occurred_at": start,
        "user": user,
        "fields": {"session_id": SESSION, "protocol": "ica", **fields},
    }


def vdi(bucket: str, seconds: int = 300, user: int | None = 1, **metrics: Any) -> dict[str, Any]:
    """Return one record of a remote session's performance."""
    return {
        "kind": "session.vdi_events" if seconds == 300 else "session.vdi_realtime",
        "bucket": bucket,
        "bucket_s": seconds,
        "user": user,
        "fields": {"session_id": SESSION},
        "metrics": metrics
        or {"round_trip_time_ms": LATENCY, "number_of_reconnections": {"sum": 1}},
    }
