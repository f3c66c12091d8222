"""A small fleet with a busy day behind it, sent through the collectors' own door."""

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from apps.binaries import upkeep
from apps.collectors.models import Collector
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.collectors import (
    Machine,
    boot,
    collector_event,
    connectivity,
    execution,
    login,
    make_machine,
    stop,
)
from tests.factories.inventory import (
    COLLECTOR,
    DISKS,
    HARDWARE,
    LOCAL_ADMINS,
    MONITORS,
    NETWORK,
    OPERATING_SYSTEM,
    SECURITY,
    STICK,
    VOLUMES,
    part,
)
from tests.factories.programs import crash, package, traffic
from tests.factories.sessions import ACCOUNT, change, sample

GIBIBYTE = 2**30
DEBIAN, UBUNTU = "Debian GNU/Linux 13 (trixie)", "Ubuntu 24.04.3 LTS"
MODELS = [
    ("paris-lt-014", "Dell Inc.", "Latitude 7440", "laptop", 16, DEBIAN),
    ("paris-lt-022", "LENOVO", "ThinkPad T14 Gen 5", "laptop", 32, UBUNTU),
    ("paris-ws-003", "HP", "Z4 G5 Workstation", "desktop", 64, DEBIAN),
    ("lyon-lt-107", "Framework", "Laptop 13", "laptop", 32, UBUNTU),
    ("lyon-vm-01", "QEMU", "Standard PC (Q35)", "virtual", 8, DEBIAN),
    ("lyon-lt-111", "LENOVO", "ThinkPad X1 Carbon Gen 12", "laptop", 32, UBUNTU),
]
USERS = {
    "1": {"name": "CORP\\a.rossi", "type": "domain_user"},
    "2": {"name": "CORP\\m.keller", "type": "domain_user"},
    "3": {"name": "root", "type": "system"},
}
ADA = {**ACCOUNT, "upn": None, "groups": ["sudo"]}
PROGRAMS = {
    "11": {"name": "firefox", "version": "145.0.1", "size": 812_000},
    "12": {"name": "soffice.bin", "version": "25.8.3", "size": 61_000},
    "13": {"name": "code", "version": "1.106.2", "size": 192_000_000},
    "14": {"name": "gnome-shell", "version": "48.4", "size": 41_000},
    "15": {"name": "thunderbird", "version": "140.5.0", "size": 790_000},
    "16": {"name": "python3.13", "version": "3.13.5", "size": 6_800_000},
}
PACKAGES = [
    package(publisher="The Document Foundation"),
    package("firefox", "145.0.1", publisher="Mozilla"),
    package("code", "1.106.2", publisher="Microsoft"),
    package("python3.13", "3.13.5-2", publisher="Debian Python Team"),
]
OLDER = [
    PACKAGES[0],
    package("firefox", "144.0.2", publisher="Mozilla"),
    *PACKAGES[2:],
    package("thunderbird", "140.5.0", publisher="Mozilla"),
]
DESTINATIONS: list[dict[str, Any]] = [
    {"destination_ip": "93.184.216.34", "destination_port": 443},
    {"destination_ip": "10.1.2.3", "destination_port": 443},
    {"destination_ip": "10.1.2.53", "destination_port": 53, "protocol": "udp"},
]


def make_fleet(paris: Entity, lyon: Entity) -> list[Machine]:
    """Return six machines that reported a day; the last two need attention."""
    dice = random.Random(7)
    machines = [_make(number, model, paris, lyon, dice) for number, model in enumerate(MODELS)]
    late = Collector.objects.order_by("-pk").first()
    assert late is not None
    Collector.objects.filter(pk=late.pk).update(clock_offset_ms=184_000)
    Device.objects.filter(collector=late).update(
        first_seen_at=NOW - timedelta(days=40), last_seen_at=NOW - timedelta(days=9)
    )
    upkeep.refresh_presence(now=NOW)
    return machines


def _make(
    number: int, model: tuple[Any, ...], paris: Entity, lyon: Entity, dice: random.Random
) -> Machine:
    name, maker, product, kind, gibibytes, system = model
    machine = make_machine(
        paris if name.startswith("paris") else lyon,
        host_name=name,
        install_id=f"{number:032x}",
        fingerprints={"machine_id": f"{number:064x}"},
    )
    hardware = HARDWARE | {
        "type": kind,
        "manufacturer": maker,
        "model": product,
        "memory_bytes": gibibytes * GIBIBYTE,
        "machine_serial_number": f"SN{number:05d}",
    }
    inventory = [
        part("hardware", hardware),
        part("operating_system", OPERATING_SYSTEM | {"host_name": name, "name": system}),
        part("disks", DISKS),
        part("volumes", [*VOLUMES, STICK]),
        part("monitors", MONITORS if kind != "virtual" else []),
        part("network", NETWORK),
        part("security", SECURITY),
        part("local_admins", LOCAL_ADMINS),
        part("collector", COLLECTOR),
        part("packages", OLDER),
        part("users", [ADA, {"name": "root", "type": "system", "rights": "administrator"}]),
    ]
    booted = NOW - timedelta(hours=9 + number)
    events = [
        boot(_text(booted), duration_ms=21_400 + 3_700 * number),
        boot(_text(booted - timedelta(days=1)), duration_ms=24_900, is_update_boot=True),
        boot("2026-03-02T10:00:00Z", duration_ms=-1),
        login(
            _text(booted + timedelta(minutes=2)),
            logon_type="interactive",
            time_until_desktop_is_visible_ms=3_900,
            time_until_desktop_is_ready_ms=8_200 + 900 * number,
        ),
        login(_text(booted - timedelta(days=1)), user=2, logon_type="unlock"),
        *_sessions(number, booted, dice),
        *_performance(gibibytes * GIBIBYTE, dice),
        *_networks(kind, dice),
        *_stops(number, booted),
        *_executions(dice),
        *_crashes(number),
        *_connections(dice),
    ]
    response = machine.send(
        *events, inventory=inventory, users=USERS, binaries=PROGRAMS, configuration_version=1
    )
    assert response.status_code == 202, response.content
    newer = hardware | {"firmware_version": "1.22.1"}
    machine.send(inventory=[part("hardware", newer), part("packages", PACKAGES)])
    machine.check_in(**{"Dex-Collector-Version": "0.1.0"})
    return machine


def _sessions(number: int, booted: datetime, dice: random.Random) -> Iterator[dict[str, Any]]:
    """Yield three days of sessions with a break at noon; the last one is open."""
    for back in range(3):
        start = booted.replace(minute=15, second=0) - timedelta(days=back)
        name = f"{back}@{number}"
        yield login(
            _text(start + timedelta(seconds=3)),
            session_id=name,
            logon_type="interactive",
            time_until_desktop_is_visible_ms=3_000 + dice.randrange(2_000),
            time_until_desktop_is_ready_ms=7_000 + dice.randrange(6_000),
            group_policy_duration_ms=1_200,
        )
        quarters = 4 * (7 if back else 9) - 6
        for quarter in range(quarters):
            is_break = quarter in (14, 15)
            yield sample(
                _text(start + timedelta(minutes=15 * quarter)),
                session_id=name,
                protocol="console",
                session_duration_ms=900_000,
                number_of_sessions=1,
                **(
                    {"locked_duration_ms": 900_000}
                    if is_break
                    else {
                        "active_duration_ms": 900_000,
                        "user_interaction_time_ms": 200_000 + dice.randrange(600_000),
                    }
                ),
            )
        yield change("lock", _text(start + timedelta(hours=3.5)), session_id=name, reason="idle")
        yield change("unlock", _text(start + timedelta(hours=4)), session_id=name, reason="user")
        if back:
            end = start + timedelta(minutes=15 * quarters)
            yield change("logout", _text(end), session_id=name, reason="user")


def _performance(memory_bytes: int, dice: random.Random) -> Iterator[dict[str, Any]]:
    """Yield a day of buckets, busy by day and with a lunch break in which nothing came."""
    for number in range(288):
        start = NOW - timedelta(minutes=5 * (288 - number))
        if start.hour == 3:
            continue
        load = 0.08 + 0.3 * max(math.sin((start.hour + start.minute / 60 - 6) / 12 * math.pi), 0)
        cpu = min(max(load + dice.gauss(0, 0.05), 0.01), 0.95)
        used = memory_bytes * (0.35 + 0.25 * load + dice.random() * 0.03)
        yield {
            "kind": "device_performance.events",
            "bucket": _text(start),
            "bucket_s": 300,
            "fields": {"number_of_logical_processors": 12, "installed_memory_bytes": memory_bytes},
            "metrics": {
                "normalized_cpu_usage_ratio": _gauge(cpu, min(cpu * 1.8, 1.0)),
                "used_memory_bytes": _whole_gauge(used),
                "free_memory_bytes": _whole_gauge(memory_bytes - used),
                "disk_read_latency_ms": _gauge(0.4 + dice.random(), 6.0),
                "disk_write_latency_ms": _gauge(0.9 + 2 * dice.random() * load, 14.0),
                "disk_read_throughput_bytes_per_s": _gauge(2e6 * load * dice.random(), 9e6),
                "disk_write_throughput_bytes_per_s": _gauge(4e6 * load * dice.random(), 2e7),
                "system_drive_free_space_bytes": _whole_gauge(8.2 * GIBIBYTE),
            },
        }


def _networks(kind: str, dice: random.Random) -> Iterator[dict[str, Any]]:
    """Yield a day of networks; laptops are on Wi-Fi, which is poor in the afternoon."""
    for number in range(288):
        start = NOW - timedelta(minutes=5 * (288 - number))
        if start.hour == 3:
            continue
        signal = -52 - 14 * (start.hour > 14) - 4 * dice.random()
        record = connectivity(
            _text(start),
            primary_physical_adapter_type="wifi" if kind == "laptop" else "ethernet",
            local_ip="192.168.17.42",
            vpn_status="connected",
        )
        record["metrics"] = {
            "gateway_latency_ms": _gauge(3 + 2 * dice.random(), 19.0),
            "dns_latency_ms": _gauge(11 + 9 * dice.random(), 80.0),
            "connected_duration_ms": {"sum": 300_000},
        }
        if kind == "laptop":
            record["metrics"] |= {
                "wifi_signal_strength_dbm": _signal(signal),
                "wifi_noise_level_dbm": _signal(-93 - dice.random()),
                "wifi_receive_rate_bps": _whole_gauge(6e8 + 2e8 * dice.random()),
                "wifi_transmission_rate_bps": _whole_gauge(4e8 + 2e8 * dice.random()),
            }
        yield record


def _stops(number: int, booted: datetime) -> Iterator[dict[str, Any]]:
    """Yield a sleep, and of every third machine a crash and what followed."""
    yield stop("sleeps", _text(booted + timedelta(hours=3)), duration_ms=2_700_000)
    yield collector_event("started", _text(booted))
    if number % 3 == 0:
        yield stop("system_crashes", _text(booted), error_code=0xEF, label="CRITICAL_PROCESS_DIED")
        yield stop("hard_resets", _text(booted - timedelta(days=3)))
        yield collector_event("probe_slowed", _text(booted), details="executions 1800 s")


def _executions(dice: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(24):
        start = NOW - timedelta(minutes=15 * (number % 12 + 1), days=number // 12)
        for binary in PROGRAMS:
            record = execution(
                _text(start),
                user=1 if binary != "16" else 3,
                cpu_time_ms={"sum": int(dice.random() * 90_000)},
                execution_duration_ms={"sum": 900_000},
                real_memory_bytes=_whole_gauge(dice.random() * 1.5 * GIBIBYTE),
                number_of_executions={"sum": dice.randrange(4)},
            )
            yield record | {"binary": int(binary)}


def _crashes(number: int) -> Iterator[dict[str, Any]]:
    """Yield a crash and a hang, as often as the number of the machine says."""
    for back in range(number % 4):
        at = _text(NOW - timedelta(hours=2 + 9 * back))
        told = {"crash_on_start": back == 0, "process_visibility": "foreground"}
        yield crash(at, kind="crash", error_code="SIGSEGV", module_name="libc.so.6", **told) | {
            "binary": 12
        }
        yield crash(at, kind="hang_terminated", process_visibility="background") | {"binary": 13}


def _connections(dice: random.Random) -> Iterator[dict[str, Any]]:
    """Yield some hours of two days."""
    for number in range(24):
        start = NOW - timedelta(minutes=15 * (number % 12 + 1), days=number // 12)
        for place, destination in enumerate(DESTINATIONS):
            metrics = {
                "number_of_connections": {"sum": 5 + dice.randrange(20)},
                "number_of_established_connections": {"sum": 4},
                "number_of_no_service_connections": {"sum": place},
                "incoming_traffic_bytes": {"sum": dice.randrange(5_000_000)},
                "outgoing_traffic_bytes": {"sum": dice.randrange(400_000)},
            }
            yield traffic(_text(start), metrics, **destination) | {"binary": 11 + 2 * place}


def _gauge(mean: float, peak: float) -> dict[str, float]:
    return {"sum": mean * 30, "count": 30, "min": mean / 2, "max": max(peak, mean)}


def _signal(mean: float) -> dict[str, float]:
    return {"sum": mean * 30, "count": 30, "min": mean - 6, "max": mean + 4}


def _whole_gauge(mean: float) -> dict[str, int]:
    value = int(mean)
    return {"sum": value * 30, "count": 30, "min": int(value * 0.95), "max": int(value * 1.02)}


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
