"""Remote sessions: only where their switch is on, which no preset has."""

from typing import Any

import pytest

from apps.collectors.models import RefusalCount
from apps.collectors.switches import PRESETS
from apps.events import kinds, retention
from apps.events.choices import Retention
from apps.events.kinds import SampledKind
from apps.users.models import Session, VdiRealtime, VdiSample, VdiSession
from tests.conftest import NOW
from tests.factories.collectors import ADA_ROSSI, configure, make_machine
from tests.factories.sessions import LATENCY, SESSION, at, text, vdi, vdi_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

ALL = [vdi_session(at(9)), vdi(at(9)), vdi(at(9), seconds=30)]
MODELS = (VdiSession, VdiSample, VdiRealtime)
VIRTUAL = "virtual_session_metrics"


def send(*records: dict[str, Any]) -> Any:
    """Send records from a new machine."""
    return make_machine().send(*records, users=ADA_ROSSI).json()


class TestSwitchOn:
    def test_stores_a_session_with_its_client(self) -> None:
        configure(virtual_session_metrics="on", local_addresses="prefix")

        send(
            vdi_session(
                at(9),
                end_time_at=at(10),
                client_name="tablet",
                client_ip="10.1.2.3",
                client_version="24.3.1",
                desktop_pool="Finance",
                broker="citrix_daas",
            )
        )

        row = VdiSession.objects.get()
        assert text(row.occurred_at) == at(9)
        assert row.end_time_at is not None
        assert text(row.end_time_at) == at(10)
        assert (row.client_name, row.client_ip, row.broker) == ("tablet", "10.1.2.0", "citrix_daas")
        assert row.client_version == "24.3.1"
        assert row.client_version_key is not None
        assert row.client_version_key[:3] == [24, 3, 1]

    @pytest.mark.case("collector.16")
    def test_ends_a_session_by_a_clock_that_is_right(self) -> None:
        configure(virtual_session_metrics="on")

        make_machine().send(
            vdi_session("2026-02-28T10:00:00Z", end_time_at="2026-02-28T11:00:00Z"),
            users=ADA_ROSSI,
            device_clock="2026-02-28T12:00:00Z",
        )

        row = VdiSession.objects.get()
        assert (row.occurred_at.day, row.end_time_at.day) == (2, 2)  # type: ignore[union-attr]

    def test_takes_no_key_of_a_version_from_outside(self) -> None:
        configure(virtual_session_metrics="on")

        answer = send(vdi_session(at(9), client_version_key=[9]))

        assert [entry["code"] for entry in answer["refused"]] == ["invalid"]

    def test_stores_figures_of_5_minutes_and_of_30_seconds(self) -> None:
        configure(virtual_session_metrics="on")
        metrics: dict[str, Any] = {
            "round_trip_time_ms": LATENCY,
            "user_input_delay_ms": LATENCY,
            "frame_rate_per_s": LATENCY,
            "bandwidth_in_bps": {"sum": 3, "count": 1, "min": 3, "max": 3},
        }

        send(vdi(at(9), **metrics), vdi(at(9), seconds=30, **metrics))

        for row in (VdiSample.objects.get(), VdiRealtime.objects.get()):
            assert (row.session_id, row.round_trip_time_ms_sum) == (SESSION, 60.0)
            assert (row.frame_rate_per_s_max, row.bandwidth_in_bps_sum) == (30.0, 3)

    def test_makes_no_session_of_ours(self) -> None:
        configure(virtual_session_metrics="on")

        send(*ALL)

        assert not Session.objects.exists()


@pytest.mark.case("data-model.5")
@pytest.mark.case("data-model.6")
@pytest.mark.case("privacy.24")
class TestSwitchOff:
    @pytest.mark.parametrize("preset", sorted(PRESETS))
    def test_is_what_presets_have(self, preset: str) -> None:
        assert PRESETS[preset][VIRTUAL] == "off"

    def test_stores_nothing_and_counts(self) -> None:
        send(*ALL)

        assert [model.objects.exists() for model in MODELS] == [False] * 3
        lost = {(row.kind, row.code): row.number for row in RefusalCount.objects.all()}
        assert lost == {
            ("session.vdi_sessions", VIRTUAL): 1,
            ("session.vdi_events", VIRTUAL): 1,
            ("session.vdi_realtime", VIRTUAL): 1,
        }

    def test_leaves_no_row_about_a_person_finer_than_a_quarter_of_an_hour(self) -> None:
        finer = [
            kind
            for kind in kinds.registered()
            if isinstance(kind, SampledKind)
            and "user" in kind.dimensions
            and kind.bucket_seconds < 900
        ]

        assert {kind.name for kind in finer} == {"session.vdi_events", "session.vdi_realtime"}
        assert {kind.switch for kind in finer} == {VIRTUAL}


class TestRealtime:
    def test_is_kept_for_two_days(self) -> None:
        found = kinds.find("session.vdi_realtime")

        assert found is not None
        assert found.retention is Retention.REALTIME
        assert (NOW - retention.oldest_kept(Retention.REALTIME, NOW)).days == 2

    def test_is_never_rolled_up(self) -> None:
        assert "session.vdi_realtime" not in {kind.name for kind in kinds.sampled()}

    def test_has_partitions(self) -> None:
        configure(virtual_session_metrics="on")

        send(vdi(at(0), seconds=30), vdi("2026-03-01T00:00:30Z", seconds=30))

        assert VdiRealtime.objects.count() == 2

    def test_that_is_older_is_refused(self) -> None:
        configure(virtual_session_metrics="on")

        answer = send(vdi("2026-02-28T11:59:30Z", seconds=30))

        assert [entry["code"] for entry in answer["refused"]] == ["too_old"]
