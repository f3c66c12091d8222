"""Charts of a device's performance."""

import json
from datetime import timedelta
from typing import Any

import pytest

from apps.devices import charts
from tests.conftest import NOW
from tests.factories.collectors import device_of, make_machine, performance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


def drawn(*buckets: str) -> dict[str, Any]:
    """Return what the first chart draws of these buckets: the last 24 hours."""
    machine = make_machine()
    machine.send(*(performance(bucket) for bucket in buckets))
    found = charts.draw(charts.PERFORMANCE, device_of(machine), NOW, "24h")
    return dict(json.loads(found["charts"][0]["data"])["datasets"][0])


class TestPerformance:
    def test_draws_the_mean_in_its_bucket_and_gaps_elsewhere(self) -> None:
        data = drawn("2026-03-02T11:55:00Z")["data"]

        assert data[-2:] == [40.0, None]
        assert data[:-2] == [None] * (timedelta(hours=24) // charts.BUCKET - 2)

    def test_shows_a_value_that_stands_alone_as_a_dot(self) -> None:
        radii = drawn("2026-03-02T11:55:00Z", "2026-03-02T10:00:00Z", "2026-03-02T10:05:00Z")

        assert radii["pointRadius"].count(charts.LONE_DOT) == 1
        assert radii["pointRadius"][-2] == charts.LONE_DOT
        assert radii["pointStyle"] == "circle"  # Unfold draws no dots else
