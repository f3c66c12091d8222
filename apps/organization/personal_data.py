"""What the tree says about people: nothing."""

from apps.core.personal_data import NONE, Classification, register
from apps.organization.models import (
    ClassificationRule,
    CustomField,
    Entity,
    EntityGroupPermission,
    Site,
)

register(
    Entity,
    Classification(
        fields={
            "id": NONE,
            "uid": NONE,
            "parent": NONE,
            "name": NONE,
            "kind": NONE,
            "path": NONE,
        }
    ),
)
register(
    EntityGroupPermission,
    Classification(fields={"id": NONE, "permission": NONE, "group": NONE, "content_object": NONE}),
)
register(
    ClassificationRule,
    Classification(
        fields={
            "id": NONE,
            "uid": NONE,
            "name": NONE,
            "position": NONE,
            "entity": NONE,
            "is_active": NONE,
            "matching": NONE,
            "conditions": NONE,  # patterns of names: decisions of an administrator, not data
        }
    ),
)
register(
    Site,
    Classification(
        fields={
            "id": NONE,
            "uid": NONE,
            "name": NONE,
            "position": NONE,
            "type": NONE,
            "country": NONE,
            "state": NONE,
            "city": NONE,
            "is_active": NONE,
            "matching": NONE,
            "conditions": NONE,  # networks and patterns: decisions of an administrator, not data
        }
    ),
)
register(
    CustomField,
    Classification(
        fields={
            "id": NONE,
            "uid": NONE,
            "nql_id": NONE,
            "name": NONE,
            "target": NONE,
            "type": NONE,
            "words": NONE,
            "personal_class": NONE,
            "filled_by": NONE,
            "rules": NONE,  # as those of classification
            "otherwise": NONE,
            "filled_device_id": NONE,
            "created_at": NONE,
        }
    ),
)
