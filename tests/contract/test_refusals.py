"""Of every kind, what cannot be is refused alone, by code and pointer."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

from apps.collectors.switches import SWITCHES
from apps.devices.models import HardReset
from apps.events import kinds
from apps.events.kinds import SampledKind
from apps.events.metrics import Counter
from tests.factories.collectors import Machine, configure, make_machine, stop
from tests.factories.everything import DICTIONARIES, events

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

RECORDS: dict[str, dict[str, Any]] = {record["kind"]: record for record in events("2026-03-02")}
NEIGHBOUR = stop("hard_resets", "2026-03-02T11:30:00Z")


def counters() -> Iterator[tuple[str, str]]:
    """Yield kind and metric of every counter."""
    for kind in kinds.received():
        if isinstance(kind, SampledKind):
            for name, metric in kind.metrics.items():
                if isinstance(metric, Counter):
                    yield kind.name, name


def enumerations() -> Iterator[tuple[str, str]]:
    """Yield kind and field of every enumeration."""
    for kind in kinds.received():
        for field in msgspec.structs.fields(kind.fields):
            types = (field.type, *get_args(field.type))  # itself, or of what may be absent
            if any(get_origin(found) is Literal for found in types):
                yield kind.name, field.name


@pytest.fixture
def machine(db: None, fixed_clock: Any) -> Machine:
    """Return a machine that may tell everything."""
    widest: dict[str, Any] = {switch.name: switch.values[0] for switch in SWITCHES}
    configure(**widest)
    return make_machine()


def refusals(machine: Machine, record: dict[str, Any]) -> list[tuple[str, str]]:
    """Send a record before a good one, which is stored; return code and pointer of the refusals."""
    answer = machine.send(record, NEIGHBOUR, **DICTIONARIES).json()
    assert (answer["accepted"], HardReset.objects.count()) == (1, 1)
    return [(found["code"], found["pointer"]) for found in answer["refused"]]


def test_every_kind_is_tried() -> None:
    assert set(RECORDS) == {kind.name for kind in kinds.received()}


@pytest.mark.case("data-model.9")
class TestEveryKind:
    @pytest.mark.parametrize("name", sorted(RECORDS))
    def test_of_the_future_is_refused(self, machine: Machine, name: str) -> None:
        time = "bucket" if "bucket" in RECORDS[name] else "occurred_at"

        found = refusals(machine, {**RECORDS[name], time: "2026-03-02T15:00:00Z"})

        assert found == [("in_future", f"/events/0/{time}")]

    @pytest.mark.parametrize(("name", "counter"), list(counters()))
    def test_with_a_negative_counter_is_refused(
        self, machine: Machine, name: str, counter: str
    ) -> None:
        metrics = {**RECORDS[name]["metrics"], counter: {"sum": -1}}

        found = refusals(machine, {**RECORDS[name], "metrics": metrics})

        assert found == [("invalid", f"/events/0/metrics/{counter}/sum")]

    @pytest.mark.parametrize(("name", "field"), list(enumerations()))
    def test_with_an_unknown_word_is_refused(self, machine: Machine, name: str, field: str) -> None:
        fields = {**RECORDS[name]["fields"], field: "tin can"}

        found = refusals(machine, {**RECORDS[name], "fields": fields})

        assert found == [("invalid", f"/events/0/fields/{field}")]
