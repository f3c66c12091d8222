"""What core's own tables say about people: nothing."""

from apps.core.models import Generation, Instance
from apps.core.personal_data import NONE, Classification, register

register(
    Instance,
    Classification(
        fields={"id": NONE, "uid": NONE, "name": NONE, "generation": NONE, "created_at": NONE}
    ),
)
register(Generation, Classification(fields={"name": NONE, "value": NONE}))
