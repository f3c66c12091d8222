"""Rows past their term are hidden at once, and purged."""

import os
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import DateTimeField
from django.test import Client

from apps.collectors.models import CollectorStub, RefusalCount
from apps.core import clock
from apps.core.scope import Scope
from apps.devices.models import Boot, ClassificationRun, Device, PerformanceSample
from apps.events import ids, kinds, partitions, upkeep
from apps.events.choices import Retention
from apps.events.models import RolledUpDay
from apps.gdpr import terms
from apps.gdpr.choices import RetentionClass
from apps.gdpr.models import RetentionPolicy
from apps.gdpr.upkeep import purge_aged
from apps.users.choices import ChangeReason, LogonType
from apps.users.models import Session, User
from tests.conftest import NOW
from tests.events.rows import add_boot, add_sample
from tests.factories import sessions
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    boot,
    device_of,
    login,
    make_machine,
)
from tests.factories.programs import crash
from tests.factories.sessions import sample
from tests.gdpr.changing import DAY, change

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


def found(client: Client, shown: dict[str, list[Any]]) -> dict[str, list[str]]:
    """Return of each page which texts stand in it."""
    pages = {url: client.get(url).content.decode() for url in shown}
    return {url: [str(t) for t in texts if str(t) in pages[url]] for url, texts in shown.items()}


class TestExpiredRows:
    @pytest.mark.case("data-model.7")
    def test_are_hidden_at_once_and_gone_after_the_purge(
        self, ada_scope: Scope, ben_scope: Scope
    ) -> None:
        device = device_of(make_machine())
        add_boot(occurred_at=NOW - timedelta(days=2, hours=1), device_id=device.pk)
        add_boot(occurred_at=NOW - timedelta(hours=1), device_id=device.pk)
        add_sample(bucket=NOW - timedelta(days=2, hours=1), device_id=device.pk)
        RetentionPolicy.objects.filter(retention_class="operational").update(term=DAY)
        terms.forget()

        assert Boot.objects.permitted_to(ada_scope).count() == 1
        assert PerformanceSample.objects.permitted_to(ada_scope).count() == 0
        assert Boot.objects.permitted_to(ben_scope).count() == 0
        upkeep.rotate_partitions(now=NOW)
        assert Boot.objects.count() == 1

    def test_their_page_is_gone_as_well(self, ada_client: Client) -> None:
        device = device_of(make_machine())
        row = add_boot(occurred_at=NOW - timedelta(days=2), device_id=device.pk)
        moment = int(row.occurred_at.timestamp() * 1_000_000)
        address = f"/admin/devices/boot/{device.pk}-{moment}-{row.pk}/change/"
        before = ada_client.get(address).status_code
        RetentionPolicy.objects.filter(retention_class="operational").update(term=DAY)
        terms.forget()

        assert (before, ada_client.get(address).status_code) == (200, 404)

    def test_are_on_no_page_of_a_device_user_or_session(self, ada_client: Client) -> None:
        machine = make_machine()
        machine.send(
            login("2026-02-28T10:00:00Z", session_id="closed", logon_type="cached"),
            sessions.change("connect", "2026-02-28T10:30:00Z", client_name="adas-tablet"),
            sessions.change("logout", "2026-02-28T11:00:00Z"),
            sample("2026-02-28T10:45:00Z", user_interaction_time_ms=77_000),
            sessions.change("lock", "2026-02-28T10:00:00Z", session_id="open", reason="idle"),
            sample("2026-03-02T11:00:00Z", session_id="open"),
            crash("2026-02-28T10:20:00Z", error_code="SIGOLD"),
            users=ADA_ROSSI,
            binaries=SOFFICE,
        )
        shown: dict[str, list[Any]] = {
            f"/admin/devices/device/{device_of(machine).pk}/change/": [
                "SIGOLD",
                "adas-tablet",
                LogonType.CACHED.label,
            ],
            f"/admin/users/user/{User.objects.get().pk}/change/": [
                "adas-tablet",
                LogonType.CACHED.label,
                "1 min 17 s",
            ],
            f"/admin/users/session/{Session.objects.get(session_id='open').pk}/change/": [
                ChangeReason.IDLE.label
            ],
        }

        before = found(ada_client, shown)
        short = ["operational", "highres", "highres_detail"]
        RetentionPolicy.objects.filter(retention_class__in=short).update(term=DAY)
        terms.forget()

        assert before == {url: [str(text) for text in texts] for url, texts in shown.items()}
        assert not any(found(ada_client, shown).values())

    def test_are_refused_at_the_door(self) -> None:
        machine = make_machine()
        RetentionPolicy.objects.filter(retention_class="operational").update(term=DAY)
        terms.forget()

        answer = machine.send(boot("2026-03-01T11:59:59Z"), boot("2026-03-01T12:00:01Z"))

        assert [refusal["code"] for refusal in answer.json()["refused"]] == ["too_old"]

    @pytest.mark.case("privacy.8")
    def test_of_a_shortened_class_go_a_day_later(
        self, settings: Any, ada_scope: Scope, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.DEX_PARTITION_DAYS_BEHIND = 10
        partitions.apply(partitions.Plan(creations=partitions.make_plan(now=NOW).creations))
        device = device_of(make_machine())
        long_ago = NOW - 8 * DAY  # and silent since
        Device.objects.update(first_seen_at=long_ago, last_seen_at=long_ago)
        for days_ago in (8, 5):
            add_boot(occurred_at=NOW - days_ago * DAY, device_id=device.pk)
        weeks = {"operational": 7, "highres": 7, "highres_detail": 7}

        def shown() -> list[int]:
            upkeep.rotate_partitions(now=clock.now())
            seen = Boot.objects.permitted_to(ada_scope).order_by("occurred_at")
            assert len(seen) == Boot.objects.count()
            return [(NOW - boot.occurred_at).days for boot in seen]

        change({RetentionClass(name): number for name, number in weeks.items()})
        before = shown()
        monkeypatch.setattr("apps.core.clock.now", lambda: NOW + DAY)

        assert (before, shown()) == ([8, 5], [5])


@pytest.mark.case("data-model.7")
class TestEveryClass:
    """One row of each table that ages, one day older than its term."""

    @pytest.mark.parametrize(
        ("model", "kept"),
        list(kinds.event_models()),
        ids=lambda value: getattr(value, "__name__", ""),
    )
    def test_hides_rows_of_event_tables(
        self, model: Any, kept: Retention, ada_scope: Scope
    ) -> None:
        RetentionPolicy.objects.filter(retention_class=kept.value).update(term=DAY)
        terms.forget()
        device = device_of(make_machine())
        for moment in (NOW - DAY - timedelta(seconds=1), NOW - DAY / 2):
            add_row(model, moment, device.pk)

        kept_rows = model.objects.permitted_to(ada_scope)

        assert (model.objects.count(), kept_rows.count()) == (2, 1)

    @pytest.mark.parametrize(
        "model",
        [model for model, kept in kinds.event_models() if kept != Retention.DAILY],
        ids=lambda model: model.__name__,
    )
    def test_purges_days_of_event_tables(self, model: Any) -> None:
        short = ["operational", "highres", "highres_detail", "realtime"]
        RetentionPolicy.objects.filter(retention_class__in=short).update(term=DAY)
        terms.forget()
        RolledUpDay.objects.create(day=(NOW - DAY).date(), rolled_up_at=NOW)
        for moment in (NOW - 2 * DAY, NOW - DAY / 2):
            add_row(model, moment, 7)

        upkeep.rotate_partitions(now=NOW)

        assert getattr(model.objects.get(), model.TIME_FIELD) == NOW - DAY / 2

    @pytest.mark.parametrize("kind", list(kinds.sampled()), ids=lambda kind: kind.name)
    def test_purges_days_of_a_month_that_is_kept_still(self, kind: kinds.SampledKind) -> None:
        RetentionPolicy.objects.filter(retention_class="daily").update(term=DAY)
        terms.forget()
        model: Any = kind.daily_model
        for moment in (NOW - DAY - timedelta(hours=1), NOW - DAY / 2):
            add_row(model, moment, 7)

        run = purge_aged(now=NOW)

        assert model.objects.get().bucket == NOW - DAY / 2
        assert run is not None
        assert run.counts["daily_rows_aged"] == 1

    @pytest.mark.case("data-model.7")
    def test_removes_log_files_of_old_days(self, tmp_path: Path, settings: Any) -> None:
        settings.DEX_LOG_FOLDER = tmp_path
        for name, age in (("web.jsonl", 0), ("web.jsonl.1", 6), ("web.jsonl.2", 8)):
            (tmp_path / name).touch()
            moment = (NOW + DAY - age * DAY).timestamp()
            os.utime(tmp_path / name, (moment, moment))
        change({RetentionClass.LOGS: 7})

        run = purge_aged(now=NOW + DAY)

        assert {file.name for file in tmp_path.iterdir()} == {"web.jsonl", "web.jsonl.1"}
        assert run is not None
        assert run.counts["log_files"] == 1

    def test_bears_a_log_file_that_is_renamed_meanwhile(
        self, tmp_path: Path, settings: Any
    ) -> None:
        settings.DEX_LOG_FOLDER = tmp_path
        (tmp_path / "web.jsonl.1").symlink_to(tmp_path / "gone")

        run = purge_aged(now=NOW)

        assert run is not None
        assert run.counts["log_files"] == 0

    def test_hides_and_purges_counts(self, ada_scope: Scope) -> None:
        device = device_of(make_machine())
        for days_ago in (29, 31):
            RefusalCount.objects.create(
                device=device,
                origin="refused",
                kind="x",
                code="y",
                day=(NOW - days_ago * DAY).date(),
            )

        shown = RefusalCount.objects.permitted_to(ada_scope).count()
        run = purge_aged(now=NOW)

        assert (shown, RefusalCount.objects.count()) == (1, 1)
        assert run is not None
        assert run.counts["rows_aged"] == 1

    def test_hides_and_purges_sessions_by_their_end(self, ada_scope: Scope) -> None:
        device = device_of(make_machine())
        for number, end in enumerate([NOW - 31 * DAY, NOW - 29 * DAY, None]):
            Session.objects.create(
                device=device,
                session_id=str(number),
                start_time_at=NOW - 40 * DAY,
                end_time_at=end,
                state_at=NOW - 40 * DAY,
                seen_at=NOW,
            )

        shown = {row.session_id for row in Session.objects.permitted_to(ada_scope)}
        purge_aged(now=NOW)

        assert shown == {"1", "2"}
        assert set(Session.objects.values_list("session_id", flat=True)) == {"1", "2"}

    def test_purges_runs_over_the_fleet_by_their_end(self) -> None:
        ends = [NOW - 31 * DAY, NOW - 29 * DAY, None]
        ClassificationRun.objects.bulk_create(
            ClassificationRun(created_at=NOW - 40 * DAY, finished_at=end) for end in ends
        )

        purge_aged(now=NOW)

        assert [run.finished_at for run in ClassificationRun.objects.order_by("pk")] == ends[1:]

    def test_purges_stubs(self) -> None:
        for number, days_ago in enumerate((399, 401)):
            CollectorStub.objects.create(
                collector_uid=uuid4(),
                public_key=bytes([number]) * 32,
                state="expired",
                day=(NOW - days_ago * DAY).date(),
            )

        purge_aged(now=NOW)

        assert CollectorStub.objects.get().public_key[0] == 0

    def test_drops_sealed_days_of_the_audit_log(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[date] = []

        def drop_before(day: date) -> list[str]:
            asked.append(day)
            return []

        monkeypatch.setattr("apps.audit.partitions.drop_before", drop_before)

        purge_aged(now=NOW)

        assert asked == [(NOW - 180 * DAY).date()]


def add_row(model: Any, moment: datetime, device_id: int) -> None:
    """Add a row with nothing in it but its time and device."""
    values: dict[str, Any] = {
        "id": ids.draw(1)[0],
        model.TIME_FIELD: moment,
        "device_id": device_id,
    }
    for field in model._meta.concrete_fields:
        is_open = field.attname not in values and field.name not in values
        if is_open and not field.null and not field.has_default() and not field.has_db_default():
            values[field.attname] = (
                1 if field.is_relation or "Integer" in type(field).__name__ else ""
            )
            if isinstance(field, DateTimeField):
                values[field.attname] = moment
    model.objects.create(**values)
