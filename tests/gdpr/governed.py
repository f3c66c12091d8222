"""What each switch governs, as the data inventory tells people, and what is held of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apps.collectors.switches import SWITCHES
from apps.events import rollups
from apps.gdpr.data_inventory.entries import Entry, entries
from tests.factories.collectors import configure, make_machine
from tests.factories.everything import ABROAD, HOST, WORD, tell_everything
from tests.factories.geography import write_places, write_providers

YESTERDAY = "2026-03-01"  # ended, so its daily rows are made
WIDEST: dict[str, Any] = {switch.name: switch.values[0] for switch in SWITCHES}
STRICTEST: dict[str, Any] = {switch.name: switch.values[-1] for switch in SWITCHES}
# They govern when, or what later apps collect, and no field of ours.
WITHOUT_FIELDS = {
    "work_hours",
    "pause",
    "individual_ranking",
    "web",
    "campaigns",
    "remote_actions",
    "call_participants",
}
WITH_FIELDS = sorted(set(STRICTEST) - WITHOUT_FIELDS)
# Of these the switch takes what names somebody, and leaves the rest.
CUT = {
    ("devices.Device", "distinguished_name"),
    ("devices.Volume", "name"),
    ("devices.Volume", "mount_point"),
}
ALWAYS_CUT = "module_name"  # to the name of a file, whatever its switch says
NOTHING: tuple[Any, ...] = (None, "", [], {}, "unknown", "none")


def know_places(folder: Path, settings: Any) -> None:
    """Know where the public addresses of the tests lie."""
    settings.DEX_ADDRESS_FILES = [write_places(folder), write_providers(folder)]


def tell_all_under(switches: dict[str, Any]) -> list[Any]:
    """Send everything from a new machine, by clear names, and make the daily rows; return the answers."""
    configure(**switches)
    machine = make_machine(host_name=HOST)
    machine.client.defaults["REMOTE_ADDR"] = ABROAD
    answers = tell_everything(machine, YESTERDAY)
    rollups.roll_up_dirty()
    return answers


def governed(switch: str = "") -> Iterator[Entry]:
    """Yield the fields that devices tell under one switch, or under any."""
    for entry in entries():
        is_asked = switch in entry.switches if switch else bool(entry.switches)
        if is_asked and entry.source != "connector" and entry.field != ALWAYS_CUT:
            yield entry


def told(entry: Entry) -> list[Any]:
    """Return what is held of a field, by rows; of one that a switch cuts what names somebody."""
    rows: Any = entry.model._default_manager.values_list(*entry.columns)
    values = [value for row in rows for value in row if value not in NOTHING]
    if (entry.table, entry.field) in CUT:
        return [value for value in values if WORD in value]
    return values


def held(switch: str = "") -> list[str]:
    """Return the fields of which something is held that a switch governs."""
    return [f"{entry.table}.{entry.field}" for entry in governed(switch) if told(entry)]
