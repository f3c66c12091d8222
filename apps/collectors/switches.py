"""The switches: names, values from the widest to the strictest, presets (privacy.md 2 and 4)."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.collectors.choices import Preset


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch.

    values: from the one that collects most to the one that collects least.
    is_collected: it says what a collector may read; else what the console may show, which the
        whole instance decides and no device learns of.
    """

    name: str
    label: str | Promise
    help_text: str | Promise
    values: tuple[str, ...]
    standard: str
    strict: str
    is_collected: bool = True

    def is_stricter(self, value: str, than: str) -> bool:
        """Return whether `value` collects less than `than`."""
        return self.values.index(value) > self.values.index(than)


ON_OFF = ("on", "off")
RANKING, ALLOWED, REFUSED = "individual_ranking", "allowed", "refused"

SWITCHES: tuple[Switch, ...] = (
    Switch(
        "username",
        _("User name"),
        _("The name of the account that is logged in, with SID and home path."),
        ("clear", "hashed", "none"),
        "clear",
        "hashed",
    ),
    Switch(
        "upn",
        _("Principal name"),
        _("The account's name in the directory."),
        ("clear", "hashed", "none"),
        "none",
        "none",
    ),
    Switch(
        "device_name", _("Device name"), _("The host name."), ("clear", "hashed"), "clear", "hashed"
    ),
    Switch(
        "focus_time",
        _("Focus time"),
        _("How long each program was in the foreground."),
        ON_OFF,
        "off",
        "off",
    ),
    Switch(
        "user_activity",
        _("User activity"),
        _("How long somebody actively used the device; never keys or clicks."),
        ON_OFF,
        "on",
        "off",
    ),
    Switch(
        "wifi_identifiers",
        _("Wi-Fi identifiers"),
        _("SSID and BSSID; signal strength is not affected."),
        ON_OFF,
        "off",
        "off",
    ),
    Switch(
        "local_addresses",
        _("Local addresses"),
        _("Addresses of the device, its gateway and DNS servers; prefix keeps /24 and /48."),
        ("on", "prefix", "off"),
        "on",
        "prefix",
    ),
    Switch("vpn_status", _("VPN status"), _("Whether a VPN is connected."), ON_OFF, "on", "on"),
    Switch(
        "network_connections",
        _("Network connections"),
        _("Connections and traffic of programs."),
        ("all", "listed_binaries", "off"),
        "all",
        "off",
    ),
    Switch(
        "destination_domains",
        _("Destination domains"),
        _("Domain names that programs connect to."),
        ON_OFF,
        "off",
        "off",
    ),
    Switch(
        "public_ip_location",
        _("Location by public address"),
        _("What is looked up from the public address."),
        ("city", "country", "none"),
        "none",
        "none",
    ),
    Switch(
        "serial_numbers", _("Serial numbers"), _("Serial numbers of hardware."), ON_OFF, "on", "on"
    ),
    Switch(
        "local_admins",
        _("Local administrators"),
        _("Who has administrator rights on a device."),
        ON_OFF,
        "on",
        "off",
    ),
    Switch(
        "work_hours",
        _("Work hours"),
        _("When anything linked to a user is read."),
        ("always", "schedule", "on_site"),
        "always",
        "schedule",
    ),
    Switch(
        "user_groups",
        _("Groups and rights"),
        _("Groups and rights of users."),
        ("all", "listed", "off"),
        "listed",
        "off",
    ),
    Switch(
        "session_events",
        _("Session changes"),
        _("Login, logout, lock, unlock, connect, disconnect."),
        ("all", "logins", "off"),
        "all",
        "logins",
    ),
    Switch(
        "session_network",
        _("Session network"),
        _("Network performance of sessions, by 15 minutes."),
        ON_OFF,
        "on",
        "off",
    ),
    Switch(
        "virtual_session_metrics",
        _("Virtual session metrics"),
        _("Network performance of remote sessions, by 5 minutes and 30 seconds."),
        ON_OFF,
        "off",
        "off",
    ),
    Switch(
        "binary_paths",
        _("Paths of programs"),
        _("Where a program that crashed lies."),
        ("full", "root_only"),
        "root_only",
        "root_only",
    ),
    Switch(
        "packages",
        _("Installed programs"),
        _("Programs and updates that are installed."),
        ON_OFF,
        "on",
        "on",
    ),
    Switch(
        "executions",
        _("Executions"),
        _("Programs that run, and what they use."),
        ON_OFF,
        "on",
        "on",
    ),
    Switch(
        "web",
        _("Web applications"),
        _("Use and speed of the business web applications that you define."),
        ON_OFF,
        "on",
        "on",
    ),
    Switch("campaigns", _("Campaigns"), _("Surveys are shown on the device."), ON_OFF, "on", "on"),
    Switch(
        "remote_actions",
        _("Remote actions"),
        _("Signed scripts may run on the device."),
        ON_OFF,
        "on",
        "on",
    ),
    Switch(
        "call_participants",
        _("Call participants"),
        _("Calls are linked to the person."),
        ON_OFF,
        "on",
        "off",
    ),
    Switch(
        "pause",
        _("Pauses"),
        _("Employees may pause what is measured about people, for up to 8 hours. The gap shows."),
        ("off", "on"),  # who may pause is measured less
        "off",
        "on",
    ),
    Switch(
        RANKING,
        _("Ranking of persons"),
        _(
            "Lists, charts and files with a row for each person or device may say who worked when "
            "and how much. Collects nothing; pages about one person stay."
        ),
        (ALLOWED, REFUSED),
        ALLOWED,
        REFUSED,
        is_collected=False,
    ),
)
BY_NAME: Mapping[str, Switch] = {switch.name: switch for switch in SWITCHES}

PRESETS: Mapping[str, Mapping[str, str]] = {
    Preset.STANDARD: {switch.name: switch.standard for switch in SWITCHES},
    Preset.STRICT: {switch.name: switch.strict for switch in SWITCHES},
}


def collected(values: Mapping[str, str]) -> dict[str, str]:
    """Return the part of `values` that says what may be collected: what may hold on a device."""
    return {n: value for n, value in values.items() if n in BY_NAME and BY_NAME[n].is_collected}


def preset_of(values: Mapping[str, str]) -> Preset:
    """Return the preset that a full set of values is, CUSTOM where it is none.

    values: every switch, or every one that is collected.
    """
    for preset in (Preset.STANDARD, Preset.STRICT):
        if dict(values) in (PRESETS[preset], collected(PRESETS[preset])):
            return preset
    return Preset.CUSTOM


def problems(values: Mapping[str, str]) -> list[str]:
    """Return a sentence for each unknown switch or value."""
    found = [f"There is no switch {name}." for name in values if name not in BY_NAME]
    found += [
        f"{name} cannot be {value}: {', '.join(BY_NAME[name].values)}."
        for name, value in values.items()
        if name in BY_NAME and value not in BY_NAME[name].values
    ]
    return found
