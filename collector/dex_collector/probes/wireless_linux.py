"""The Wi-Fi link: how strong, how fast, on which channel; its names only where allowed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dex_collector.probes.adapters_linux import FOLDER
from dex_collector.probes.base import read_number, read_text
from dex_collector.probes.netlink_linux import Attributes, ask, parse_attributes
from dex_collector.users import clean

# Source: Linux, include/uapi/linux/nl80211.h.
FAMILY = "nl80211"
GET_INTERFACE, GET_STATION = 5, 17
IFINDEX, MAC, STATION, FREQUENCY, SSID = 3, 6, 21, 38, 52
SIGNAL, SENDING, RECEIVING = 7, 8, 14  # in STATION
RATE, RATE_32 = 1, 5  # in SENDING and RECEIVING, units of 100 kbit/s
NO_VALUE_DBM = -256  # what a driver writes that does not know


@dataclass(frozen=True, slots=True)
class Link:
    """What is known of a link now."""

    gauges: dict[str, float] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)


def read_link(root: Path, name: str) -> Link:
    """Read the link of an adapter, without the names of network and access point."""
    gauges = parse_wireless(read_text(root / "proc/net/wireless") or "", name)
    interface = ask_kernel(root, name, GET_INTERFACE)
    station = ask_kernel(root, name, GET_STATION)
    return Link(gauges=gauges | station_gauges(station), fields=channel_fields(interface))


def read_identifiers(root: Path, name: str) -> dict[str, str]:
    """Read SSID and BSSID; called only where `wifi_identifiers` is on."""
    fields = {}
    for interface in ask_kernel(root, name, GET_INTERFACE):
        ssid = clean(interface.get(SSID, b"").decode("utf-8", errors="replace"))
        if ssid:
            fields["wifi_ssid"] = ssid[:64]
    for station in ask_kernel(root, name, GET_STATION):
        if len(station.get(MAC, b"")) == 6:
            fields["wifi_bssid"] = station[MAC].hex(":")
    return fields


def ask_kernel(root: Path, name: str, command: int) -> Sequence[Attributes]:
    """Return what this machine's kernel says of an adapter; a captured machine has no kernel."""
    index = read_number(root / FOLDER / name / "ifindex")
    if root != Path("/") or index is None:
        return ()
    try:
        attributes = {IFINDEX: index.to_bytes(4, "little")}
        return ask(FAMILY, command, attributes, is_dump=command == GET_STATION)
    except OSError:  # a driver of another kind
        return ()


def parse_wireless(text: str, name: str) -> dict[str, float]:
    """Return signal and noise of an adapter.

    Source: Linux, net/wireless/wext-proc.c: name, status, link, level, noise; in dBm where they
    are negative, else of a scale of the driver's own.
    """
    for line in text.splitlines():
        words = line.replace(".", " ").split()
        if len(words) >= 5 and words[0] == f"{name}:":
            told = {"wifi_signal_strength_dbm": words[3], "wifi_noise_level_dbm": words[4]}
            return {key: float(v) for key, v in told.items() if NO_VALUE_DBM < int(v) < 0}
    return {}


def station_gauges(stations: Sequence[Attributes]) -> dict[str, float]:
    """Return signal and rates of the link to the access point."""
    gauges: dict[str, float] = {}
    for station in stations[:1]:
        info = parse_attributes(station.get(STATION, b""))
        if SIGNAL in info:
            gauges["wifi_signal_strength_dbm"] = int.from_bytes(info[SIGNAL], "little", signed=True)
        for kind, key in (
            (SENDING, "wifi_transmission_rate_bps"),
            (RECEIVING, "wifi_receive_rate_bps"),
        ):
            rate = parse_rate(info.get(kind, b""))
            if rate:
                gauges[key] = rate
    return gauges


def parse_rate(data: bytes) -> int | None:
    """Return a rate in bit/s: of 32 bits, else of 16, which holds up to 6.5 Gbit/s."""
    rate = parse_attributes(data)
    units = rate.get(RATE_32) or rate.get(RATE)
    return int.from_bytes(units, "little") * 100_000 if units else None


def channel_fields(interfaces: Sequence[Attributes]) -> dict[str, Any]:
    """Return band and channel of an adapter that has a link."""
    for interface in interfaces:
        if FREQUENCY in interface:
            return parse_frequency(int.from_bytes(interface[FREQUENCY], "little"))
    return {}


def parse_frequency(mhz: int) -> dict[str, Any]:
    """Return band and channel of a frequency.

    Source: Linux, net/wireless/util.c, ieee80211_freq_khz_to_channel.
    """
    if mhz == 2484:
        return {"wifi_band": "2.4 GHz", "wifi_channel": 14}
    if mhz == 5935:
        return {"wifi_band": "6 GHz", "wifi_channel": 2}
    for band, first, last, base in (
        ("2.4 GHz", 2412, 2472, 2407),
        ("5 GHz", 5005, 5925, 5000),
        ("6 GHz", 5955, 7115, 5950),
    ):
        if first <= mhz <= last:
            return {"wifi_band": band, "wifi_channel": (mhz - base) // 5}
    return {}
