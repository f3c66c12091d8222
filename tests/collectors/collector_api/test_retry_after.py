"""When a collector that was sent away comes back."""

from datetime import datetime
from typing import Any

import pytest
from django.db import OperationalError

from apps.collectors.collector_api.views import SPREAD_SECONDS, spread_of
from tests.factories.collectors import (
    Machine,
    boot,
    collector_of,
    make_machine,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


@pytest.fixture
def machine(db: None, fixed_clock: datetime) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


class TestRetryAfter:
    @pytest.mark.case("collector.6")
    def test_spreads_a_fleet_over_twenty_seconds(self) -> None:
        delays = [spread_of(f"device {number}") for number in range(1_000)]

        assert (min(delays), max(delays)) == (0, SPREAD_SECONDS)
        assert SPREAD_SECONDS >= 20
        assert max(delays.count(second) for second in range(SPREAD_SECONDS + 1)) < 100

    @pytest.mark.case("collector.6")
    def test_is_the_same_for_one_device(self, machine: Machine) -> None:
        [machine.check_in() for _ in range(6)]

        answers = [machine.check_in() for _ in range(2)]

        assert [answer.status_code for answer in answers] == [429, 429]
        assert answers[0]["Retry-After"] == answers[1]["Retry-After"]
        assert int(answers[0]["Retry-After"]) >= 1 + spread_of(str(collector_of(machine).uid))

    def test_is_given_where_the_database_is_away(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_args: Any, **_options: Any) -> None:
            raise OperationalError

        monkeypatch.setattr("apps.collectors.authentication.authenticated", away)

        response = machine.send(boot())

        assert response.status_code == 503
        assert int(response["Retry-After"]) >= 30

    @pytest.mark.parametrize(("free", "status"), [(10**9 - 1, 503), (2 * 10**9, 202)])
    def test_is_given_where_the_disk_is_nearly_full(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch, free: int, status: int
    ) -> None:
        from shutil import _ntuple_diskusage as usage  # type: ignore[attr-defined]

        disk = usage(total=10**10, used=10**10 - free, free=free)
        monkeypatch.setattr("shutil.disk_usage", lambda _path: disk)

        assert machine.send(boot()).status_code == status
