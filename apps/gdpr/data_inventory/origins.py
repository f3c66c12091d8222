"""Where a field comes from, and which collection switch governs it."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import models

from apps.collectors.switches import BY_NAME
from apps.events import kinds
from apps.events.kinds import AnyKind, SampledKind
from apps.events.metrics import column_names
from apps.events.policy import switch_of

COLLECTOR, CONNECTOR, SERVER, ADMINISTRATOR = "collector", "connector", "server", "administrator"
SOURCES = (COLLECTOR, CONNECTOR, SERVER, ADMINISTRATOR)

# Of tables that collectors fill, what the server or an administrator adds.
MADE_HERE = frozenset(
    [
        "id",
        "uid",
        "identity",
        "device",
        "user",
        "context",
        "entity",
        "source",
        "first_seen_at",
        "last_seen_at",
        "seen_at",
        "kind",
        "is_simulated",
        "is_one_user",
        "inventory_state",
        "collector_dropped_records",
        "collector_refused_records",
        "collector_target_update_date_at",
        "received_at",
        "first_used_at",
        "last_used_at",
        "name_privacy_level",
        "upn_privacy_level",
        "hash_epoch",
        "first_login_at",
        "filled_device_id",
    ]
)
BY_HAND = frozenset(
    [
        "custom",
        "configuration_tag",
        "product_category",
        "product_subcategory",
        "is_entity_pinned",
        "collector_target_version",
        "collector_update_group",
        "collector_tag_id",
        "collector_tag_string",
    ]
)
BY_CONNECTOR = ("ad_", "virtualization_")
ALSO_BY_COLLECTOR = frozenset({"virtualization_type"})
WORKED_OUT = ("public_ip_", "location_", "login_")
COLLECTED_APPS = frozenset({"devices", "users", "binaries"})
SERVER_APPS = frozenset({"events", "audit"})
SERVER_TABLES = frozenset(  # of apps whose other tables collectors fill
    {
        "binaries.Presence",
        "binaries.StalePresence",
        "devices.ClassificationRun",
        "devices.FleetNow",
        "collectors.CollectorStub",
        "collectors.RefusalCount",
        "core.Generation",
        "core.Instance",
        "gdpr.FoldedDay",
    }
)
# Of tables that the server fills otherwise.
TOLD_BY_COLLECTORS: Mapping[str, frozenset[str]] = {
    "collectors.Collector": frozenset(
        {
            "install_id",
            "public_key",
            "fingerprints",
            "version",
            "boot_id",
            "reported_configuration_version",
            "utc_offset_minutes",
            "lost_records",
        }
    )
}

# Switches of fields of objects and lists; `directory` is the connector's own (data-model.md 1.5).
OBJECT_SWITCHES: Mapping[str, Mapping[str, str]] = {
    "devices.Device": {
        "name": "device_name",
        "distinguished_name": "device_name",
        "hardware_bios_serial_number": "serial_numbers",
        "hardware_chassis_serial_number": "serial_numbers",
        "hardware_machine_serial_number": "serial_numbers",
        "collector_local_ip": "local_addresses",
        "login_last_login_user_name": "username",
        "public_ip_ip_address": "public_ip_location",
        "public_ip_isp": "public_ip_location",
        "public_ip_country": "public_ip_location",
        "public_ip_state": "public_ip_location",
        "public_ip_city": "public_ip_location",
        "connectivity_last_vpn_status": "vpn_status",
    },
    "devices.Disk": {"serial_number": "serial_numbers"},
    "devices.Display": {"serial_number": "serial_numbers"},
    "devices.NetworkAdapter": {"address": "local_addresses"},
    "devices.Volume": {"name": "username", "mount_point": "username"},
    "devices.LocalAdmin": {"name": "username"},
    "users.User": {
        "name": "username",
        "username": "username",
        "sid": "username",
        "upn": "upn",
        "groups": "user_groups",
        "rights": "user_groups",
    },
    "users.UserDevice": {"groups": "user_groups", "rights": "user_groups"},
    "users.Session": {"client_ip": "local_addresses"},
}
TABLE_SWITCHES: Mapping[str, str] = {
    "devices.LocalAdmin": "local_admins",
    "binaries.InstalledPackage": "packages",
    "binaries.Package": "packages",
    "binaries.PackageInstallation": "packages",
    "binaries.PackageUninstallation": "packages",
}
OTHER_SWITCHES = frozenset({"directory"})


def kinds_of(model: type[Any]) -> list[AnyKind]:
    """Return the kinds whose rows or daily rows a table holds."""
    return [
        kind
        for kind in kinds.registered()
        if model in (kind.model, getattr(kind, "daily_model", None))
    ]


def source_of(model: type[models.Model], field: Any) -> str:
    """Return who tells a field: a collector, a connector, the server or an administrator."""
    name, app, label = field.name, model._meta.app_label, model._meta.label
    if label in SERVER_TABLES:
        return SERVER
    if label in TOLD_BY_COLLECTORS:
        return COLLECTOR if name in TOLD_BY_COLLECTORS[label] else SERVER
    if name in BY_HAND:
        return ADMINISTRATOR
    if name.startswith(BY_CONNECTOR) and name not in ALSO_BY_COLLECTOR:
        return CONNECTOR
    found = kinds_of(model)
    if found:
        return COLLECTOR if any(_tells(kind, field) for kind in found) else SERVER
    is_made = name in MADE_HERE or name.startswith(WORKED_OUT) or name.endswith("_key")
    if app in COLLECTED_APPS:
        return SERVER if is_made or getattr(field, "generated", False) else COLLECTOR
    return SERVER if app in SERVER_APPS or is_made else ADMINISTRATOR


def switches_of(model: type[models.Model], field: Any) -> tuple[str, ...]:
    """Return the switches that must allow a field, that of its table first."""
    label = model._meta.label
    found = dict.fromkeys([TABLE_SWITCHES.get(label, ""), *_kind_switches(model, field)])
    if (own := OBJECT_SWITCHES.get(label, {}).get(field.name)) is not None:
        found[own] = None
    if field.name.startswith("ad_"):
        found["directory"] = None
    return tuple(name for name in found if name)


def standard_value(switch: str) -> str:
    """Return the value of a switch as shipped; a connector's switch is off until it is set up."""
    return BY_NAME[switch].standard if switch in BY_NAME else "off"


def _kind_switches(model: type[models.Model], field: Any) -> Iterator[str]:
    for kind in kinds_of(model):
        yield switch_of(kind.switch)
        yield switch_of(kind.field_switches.get(field.column))
        if field.column in kind.permitted:
            yield kind.permitted[field.column][0]
        if isinstance(kind, SampledKind):
            for name, metric in kind.metrics.items():
                if field.column in column_names(name, metric, daily=True):
                    yield switch_of(metric.switch)


def _tells(kind: AnyKind, field: Any) -> bool:
    """Return whether records of a kind bring the field."""
    if kind.is_derived:
        return False
    told = {*kind.field_names, *kind.dimensions, kind.model.TIME_FIELD}
    if isinstance(kind, SampledKind):
        told |= {c for n, m in kind.metrics.items() for c in column_names(n, m, daily=True)}
    return field.name in told or field.column in told
