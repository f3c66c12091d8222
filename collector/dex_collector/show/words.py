"""The configuration in plain words, for the people it is about."""

from collections.abc import Iterable
from typing import Any

from dex_collector.configuration import Configuration

LABELS = {
    "username": "your user name",
    "upn": "your sign-in name",
    "device_name": "the name of this device",
    "user_activity": "whether you are at keyboard or mouse (never what you type)",
    "focus_time": "which program is in front",
    "executions": "which programs run, and what they use",
    "binary_paths": "where programs lie",
    "wifi_identifiers": "the name of your Wi-Fi network and access point",
    "local_addresses": "addresses of this device in its networks",
    "vpn_status": "whether a VPN is up",
    "network_connections": "connections of programs",
    "destination_domains": "the names of what programs connect to",
    "public_ip_location": "the place that the server derives from your public address",
    "serial_numbers": "serial numbers of hardware",
    "local_admins": "who may administer this device",
    "user_groups": "the groups of your account",
    "session_events": "when you log in, log out, lock and unlock",
    "session_network": "the network quality of remote sessions",
    "virtual_session_metrics": "measures of virtual sessions",
    "packages": "what is installed",
    "web": "web applications on the company's list",
    "campaigns": "surveys",
    "remote_actions": "actions that administrators start on this device",
    "call_participants": "who took part in calls",
    "pause": "`dex-collector pause`",
    "work_hours": "when data about you are read",
}
DETAILS = {
    "listed_groups": "listed groups",
    "listed_binaries": "listed programs",
    "schedule": "work hours",
    "networks": "networks of the company",
}
VALUES = {
    "off": "not collected",
    "none": "not collected",
    "on": "collected",
    "all": "collected",
    "clear": "collected",
    "full": "collected",
    "hashed": "only as a pseudonym, made on this device",
    "prefix": "only the network, not the device",
    "listed": "only those on the company's list",
    "listed_binaries": "only of programs on the company's list",
    "root_only": "only the topmost folder",
    "logins": "only logins",
    "country": "only the country",
    "city": "the city",
    "always": "at any time",
    "schedule": "only in the work hours",
    "on_site": "only in the work hours and on the company's networks",
}
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
OFF_WORDS = {"pause": "not allowed", "campaigns": "not shown", "remote_actions": "not run"}
ON_WORDS = {"pause": "allowed", "campaigns": "shown", "remote_actions": "run if signed"}


def configuration_lines(configuration: Configuration) -> list[tuple[str, str]]:
    """Return each switch as what it is about, and what is done with it."""
    return [(label, _in_force(configuration, name)) for name, label in LABELS.items()]


def label(name: str) -> str:
    """Return what a setting is about; one of a later version as it is."""
    return LABELS.get(name) or DETAILS.get(name, name)


def said(name: str, value: Any) -> str:
    """Return what a value of a setting means; one of a later version as it is.

    value: of a switch a word, of a detail a list of names, or days and hours.
    """
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    if name == "schedule":
        return _hours(value["days"], value["start"], value["end"])
    special: dict[str, str] = {"off": OFF_WORDS, "on": ON_WORDS}.get(value, {})
    return special.get(name) or VALUES.get(value) or str(value)


def _in_force(configuration: Configuration, name: str) -> str:
    value = configuration.value(name)
    if name != "work_hours" or value == "always":
        return said(name, value)
    hours = configuration.work_hours
    where = " and on the company's networks" if value == "on_site" else ""
    return f"only {_hours(hours.days, f'{hours.start:%H:%M}', f'{hours.end:%H:%M}')}{where}"


def _hours(days: Iterable[int], start: str, end: str) -> str:
    names = ", ".join(DAYS[day - 1] for day in sorted(days))
    return f"{names or 'on no day'}, {start} to {end}"
