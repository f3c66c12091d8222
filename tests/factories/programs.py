"""What programs did and what is installed, as collectors report it."""

from typing import Any

from tests.factories.collectors import Machine
from tests.factories.inventory import part


def crash(occurred_at: str = "2026-03-02T11:31:00Z", **fields: Any) -> dict[str, Any]:
    """Return one record of a program's crashes within a minute."""
    return {
        "kind": "execution.crashes",
        "occurred_at": occurred_at,
        "user": 1,
        "binary": 7,
        "fields": fields,
    }


def traffic(
    bucket: str = "2026-03-02T11:30:00Z",
    metrics: dict[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return one record of a program's traffic to one destination."""
    destination = {"protocol": "tcp", "destination_ip": "93.184.216.34", "destination_port": 443}
    return {
        "kind": "connection.events",
        "bucket": bucket,
        "bucket_s": 900,
        "user": 1,
        "binary": 7,
        "fields": {**destination, **fields},
        "metrics": metrics or {"number_of_connections": {"sum": 4}},
    }


def package(name: str = "LibreOffice", version: str = "25.8.3", **fields: Any) -> dict[str, Any]:
    """Return one item of the inventory part `packages`."""
    return {
        "name": name,
        "version": version,
        "publisher": "The Document Foundation",
        "architecture": "x64",
        "source": "dpkg",
        **fields,
    }


def scan(machine: Machine, *items: dict[str, Any]) -> Any:
    """Have a machine report its packages."""
    return machine.send(inventory=[part("packages", list(items))])
