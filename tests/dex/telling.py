"""One of each thing that a device can tell, by the protocol."""

from typing import Any

from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    Machine,
    boot,
    connectivity,
    execution,
    login,
    performance,
    stop,
)
from tests.factories.inventory import HARDWARE, INVENTORY, OPERATING_SYSTEM, part
from tests.factories.programs import crash, package, traffic
from tests.factories.sessions import ACCOUNT, LATENCY, LOSS, at, change, sample

GIB = 2**30
ADDRESSES: dict[str, Any] = {
    "primary_physical_adapter_type": "wifi",
    "local_ip": "192.168.17.42",
    "dns_ips": ["9.9.9.9"],
    "gateway_ip": "192.168.17.254",
    "vpn_status": "connected",
    "vpn_name": "wg-paris",
    "wifi_ssid": "Rossi family",
    "wifi_bssid": "0a:0b:0c:0d:0e:0f",
}
LIBREOFFICE = package(name="libreoffice", version="25.8.3")
UPDATE = package(name="KB5049981", version="2.0", type="update", source="windows_update")
CLIENTS = {
    "connect": "north-tablet",
    "lock": "east-tablet",
    "unlock": "south-tablet",
    "disconnect": "west-tablet",
    "logout": "last-tablet",
}


def tell_all(machine: Machine, name: str = "CORP\\a.rossi") -> None:
    """Send one of each thing that a device can tell, by the protocol."""
    names: dict[str, Any] = {"users": {"1": {**ADA_ROSSI["1"], "name": name}}, "binaries": SOFFICE}
    sid = ACCOUNT["sid"] if "\\" in name else name
    account = {**ACCOUNT, "name": name, "sid": sid, "rights": "power_user"}
    more = {"bios_serial_number": "BIOS-7", "chassis_serial_number": "CASE-1"}
    hardware = {**HARDWARE, **more}
    others = [entry for entry in INVENTORY if entry["part"] not in ("hardware", "operating_system")]
    inventory = [
        *others,
        part("hardware", hardware),
        part("operating_system", {**OPERATING_SYSTEM, "virtualization_type": "pooled"}),
        part("users", [account]),
        part("packages", [LIBREOFFICE, package(name="gimp")]),
    ]
    later = [
        part("hardware", {**hardware, "memory_bytes": 32 * GIB}),
        part("packages", [LIBREOFFICE, UPDATE]),
    ]
    answers = [
        machine.send(*events(), inventory=inventory, **names),
        machine.send(change("logout", at(11, 45), client_name=CLIENTS["logout"]), **names),
        machine.send(inventory=later),
    ]
    assert [answer.status_code for answer in answers] == [202] * 3
    assert [answer.json()["refused"] for answer in answers] == [[]] * 3


def events() -> list[dict[str, Any]]:
    """Return what happens on a morning."""
    start = {"time_until_desktop_is_visible_ms": 4_100, "time_until_desktop_is_ready_ms": 9_300}
    return [
        boot(duration_ms=21_400),
        stop("sleeps", duration_ms=600_000),
        stop("system_crashes", error_code=0x7E, label="SYSTEM_THREAD_EXCEPTION"),
        stop("hard_resets"),
        performance(
            normalized_cpu_usage_ratio=gauge(0.41),
            used_memory_bytes=gauge(int(7.3 * GIB)),
            disk_read_latency_ms=gauge(37),
            system_drive_free_space_bytes=gauge(55 * GIB),
            battery_duration_on_battery_ms={"sum": 1_320_000},
        ),
        connectivity(**ADDRESSES),
        login(at(8), logon_type="interactive", session_id="2@4f1c", **start),
        *(
            change(what, at(9), client_name=client, protocol="rdp")
            for what, client in CLIENTS.items()
            if what != "logout"
        ),
        sample(
            at(11, 15),
            session_duration_ms=720_000,
            user_interaction_time_ms=420_000,
            round_trip_time_ms=LATENCY,
            packet_loss_ratio=LOSS,
        ),
        execution(
            execution_duration_ms={"sum": 840_000},
            cpu_time_ms={"sum": 61_000},
            real_memory_bytes=gauge(311 * 2**20),
            number_of_page_faults={"sum": 4_711},
            number_of_freezes={"sum": 2},
            freeze_duration_ms={"sum": 6_500},
            focus_time_ms={"sum": 187_000},
        ),
        crash(error_code="SIGSEGV"),
        traffic(
            destination_domain="example.org",
            metrics={"incoming_traffic_bytes": {"sum": 5 * 2**20}},
        ),
    ]


def gauge(value: float) -> dict[str, float]:
    """Return one reading."""
    return {"sum": value, "count": 1, "min": value, "max": value}
