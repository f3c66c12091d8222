"""The batch dictionary `users`, and event kinds of sessions (the structs are the protocol)."""

from typing import Annotated, Any, Literal

import msgspec

from apps.devices.addresses import permitted_address
from apps.devices.versions import version_key
from apps.events import dimensions, kinds
from apps.events.choices import Retention
from apps.events.kinds import Amount, Instant
from apps.users import services, sessions
from apps.users.choices import SessionChangeKind
from apps.users.entries import UserEntry
from apps.users.metrics import SESSION, VDI
from apps.users.models import (
    Login,
    SessionChange,
    SessionDaily,
    SessionSample,
    User,
    VdiDaily,
    VdiRealtime,
    VdiSample,
    VdiSession,
)

SessionId = Annotated[str, msgspec.Meta(max_length=128)]
Word = Annotated[str, msgspec.Meta(max_length=255)]
Address = Annotated[str, msgspec.Meta(max_length=64)]
Protocol = Literal["console", "rdp", "ica", "pcoip", "blast", "ssh", "other"]
Broker = Literal[
    "citrix_cvad",
    "citrix_daas",
    "azure_virtual_desktops",
    "windows_365",
    "horizon_on_prem",
    "aws_workspace",
    "aws_appstream",
    "other",
]
LOCAL_ADDRESSES = {"client_ip": ("local_addresses", permitted_address)}
VIRTUAL = "virtual_session_metrics"


class LoginFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `fields` of a login."""

    session_id: SessionId = ""
    logon_type: Literal["interactive", "remote", "unlock", "cached", "service"] | None = None
    time_until_desktop_is_visible_ms: Amount | None = None
    time_until_desktop_is_ready_ms: Amount | None = None
    logon_script_duration_ms: Amount | None = None
    group_policy_duration_ms: Amount | None = None
    profile_load_duration_ms: Amount | None = None


class ChangeFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `fields` of a change; which one it is its kind says."""

    session_id: SessionId = ""
    protocol: Protocol | None = None
    reason: Literal["user", "system", "idle", "network", "unknown"] | None = None
    client_name: Word | None = None
    client_ip: Address | None = None


class SampleFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plain fields of a session's quarter of an hour."""

    session_id: SessionId = ""
    session_protocol: Protocol | None = None


class VdiSessionFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `fields` of a remote session, whose time is its start."""

    end_time_at: Instant | None = None
    session_id: SessionId = ""
    protocol: Protocol | None = None
    client_name: Word | None = None
    client_ip: Address | None = None
    client_version: Word | None = None
    client_version_key: None = None  # never sent: what sorts versions is made here
    desktop_pool: Word | None = None
    broker: Broker | None = None

    def __post_init__(self) -> None:
        if self.client_version:
            key: Any = version_key(self.client_version)
            msgspec.structs.force_setattr(self, "client_version_key", key)


class VdiFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plain fields of a remote session's bucket."""

    session_id: SessionId = ""


def change_fields(change: SessionChangeKind) -> type[msgspec.Struct]:
    """Return the fields of one kind of change, the column that tells it among them."""
    word: Any = Literal[change.value]  # type: ignore[valid-type]
    return msgspec.defstruct(
        f"{change.value.title()}Fields",
        [("change", word, change.value)],
        bases=(ChangeFields,),
        frozen=True,
        forbid_unknown_fields=True,
    )


dimensions.register(
    dimensions.Dimension(
        dictionary="users",
        entry=UserEntry,
        model=User,
        switch="username",
        on_seen=services.remember_use,
    )
)
kinds.register(
    kinds.PunctualKind(
        name="session.logins",
        model=Login,
        dimensions={"user": "users"},
        is_about_people=True,
        fields=LoginFields,
        switch="session_events",
        on_stored=sessions.merge_logins,
    )
)
for _change in SessionChangeKind:
    kinds.register(
        kinds.PunctualKind(
            name=f"session.{_change.value}s",
            model=SessionChange,
            dimensions={"user": "users"},
            is_about_people=True,
            fields=change_fields(_change),
            switch="session_events=all",
            permitted=LOCAL_ADDRESSES,
            on_stored=sessions.merge_changes,
        )
    )
kinds.register(
    kinds.SampledKind(
        name="session.events",
        model=SessionSample,
        daily_model=SessionDaily,
        bucket_seconds=900,  # a constant of the protocol, not a setting
        dimensions={"user": "users"},
        is_about_people=True,
        fields=SampleFields,
        metrics=SESSION,
        on_stored=sessions.merge_samples,
    )
)
kinds.register(
    kinds.PunctualKind(
        name="session.vdi_sessions",
        model=VdiSession,
        dimensions={"user": "users"},
        is_about_people=True,
        fields=VdiSessionFields,
        switch=VIRTUAL,
        permitted=LOCAL_ADDRESSES,
    )
)
kinds.register(
    kinds.SampledKind(
        name="session.vdi_events",
        model=VdiSample,
        daily_model=VdiDaily,
        bucket_seconds=300,  # the one exception below 15 min (privacy.md 2)
        dimensions={"user": "users"},
        is_about_people=True,
        fields=VdiFields,
        key_fields=("session_id",),
        metrics=VDI,
        switch=VIRTUAL,
    )
)
kinds.register(
    kinds.SampledKind(
        name="session.vdi_realtime",
        model=VdiRealtime,
        bucket_seconds=30,
        dimensions={"user": "users"},
        is_about_people=True,
        fields=VdiFields,
        metrics=VDI,
        switch=VIRTUAL,
        retention=Retention.REALTIME,
    )
)
