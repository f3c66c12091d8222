"""Changes of what is collected, and who approves them."""

from datetime import datetime
from typing import Any

from apps.accounts.models import Account
from apps.collectors.choices import Level, Preset
from apps.collectors.forms import LEGAL_BASES
from apps.collectors.services import changes
from apps.collectors.services.changes import Outcome
from apps.collectors.switches import PRESETS
from apps.core.approvals import services as approvals
from apps.core.approvals.models import Approval
from tests.conftest import NOW

STANDARD = PRESETS[Preset.STANDARD]


def change(actor: Account, level: Level = Level.INSTANCE, **options: Any) -> Outcome:
    """Change to the standard preset but for `values`, with reasons."""
    values = options.pop("values", {})
    wanted: dict[str, Any] = {
        "level": level,
        "preset": Preset.CUSTOM,
        "values": values if level != Level.INSTANCE else {**STANDARD, **values},
        "legal_basis": LEGAL_BASES[0],
        "purpose": "Fewer slow devices",
        "actor": actor,
        "now": NOW,
        **options,
    }
    return changes.change_configuration(**wanted)


def approval() -> Approval:
    """Return the only request that waits."""
    return Approval.objects.waiting().get()


def approve(actor: Account, now: datetime = NOW) -> Approval:
    """Approve the only request that waits."""
    asked = approval()
    return approvals.decide(
        approval=asked, seen=asked.change_hash, is_approved=True, actor=actor, now=now
    )
