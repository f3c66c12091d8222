"""Security probe: antiviruses and firewalls that are known, and whether they work."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dex_collector.inventory import Part
from dex_collector.probes.base import Context, Lack, Output, read_text
from dex_collector.probes.netfilter_linux import ask_chains, protection_of

SLICES = ("sys/fs/cgroup/system.slice", "sys/fs/cgroup/systemd/system.slice")  # cgroups 2 and 1
DEFINITION_DAYS = 7  # of ClamAV, which publishes new ones each day
DEFINITIONS = ("var/lib/clamav/daily.cld", "var/lib/clamav/daily.cvd")
UNKNOWN = "not_reported"


@dataclass(frozen=True, slots=True)
class Product:
    """A product, the file or folder that it installs, and the service that does its work.

    tells_by_service: whether it protects as soon as that runs; else a setting of its own decides,
    which only its own program tells.
    """

    name: str
    place: str
    service: str
    tells_by_service: bool = True


# Source: the manuals of the makers on installation under Linux; clamonacc(8) is what scans files
# of ClamAV as they are opened.
ANTIVIRUSES = (
    Product("ClamAV", "usr/sbin/clamd", "clamav-clamonacc.service"),
    Product("CrowdStrike Falcon", "opt/CrowdStrike", "falcon-sensor.service"),
    Product("ESET Endpoint Antivirus", "opt/eset/eea", "eea.service"),
    Product("Kaspersky Endpoint Security", "opt/kaspersky/kesl", "kesl.service", False),
    Product("Microsoft Defender", "opt/microsoft/mdatp", "mdatp.service", False),
    Product("SentinelOne", "opt/sentinelone", "sentinelone.service"),
    Product("Sophos Protection", "opt/sophos-spl", "sophos-spl.service", False),
    Product("Trend Micro Deep Security", "opt/ds_agent", "ds_agent.service", False),
)
FIREWALLD = Product("firewalld", "usr/sbin/firewalld", "firewalld.service")
UFW, UFW_SETTINGS = "usr/sbin/ufw", "etc/ufw/ufw.conf"


def read_security(context: Context) -> list[Output]:
    """Read what protects the machine; what is not known to be off is not reported so."""
    root = context.root
    rules = read_rules(root)
    fields: dict[str, Any] = {
        "antiviruses": read_antiviruses(root, context.now.timestamp()),
        "firewalls": read_firewalls(root, rules),
        "user_account_control_status": "not_applicable",
    }
    lacks = [Lack("firewall_rules.unsupported")] if rules is None else []
    if read_running(root, "") is None:
        lacks.append(Lack("antivirus_state.unsupported"))
    return [Part("security", fields), *lacks]


def read_antiviruses(root: Path, now: float) -> list[dict[str, str]]:
    """Read the known antiviruses that are installed."""
    found = []
    for product in ANTIVIRUSES:
        if not (root / product.place).exists():
            continue
        item = {"name": product.name, "real_time_protection": read_protection(root, product)}
        if product.name == "ClamAV" and (age := read_definition_days(root, now)) is not None:
            item["is_up_to_date"] = "yes" if age <= DEFINITION_DAYS else "no"
        found.append(item)
    return found


def read_protection(root: Path, product: Product) -> str:
    """Read whether a product works, as far as its service tells."""
    is_running = read_running(root, product.service)
    if is_running is None or (is_running and not product.tells_by_service):
        return UNKNOWN
    return "enabled" if is_running else "disabled"


def read_running(root: Path, service: str) -> bool | None:
    """Read whether a service has processes; None where no systemd tells.

    Source: systemd.resource-control(5): each running service has a control group of its name.
    """
    for place in SLICES:
        if (root / place).is_dir():
            return (root / place / service).is_dir()
    return None


def read_definition_days(root: Path, now: float) -> float | None:
    """Read the age of the newest definitions of ClamAV. Source: freshclam(1)."""
    times = [(root / place).stat().st_mtime for place in DEFINITIONS if (root / place).exists()]
    return (now - max(times)) / 86_400 if times else None


def read_rules(root: Path) -> str | None:
    """Read how much the kernel filters; None where it does not say.

    Rules of the older iptables are in tables of its own, of which only the names can be read.
    """
    if root != Path("/"):
        return None  # the kernel tells of this machine, not of a captured one
    try:
        protection = protection_of(ask_chains())
    except OSError:
        return None
    has_older = "filter" in (read_text(root / "proc/net/ip_tables_names") or "").split()
    return None if protection == "disabled" and has_older else protection


def read_firewalls(root: Path, rules: str | None) -> list[dict[str, str]]:
    """Read the firewalls: those that manage rules, and the rules themselves where nobody does.

    rules: what the kernel says; it decides over what a setting says.
    """
    states: dict[str, bool | None] = {}
    if (root / UFW).exists():
        states["ufw"] = parse_ufw(read_text(root / UFW_SETTINGS) or "")
    if (root / FIREWALLD.place).exists():
        states[FIREWALLD.name] = read_running(root, FIREWALLD.service)
    found = {name: _shown(is_on, rules) for name, is_on in states.items()}
    if True not in states.values():
        found["nftables"] = rules or UNKNOWN
    return [{"name": name, "real_time_protection": state} for name, state in found.items()]


def _shown(is_on: bool | None, rules: str | None) -> str:
    if is_on is None:
        return UNKNOWN
    if not is_on:
        return "disabled"
    # A manager writes rules in place of a policy: with it, rules alone are a firewall.
    return "disabled" if rules == "disabled" else "enabled"


def parse_ufw(settings: str) -> bool | None:
    """Return whether ufw is to be on. Source: ufw(8): `ENABLED=yes` in ufw.conf."""
    for line in settings.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "ENABLED":
            return value.strip().strip("\"'").lower() == "yes"
    return None
