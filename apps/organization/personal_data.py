"""What the tree says about people: nothing."""

from apps.core.personal_data import NONE, Classification, register
from apps.organization.models import Entity, EntityGroupPermission

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
