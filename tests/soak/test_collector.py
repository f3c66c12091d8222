"""The real collector, long enough to tell what it costs."""

import pytest

from benchmarks import collector
from tests.soak.sizes import size

SECONDS = size("COLLECTOR_SECONDS", 600)


@pytest.fixture(scope="module")
def usage() -> collector.Usage:
    """Return what the whole run took."""
    return collector.measure(SECONDS)


@pytest.mark.case("collector.13")
class TestTenMinutes:
    def test_take_a_small_part_of_a_core(self, usage: collector.Usage) -> None:
        assert usage.cpu_percent_with_start <= collector.CPU_BUDGET_PERCENT

    def test_take_little_memory(self, usage: collector.Usage) -> None:
        assert usage.memory_mb <= collector.MEMORY_BUDGET_MB

    def test_take_little_of_the_line(self, usage: collector.Usage) -> None:
        assert usage.kbit_per_s <= collector.TRAFFIC_BUDGET_KBIT_S
