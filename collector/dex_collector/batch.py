"""Batches: waiting records become one body, which then never changes."""

import gzip
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dex_collector import PROTOCOL, __version__

RECORDS_MAXIMUM = 2_000
PLAIN_BYTES_MAXIMUM = 1_000_000
PACKED_BYTES_MAXIMUM = 256_000

# Plain fields that belong to the key of a row, beside user and binary: a constant of the protocol.
KEY_FIELDS: Mapping[str, tuple[str, ...]] = {
    "connectivity.events": (
        "primary_physical_adapter_type", "wifi_ssid", "wifi_bssid", "local_ip", "vpn_status",
    ),
    "session.events": ("session_id",),
    "connection.events": (
        "protocol", "destination_ip", "destination_port", "destination_domain",
    ),
}  # fmt: skip

LIMITS = (("min", min), ("max", max))

Record = dict[str, Any]
"""An event with its user and binary written out, or an inventory part ({"part", ...})."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an envelope says about the moment in which it was made."""

    boot_id: str
    configuration_version: int
    device_clock: str
    monotonic_ms: int
    round_trip_ms: int | None = None  # of the request before


def merge_samples(records: Sequence[Record]) -> list[Record]:
    """Return the records with one for each bucket and key: a stop or a purge may leave two.

    What they measured was measured one after the other or side by side, so no duration is longer
    than the bucket. Of an inventory part the last state is left: the server takes one.
    """
    merged: dict[str, Record] = {}
    for number, record in enumerate(records):
        if "part" in record:
            key = f"part {record['part']}"
            is_told = not record.get("full") and merged.get(key, {}).get("full")
            merged[key] = merged[key] if is_told else record
            continue
        if "bucket" not in record:
            merged[str(number)] = record
            continue
        members = ("kind", "bucket", "bucket_s")
        key = to_json([*(record.get(name) for name in members), row_key(record)])
        merged[key] = _merged(merged[key], record) if key in merged else record
    return list(merged.values())


def row_key(row: Mapping[str, Any]) -> list[Any]:
    """Return what makes a row of a bucket one of its own: user, binary, the kind's key fields."""
    fields = row.get("fields") or {}
    key_fields = (fields.get(name) for name in KEY_FIELDS.get(row["kind"], ()))
    return [row.get("user"), row.get("binary"), *key_fields]


def _merged(one: Record, other: Record) -> Record:
    metrics = dict(one["metrics"])
    for name, value in other["metrics"].items():
        metrics[name] = _sum(metrics[name], value) if name in metrics else value
        if "duration" in name and "count" not in value:
            most = one["bucket_s"] * 1000
            metrics[name] = {"sum": min(most, metrics[name]["sum"])}
    fields = {**one.get("fields", {}), **other.get("fields", {})}
    return {**one, **({"fields": fields} if fields else {}), "metrics": metrics}


def _sum(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    added = {name: one[name] + other[name] for name in ("sum", "count") if name in one}
    limits = {name: pick(one[name], other[name]) for name, pick in LIMITS if name in one}
    return {**added, **limits}


def kind_of(record: Record) -> str:
    """Return the kind under which a record is counted."""
    return f"inventory.{record['part']}" if "part" in record else str(record["kind"])


def count_kinds(records: Sequence[Record]) -> dict[str, int]:
    """Return the number of records by kind."""
    return dict(Counter(kind_of(record) for record in records))


def compose(
    records: Sequence[Record], stamp: Stamp, epoch: str, sequence: int, dropped: Mapping[str, int]
) -> dict[str, Any]:
    """Return the content of a batch; users and binaries move into its dictionaries."""
    content: dict[str, Any] = {
        "protocol": PROTOCOL,
        "epoch": epoch,
        "sequence": sequence,
        "boot_id": stamp.boot_id,
        "collector_version": __version__,
        "configuration_version": stamp.configuration_version,
        "device_clock": stamp.device_clock,
        "monotonic_ms": stamp.monotonic_ms,
        "dropped": dict(dropped),
    }
    if stamp.round_trip_ms is not None:
        content["round_trip_ms"] = stamp.round_trip_ms
    users, binaries = _Dictionary(), _Dictionary()
    content["events"] = [
        _refer(record, user=users, binary=binaries) for record in records if "part" not in record
    ]
    content["users"] = users.entries
    content["binaries"] = binaries.entries
    content["inventory"] = [record for record in records if "part" in record]
    return content


def pack(content: Mapping[str, Any]) -> bytes:
    """Return the body as it is sent: gzip of compact JSON, the same for the same content."""
    return gzip.compress(to_json(content).encode(), compresslevel=6, mtime=0)


def unpack(body: bytes) -> dict[str, Any]:
    """Return the content of a body."""
    content: dict[str, Any] = json.loads(gzip.decompress(body))
    return content


def to_json(value: Any) -> str:
    """Return compact JSON; a NaN would be refused by every reader, so it raises ValueError."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def storable_json(record: Record) -> str | None:
    """Return a record as JSON, or None for one with a NaN or half a character in it."""
    try:
        text = to_json(record)
        text.encode()
    except ValueError:
        return None
    return text


def records_of(content: Mapping[str, Any]) -> list[Record]:
    """Return the records of a batch, users and binaries written out again."""
    records = []
    for event in content["events"]:
        record = dict(event)
        for member, dictionary in (("user", "users"), ("binary", "binaries")):
            if member in record:
                record[member] = content[dictionary].get(str(record[member]), {})
        records.append(record)
    return [*records, *content["inventory"]]


class _Dictionary:
    """Entries of a batch by a number of its own."""

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}
        self._numbers: dict[str, int] = {}

    def number(self, entry: Any) -> int:
        key = to_json(entry)
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers) + 1
            self.entries[str(self._numbers[key])] = entry
        return self._numbers[key]


def _refer(record: Record, **dictionaries: _Dictionary) -> Record:
    """Return the record with numbers in place of its written-out entries."""
    return {
        name: dictionaries[name].number(value) if name in dictionaries else value
        for name, value in record.items()
    }
