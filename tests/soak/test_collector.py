"""The real collector, long enough to tell what it costs.

SOAK_COLLECTOR_SECONDS=3600 lets it run for the hour that its budgets are means of.
"""

from collections.abc import Callable

import pytest

from benchmarks import collector
from tests.soak.sizes import size

SECONDS = size("COLLECTOR_SECONDS", 600)


@pytest.fixture(scope="module")
def usage(tell: Callable[[str], None]) -> collector.Usage:
    """Return what the whole run took."""
    usage = collector.measure(SECONDS)
    figures = (
        ("% of a core", usage.cpu_percent_with_start, collector.CPU_BUDGET_PERCENT),
        ("% of a core after its start", usage.cpu_percent, collector.CPU_BUDGET_PERCENT),
        ("% of a core in 5 minutes", usage.busiest_percent, collector.BUSIEST_BUDGET_PERCENT),
        ("MB", usage.memory_mb, collector.MEMORY_BUDGET_MB),
        ("kbit/s", usage.kbit_per_s, collector.TRAFFIC_BUDGET_KBIT_S),
    )
    for unit, value, budget in figures:
        tell(f"{value:.3f} {unit}, {value / budget:.0%} of the budget, over {SECONDS} s")
    tell(f"{usage.forks_per_s:.1f} processes or threads began each second meanwhile")
    return usage


@pytest.mark.case("collector.13")
class TestCollector:
    def test_takes_a_small_part_of_a_core(self, usage: collector.Usage) -> None:
        assert usage.cpu_percent_with_start <= collector.CPU_BUDGET_PERCENT

    def test_takes_no_large_part_of_a_core_for_five_minutes(self, usage: collector.Usage) -> None:
        assert usage.busiest_percent <= collector.BUSIEST_BUDGET_PERCENT

    def test_takes_little_memory(self, usage: collector.Usage) -> None:
        assert usage.memory_mb <= collector.MEMORY_BUDGET_MB

    def test_takes_little_of_the_line(self, usage: collector.Usage) -> None:
        assert 0 < usage.kbit_per_s <= collector.TRAFFIC_BUDGET_KBIT_S
