"""Part `operating_system`: what the machine runs, and what it is called."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from apps.devices import services
from apps.devices.choices import Architecture
from apps.devices.permitted import (
    Text,
    permitted_directory_path,
    permitted_name,
    version_columns,
)
from apps.events.inventory import Part, register
from apps.events.kinds import Amount, Instant
from apps.events.policy import Policy


class OperatingSystem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The host name and memberships come with it."""

    platform: Literal["windows", "macos", "linux"]
    host_name: Text | None = None
    sid: Annotated[str, msgspec.Meta(pattern=r"^S-1-[0-9-]{1,190}\Z")] | None = None
    distinguished_name: Annotated[str, msgspec.Meta(max_length=1_024)] | None = None
    group_name: Text | None = None
    membership_type: Literal["domain", "workgroup", "cloud", "none"] | None = None
    name: Text | None = None
    version: Text | None = None
    build: Text | None = None
    architecture: Literal["x86", "x64", "arm64"] | None = None
    installation_time: Instant | None = None
    last_update: Instant | None = None
    is_restart_pending: bool | None = None
    last_full_boot_time: Instant | None = None  # also of a boot too long ago for an event
    last_full_boot_duration_ms: Amount | None = None
    virtualization_type: Literal["shared", "personal", "pooled"] | None = None


def apply_operating_system(
    *, device_id: int, state: OperatingSystem, policy: Policy, now: datetime
) -> None:
    """Write what the machine runs; its name is kept only in the form that is allowed."""
    facts: dict[str, object] = {
        "name": permitted_name(state.host_name or "", policy),
        "sid": state.sid or "",
        "distinguished_name": state.distinguished_name or "",
        "group_name": state.group_name or "",
        "membership_type": state.membership_type or "",
        "operating_system_name": state.name or "",
        "operating_system_architecture": Architecture(state.architecture)
        if state.architecture
        else "",
        "operating_system_installation_time_at": state.installation_time,
        "operating_system_last_update_at": state.last_update,
        "operating_system_is_restart_pending": state.is_restart_pending,
        "virtualization_type": state.virtualization_type or "",
        **version_columns("operating_system_version", state.version),
        **version_columns("operating_system_build", state.build),
    }
    report = services.Report(device_id=device_id, part="operating_system", policy=policy, now=now)
    report.write_facts(facts)
    booted_at = state.last_full_boot_time
    if booted_at is not None and booted_at <= now:  # else the device's clock is ahead
        services.remember_boot(
            device_id=device_id,
            occurred_at=booted_at,
            duration_ms=state.last_full_boot_duration_ms,
        )


register(
    Part(
        name="operating_system",
        struct=OperatingSystem,
        apply=apply_operating_system,
        is_list=False,
        permitted={
            "host_name": ("device_name", permitted_name),
            "distinguished_name": ("device_name", permitted_directory_path),
        },
    )
)
