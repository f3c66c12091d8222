"""The signed configuration: what this device may measure."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, time, tzinfo
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dex_collector import private_files
from dex_collector.clock import from_text
from dex_collector.identity import Identity
from dex_collector.local_restrictions import LocalRestrictions, read_local_restrictions

CONTEXT = b"dex-configuration-v1\0"

# Values of each switch from strict to wide; the first is what an absent switch means, save where
# STRICT says otherwise. Source: the table of switches in the specification of privacy, section 2.
SWITCHES: dict[str, tuple[str, ...]] = {
    "username": ("none", "hashed", "clear"),
    "upn": ("none", "hashed", "clear"),
    "device_name": ("hashed", "clear"),
    "focus_time": ("off", "on"),
    "user_activity": ("off", "on"),
    "wifi_identifiers": ("off", "on"),
    "local_addresses": ("off", "prefix", "on"),
    "vpn_status": ("off", "on"),
    "network_connections": ("off", "listed_binaries", "all"),
    "destination_domains": ("off", "on"),
    "public_ip_location": ("none", "country", "city"),
    "serial_numbers": ("off", "on"),
    "local_admins": ("off", "on"),
    "work_hours": ("on_site", "schedule", "always"),
    "user_groups": ("off", "listed", "all"),
    "session_events": ("off", "logins", "all"),
    "session_network": ("off", "on"),
    "virtual_session_metrics": ("off", "on"),
    "binary_paths": ("root_only", "full"),
    "packages": ("off", "on"),
    "executions": ("off", "on"),
    "web": ("off", "on"),
    "campaigns": ("off", "on"),
    "remote_actions": ("off", "on"),
    "call_participants": ("off", "on"),
    "pause": ("on", "off"),  # of the employee: who may pause is measured less
}
# The switches whose list decides, while they have this value.
LISTING: dict[str, str] = {"user_groups": "listed", "network_connections": "listed_binaries"}
# What holds where an enrolled collector lost its configuration, which may have been stricter still.
NARROWEST: dict[str, str] = {name: values[0] for name, values in SWITCHES.items()}
# The preset `strict`: what holds where a switch, or the whole configuration, is absent.
STRICT: dict[str, str] = NARROWEST | {
    "username": "hashed",
    "local_addresses": "prefix",
    "vpn_status": "on",
    "serial_numbers": "on",
    "work_hours": "schedule",
    "session_events": "logins",
    "packages": "on",
    "executions": "on",
    "web": "on",
    "campaigns": "on",
    "remote_actions": "on",
}
# What holds for records of which nobody knows under what they were measured.
WIDEST: dict[str, str] = {name: values[-1] for name, values in SWITCHES.items()}


class ConfigurationRefused(Exception):
    """It is forged, older without being stricter, for somebody else, or bad; the old one stays."""


@dataclass(frozen=True, slots=True)
class WorkHours:
    """When user-linked data are read: days are ISO (Monday is 1), times of the device's zone."""

    days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    start: time = time(6)
    end: time = time(20)

    def covers(self, moment: datetime, zone: tzinfo | None) -> bool:
        """Return whether `moment` lies in the schedule, seen in `zone` (None: the system's)."""
        local = moment.astimezone(zone)
        return local.isoweekday() in self.days and self.start <= local.time() < self.end

    def lies_within(self, other: "WorkHours") -> bool:
        """Return whether the other schedule covers all that this one does."""
        is_shorter = other.start <= self.start and self.end <= other.end
        return self.days <= other.days and is_shorter


@dataclass(frozen=True, slots=True)
class Networks:
    """The company's networks, where `work_hours` is `on_site`; a device on any of them is there."""

    gateways: frozenset[str] = frozenset()
    ranges: frozenset[IPv4Network | IPv6Network] = frozenset()
    dns_suffixes: frozenset[str] = frozenset()  # in lower case

    def lie_within(self, other: "Networks") -> bool:
        """Return whether the other ones hold all of these."""
        return (
            self.gateways <= other.gateways
            and self.ranges <= other.ranges
            and self.dns_suffixes <= other.dns_suffixes
        )


@dataclass(frozen=True, slots=True)
class Announced:
    """A change that is decided and not yet in force. changes: setting -> old and new value."""

    starts_at: datetime
    changes: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What may be measured; without a document everything is strict and no name is read."""

    version: int = 0
    generation: int = 0  # of the instance: each restore raises it, and may lower the version
    switches: Mapping[str, str] = field(default_factory=lambda: dict(STRICT))
    collector_key: bytes | None = None  # makes user names pseudonyms
    epoch: int = 0  # of the pseudonyms
    work_hours: WorkHours = WorkHours()
    networks: Networks = Networks()
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)  # in lower case
    announced: tuple[Announced, ...] = ()

    @property
    def order(self) -> tuple[int, int]:
        """Return what tells the newer of two configurations of one instance."""
        return (self.generation, self.version)

    def value(self, switch: str) -> str:
        """Return the value in force; an absent switch has its strict one."""
        return self.switches.get(switch, STRICT[switch])

    def is_on(self, switch: str) -> bool:
        """Return whether a switch that has the value `off` has another one."""
        return self.value(switch) != "off"

    def listed(self, switch: str) -> frozenset[str]:
        """Return what the value *listed* of a switch lets in, in lower case."""
        return self.lists.get(switch, frozenset())

    def measures_people(
        self, moment: datetime, zone: tzinfo | None, is_on_site: Callable[[], bool]
    ) -> bool:
        """Return whether user-linked probes may run at `moment`.

        is_on_site: whether the device was on a network of the company then; asked only if the
        rest allows it and the answer counts.
        """
        rule = self.value("work_hours")
        if rule == "always":
            return True
        if not self.work_hours.covers(moment, zone):
            return False
        return rule == "schedule" or is_on_site()

    def values(self) -> dict[str, str]:
        """Return the value in force of each switch."""
        return {name: self.value(name) for name in SWITCHES}

    def within(self, local: LocalRestrictions) -> "Configuration":
        """Return what is left of it where the device's own administrator allows less."""
        limits = NARROWEST if local.is_unreadable else local.switches
        switches = {
            name: min(self.value(name), limit, key=SWITCHES[name].index)
            for name, limit in limits.items()
        }
        return replace(self, switches={**self.switches, **switches}) if switches else self

    def narrower_than(self, older: Mapping[str, str]) -> frozenset[str]:
        """Return the switches that this configuration sets stricter than `older` has them."""
        return frozenset(
            name
            for name, values in SWITCHES.items()
            if values.index(self.value(name)) < values.index(older.get(name, values[-1]))
        )

    def shorter_than(self, older: Mapping[str, Iterable[str]]) -> frozenset[str]:
        """Return the switches in force by their list whose list lost a name since `older`."""
        return frozenset(
            name
            for name, value in LISTING.items()
            if self.value(name) == value and not self.listed(name) >= set(older.get(name, ()))
        )

    def wider_than(self, older: Mapping[str, str]) -> frozenset[str]:
        """Return the switches that this configuration sets wider than `older` has them."""
        return frozenset(
            name
            for name, values in SWITCHES.items()
            if values.index(self.value(name)) > values.index(older.get(name, values[-1]))
        )

    def is_stricter_than(self, other: "Configuration") -> bool:
        """Return whether this one allows less than `other`, and nothing that it does not allow."""
        values = other.values()
        narrower, hours = self.narrower_than(values), self.work_hours
        if "always" not in {self.value("work_hours"), values["work_hours"]}:
            if not hours.lies_within(other.work_hours):
                return False
            if hours != other.work_hours:
                narrower |= {"work_hours"}
        if self.value("work_hours") == values["work_hours"] == "on_site":
            if not self.networks.lie_within(other.networks):
                return False
            if self.networks != other.networks:
                narrower |= {"work_hours"}
        if any(not self.listed(name) <= other.listed(name) for name in self.lists):
            return False
        # Names of an epoch that ended would join what was cut in two.
        return bool(narrower) and not self.wider_than(values) and self.epoch >= other.epoch


def verify(signed: Mapping[str, Any], public_key: bytes, context: bytes) -> str:
    """Return the document of a signed pair {"document", "signature"}.

    Raises:
        ConfigurationRefused: the signature is not the instance's.
    """
    try:
        document = signed["document"]
        signature = base64.b64decode(signed["signature"], validate=True)
        key = Ed25519PublicKey.from_public_bytes(public_key)
        key.verify(signature, context + document.encode())
    except (InvalidSignature, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationRefused("the signature is not the instance's") from error
    return str(document)


def _verified_for(identity: Identity, signed: Mapping[str, Any]) -> str:
    """Return the document of a configuration that the instance signed for this collector."""
    document = verify(signed, identity.instance_public_key(), CONTEXT)
    try:
        content = json.loads(document)
        addressee = (content.get("collector_id"), content.get("instance"))
    except (ValueError, AttributeError) as error:
        raise ConfigurationRefused("it is unreadable") from error
    if addressee != (identity.collector_id, identity.instance_id):
        raise ConfigurationRefused("it is for another collector or instance")
    return document


def parse(document: str) -> Configuration:
    """Return the configuration in a verified document; unknown switches are ignored.

    Raises:
        ConfigurationRefused: a known switch has an unknown value, or a member is unreadable.
    """
    try:
        content = json.loads(document)
        switches = {
            name: _checked(name, value)
            for name, value in content["switches"].items()
            if name in SWITCHES
        }
        hashing = content.get("username_hash") or {}
        key = hashing.get("key")
        return Configuration(
            version=int(content["version"]),
            generation=int(content.get("generation") or 0),
            switches=switches,
            collector_key=None if key is None else base64.b64decode(key, validate=True),
            epoch=int(hashing.get("epoch") or 0),
            work_hours=_parse_work_hours(content.get("work_hours") or {}),
            networks=_parse_networks((content.get("work_hours") or {}).get("on_site") or {}),
            lists={
                name: frozenset(str(item).lower() for item in items)
                for name, items in (content.get("lists") or {}).items()
            },
            announced=tuple(map(_parse_announced, content.get("announced") or ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise ConfigurationRefused("a member is missing or unreadable") from error


def _checked(name: str, value: Any) -> str:
    text = {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
    if text not in SWITCHES[name]:
        raise ConfigurationRefused(f"switch {name} has a value of another version")
    return str(text)


def _parse_work_hours(content: Mapping[str, Any]) -> WorkHours:
    plain = WorkHours()
    days = content.get("days")
    return WorkHours(
        days=plain.days if days is None else frozenset(int(day) for day in days),  # none: never
        start=_parse_time(content.get("start"), plain.start),
        end=_parse_time(content.get("end"), plain.end),
    )


def _parse_announced(content: Mapping[str, Any]) -> Announced:
    return Announced(
        starts_at=from_text(content["starts_at"]),
        changes={name: (each["old"], each["new"]) for name, each in content["changes"].items()},
    )


def _parse_networks(content: Mapping[str, Any]) -> Networks:
    return Networks(
        gateways=frozenset(str(ip_address(text)) for text in content.get("gateways") or ()),
        ranges=frozenset(ip_network(text) for text in content.get("ranges") or ()),
        dns_suffixes=frozenset(str(t).lower() for t in content.get("dns_suffixes") or ()),
    )


def _parse_time(text: str | None, default: time) -> time:
    if text == "24:00":
        return time.max
    return default if text is None else time.fromisoformat(text)


class ConfigurationStore:
    """The configuration in force, on disk as it was signed: 0600, for it holds the hash key."""

    def __init__(self, path: Path, root: Path | None = None) -> None:
        """Take where the machine's files begin, for those of its own administrator."""
        self.path, self._root = path, root
        self.local = LocalRestrictions()
        self._put(Configuration())
        self.reread_local()
        self._newest = self.current.order  # an older one that was stricter does not lower it
        self._unsaved: str | None = None  # the disk did not take it yet

    def _put(self, signed: Configuration) -> None:
        self._signed = signed
        self.current = signed.within(self.local)  # what all others ask

    def reread_local(self) -> bool:
        """Obey the local file as it is now; return whether it says something else than before."""
        if self._root is None:
            return False
        local = read_local_restrictions(self._root, SWITCHES)
        if local == self.local:
            return False
        self.local = local
        self._put(self._signed)
        return True

    def load(self, identity: Identity) -> None:
        """Read the stored one; without a good one the narrowest holds until the next check-in."""
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            self._put(parse(_verified_for(identity, stored)))
            self._newest = max(self.current.order, tuple(stored.get("newest") or ()))
        except (OSError, TypeError, ValueError, ConfigurationRefused):
            self._put(Configuration(switches=NARROWEST))

    def replace(self, signed: Mapping[str, Any], identity: Identity) -> Configuration:
        """Put a newer or stricter configuration in force, write it if possible, and return it.

        Raises:
            ConfigurationRefused: forged, for another collector or instance, unreadable, or older
                without being stricter: what was in force once does not come back by a replay.
        """
        document = _verified_for(identity, signed)
        configuration = parse(document)
        if configuration.order < self._newest and not configuration.is_stricter_than(self._signed):
            raise ConfigurationRefused("it is older than the newest one that was in force")
        self._put(configuration)  # before the write: a full disk makes nothing wider
        self._newest = max(self._newest, configuration.order)
        stored = {"document": document, "signature": signed["signature"], "newest": self._newest}
        self._unsaved = json.dumps(stored, ensure_ascii=False)
        with suppress(OSError):
            self.save()  # at once: a full disk may stop all that follows
        return self.current

    def save(self) -> None:
        """Write what `replace` put in force, if the disk does not have it yet.

        Raises:
            OSError: the disk takes nothing; call again later.
        """
        if self._unsaved is None:
            return
        try:
            private_files.write(self.path, self._unsaved)
        except OSError:
            # The older one must not hold again after a restart; and its place may do for this one.
            self.path.unlink(missing_ok=True)
            private_files.sync_folder(self.path.parent)
            private_files.write(self.path, self._unsaved)
        self._unsaved = None

    def forget(self) -> None:
        """Return to strict: a new enrolment may begin with any version."""
        self._unsaved = None
        self.path.unlink(missing_ok=True)
        self._put(Configuration())
        self._newest = self.current.order
