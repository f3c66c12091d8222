"""Purge of the spool when a stricter configuration arrives."""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from dex_collector import addresses, inventory
from dex_collector.batch import Record
from dex_collector.configuration import WIDEST, Configuration
from dex_collector.users import (
    shown_administrator,
    shown_device_name,
    shown_number,
    shown_path,
    shown_source,
    shown_user_name,
)

SERIAL_FIELDS = (
    "bios_serial_number",
    "chassis_serial_number",
    "machine_serial_number",
    "serial_number",
)
PSEUDONYM = re.compile("h:[0-9a-f]{32}")  # `h:...\\ada` is a clear name on a hashed device
NAME_SWITCHES = frozenset({"username", "device_name"})
FIELDS_OF_SWITCH = {  # of events; addresses are not dropped but narrowed
    "wifi_identifiers": ("wifi_ssid", "wifi_bssid"),
    "vpn_status": ("vpn_status", "vpn_name"),
    "binary_paths": ("binary_path",),
}
ADDRESS_FIELDS = ("address", "local_ip", "gateway_ip")
PARTS_OF_SWITCH = {"local_admins": "local_admins", "packages": "packages"}  # as a whole
PARTS_OF_PEOPLE = frozenset({"users", "local_admins"})
KINDS_OF_SWITCH = {  # a kind goes as a whole when its switch is off
    "executions": {"execution.events", "execution.crashes"},
    "session_events": {"session.logins"},
    "network_connections": {"connection.events"},
}
SESSION_CHANGES = {f"session.{change}" for change in ("logouts", "locks", "unlocks")}
TRAFFIC_OF_EXECUTIONS = frozenset(
    {"incoming_traffic_bytes", "outgoing_traffic_bytes", "number_of_established_connections"}
)
METRICS_OF_SWITCH: Mapping[str, Mapping[str, frozenset[str]]] = {  # by kind
    "session.events": {
        "user_activity": frozenset({"user_interaction_time_ms"}),
        "session_network": frozenset({"round_trip_time_ms", "packet_loss_ratio"}),
    },
    "execution.events": {"network_connections": TRAFFIC_OF_EXECUTIONS},
}


class Redaction:
    """What remains of records that obey the switches `older`, now that `newer` holds."""

    def __init__(
        self,
        older: Mapping[str, str] | None,
        newer: Configuration,
        host_name: str,
        lists: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """Take the switches that the records obey; None: nobody knows, so as if all were wide.

        lists: what was listed then, by switch.
        """
        self._newer = newer
        self._host_name = host_name
        self.switches = newer.narrower_than(WIDEST if older is None else older)
        self.switches |= newer.shorter_than(lists or {})
        self._kinds = {
            kind
            for switch, kinds in KINDS_OF_SWITCH.items()
            if switch in self.switches and not newer.is_on(switch)
            for kind in kinds
        }
        if "session_events" in self.switches:
            self._kinds |= SESSION_CHANGES  # they ask for the widest value
        self._parts = {
            part
            for switch, part in PARTS_OF_SWITCH.items()
            if switch in self.switches and not newer.is_on(switch)
        }
        if "username" in self.switches and newer.value("username") == "none":
            self._parts |= PARTS_OF_PEOPLE

    def record(self, record: Record) -> Record | None:
        """Return what is left of a record whose user is written out, or None."""
        if "part" in record:
            return self._part(record)
        if record["kind"] in self._kinds or self._is_unlisted(record, record.get("binary")):
            return None
        if "fields" in record:
            record = {**record, "fields": self._fields(record["fields"])}
        if "metrics" in record:
            record = {**record, "metrics": self._metrics(record["kind"], record["metrics"])}
        if "user" not in record or not self.switches & NAME_SWITCHES:
            return record
        user = self._user(record["user"])
        rest = {name: value for name, value in record.items() if name != "user"}
        return rest if user is None else {**rest, "user": user}

    def content(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return what is left of a batch, the same object if nothing had to go."""
        new = copy.deepcopy(content)
        new["events"] = [
            event
            for event in new["events"]
            if event["kind"] not in self._kinds
            and not self._is_unlisted(event, new["binaries"].get(str(event.get("binary"))))
        ]
        for event in new["events"]:
            if "fields" in event:
                event["fields"] = self._fields(event["fields"])
            if "metrics" in event:
                event["metrics"] = self._metrics(event["kind"], event["metrics"])
        parts = [self._part(part) for part in new["inventory"]]
        new["inventory"] = [part for part in parts if part is not None]
        if self.switches & NAME_SWITCHES:
            users = {number: self._user(entry) for number, entry in new["users"].items()}
            new["users"] = {number: entry for number, entry in users.items() if entry is not None}
            for event in new["events"]:
                if "user" in event and str(event["user"]) not in new["users"]:
                    del event["user"]
        for member, dictionary in (("user", "users"), ("binary", "binaries")):
            used = {str(event[member]) for event in new["events"] if member in event}
            new[dictionary] = {k: entry for k, entry in new[dictionary].items() if k in used}
        if new == content:
            return content
        new["redacted"] = self._newer.version
        return new

    def _is_unlisted(self, event: Mapping[str, Any], binary: Mapping[str, Any] | None) -> bool:
        """Return whether an event tells of connections of a program that is not on the list."""
        if event["kind"] != "connection.events" or "network_connections" not in self.switches:
            return False
        listed = self._newer.listed("network_connections")
        return str((binary or {}).get("name")).lower() not in listed

    def _fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is left of the plain fields of an event, or of an item."""
        gone = {
            name
            for switch, names in FIELDS_OF_SWITCH.items()
            if switch in self.switches
            for name in names
        }
        left = {name: value for name, value in fields.items() if name not in gone}
        if addresses.SWITCH not in self.switches:
            return left
        for name in ADDRESS_FIELDS:
            if name in left:
                left[name] = addresses.narrowed(left[name], self._newer)
        if "dns_ips" in left:
            narrowed = (addresses.narrowed(one, self._newer) for one in left["dns_ips"])
            left["dns_ips"] = [one for one in dict.fromkeys(narrowed) if one is not None] or None
        return {name: value for name, value in left.items() if value is not None}

    def _metrics(self, kind: str, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is left of the measured values of a bucket."""
        of_switch = METRICS_OF_SWITCH.get(kind, {})
        gone = {name for switch in self.switches for name in of_switch.get(switch, ())}
        return {name: value for name, value in metrics.items() if name not in gone}

    def _user(self, entry: Mapping[str, Any]) -> dict[str, Any] | None:
        name = str(entry.get("name") or "")
        if PSEUDONYM.fullmatch(name):  # already: only `none` is stricter
            return None if self._newer.value("username") == "none" else dict(entry)
        shown = shown_user_name(self._host_name, name.rpartition("\\")[2], self._newer)
        return None if shown is None else {**entry, "name": shown}

    def _account(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is left of an account; where none is left, the whole part is gone."""
        left = dict(item)
        if "user_groups" in self.switches:
            if self._newer.is_on("user_groups"):
                listed = self._newer.listed("user_groups")
                left["groups"] = [g for g in left.get("groups", []) if g.lower() in listed]
            else:
                left = {k: v for k, v in left.items() if k not in {"groups", "rights"}}
        if self.switches & NAME_SWITCHES and not PSEUDONYM.fullmatch(left["name"]):
            if left.get("sid"):
                left["sid"] = shown_number(self._host_name, int(left["sid"]), self._newer)
            left["name"] = (self._user(left) or {}).get("name")
        return {name: value for name, value in left.items() if value is not None}

    def _administrator(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is left of an administrator."""
        if not self.switches & NAME_SWITCHES or PSEUDONYM.fullmatch(item["name"]):
            return dict(item)
        name = item["name"].rpartition("\\")[2]
        return {**item, "name": shown_administrator(self._host_name, name, self._newer)}

    def _part(self, part: Record) -> Record | None:
        if part["part"] in self._parts:
            return None
        if not part.get("full"):
            return part
        new = copy.deepcopy(part)
        own = {"network": self._fields, "users": self._account}
        own["local_admins"] = self._administrator
        if new["part"] in own:
            items = [own[new["part"]](item) for item in new["items"]]
            new["items"] = [item for item in items if item.get("name") is not None]
        for item in [new["fields"]] if "fields" in new else new["items"]:
            if "serial_numbers" in self.switches:
                for name in SERIAL_FIELDS:
                    item.pop(name, None)
            if "mount_point" in item:
                place = item["mount_point"]
                item["mount_point"] = shown_path(place, self._newer)
                item["name"] = shown_source(item["name"], place, self._newer)
            if "device_name" in self.switches and "host_name" in item:
                item["host_name"] = shown_device_name(self._host_name, self._newer)
        if new == part:
            return part
        new["hash"] = inventory.content_hash(new.get("fields"), new.get("items"))
        return new
