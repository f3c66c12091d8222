"""The way that REST framework suggests: a serializer per record, and bulk_create."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from rest_framework import serializers

from apps.binaries.metrics import EXECUTION
from apps.binaries.models import ExecutionSample
from apps.devices.models import Device
from apps.events import ids
from apps.events.metrics import Gauge


class CounterSerializer(serializers.Serializer[Any]):
    """A counter."""

    sum = serializers.IntegerField(min_value=0)


class GaugeSerializer(CounterSerializer):
    """A gauge."""

    count = serializers.IntegerField(min_value=1)
    min = serializers.IntegerField(min_value=0)
    max = serializers.IntegerField(min_value=0)


class MetricsSerializer(serializers.Serializer[Any]):
    """The metrics of an execution record."""

    def get_fields(self) -> dict[str, Any]:
        return {
            name: (GaugeSerializer if isinstance(metric, Gauge) else CounterSerializer)(
                required=False
            )
            for name, metric in EXECUTION.items()
        }


class FieldsSerializer(serializers.Serializer[Any]):
    """The plain fields of an execution record."""

    highest_process_visibility = serializers.CharField()


class ExecutionSerializer(serializers.Serializer[Any]):
    """An execution record."""

    kind = serializers.CharField()
    bucket = serializers.DateTimeField()
    bucket_s = serializers.IntegerField()
    user = serializers.IntegerField()
    binary = serializers.IntegerField()
    fields_ = FieldsSerializer(required=False)
    metrics = MetricsSerializer()


def store(records: Sequence[dict[str, Any]], *, device: Device) -> None:
    """Validate `records` and write them in one transaction."""
    serializer = ExecutionSerializer(data=list(records), many=True)
    serializer.is_valid(raise_exception=True)
    with transaction.atomic():
        ExecutionSample.objects.bulk_create(
            [
                _row(record, row_id, device)
                for record, row_id in zip(
                    serializer.validated_data, ids.draw(len(records)), strict=True
                )
            ]
        )


def _row(record: dict[str, Any], row_id: int, device: Device) -> ExecutionSample:
    metrics = {
        f"{name}_{part}": value
        for name, parts in record["metrics"].items()
        for part, value in parts.items()
    }
    return ExecutionSample(
        id=row_id,
        device=device,
        context_id=device.context_id,
        bucket=record["bucket"],
        user_id=record["user"],
        binary_id=record["binary"],
        **metrics,
    )
