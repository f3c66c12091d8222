"""One of each thing that a device can tell: every kind, every field and metric, every part.

Each text that could name a person, a device, a place or a program bears WORD.
"""

from typing import Any

from apps.events import kinds
from apps.events.kinds import SampledKind
from apps.events.metrics import Counter, Metric
from tests.factories.collectors import Machine, boot, collector_event, login, stop
from tests.factories.inventory import HARDWARE, INVENTORY, OPERATING_SYSTEM, part
from tests.factories.programs import crash, package
from tests.factories.sessions import change, vdi_session

WORD = "zorro"
HOST = f"{WORD}-laptop"
ADDRESS, GATEWAY, RESOLVER = "10.99.88.77", "10.99.88.1", "2001:db8:99:88::53"
CLIENT, ABROAD = "10.99.77.66", "203.0.113.77"  # the last is known to the files of places
BSSID = "0a:0b:0c:0d:0e:0f"
CANARIES = (WORD, ADDRESS, GATEWAY, RESOLVER, CLIENT, ABROAD, BSSID)
DICTIONARIES: dict[str, Any] = {
    "users": {"1": {"name": f"CORP\\{WORD}", "type": "domain_user"}},
    "binaries": {
        "7": {
            "name": f"{WORD}.bin",
            "version": "24.2",
            "sha256": "a" * 64,
            "sha1": "b" * 40,
            "md5": "c" * 32,
            "size": 4_096,
            "architecture": "x64",
            "company": f"{WORD} Ltd",
            "description": f"What {WORD} runs",
            "product_name": f"{WORD} Office",
            "has_user_interface": True,
        }
    },
}


def events(day: str) -> list[dict[str, Any]]:
    """Return a record of each kind that devices send, with all its fields, at ten o'clock."""
    ten = f"{day}T10:00:00Z"
    client: dict[str, Any] = {"client_name": f"{WORD}-tablet", "client_ip": CLIENT}
    return [
        boot(ten, duration_ms=21_400, is_update_boot=True),
        stop("sleeps", ten, duration_ms=600_000),
        stop("system_crashes", ten, error_code=0x7E, label="SYSTEM_THREAD_EXCEPTION"),
        stop("hard_resets", ten),
        collector_event("health", ten, details="batch", memory_bytes=30_000_000),
        sampled("device_performance.events", ten, number_of_logical_processors=12),
        sampled("connectivity.events", ten, **_network()),
        login(ten, **_login()),
        *(
            change(what, ten, protocol="rdp", reason="user", **client)
            for what in ("connect", "lock", "unlock", "disconnect", "logout")
        ),
        sampled("session.events", ten, session_id="2@4f1c", session_protocol="rdp"),
        vdi_session(
            ten,
            end_time_at=f"{day}T11:00:00Z",
            client_version="24.3",
            desktop_pool=f"Pool of {WORD}",
            broker="citrix_daas",
            **client,
        ),
        sampled("session.vdi_events", ten, session_id="2@4f1c"),
        sampled("session.vdi_realtime", ten, session_id="2@4f1c"),
        sampled("execution.events", ten, highest_process_visibility="foreground"),
        sampled("connection.events", ten, **_destination()),
        crash(ten, **_crash()),
    ]


def sampled(name: str, bucket: str, **fields: Any) -> dict[str, Any]:
    """Return a record of a sampled kind with each of its metrics and dimensions."""
    kind = kinds.find(name)
    assert isinstance(kind, SampledKind)
    references = {"user": 1, "binary": 7}
    return {
        "kind": name,
        "bucket": bucket,
        "bucket_s": kind.bucket_seconds,
        **{dimension: references[dimension] for dimension in kind.dimensions},
        "fields": fields,
        "metrics": {metric: _figures(of) for metric, of in kind.metrics.items()},
    }


def inventory() -> list[dict[str, Any]]:
    """Return every part of the inventory but `packages`."""
    kept = ("security", "collector")
    return [
        *(entry for entry in INVENTORY if entry["part"] in kept),
        part("hardware", {**HARDWARE, **_serials(), "product_version": "7"}),
        part("operating_system", {**OPERATING_SYSTEM, **_system()}),
        part("disks", [{"name": "nvme0n1", "type": "nvme", "serial_number": f"{WORD}-disk"}]),
        part("monitors", [{"name": "U2723QE", "serial_number": f"{WORD}-screen"}]),
        part(
            "volumes",
            [{"name": f"files:/export/home/{WORD}", "mount_point": f"/media/{WORD}/STICK"}],
        ),
        part("network", [{"name": "wlp0s20f3", "type": "wifi", "address": ADDRESS}]),
        part("local_admins", [{"name": f"CORP\\{WORD}", "type": "user"}]),
        part("users", [_account()]),
    ]


def tell_everything(machine: Machine, day: str) -> list[Any]:
    """Send one of each thing in two batches, the second telling of changed packages."""
    first = [*inventory(), part("packages", [_package("old"), _package("kept")])]
    second = [part("packages", [_package("new"), _package("kept")])]
    return [
        machine.send(*events(day), inventory=first, **DICTIONARIES),
        machine.send(inventory=second),
    ]


def _figures(metric: Metric) -> dict[str, Any]:
    if isinstance(metric, Counter):
        return {"sum": 5}
    low = -60.0 if metric.is_signed else 1
    return {"sum": low, "count": 1, "min": low, "max": low}


def _network() -> dict[str, Any]:
    return {
        "primary_physical_adapter_type": "wifi",
        "primary_physical_adapter_name": "wlp0s20f3",
        "primary_physical_adapter_driver_version": "22.250.1",
        "wifi_band": "5 GHz",
        "wifi_channel": 36,
        "wifi_ssid": f"{WORD}s WLAN",
        "wifi_bssid": BSSID,
        "local_ip": ADDRESS,
        "gateway_ip": GATEWAY,
        "dns_ips": [GATEWAY, RESOLVER],
        "vpn_status": "connected",
        "vpn_name": f"{WORD}vpn",
    }


def _login() -> dict[str, Any]:
    parts = ("logon_script", "group_policy", "profile_load")
    return {
        "session_id": "2@4f1c",
        "logon_type": "remote",
        "time_until_desktop_is_visible_ms": 4_100,
        "time_until_desktop_is_ready_ms": 9_300,
        **{f"{name}_duration_ms": 1_000 for name in parts},
    }


def _destination() -> dict[str, Any]:
    return {
        "protocol": "tcp",
        "destination_ip": ABROAD,
        "destination_port": 443,
        "destination_domain": f"{WORD}.example.org",
    }


def _crash() -> dict[str, Any]:
    return {
        "number_of_crashes": 2,
        "crash_on_start": True,
        "process_visibility": "foreground",
        "kind": "crash",
        "binary_path": f"/opt/{WORD}/bin",
        "binary_path_root": "opt",
        "error_code": "SIGSEGV",
        "module_name": f"/home/{WORD}/lib/merged.so",
    }


def _serials() -> dict[str, str]:
    names = ("bios", "chassis", "machine")
    return {f"{name}_serial_number": f"{WORD}-{name}" for name in names}


def _system() -> dict[str, Any]:
    return {
        "host_name": HOST,
        "sid": "S-1-5-21-7-8-9",
        "distinguished_name": f"CN={HOST},OU=Laptops,DC=corp",
        "group_name": "CORP",
        "membership_type": "domain",
        "virtualization_type": "pooled",
    }


def _account() -> dict[str, Any]:
    return {
        "name": f"CORP\\{WORD}",
        "type": "domain_user",
        "sid": f"S-1-5-21-{WORD}",
        "upn": f"{WORD}@corp.example",
        "rights": "power_user",
        "groups": ["BUILTIN\\Administrators", f"CORP\\Friends of {WORD}"],
    }


def _package(name: str) -> dict[str, Any]:
    return package(
        f"{WORD} {name}",
        publisher=f"{WORD} Ltd",
        type="update",
        parent_name=f"{WORD} Office",
        installation_time="2026-02-01T08:00:00Z",
    )
