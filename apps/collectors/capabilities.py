"""What a collector cannot measure on a machine, in words for people."""

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

# By the words of the collector's probes; "polled" and "unsupported" follow them.
LABELS: dict[str, Text] = {
    "antivirus_state": _("state of the antivirus"),
    "batteries": _("batteries"),
    "boot": _("boots"),
    "boot_duration": _("duration of boots"),
    "connection_failures": _("connections that failed"),
    "connections": _("connections of programs"),
    "connectivity": _("connection to the network"),
    "cpu_frequency": _("frequency of the processor"),
    "cpus": _("processors"),
    "crashes": _("crashes of programs"),
    "destination_domains": _("domains that programs connect to"),
    "directory_accounts": _("accounts of a directory"),
    "disk_health": _("health of disks"),
    "disks": _("disks"),
    "dns_latency": _("latency of DNS"),
    "executions": _("executions of programs"),
    "firewall_rules": _("rules of the firewall"),
    "focus_time": _("which program is in front"),
    "freezes": _("freezes of programs"),
    "gateway_latency": _("latency of the gateway"),
    "gpu_usage": _("use of the graphics processor"),
    "gpus": _("graphics processors"),
    "hard_resets": _("hard resets"),
    "hardware": _("hardware"),
    "local_admins": _("local administrators"),
    "locks": _("locks of sessions"),
    "logins": _("logins"),
    "memory_modules": _("memory modules"),
    "monitors": _("monitors"),
    "network": _("network adapters"),
    "operating_system": _("operating system"),
    "packages": _("installed packages"),
    "performance": _("performance"),
    "pressure": _("pressure on processor, memory and disks"),
    "rpm": _("packages of RPM"),
    "security": _("security"),
    "session_connects": _("connects of sessions"),
    "session_disconnects": _("disconnects of sessions"),
    "session_network": _("network of sessions"),
    "session_times": _("active and idle time of sessions"),
    "sessions": _("sessions"),
    "sleeps": _("sleeps"),
    "stops": _("system crashes and hard resets"),
    "sudoers": _("administrators by sudo"),
    "system_crashes": _("system crashes"),
    "unlocks": _("unlocks of sessions"),
    "upn": _("principal names"),
    "users": _("users"),
    "virtual_sessions": _("measures of virtual sessions"),
    "visibility": _("whether a program shows a window"),
    "volumes": _("volumes"),
    "vpn_by_policy": _("VPN without an adapter of its own"),
}
EXTENTS: dict[str, Text] = {
    "unsupported": _("not at all"),
    "polled": _("only what lasts, or happens when it looks"),
}


def described(words: Iterable[str]) -> list[list[Any]]:
    """Return what is not measured and how far, sorted; words we do not know as they are."""
    rows = []
    for word in words:
        name, _dot, extent = word.partition(".")
        rows.append(
            [
                str(LABELS.get(name, name.replace("_", " "))),
                str(EXTENTS.get(extent, extent.replace("_", " "))),
            ]
        )
    return sorted(rows)
