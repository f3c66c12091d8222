"""Rows of event tables, written past the pipeline."""

from datetime import datetime
from typing import Any

from apps.binaries.models import ExecutionSample
from apps.devices.models import Boot, PerformanceSample
from apps.events import ids


def add_sample(*, bucket: datetime, device_id: int = 1, **values: Any) -> PerformanceSample:
    """Add a performance bucket."""
    return PerformanceSample.objects.create(
        id=ids.draw(1)[0], bucket=bucket, device_id=device_id, context_id=1, **values
    )


def add_execution(*, bucket: datetime, device_id: int = 1, **values: Any) -> ExecutionSample:
    """Add an execution bucket."""
    defaults = {"context_id": 1, "binary_id": 1, "user_id": None}
    return ExecutionSample.objects.create(
        id=ids.draw(1)[0], bucket=bucket, device_id=device_id, **{**defaults, **values}
    )


def add_boot(*, occurred_at: datetime, device_id: int = 1, **values: Any) -> Boot:
    """Add a boot."""
    return Boot.objects.create(
        id=ids.draw(1)[0], occurred_at=occurred_at, device_id=device_id, context_id=1, **values
    )
