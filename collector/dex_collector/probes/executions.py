"""Executions probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.executions_linux import ExecutionReader

PROBE = Probe(
    name="executions",
    every_seconds=60,
    timeout_seconds=2,
    kinds=("execution.events", "execution.crashes", "collector.events"),
    make_reader=ExecutionReader,
    switch="executions",
    is_user_linked=True,
    cost="moderate",
    source="process connector, /proc",
)
