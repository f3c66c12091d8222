"""What the tables of retention say about people: nothing."""

from apps.core.personal_data import NONE, Classification, register
from apps.gdpr.models import FoldedDay, RetentionChange, RetentionPolicy

register(
    RetentionPolicy,
    Classification(
        fields={
            "id": NONE,
            "retention_class": NONE,
            "term": NONE,
            "next_term": NONE,
            "next_at": NONE,
            "changed_at": NONE,
        }
    ),
)
register(FoldedDay, Classification(fields={"day": NONE, "folded_at": NONE}))
register(
    RetentionChange,
    Classification(fields={"id": NONE, "terms": NONE, "state": NONE, "asked_at": NONE}),
)
