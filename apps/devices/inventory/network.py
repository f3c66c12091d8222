"""Part `network`: the adapters of the machine."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import Literal

import msgspec

from apps.devices import services
from apps.devices.addresses import SWITCH, permitted_address
from apps.devices.choices import AdapterType
from apps.devices.models import NetworkAdapter
from apps.devices.permitted import ShortText, Text
from apps.events.inventory import Part, register
from apps.events.kinds import Amount
from apps.events.policy import Policy


class AdapterItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One adapter; it has no hardware address, which is never collected."""

    name: Text | None = None
    type: Literal["wifi", "ethernet", "cellular", "bluetooth", "other"] = "other"
    speed_bps: Amount | None = None
    is_up: bool | None = None
    is_virtual: bool = False
    address: ShortText | None = None

    def __post_init__(self) -> None:
        if self.address is not None and getattr(ip_address(self.address), "scope_id", None):
            raise ValueError("an address has no zone")


def apply_network(
    *, device_id: int, state: Sequence[AdapterItem], policy: Policy, now: datetime
) -> None:
    """Replace the device's network adapters."""
    services.Report(device_id=device_id, part="network", policy=policy, now=now).write_list(
        NetworkAdapter,
        [
            {
                "name": item.name or "",
                "type": AdapterType(item.type),
                "speed_bps": item.speed_bps,
                "is_up": item.is_up,
                "is_virtual": item.is_virtual,
                "address": item.address or None,
            }
            for item in state
        ],
    )


register(
    Part(
        name="network",
        struct=AdapterItem,
        apply=apply_network,
        is_list=True,
        permitted={"address": (SWITCH, permitted_address)},
        work_hours_fields=("address",),
    )
)
