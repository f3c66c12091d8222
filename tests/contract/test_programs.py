"""What the probes of programs say, held against the structs of the server."""

import signal
from pathlib import Path

import msgspec
import pytest

from apps.binaries.entries import BinaryEntry
from apps.binaries.events import ConnectionFields, CrashFields
from apps.binaries.metrics import CONNECTION, EXECUTION
from apps.collectors.events import CollectorEventFields
from apps.devices.inventory.protection import Security
from apps.events import kinds
from dex_collector.batch import KEY_FIELDS
from dex_collector.buckets import SECONDS
from dex_collector.probes import connections, executions, security
from dex_collector.probes.base import Context, Fact, Sample
from dex_collector.probes.connections_linux import ConnectionReader
from dex_collector.probes.crashes_linux import make_facts
from dex_collector.probes.hearing_linux import _event
from dex_collector.probes.process_listener_linux import Crash
from dex_collector.probes.programs_linux import OTHER, ROOTS, Program
from dex_collector.probes.security_linux import read_security
from dex_collector.redaction import TRAFFIC_OF_EXECUTIONS
from tests.collector.conftest import FIXTURES, configuration, machine  # noqa: F401 - a fixture
from tests.collector.fakes import NOON
from tests.collector.test_connections import connected  # noqa: F401 - a fixture

LAPTOP = FIXTURES / "laptop"


@pytest.fixture
def context() -> Context:
    return Context(LAPTOP, NOON, 1_000.0, configuration(binary_paths="full"))


class TestCrash:
    @pytest.mark.parametrize("root", [*sorted(set(ROOTS.values())), OTHER, "gone"])
    def test_is_one_to_the_server(self, context: Context, root: str) -> None:
        crash = Crash(Program("editor", root, "~/editor"), 1000, signal.SIGSEGV, 990.0, True)

        (fact,) = make_facts([crash], context, {"platform": "linux", "architecture": "x64"})

        assert fact.kind in executions.PROBE.kinds
        assert msgspec.convert(fact.fields, CrashFields).binary_path_root == root
        assert msgspec.convert(fact.binary, BinaryEntry).name == "editor"


class TestEvent:
    @pytest.mark.parametrize("type_", ["probe_slowed", "probe_restored"])
    def test_is_one_to_the_server(self, context: Context, type_: str) -> None:
        fact: Fact = _event(context, type_, "executions polled for 600 s: 345 starts/s")

        assert msgspec.convert(fact.fields, CollectorEventFields).type == type_


class TestConnection:
    def test_is_one_to_the_server(self, connected: Path) -> None:  # noqa: F811
        reader = ConnectionReader()
        found = [
            one
            for at in (1_000.0, 1_300.0)
            for one in reader(Context(connected, NOON, at, configuration()))
            if isinstance(one, Sample) and one.kind == "connection.events"
        ]

        assert found
        assert "connection.events" in connections.PROBE.kinds
        assert [msgspec.convert(one.fields, ConnectionFields).protocol for one in found]
        assert {name for one in found for name in (*one.counters, *one.gauges)} <= set(CONNECTION)

    def test_adds_metrics_of_executions(self) -> None:
        assert set(EXECUTION) >= TRAFFIC_OF_EXECUTIONS

    def test_has_the_bucket_and_key_of_the_kind(self) -> None:
        kind = kinds.find("connection.events")
        fields = {field.name for field in msgspec.structs.fields(ConnectionFields)}

        assert SECONDS["connection.events"] == kind.bucket_seconds  # type: ignore[union-attr]
        assert set(KEY_FIELDS["connection.events"]) == fields


class TestSecurity:
    def test_is_one_to_the_server(self, context: Context) -> None:
        part, *_ = read_security(context)

        assert security.PROBE.kinds == ("inventory.security",)
        assert msgspec.convert(part.fields, Security).antiviruses[0].name == "ClamAV"  # type: ignore[union-attr]
