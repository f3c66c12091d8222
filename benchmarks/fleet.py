"""A fleet of 100,000 devices in 5,000 entities, those who look at it, and what it reported.

Made by SQL and kept. The devices with rows are the first ones: those of `workstation.fill`.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from benchmarks import workstation
from benchmarks.fill import go_on_after, insert

DEVICES = 100_000
BINARIES = 20_000
REGIONS, SITES = 50, 4_950  # together 5,000 entities; devices are in the sites
FIRST_REGION, FIRST_SITE = 1_000_001, 1_001_001
FIRST_DEVICE = workstation.FIRST_DEVICE
MAIN, HALF = "bench-main", "bench-half"
APPS = ("devices", "collectors", "users", "binaries")  # which the limited profile may see

# What the probes of a Linux laptop measure, of all metrics of performance.
MEASURED = (
    "cpu_usage_ratio", "normalized_cpu_usage_ratio", "cpu_queue_length",
    "cpu_duration_with_high_usage_ms", "cpu_frequency_ratio", "cpu_some_pressure_ratio",
    "memory_some_pressure_ratio", "disk_some_pressure_ratio", "used_memory_bytes",
    "free_memory_bytes", "memory_pressure_ratio", "memory_swap_rate_bytes_per_s",
    "duration_with_high_memory_pressure_ms", "duration_with_medium_memory_pressure_ms",
    "system_drive_free_space_bytes", "system_drive_usage_bytes", "system_drive_capacity_bytes",
    "disk_read_latency_ms", "disk_write_latency_ms", "disk_queue_length",
    "disk_read_operations_per_s", "disk_write_operations_per_s",
    "disk_read_throughput_bytes_per_s", "disk_write_throughput_bytes_per_s",
    "battery_level_ratio", "battery_duration_on_battery_ms", "uptime_ms",
)  # fmt: skip


def make(scale: int, *, now: datetime) -> datetime:
    """Make what is missing; return the instant at which the last filled bucket ends."""
    _make_tree()
    _make_devices(now)
    _make_users_and_binaries(scale, now)
    _make_accounts(now)
    workstation.fill(scale, context_id=FIRST_SITE, now=now)
    end = _value(
        "SELECT max(bucket) + interval '15 minutes' FROM binaries_executionsample"
        " WHERE device_id BETWEEN %s AND %s",
        [FIRST_DEVICE, workstation.LAST_DEVICE],
    )
    _make_performance_and_days(end)
    return end


def insert_performance(first: int, last: int, start: datetime, rows: int) -> None:
    """Insert `rows` performance rows, of 5 minutes each, of the devices `first` to `last`."""
    from apps.devices.metrics import PERFORMANCE
    from apps.devices.models import PerformanceSample
    from apps.events.metrics import Counter

    given = {
        "id": "n", "source": "'collector'", "device_id": "device", "context_id": str(FIRST_SITE),
        "bucket": "%(start)s + n * interval '5 minutes'", "number_of_logical_processors": "8",
        "installed_memory_bytes": "17179869184",
    }  # fmt: skip
    for name in MEASURED:
        if isinstance(PERFORMANCE[name], Counter):
            given[f"{name}_sum"] = "n %% 1000"
        else:
            given |= {
                f"{name}_sum": "10 * (1 + n %% 900)", f"{name}_count": "10",
                f"{name}_min": "n %% 900", f"{name}_max": "2 + n %% 900",
            }  # fmt: skip
    source = "generate_series(%(first)s, %(last)s) AS device, generate_series(0, %(rows)s - 1) AS n"
    insert(
        PerformanceSample, given, source,
        {"first": first, "last": last, "start": start, "rows": rows},
    )  # fmt: skip


def _make_tree() -> None:
    from apps.devices.models import Context
    from apps.organization.models import Entity

    root = Entity.objects.root()
    parameters = {"root": root.pk, "path": root.path}
    insert(
        Entity,
        {
            "id": "id", "parent_id": "%(root)s", "name": "'Region ' || id",
            "path": "%(path)s || id || '/'",
        },
        f"generate_series({FIRST_REGION}, {FIRST_REGION + REGIONS - 1}) AS id",
        parameters,
    )  # fmt: skip
    region = f"({FIRST_REGION} + n %% {REGIONS})"
    insert(
        Entity,
        {
            "id": f"{FIRST_SITE} + n", "parent_id": region, "name": "'Site ' || n",
            "path": f"%(path)s || {region} || '/' || {FIRST_SITE} + n || '/'",
        },
        f"generate_series(0, {SITES - 1}) AS n",
        parameters,
    )  # fmt: skip
    insert(
        Context,
        {"id": f"{FIRST_SITE} + n", "entity_id": f"{FIRST_SITE} + n", "device_platform": "'linux'"},
        f"generate_series(0, {SITES - 1}) AS n",
        {},
    )
    _run("ANALYZE organization_entity", {})


def _make_devices(now: datetime) -> None:
    from apps.devices.models import Device

    insert(
        Device,
        {
            "id": f"{FIRST_DEVICE} + n", "name": "'device-' || n",
            "entity_id": f"{FIRST_SITE} + n %% {SITES}",
            "context_id": f"{FIRST_SITE} + n %% {SITES}",
            "hardware_type": "CASE WHEN n %% 3 = 0 THEN 'desktop' ELSE 'laptop' END",
            "hardware_manufacturer": "'Maker ' || n %% 9", "hardware_model": "'Model ' || n %% 211",
            "hardware_memory_bytes": "17179869184", "operating_system_name": "'Debian 13'",
            "operating_system_platform": "CASE WHEN n %% 5 = 0 THEN 'linux' ELSE 'windows' END",
            "first_seen_at": "%(now)s - interval '90 days'",
            "last_seen_at": "%(now)s - n * interval '7 seconds'",
        },
        f"generate_series(0, {DEVICES - 1}) AS n",
        {"now": now},
    )  # fmt: skip
    _run("ANALYZE devices_device", {})


def _make_users_and_binaries(scale: int, now: datetime) -> None:
    from apps.binaries.models import Binary
    from apps.users.models import User

    seen = {
        "first_seen_at": "%(now)s - interval '90 days'",
        "last_seen_at": "%(now)s - id * interval '1 minute'",
    }
    users = workstation.FILL_ROWS * scale // 672 // 40 + 1
    insert(
        User,
        {
            "id": "id", "identity": "'bench-' || id", "name": "'user' || id || '@bench'",
            "type": "'domain_user'", **seen,
        },
        f"generate_series(1, {users}) AS id",
        {"now": now},
    )  # fmt: skip
    insert(
        Binary,
        {
            "id": "id", "identity": "'bench-' || id", "name": "'tool-' || id",
            "version": "'1.' || id %% 9", "platform": "'linux'", "size_bytes": "id * 4096", **seen,
        },
        f"generate_series(1, {BINARIES}) AS id",
        {"now": now},
    )  # fmt: skip
    for model in (User, Binary):
        go_on_after(model)
    _run("ANALYZE binaries_binary", {})


def _make_accounts(now: datetime) -> None:
    """Make a main administrator, and an account whose profile is granted every other site."""
    from django.contrib.auth.models import Group, Permission

    from apps.accounts.models import Account, Profile
    from apps.core.personal_data import PrivacyLevel
    from apps.organization.models import EntityGroupPermission

    if Account.objects.filter(login=HALF).exists():
        return
    group = Group.objects.create(name=HALF)
    group.permissions.set(Permission.objects.filter(content_type__app_label__in=APPS))
    half = Profile.objects.create(group=group, name=HALF, privacy_level=PrivacyLevel.FULL)
    may_view = Permission.objects.get(
        content_type__app_label="organization",
        content_type__model="entity",
        codename="view_device",
    )
    EntityGroupPermission.objects.bulk_create(
        EntityGroupPermission(group=group, permission=may_view, content_object_id=FIRST_SITE + n)
        for n in range(0, SITES, 2)
    )
    administrator = Profile.objects.administrator()
    for login, profile in ((MAIN, administrator), (HALF, half)):
        account = Account(
            login=login,
            kind="main" if profile is administrator else "ordinary",
            is_superuser=profile is administrator,
            main_profile=profile,
            created_at=now,
        )
        account.set_password(None)
        account.save()
        account.groups.set([profile.group])


def _make_performance_and_days(end: datetime) -> None:
    """Bring performance and daily rows to the devices that have executions."""
    from apps.events import kinds, rollups

    last = _value(
        "SELECT max(device_id) FROM binaries_executionsample WHERE device_id BETWEEN %s AND %s",
        [FIRST_DEVICE, workstation.LAST_DEVICE],
    )
    done = _value(
        "SELECT max(device_id) FROM binaries_executiondaily WHERE device_id BETWEEN %s AND %s",
        [FIRST_DEVICE, workstation.LAST_DEVICE],
    )
    if done == last:
        return
    first = FIRST_DEVICE if done is None else done
    days = 7
    insert_performance(first + (done is not None), last, end - timedelta(days=days), 288 * days)
    for number in range(1, days + 1):
        day = (end - timedelta(days=number)).date()
        for kind in kinds.sampled():
            rollups.recompute(kind, day=day, device_ids=range(first, last + 1))
    for table in ("performancesample", "performancedaily"):
        _run(f"ANALYZE devices_{table}", {})
    _run("ANALYZE binaries_executiondaily", {})


def _run(sql: str, parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def _value(sql: str, parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]
