"""The instance's own row, made after the first migration."""

from apps.core import shipped
from apps.core.models import Instance


def make_instance() -> None:
    """Make the row of this instance where it is missing."""
    Instance.objects.forget()  # a flush emptied the table, or a restore brought another row
    Instance.objects.current()


shipped.register("core.instance", make_instance)
