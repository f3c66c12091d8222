"""What the user tables say about people: every field, no exception."""

from apps.core.personal_data import (
    BEHAVIOUR,
    DIRECT,
    FREE_TEXT,
    NONE,
    PSEUDONYM,
    Classification,
    appraisal,
    narrow,
    of,
    register,
)
from apps.core.personal_data.classes import AnyClass
from apps.events.metrics import metric_classes
from apps.users.metrics import SESSION, VDI
from apps.users.models import (
    Login,
    Session,
    SessionChange,
    SessionDaily,
    SessionSample,
    User,
    UserDevice,
    VdiDaily,
    VdiRealtime,
    VdiSample,
    VdiSession,
)

KEYS = {"user": "user_id", "device": "device_id"}
WHEN = appraisal(BEHAVIOUR)  # times of rows with a user rank a person's work
EVENT: dict[str, AnyClass] = {
    "id": NONE,
    "source": NONE,
    "device": of(PSEUDONYM, "device"),
    "context": NONE,
    "user": PSEUDONYM,
    "session_id": PSEUDONYM,
}
CLIENT: dict[str, AnyClass] = {
    "protocol": NONE,
    "client_name": of(PSEUDONYM, "device"),
    "client_ip": of(PSEUDONYM, "device"),
}

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
            "sid": PSEUDONYM,
            "upn": DIRECT,
            "upn_privacy_level": NONE,
            "type": NONE,
            "rights": narrow(PSEUDONYM),
            "groups": narrow(PSEUDONYM),
            "ad_username": DIRECT,
            "ad_full_name": DIRECT,
            "ad_email_address": DIRECT,
            "ad_distinguished_name": DIRECT,
            "ad_department": narrow(PSEUDONYM),
            "ad_job_title": narrow(PSEUDONYM),
            "ad_office": narrow(PSEUDONYM),
            "ad_city": narrow(PSEUDONYM),
            "ad_country_code": narrow(PSEUDONYM),
            "ad_organizational_unit": narrow(PSEUDONYM),
            "ad_last_update_at": NONE,
            "custom": FREE_TEXT,  # each definition states its own class
            "first_seen_at": WHEN,
            "last_seen_at": WHEN,
        },
    ),
)
register(
    UserDevice,
    Classification(
        keys=KEYS,
        fields={
            "id": NONE,
            "device": of(PSEUDONYM, "device"),
            "user": PSEUDONYM,
            "rights": narrow(PSEUDONYM),
            "groups": narrow(PSEUDONYM),
            "first_used_at": WHEN,
            "last_used_at": WHEN,
            "first_login_at": WHEN,
        },
    ),
)
register(
    Session,
    Classification(
        keys=KEYS,
        fields={
            "id": NONE,
            "device": of(PSEUDONYM, "device"),
            "user": PSEUDONYM,
            "session_id": PSEUDONYM,
            "start_time_at": WHEN,
            "is_start_told": NONE,
            "end_time_at": WHEN,
            "is_end_told": NONE,
            "told_state": WHEN,
            "state": WHEN,
            "is_remote": NONE,
            **CLIENT,
            "state_at": WHEN,
            "protocol_at": WHEN,
            "client_at": WHEN,
            "seen_at": WHEN,
        },
    ),
)
register(
    Login,
    Classification(
        keys=KEYS,
        fields={
            **EVENT,
            "occurred_at": WHEN,
            "number_of_logins": appraisal(NONE),
            "logon_type": NONE,
            "time_until_desktop_is_visible_ms": NONE,
            "time_until_desktop_is_ready_ms": NONE,
            "logon_script_duration_ms": NONE,
            "group_policy_duration_ms": NONE,
            "profile_load_duration_ms": NONE,
            "is_first_login": NONE,
        },
    ),
)
register(
    SessionChange,
    Classification(
        keys=KEYS,
        fields={
            **EVENT,
            **CLIENT,
            "occurred_at": WHEN,
            "change": NONE,
            "reason": NONE,
            "number_of_changes": appraisal(NONE),
        },
    ),
)
register(
    SessionSample,
    Classification(
        keys=KEYS,
        fields={**EVENT, "bucket": WHEN, "session_protocol": NONE, **metric_classes(SESSION)},
    ),
)
register(
    SessionDaily,
    Classification(
        keys=KEYS,
        fields={
            **{name: found for name, found in EVENT.items() if name != "session_id"},
            "bucket": WHEN,
            "session_protocol": NONE,
            **metric_classes(SESSION, daily=True),
        },
    ),
)
register(
    VdiSession,
    Classification(
        keys=KEYS,
        fields={
            **EVENT,
            **CLIENT,
            "occurred_at": WHEN,
            "end_time_at": WHEN,
            "client_version": NONE,
            "client_version_key": NONE,
            "desktop_pool": NONE,
            "broker": NONE,
        },
    ),
)
for _model, _is_daily in ((VdiSample, False), (VdiRealtime, False), (VdiDaily, True)):
    register(
        _model,
        Classification(
            keys=KEYS,
            fields={**EVENT, "bucket": WHEN, **metric_classes(VDI, daily=_is_daily)},
        ),
    )
