"""What the user tables say about people: every field, no exception."""

from apps.core.personal_data import (
    BEHAVIOUR,
    DIRECT,
    NONE,
    PSEUDONYM,
    Classification,
    appraisal,
    of,
    register,
)
from apps.users.models import Login, User, UserDevice

register(
    User,
    Classification(
        keys={"user": "id"},
        fields={
            "id": PSEUDONYM,
            "uid": PSEUDONYM,
            "identity": PSEUDONYM,
            "name": DIRECT,
            "username": DIRECT,
            "name_privacy_level": NONE,
            "hash_epoch": NONE,
            "type": NONE,
            "first_seen_at": appraisal(BEHAVIOUR),
            "last_seen_at": appraisal(BEHAVIOUR),
        },
    ),
)
register(
    UserDevice,
    Classification(
        keys={"user": "user_id", "device": "device_id"},
        fields={
            "id": NONE,
            "device": of(PSEUDONYM, "device"),
            "user": PSEUDONYM,
            "first_used_at": appraisal(BEHAVIOUR),
            "last_used_at": appraisal(BEHAVIOUR),
        },
    ),
)
register(
    Login,
    Classification(
        keys={"user": "user_id", "device": "device_id"},
        fields={
            "id": NONE,
            "source": NONE,
            "device": of(PSEUDONYM, "device"),
            "context": NONE,
            "user": PSEUDONYM,
            "occurred_at": appraisal(BEHAVIOUR),
            "session_id": PSEUDONYM,
            "number_of_logins": appraisal(NONE),
            "logon_type": NONE,
            "time_until_desktop_is_visible_ms": NONE,
            "time_until_desktop_is_ready_ms": NONE,
        },
    ),
)
