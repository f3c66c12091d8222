"""Event kinds about programs that ran, crashed and connected (the structs are the protocol)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from apps.binaries.entries import BinaryEntry
from apps.binaries.metrics import CONNECTION, EXECUTION, TRAFFIC
from apps.binaries.models import (
    Binary,
    ConnectionDaily,
    ConnectionSample,
    ExecutionCrash,
    ExecutionDaily,
    ExecutionSample,
    PackageInstallation,
    PackageUninstallation,
)
from apps.binaries.paths import cut_home, file_name
from apps.binaries.services import claims
from apps.core import geography
from apps.events import dimensions, kinds
from apps.events.choices import Retention
from apps.events.policy import Policy

CRASHES_MOST = 100_000  # of one binary in one minute
PORTS = 65_535


class ExecutionFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plain fields of the key."""

    highest_process_visibility: Literal["foreground", "background", "system"] | None = None


class CrashFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `fields` of crashes within one minute."""

    number_of_crashes: Annotated[int, msgspec.Meta(ge=1, le=CRASHES_MOST)] = 1
    crash_on_start: bool | None = None
    process_visibility: Literal["foreground", "background"] | None = None
    kind: Literal["crash", "hang_terminated"] | None = None
    binary_path: Annotated[str, msgspec.Meta(max_length=1_024)] | None = None
    binary_path_root: (
        Literal["program_files", "system", "user_profile", "temp", "opt", "usr", "gone", "other"]
        | None
    ) = None
    error_code: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    module_name: Annotated[str, msgspec.Meta(max_length=255)] | None = None


class ConnectionFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a program connected to; what an address tells is told by the server."""

    protocol: Literal["tcp", "udp"]
    destination_ip: Annotated[str, msgspec.Meta(max_length=45)] | None = None
    destination_port: Annotated[int, msgspec.Meta(ge=0, le=PORTS)] | None = None
    destination_domain: Annotated[str, msgspec.Meta(max_length=255)] | None = None


def country_of(fields: ConnectionFields) -> str | None:
    """Return in which country a destination lies, None where the files do not tell."""
    return geography.lookup(fields.destination_ip or "").country or None


def is_listed(entries: Mapping[str, Mapping[str, Any] | None], policy: Policy) -> bool:
    """Return whether the program of a record is on the list of those whose connections are kept."""
    binary = entries["binary"]
    listed = policy.allows_listed(TRAFFIC) and binary is not None
    return listed and binary["name"].lower() in policy.listed(TRAFFIC)  # type: ignore[index]


dimensions.register(
    dimensions.Dimension(
        dictionary="binaries",
        entry=BinaryEntry,
        model=Binary,
        is_same_everywhere=True,
        on_told=claims.hear,
    )
)
kinds.register(
    kinds.SampledKind(
        name="execution.events",
        model=ExecutionSample,
        daily_model=ExecutionDaily,
        bucket_seconds=900,  # a constant of the protocol, not a setting
        dimensions={"user": "users", "binary": "binaries"},
        required=("binary",),
        fields=ExecutionFields,
        key_fields=("highest_process_visibility",),
        metrics=EXECUTION,
        switch="executions",
        accepts={TRAFFIC: is_listed},
        retention=Retention.HIGHRES_DETAIL,
    )
)
kinds.register(
    kinds.PunctualKind(
        name="execution.crashes",
        model=ExecutionCrash,
        dimensions={"user": "users", "binary": "binaries"},
        required=("binary",),
        fields=CrashFields,
        field_switches={"binary_path": "binary_paths=full"},
        permitted={
            "binary_path": ("binary_paths", lambda path, _policy: cut_home(path)),
            "module_name": ("binary_paths", lambda path, _policy: file_name(path)),
        },
        switch="executions",
    )
)
kinds.register(
    kinds.SampledKind(
        name="connection.events",
        model=ConnectionSample,
        daily_model=ConnectionDaily,
        bucket_seconds=900,
        dimensions={"user": "users", "binary": "binaries"},
        required=("binary",),
        fields=ConnectionFields,
        field_switches={
            "destination_domain": "destination_domains",
            "destination_country": "public_ip_location",
        },
        derived={"destination_country": country_of},
        key_fields=(
            "protocol",
            "destination_type",
            "destination_private_ip",
            "destination_port",
            "destination_domain",
        ),
        metrics=CONNECTION,
        switch=TRAFFIC,
        accepts={TRAFFIC: is_listed},
        retention=Retention.HIGHRES_DETAIL,
    )
)
kinds.register(
    kinds.PunctualKind(
        name="package.installations",
        model=PackageInstallation,
        switch="packages",
        is_derived=True,
    )
)
kinds.register(
    kinds.PunctualKind(
        name="package.uninstallations",
        model=PackageUninstallation,
        switch="packages",
        is_derived=True,
    )
)
