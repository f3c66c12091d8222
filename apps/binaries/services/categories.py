"""What administrators say about programs."""

from datetime import datetime

from django.db import transaction

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.binaries.models import Binary


def categorise(
    *, binary: Binary, category: str, subcategory: str, actor: Account, now: datetime
) -> None:
    """Put a program into a category and a subcategory, "" for none."""
    binary.product_category = category
    binary.product_subcategory = subcategory
    with transaction.atomic():
        binary.save(update_fields=["product_category", "product_subcategory"])
        audit.record(
            code=AuditCode.BINARY_CATEGORISED,
            actor=actor,
            object_kind="binary",
            object_id=str(binary.uid),
            object_label=binary.name,
            detail={"category": category, "subcategory": subcategory},
            at=now,
        )
