"""Tables of users and sessions that can be asked (data-model.md 2.3, 2.4, 4)."""

from apps.devices.choices import DesktopBroker
from apps.nql.catalog import Field, Link, Table, register
from apps.users.choices import (
    ChangeReason,
    LogonType,
    NamePrivacyLevel,
    Rights,
    SessionChangeKind,
    SessionProtocol,
    SessionState,
    UserType,
)
from apps.users.models import (
    Login,
    Session,
    SessionChange,
    SessionSample,
    User,
    VdiSample,
    VdiSession,
)

LINKS = [Link("device", "device", "device.devices"), Link("user", "user", "user.users")]
DIRECTORY = (
    "username",
    "full_name",
    "email_address",
    "distinguished_name",
    "department",
    "job_title",
    "office",
    "city",
    "country_code",
    "organizational_unit",
)

register(
    Table(
        name="user.users",
        model=User,
        kind="object",
        record="user",
        permission="users.view_user",
        fields=[
            Field("name", "string", is_default=True),
            Field("username", "string"),
            Field("name_privacy_level", "enum", values=NamePrivacyLevel.values),
            Field("hash_epoch", "int"),
            Field("uid", "uuid"),
            Field("sid", "string"),
            Field("upn", "string"),
            Field("upn_privacy_level", "enum", values=NamePrivacyLevel.values),
            Field("type", "enum", values=UserType.values, is_default=True),
            Field("rights", "enum", values=Rights.values),
            Field("groups", "string array"),
            Field("first_seen", "datetime"),
            Field("last_seen", "datetime", is_default=True),
            Field("days_since_last_seen", "int", column="last_seen_at", derived="days_since"),
            *(Field(f"ad.{name}", "string", is_default=name == "department") for name in DIRECTORY),
            Field("ad.last_update", "datetime"),
        ],
    )
)
register(
    Table(
        name="session.sessions",
        model=Session,
        kind="object",
        record="session",
        permission="users.view_session",
        links=LINKS,
        fields=[
            Field("session_id", "string"),
            Field("start_time", "datetime", is_default=True),
            Field("end_time", "datetime", is_default=True),
            Field("state", "enum", values=SessionState.values, is_default=True),
            Field("protocol", "enum", values=SessionProtocol.values, is_default=True),
            Field("is_remote", "bool"),
            Field("client_name", "string"),
            Field("client_ip", "ip"),
        ],
    )
)
register(
    Table(
        name="session.events",
        model=SessionSample,
        kind="sampled",
        record="event",
        permission="users.view_sessionsample",
        links=LINKS,
        fields=[
            Field("start_time", "datetime", column="bucket", is_default=True),
            Field("session_id", "string"),
            Field("user_interaction_time", "duration", metric="counter", is_default=True),
            Field("session_duration", "duration", metric="counter"),
            Field("active_duration", "duration", metric="counter"),
            Field("locked_duration", "duration", metric="counter"),
            Field("disconnected_duration", "duration", metric="counter"),
            Field("number_of_sessions", "int", metric="counter"),
            Field("session_protocol", "enum", values=SessionProtocol.values),
            Field("round_trip_time", "duration", metric="gauge"),
            Field("network_latency", "duration", metric="gauge"),
            Field("packet_loss", "ratio", metric="gauge"),
            Field("number_of_reconnections", "int", metric="counter"),
        ],
    )
)
register(
    Table(
        name="session.logins",
        model=Login,
        kind="punctual",
        record="login",
        permission="users.view_login",
        links=LINKS,
        fields=[
            Field("time", "datetime", column="occurred_at", is_default=True),
            Field("session_id", "string"),
            Field("number_of_logins", "int"),
            Field("logon_type", "enum", values=LogonType.values),
            Field("time_until_desktop_is_visible", "duration", is_default=True),
            Field("time_until_desktop_is_ready", "duration", is_default=True),
            Field("logon_script_duration", "duration"),
            Field("group_policy_duration", "duration"),
            Field("profile_load_duration", "duration"),
            Field("is_first_login", "bool"),
        ],
    )
)
for _change in SessionChangeKind.values:
    register(
        Table(
            name=f"session.{_change}s",
            model=SessionChange,
            kind="punctual",
            record=_change,
            permission="users.view_sessionchange",
            links=LINKS,
            only={"change": _change},
            fields=[
                Field("time", "datetime", column="occurred_at", is_default=True),
                Field("session_id", "string"),
                Field("protocol", "enum", values=SessionProtocol.values, is_default=True),
                Field("reason", "enum", values=ChangeReason.values),
                Field("client_name", "string"),
                Field("client_ip", "ip"),
                Field(f"number_of_{_change}s", "int", column="number_of_changes"),
            ],
        )
    )
register(
    Table(
        name="session.vdi_sessions",
        model=VdiSession,
        kind="punctual",
        record="vdi_session",
        permission="users.view_vdisession",
        links=LINKS,
        fields=[
            Field("start_time", "datetime", column="occurred_at", is_default=True),
            Field("end_time", "datetime", is_default=True),
            Field("session_id", "string"),
            Field("protocol", "enum", values=SessionProtocol.values, is_default=True),
            Field("client_name", "string", is_default=True),
            Field("client_ip", "ip"),
            Field("client_version", "version"),
            Field("desktop_pool", "string", is_default=True),
            Field("broker", "enum", values=DesktopBroker.values),
        ],
    )
)
register(
    Table(
        name="session.vdi_events",
        model=VdiSample,
        kind="sampled",
        record="event",
        permission="users.view_vdisample",
        links=LINKS,
        fields=[
            Field("start_time", "datetime", column="bucket", is_default=True),
            Field("session_id", "string"),
            Field("round_trip_time", "duration", metric="gauge", is_default=True),
            Field("network_latency", "duration", metric="gauge", is_default=True),
            Field("user_input_delay", "duration", metric="gauge"),
            Field("frame_rate", "float", column="frame_rate_per_s", metric="gauge"),
            Field("packet_loss", "ratio", metric="gauge"),
            Field("bandwidth_in", "bit rate", metric="gauge"),
            Field("bandwidth_out", "bit rate", metric="gauge"),
            Field("number_of_reconnections", "int", metric="counter"),
        ],
    )
)
