"""Part `collector`: what the agent on the machine cannot or must not do."""

from datetime import datetime
from typing import Annotated

import msgspec

from apps.devices import services
from apps.events.inventory import Part, register
from apps.events.policy import Policy

# Words, never sentences: a file on the device may be written by anybody.
Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_.:-]{1,64}\Z")]
Words = Annotated[list[Word], msgspec.Meta(max_length=200)]


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Part `collector`."""

    capabilities: Words = []
    local_restrictions: Words = []


def apply_collector(*, device_id: int, state: Agent, policy: Policy, now: datetime) -> None:
    """Write what the collector says of itself."""
    report = services.Report(device_id=device_id, part="collector", policy=policy, now=now)
    report.write_facts(
        {
            "collector_capabilities": sorted(set(state.capabilities)),
            "collector_local_restrictions": sorted(set(state.local_restrictions)),
        }
    )


register(Part(name="collector", struct=Agent, apply=apply_collector, is_list=False))
