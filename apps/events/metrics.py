"""Metrics of sampled kinds: declared once, turned into columns, structs and catalogue fields.

A gauge counts one per reading, a counter is an amount that adds up (data-model.md 1.2). In
high-resolution tables a counter has `_sum` only; daily tables have all four of both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.db import models
from django.utils.functional import Promise

from apps.core.personal_data.classes import AnyClass

AGGREGATES = ("sum", "count", "min", "max")


@dataclass(frozen=True, slots=True)
class Counter:
    """An amount of the bucket, a whole number from 0.

    personal: what it says about people. switch: what it requires of the policy besides what its
    kind does, see `Policy.allows`. title: what a page calls it, without the unit.
    """

    help_text: str | Promise
    personal: AnyClass
    switch: str | None = None
    is_float: bool = False
    title: str | Promise = ""

    @property
    def high_resolution(self) -> tuple[str, ...]:
        return ("sum",)


@dataclass(frozen=True, slots=True)
class Gauge:
    """Readings of the bucket: their sum, count, least and greatest value.

    is_signed: readings may lie below 0 (and are floats), such as a signal in dBm.
    """

    help_text: str | Promise
    personal: AnyClass
    switch: str | None = None
    is_float: bool = False
    is_signed: bool = False
    title: str | Promise = ""

    @property
    def high_resolution(self) -> tuple[str, ...]:
        return AGGREGATES


Metric = Counter | Gauge


def column_names(name: str, metric: Metric, *, daily: bool) -> list[str]:
    """Return the columns of one metric, in the order of AGGREGATES."""
    return [f"{name}_{part}" for part in (AGGREGATES if daily else metric.high_resolution)]


def metric_columns(
    class_name: str, metrics: Mapping[str, Metric], *, daily: bool = False
) -> type[models.Model]:
    """Return an abstract model with the columns of `metrics`; all null where a device has none."""
    body: dict[str, Any] = {
        "__module__": __name__,
        "Meta": type("Meta", (), {"abstract": True}),
    }
    for name, metric in metrics.items():
        for column in column_names(name, metric, daily=daily):
            body[column] = _field(column, metric)
    return type(class_name, (models.Model,), body)


def metric_classes(metrics: Mapping[str, Metric], *, daily: bool = False) -> dict[str, AnyClass]:
    """Return the personal-data class of each column of `metrics`."""
    return {
        column: metric.personal
        for name, metric in metrics.items()
        for column in column_names(name, metric, daily=daily)
    }


def _field(column: str, metric: Metric) -> models.Field[Any, Any]:
    is_count = column.endswith("_count")
    field = models.FloatField if metric.is_float and not is_count else models.BigIntegerField
    return field(null=True, blank=True, help_text=cast(str, metric.help_text))
