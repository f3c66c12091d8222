"""Purge of the spool when a stricter configuration arrives."""

import copy
from collections.abc import Mapping
from typing import Any

from dex_collector import inventory
from dex_collector.batch import Record
from dex_collector.configuration import Configuration
from dex_collector.users import shown_device_name, shown_path, shown_user_name

SERIAL_FIELDS = (
    "bios_serial_number",
    "chassis_serial_number",
    "machine_serial_number",
    "serial_number",
)
NAME_SWITCHES = frozenset({"username", "device_name"})
KINDS_OF_SWITCH = {  # a kind goes as a whole when its switch is off
    "executions": "execution.events",
    "session_events": "session.logins",
}


class Redaction:
    """What remains of records measured under `older`, now that `newer` holds."""

    def __init__(self, older: Configuration, newer: Configuration, host_name: str) -> None:
        self._newer = newer
        self._host_name = host_name
        self.switches = newer.narrower_than(older)
        self._kinds = {
            kind
            for switch, kind in KINDS_OF_SWITCH.items()
            if switch in self.switches and not newer.is_on(switch)
        }

    def record(self, record: Record) -> Record | None:
        """Return what is left of a record whose user is written out, or None."""
        if "part" in record:
            return self._part(record)
        if record["kind"] in self._kinds:
            return None
        if "user" not in record or not self.switches & NAME_SWITCHES:
            return record
        user = self._user(record["user"])
        rest = {name: value for name, value in record.items() if name != "user"}
        return rest if user is None else {**rest, "user": user}

    def content(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return what is left of a batch, the same object if nothing had to go."""
        new = copy.deepcopy(content)
        new["events"] = [event for event in new["events"] if event["kind"] not in self._kinds]
        new["inventory"] = [self._part(part) for part in new["inventory"]]
        if self.switches & NAME_SWITCHES:
            users = {number: self._user(entry) for number, entry in new["users"].items()}
            new["users"] = {number: entry for number, entry in users.items() if entry is not None}
            for event in new["events"]:
                if "user" in event and str(event["user"]) not in new["users"]:
                    del event["user"]
        else:
            used = {str(event["user"]) for event in new["events"] if "user" in event}
            new["users"] = {key: entry for key, entry in new["users"].items() if key in used}
        if new == content:
            return content
        new["redacted"] = self._newer.version
        return new

    def _user(self, entry: Mapping[str, Any]) -> dict[str, Any] | None:
        name = str(entry.get("name") or "")
        if name.startswith("h:"):  # a pseudonym already: only `none` is stricter
            return None if self._newer.value("username") == "none" else dict(entry)
        shown = shown_user_name(self._host_name, name.rpartition("\\")[2], self._newer)
        return None if shown is None else {**entry, "name": shown}

    def _part(self, part: Record) -> Record:
        if not part.get("full"):
            return part
        new = copy.deepcopy(part)
        for item in [new["fields"]] if "fields" in new else new["items"]:
            if "serial_numbers" in self.switches:
                for name in SERIAL_FIELDS:
                    item.pop(name, None)
            if "mount_point" in item:
                item["mount_point"] = shown_path(item["mount_point"], self._newer)
            if "device_name" in self.switches and "host_name" in item:
                item["host_name"] = shown_device_name(self._host_name, self._newer)
        if new == part:
            return part
        new["hash"] = inventory.content_hash(new.get("fields"), new.get("items"))
        return new
