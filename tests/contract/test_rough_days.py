"""Losses, refusals, restores, wrong clocks, clones and returns: the real collector, the real views."""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.collectors.collector_api.views import spread_of
from apps.collectors.models import (
    Collector,
    CollectorEvent,
    CollectorStub,
    EnrolmentKey,
    RefusalCount,
)
from apps.collectors.services import enrolment
from apps.core import clock as server_clock
from apps.core.models import Instance
from apps.devices.models import Boot, Device
from apps.events.models import ReceivedBatch
from apps.gdpr.upkeep import purge_inventory
from dex_collector.clock import to_text
from dex_collector.daemon import Daemon, Settings
from dex_collector.patience import Patience
from dex_collector.probes.base import Context, Output, Probe
from dex_collector.reports import Cost
from dex_collector.spool import Limits
from dex_collector.transport import Answer, NetworkError
from tests.collector.conftest import copy_machine, run
from tests.collector.fakes import NOON, FakeClock
from tests.contract.test_collector import ViewTransport, booted, doors
from tests.factories.collectors import configure, make_key

pytestmark = pytest.mark.django_db

BOOTS = "device_performance.boots"
Start = Callable[..., Daemon]


class Line(ViewTransport):
    """A way to the views that may be cut."""

    is_cut = False

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        if self.is_cut:
            raise NetworkError("the server cannot be reached")
        return super().request(method, path, body, headers)


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the device."""
    return FakeClock()


@pytest.fixture
def start(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start the collector of the laptop; both sides share the clock, unless a test parts them."""
    monkeypatch.setattr(server_clock, "now", clock.now)
    monkeypatch.setattr("dex_collector.daemon.Transport", lambda url, ca_file: Line())
    configure()
    root = booted(copy_machine("laptop", tmp_path / "root"))
    key_file = tmp_path / "key"
    key_file.write_text(make_key())
    daemons: list[Daemon] = []

    def make(read_cost: Callable[[], Cost] | None = None, **changes: Any) -> Daemon:
        probes = changes.pop("probes", ())
        plain: dict[str, Any] = {"state": tmp_path / "state", "root": root, "key_file": key_file}
        settings = Settings(**({"server": "https://dex.example"} | plain | changes))
        cost = read_cost or (lambda: Cost(0.0, clock.monotonic(), 30_000_000))
        daemons.append(Daemon(settings, clock, random.Random(7), probes, cost))
        return daemons[-1]

    yield make
    for daemon in daemons:
        with suppress(sqlite3.ProgrammingError, OSError):  # its test may have closed it
            daemon.close()


def boot(occurred_at: datetime, **fields: Any) -> dict[str, Any]:
    return {"kind": BOOTS, "occurred_at": to_text(occurred_at), "fields": fields}


def cut(daemon: Daemon, *, is_cut: bool) -> None:
    line: Any = daemon.link.transport
    line.is_cut = is_cut


def send(daemon: Daemon, clock: FakeClock, *records: dict[str, Any]) -> None:
    daemon.spool.add(list(records), clock.now())
    daemon.turn()


class TestKeys:
    @pytest.mark.case("collector.2")
    @pytest.mark.parametrize(
        ("state", "words"),
        [
            ({"expires_at": NOON - timedelta(days=1)}, "has expired"),
            ({"maximum_uses": 0}, "used as often as it may be"),
            ({"revoked_at": NOON - timedelta(days=1)}, "was revoked"),
            ({"platforms": ["windows"]}, "for another platform"),
        ],
        ids=["expired", "exhausted", "revoked", "platform"],
    )
    def test_that_are_no_good_are_named_and_tried_once_in_15_minutes(
        self, start: Start, clock: FakeClock, state: dict[str, Any], words: str
    ) -> None:
        EnrolmentKey.objects.update(**state)
        daemon = start()

        run(daemon, clock, seconds=1_770, every=30)

        answers = [answer for path, answer in doors(daemon).answers if path == "enrol"]
        assert [answer.status for answer in answers] == [403, 403]
        assert words in str(daemon.spool.read("not_sending"))
        assert not Device.objects.exists()


class TestToken:
    @pytest.mark.parametrize("days", [16, 40], ids=["past half of its life", "past its life"])
    def test_is_renewed_by_the_device_key(self, start: Start, clock: FakeClock, days: int) -> None:
        daemon = start()
        daemon.step()
        before = daemon.link.enrolled.token

        clock.advance(days * 86_400)
        daemon.step()

        assert daemon.link.enrolled.token not in {None, before}
        assert daemon.link.enrolled.refused_at is None
        daemon.check_in()
        assert daemon.link.enrolled.refused_at is None
        assert Collector.objects.get().last_contact_at == clock.now()

    def test_that_was_revoked_ends_the_measuring_after_a_day(
        self, start: Start, clock: FakeClock, ada: Account
    ) -> None:
        daemon = start()
        daemon.step()
        enrolment.revoke(collector=Collector.objects.get(), actor=ada, now=clock.now())
        clock.advance(700)
        daemon.step()
        refused, measures = daemon.link.enrolled.refused_at, daemon._may_measure()

        clock.advance(24 * 3_600)

        assert (refused is not None, measures) == (True, True)
        assert not daemon._may_measure()
        assert "an administrator has revoked this collector" in daemon.spool.read("not_sending")


class TestOpenPage:
    @pytest.mark.case("collector.24")
    def test_has_what_waits_after_the_next_check_in(
        self, start: Start, clock: FakeClock, ada_client: Client
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=60, every=10)
        daemon.spool.add([boot(NOON)], clock.now())
        daemon.step()
        before = Boot.objects.count()

        ada_client.get(f"/admin/devices/device/{Device.objects.get().pk}/change/")
        daemon.check_in()
        daemon.step()

        assert (before, Boot.objects.count()) == (0, 1)


class TestLosses:
    @pytest.mark.case("collector.5")
    def test_of_three_days_are_counted_exactly_and_shown(
        self, start: Start, clock: FakeClock, ada_client: Client
    ) -> None:
        clock.set_wall(NOON - timedelta(days=3))
        daemon = start(limits=Limits(bytes_maximum=8_000, low_disk_bytes=0))
        daemon.step()
        cut(daemon, is_cut=True)
        for _ in range(72):
            moment = clock.now()
            daemon.spool.add(
                [boot(moment + timedelta(seconds=n), duration_ms=n) for n in range(12)], moment
            )
            clock.advance(3_600)
            daemon.step()
        cut(daemon, is_cut=False)

        run(daemon, clock, seconds=2 * 3_600, every=60)

        arrived = Boot.objects.count()
        missing = 72 * 12 - arrived
        assert arrived > 0
        assert missing > 0
        assert daemon.spool.lost()[BOOTS] == missing
        assert Collector.objects.for_request().get().lost_records == daemon.spool.lost()
        assert RefusalCount.objects.get(origin="collector", kind=BOOTS).number == missing
        assert "records dropped" in own_events(ada_client)


class TestRefusals:
    @pytest.mark.case("collector.7")
    def test_of_one_record_leave_its_neighbours(self, start: Start, clock: FakeClock) -> None:
        daemon = start()
        daemon.step()
        hour = NOON - timedelta(hours=1)

        send(
            daemon, clock, boot(hour), boot(hour, duration_ms=-1), boot(hour + timedelta(minutes=1))
        )
        send(daemon, clock, boot(hour + timedelta(minutes=2)))

        assert Boot.objects.count() == 3
        rows = daemon.spool._db.execute("SELECT code, pointer FROM quarantine").fetchall()
        [(code, pointer)] = [tuple(row) for row in rows]
        assert (code, pointer.rpartition("/")[2]) == ("invalid", "duration_ms")
        assert daemon.spool.read("counters")["records_refused"] == 1

    @pytest.mark.case("collector.23")
    def test_of_what_postgresql_cannot_hold_name_each_and_the_next_batch_goes(
        self, start: Start, clock: FakeClock
    ) -> None:
        daemon = start()
        daemon.step()
        hour = NOON - timedelta(hours=1)
        good = [boot(hour + timedelta(minutes=n)) for n in range(3)]
        login = {
            "kind": "session.logins",
            "occurred_at": to_text(hour),
            "user": {"name": r"office\ada", "type": "local_user"},
            "fields": {"session_id": "a\x00b"},
        }
        address = {
            "kind": "connectivity.events",
            "bucket": to_text(hour),
            "bucket_s": 300,
            "fields": {"local_ip": "999.1.1.1"},
            "metrics": {"connected_duration_ms": {"sum": 1}},
        }

        send(
            daemon, clock, good[0], login, good[1], boot(hour, duration_ms=2**70), address, good[2]
        )
        send(daemon, clock, boot(NOON))

        assert Boot.objects.count() == 4
        rows = daemon.spool._db.execute("SELECT pointer FROM quarantine").fetchall()
        assert {pointer.rpartition("/")[2] for (pointer,) in rows} == {
            "session_id", "duration_ms", "local_ip",
        }  # fmt: skip
        assert doors(daemon).statuses("events") == {202}


class TestRestoredServer:
    @pytest.mark.case("collector.22")
    def test_has_every_row_once_though_half_of_it_was_known(
        self, start: Start, clock: FakeClock
    ) -> None:
        daemon = start()
        daemon.step()
        moments = [NOON - timedelta(minutes=n) for n in (4, 3, 2, 1)]
        for moment in moments:
            send(daemon, clock, boot(moment))
        lost = moments[2:]
        kept = ReceivedBatch.objects.order_by("sequence").values_list("sequence", flat=True)[:3]
        ReceivedBatch.objects.exclude(sequence__in=list(kept)).delete()
        Boot.objects.filter(occurred_at__in=lost).delete()
        instance = Instance.objects.current()
        Instance.objects.update(generation=instance.generation + 1)
        Instance.objects.forget()

        daemon.check_in()
        daemon.step()
        daemon.step()

        assert sorted(Boot.objects.values_list("occurred_at", flat=True)) == sorted(moments)
        assert doors(daemon).statuses("events") == {202}


class TestWrongClock:
    @pytest.mark.case("collector.16")
    def test_tells_at_true_times_and_the_device_is_marked(
        self, start: Start, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, ada_client: Client
    ) -> None:
        true = FakeClock()
        monkeypatch.setattr(server_clock, "now", true.now)
        clock.set_wall(NOON - timedelta(days=2))
        daemon = start()
        daemon.step()

        send(daemon, clock, boot(clock.now() - timedelta(hours=1)))
        for _ in range(40):  # until the own health is told, and sent
            clock.advance(60)
            true.advance(60)
            daemon.step()

        assert Boot.objects.get().occurred_at == NOON - timedelta(hours=1)
        offset = timedelta(milliseconds=Collector.objects.get().clock_offset_ms)
        assert offset == timedelta(days=2)
        skew = CollectorEvent.objects.get(type="clock_skew")
        assert NOON < skew.occurred_at <= true.now()
        assert Device.objects.get().last_seen_at > NOON
        assert skew.get_type_display() in own_events(ada_client)


class TestShedding:
    @pytest.mark.case("collector.14")
    def test_and_recovery_are_on_the_page_of_the_device(
        self, start: Start, clock: FakeClock, ada_client: Client
    ) -> None:
        spent = [0.0]

        def read(context: Context) -> list[Output]:
            return []

        dear = Probe("packages", 30, 2, (), lambda: read)
        daemon = start(
            probes=(dear,), read_cost=lambda: Cost(spent[0], clock.monotonic(), 30_000_000)
        )

        def pass_minutes(minutes: int, share: float) -> None:
            for _ in range(2 * minutes):
                spent[0] += 30 * share
                clock.advance(30)
                daemon.step()

        pass_minutes(12, share=0.02)
        pass_minutes(120, share=0.0)
        daemon.turn()

        events = CollectorEvent.objects.filter(type__startswith="probe_").order_by("occurred_at")
        types = list(events.values_list("type", flat=True))
        assert types == ["probe_slowed", "probe_disabled", "probe_restored", "probe_restored"]
        page = own_events(ada_client)
        assert "probe slowed down" in page
        assert "now each 60 s" in page
        assert "not read for now" in page
        assert "all probes: read as often as before" in page


class TestClone:
    @pytest.mark.case("collector.15")
    def test_becomes_a_device_of_its_own_and_the_first_keeps_its_history(
        self, start: Start, clock: FakeClock, tmp_path: Path
    ) -> None:
        first = start()
        first.step()
        send(first, clock, boot(NOON - timedelta(hours=1)))
        first.close()
        shutil.copytree(tmp_path / "state", tmp_path / "copied")
        (tmp_path / "copied").chmod(0o700)
        other = booted(copy_machine("server", tmp_path / "other"))

        clone = start(state=tmp_path / "copied", root=other, key_file=None)
        run(clock=clock, daemon=clone, seconds=60)
        send(clone, clock, boot(NOON - timedelta(minutes=30)))
        again = start(key_file=None)
        again.step()
        send(again, clock, boot(NOON - timedelta(minutes=10)))

        old, new = Device.objects.order_by("pk")
        assert Boot.objects.filter(device=old).count() == 2
        assert [one.occurred_at for one in Boot.objects.filter(device=new)] == [
            NOON - timedelta(minutes=30)
        ]


class TestBackFromLeave:
    @pytest.mark.case("collector.21")
    def test_enrols_anew_without_help_and_without_history(
        self, start: Start, clock: FakeClock, tmp_path: Path
    ) -> None:
        daemon = start()
        daemon.step()
        send(daemon, clock, boot(NOON - timedelta(hours=1)))
        daemon.close()
        before = Device.objects.get().uid
        clock.advance(91 * 86_400)
        purge_inventory(now=clock.now())
        gone = (Device.objects.count(), CollectorStub.objects.count())

        back = start(key_file=None)
        back.spool.add([boot(NOON)], clock.now())
        run(back, clock, seconds=120)

        assert gone == (0, 1)
        assert Device.objects.get().uid != before
        assert not Boot.objects.exists()
        assert back.link.enrolled.device_id == str(Device.objects.get().uid)


class TestFleet:
    @pytest.mark.case("collector.6")
    def test_of_1000_collectors_sent_away_at_once_comes_back_over_20_seconds(self) -> None:
        returns = []
        for number in range(1_000):
            patience = Patience(random.Random(number))
            patience.obey(0.0, NOON, str(30 + spread_of(f"device {number}")), "busy")
            returns.append(patience.remaining(0.0))

        assert min(returns) >= 30
        assert max(returns) - min(returns) >= 20
        busiest = max(sum(1 for at in returns if second <= at < second + 1) for second in range(90))
        assert busiest < 100


def own_events(client: Client) -> str:
    """Return what the page of the device tells of its collector's own events."""
    url = f"/admin/devices/device/{Device.objects.get().pk}/change/"
    page = client.get(url).content.decode()
    return page.split('id="collector-events"')[1].split("</section>")[0]
