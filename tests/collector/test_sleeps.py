"""Sleep of the machine, as its clocks and logind tell."""

import pytest

from dex_collector.probes.base import Context
from dex_collector.probes.sleeps_linux import SleepReader
from tests.collector.conftest import configuration
from tests.collector.fakes import NOON
from tests.collector.watching import Watch
from tests.fakes.bus import wait_for
from tests.fakes.logind import FakeLogind, Person

ADA = Person(1000, "ada")


class TestSleep:
    @pytest.mark.case("collector.11")
    def test_is_one_event_that_begins_when_it_was_announced(
        self, logind: FakeLogind, watch: Watch
    ) -> None:
        reader = SleepReader(watch.clock.monotonic)
        logind.add("1", ADA, NOON, type_="tty")
        watch.reader.rest()
        watch.read()
        reader(sleep_context(watch))
        watch.clock.advance(12)
        began_at = watch.clock.now()
        logind.sleep(begins=True)
        hear(reader, 1)
        watch.clock.sleep(3_600)
        logind.sleep(begins=False)
        hear(reader, 2)
        watch.clock.advance(3)

        facts = reader(sleep_context(watch))
        watch.read()

        assert [(one.occurred_at, one.fields) for one in facts] == [
            (began_at, {"duration_ms": 3_600_000})
        ]
        assert watch.kinds == ["session.logins"]
        assert reader(sleep_context(watch)) == []

    def test_that_did_not_come_is_none(self, logind: FakeLogind, watch: Watch) -> None:
        reader = SleepReader(watch.clock.monotonic)
        reader(sleep_context(watch))
        logind.sleep(begins=True)
        logind.sleep(begins=False)
        hear(reader, 2)
        watch.clock.advance(30)
        before = reader(sleep_context(watch))
        later = watch.clock.now()
        watch.clock.sleep(60)

        (fact,) = reader(sleep_context(watch))

        assert before == []
        assert fact.occurred_at == later


def sleep_context(watch: Watch) -> Context:
    clock = watch.clock
    return Context(watch.root, clock.now(), clock.monotonic(), configuration(), awake=clock.awake())


def hear(reader: SleepReader, number: int) -> None:
    heard = reader._announcements._logind._bus._signals
    wait_for(lambda: sum(one.member == "PrepareForSleep" for one in heard) >= number)
