"""The column that sorts versions."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models


def version_key_column() -> ArrayField[Any, Any]:
    """Return the column that sorts versions part by part as numbers."""
    return ArrayField(models.BigIntegerField(), null=True, blank=True, editable=False)
