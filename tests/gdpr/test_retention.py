"""How long rows are kept: rules of the set, the day before a shorter term, what is hidden."""

import os
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import DateTimeField
from django.test import Client

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.collectors.models import CollectorStub, RefusalCount
from apps.core import clock
from apps.core.approvals import services as approvals
from apps.core.approvals.models import Approval
from apps.core.scope import Scope
from apps.devices.models import Boot, ClassificationRun, Device, PerformanceSample
from apps.events import ids, kinds, partitions, retention, upkeep
from apps.events.choices import Retention
from apps.events.models import RolledUpDay
from apps.gdpr import preview, rules, terms
from apps.gdpr.choices import RetentionClass
from apps.gdpr.models import RetentionChange, RetentionPolicy
from apps.gdpr.rules import RULES, Conflict, OutOfRange
from apps.gdpr.services.retention import Changed, change_terms
from apps.gdpr.upkeep import purge_aged
from apps.users.choices import ChangeReason, LogonType
from apps.users.models import Session, User
from tests.conftest import NOW
from tests.events.rows import add_boot, add_sample
from tests.factories import sessions
from tests.factories.accounts import make_account, make_profile
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

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

DAY = timedelta(days=1)
URL = "/admin/gdpr/retentionpolicy/"
TERMS_URL = f"{URL}terms/"


def change(days: dict[RetentionClass, int], now: datetime = NOW) -> Changed:
    """Have somebody change terms given in days."""
    wanted = {name: number * DAY for name, number in days.items()}
    changed = change_terms(wanted=wanted, actor=somebody(), now=now)
    terms.forget()  # as after the commit
    return changed


def somebody() -> Account:
    """Return an administrator."""
    known = Account.objects.filter(login="eve").first()
    return known or make_account("eve", kind="administrator")


def found(client: Client, shown: dict[str, list[Any]]) -> dict[str, list[str]]:
    """Return of each page which texts stand in it."""
    pages = {url: client.get(url).content.decode() for url in shown}
    return {url: [str(t) for t in texts if str(t) in pages[url]] for url, texts in shown.items()}


def days(name: str, now: datetime = NOW) -> float:
    """Return the term that holds, in days."""
    return terms.term(name, now) / DAY


class TestRules:
    def test_every_class_of_event_tables_has_one(self) -> None:
        assert set(retention.DEFAULT_DAYS) <= {name.value for name in RULES}
        assert {kept.value for kept in Retention} <= {name.value for name in RULES}

    def test_shipped_terms_are_those_of_the_machinery(self) -> None:
        shipped = {
            name: RULES[RetentionClass(name)].default / DAY for name in retention.DEFAULT_DAYS
        }

        assert shipped == retention.DEFAULT_DAYS

    def test_shipped_terms_obey_the_rules(self) -> None:
        rules.check({name: rule.default for name, rule in RULES.items()})

    @pytest.mark.parametrize(
        ("name", "term"),
        [
            (RetentionClass.INVENTORY, 31 * DAY),
            (RetentionClass.OPERATIONAL, 0 * DAY),
            (RetentionClass.HIGHRES_DETAIL, 31 * DAY),
            (RetentionClass.REALTIME, 3 * DAY),
            (RetentionClass.REALTIME, timedelta(minutes=90)),
            (RetentionClass.DAILY, 397 * DAY),
            (RetentionClass.DAILY_PERSON, 29 * DAY),
            (RetentionClass.SECURITY, 179 * DAY),
            (RetentionClass.STUB, 401 * DAY),
        ],
    )
    def test_refuses_a_term_out_of_range(self, name: RetentionClass, term: timedelta) -> None:
        with pytest.raises(OutOfRange) as refused:
            change_terms(wanted={name: term}, actor=somebody(), now=NOW)

        assert refused.value.code == "retention_out_of_range"
        assert str(name.label) in str(refused.value)

    @pytest.mark.parametrize(
        ("name", "number", "bound"),
        [
            (RetentionClass.OPERATIONAL, 91, RetentionClass.INVENTORY),
            (RetentionClass.HIGHRES, 31, RetentionClass.OPERATIONAL),
            (RetentionClass.DAILY_PERSON, 397 - 1, RetentionClass.DAILY),
        ],
    )
    def test_refuses_a_class_that_outlives_another(
        self, name: RetentionClass, number: int, bound: RetentionClass
    ) -> None:
        change({RetentionClass.DAILY: 100})

        with pytest.raises(Conflict) as refused:
            change_terms(wanted={name: number * DAY}, actor=somebody(), now=NOW)

        assert refused.value.code == "retention_conflict"
        assert str(name.label) in str(refused.value)
        assert str(bound.label) in str(refused.value)

    def test_refuses_the_whole_set_for_one(self) -> None:
        with pytest.raises(Conflict):
            change({RetentionClass.OPERATIONAL: 10, RetentionClass.DAILY: 200})

        assert days("daily") == 396

    def test_counts_what_waits(self) -> None:
        change({RetentionClass.OPERATIONAL: 7, RetentionClass.HIGHRES: 7, "highres_detail": 7})  # type: ignore[dict-item]

        with pytest.raises(Conflict):
            change({RetentionClass.HIGHRES: 8})


class TestChangeTerms:
    def test_waits_a_day_before_a_shorter_term_holds(self) -> None:
        change({RetentionClass.DAILY: 60, RetentionClass.DAILY_PERSON: 60})

        assert days("daily", NOW + DAY - timedelta(seconds=1)) == 396
        assert days("daily", NOW + DAY) == 60

    def test_leaves_shorter_terms_to_one_person(self) -> None:
        changed = change({RetentionClass.DAILY_PERSON: 60})

        assert changed.asked is None
        assert not Approval.objects.exists()

    def test_takes_back_what_waits(self) -> None:
        change({RetentionClass.DAILY_PERSON: 60})
        change({RetentionClass.DAILY_PERSON: 90})

        assert days("daily_person", NOW + 2 * DAY) == 90

    def test_changes_nothing_for_the_same_term(self) -> None:
        change({RetentionClass.DAILY_PERSON: 60})

        again = change({RetentionClass.DAILY_PERSON: 60}, NOW + DAY / 2)

        assert (again.policies, again.asked) == ([], None)
        assert days("daily_person", NOW + DAY) == 60

    def test_never_keeps_a_class_longer_than_its_bound(self) -> None:
        RetentionPolicy.objects.filter(retention_class="operational").update(term=7 * DAY)

        assert days("highres") == 7

    def test_is_audited(self, ada: Account) -> None:
        change_terms(wanted={RetentionClass.DAILY_PERSON: 60 * DAY}, actor=ada, now=NOW)

        event = InboxEvent.objects.get(code=AuditCode.RETENTION_CHANGED)
        assert event.code == 6031
        assert event.actor_label == "ada"
        assert event.detail["daily_person"]["next_hours"] == 60 * 24

    def test_other_processes_know_within_a_minute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert days("inventory") == 90
        RetentionPolicy.objects.filter(retention_class="inventory").update(term=180 * DAY)
        assert days("inventory") == 90
        later = terms._known.read_at + 61

        monkeypatch.setattr("time.monotonic", lambda: later)

        assert days("inventory") == 180


class TestLongerTerms:
    """They need somebody else (privacy.md 12)."""

    def asked(self, number: int = 180) -> Approval:
        """Return the request for a longer term of the inventory."""
        change({RetentionClass.INVENTORY: number})
        return Approval.objects.waiting().get()

    def decide(self, asked: Approval, actor: Account, now: datetime = NOW, **options: Any) -> None:
        """Answer a request, by default yes."""
        answer = {"is_approved": True, **options}
        approvals.decide(approval=asked, seen=asked.change_hash, actor=actor, now=now, **answer)
        terms.forget()

    def test_wait_for_another_person(self, ada: Account) -> None:
        asked = self.asked()
        before = days("inventory", NOW + 10 * DAY)

        self.decide(asked, ada)

        assert (before, days("inventory")) == (90, 180)
        event = InboxEvent.objects.get(code=AuditCode.RETENTION_CHANGED)
        assert (event.actor_label, event.detail["inventory"]) == ("ada", {"hours": 180 * 24})

    def test_are_not_decided_by_who_asks(self, ada: Account) -> None:
        with pytest.raises(approvals.OwnApproval):
            self.decide(self.asked(), somebody(), NOW + 2 * DAY)

        assert days("inventory") == 90

    def test_may_be_refused(self, ada: Account) -> None:
        self.decide(self.asked(), ada, is_approved=False, reason="too long")

        assert days("inventory") == 90
        assert not RetentionChange.objects.filter(state="asked").exists()

    def test_may_be_asked_for_again(self, ada: Account) -> None:
        self.asked()

        self.decide(self.asked(365), ada)

        assert days("inventory") == 365

    def test_do_not_wait_together_with_shorter_ones(self) -> None:
        change({RetentionClass.INVENTORY: 180, RetentionClass.DAILY_PERSON: 60})

        assert days("daily_person", NOW + DAY) == 60
        assert days("inventory", NOW + DAY) == 90

    def test_must_still_fit_when_they_are_approved(self, ada: Account) -> None:
        change({RetentionClass.OPERATIONAL: 60})
        asked = Approval.objects.waiting().get()
        RetentionPolicy.objects.filter(retention_class="inventory").update(term=30 * DAY)

        with pytest.raises(Conflict):
            self.decide(asked, ada)

    def test_are_shown_while_they_wait(self, ada_client: Client) -> None:
        asked = self.asked()

        page = ada_client.get(URL).content.decode()
        detail = ada_client.get(f"/admin/core/approval/{asked.pk}/change/").content.decode()

        assert "Inventory: 180 days" in page
        assert "180 days" in detail


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


class TestPreview:
    def test_estimates_by_statistics(self) -> None:
        for hour in range(4):
            add_boot(occurred_at=NOW - timedelta(days=2, hours=hour))
        for partition in partitions.existing_partitions()["devices_boot"]:
            with connection.cursor() as cursor:
                cursor.execute(f"ANALYZE {partition.name}")

        found = preview.losses(RetentionClass.OPERATIONAL, old=30 * DAY, new=DAY, now=NOW)

        assert {loss.table: loss.rows for loss in found}["Boots"] == 4

    def test_counts_devices_and_users(self) -> None:
        device = device_of(make_machine())
        long_ago = NOW - timedelta(days=40)
        type(device).objects.update(first_seen_at=long_ago, last_seen_at=long_ago)

        found = preview.losses(RetentionClass.INVENTORY, old=90 * DAY, new=30 * DAY, now=NOW)

        assert {loss.table: loss.rows for loss in found} == {"Devices": 1, "Users": 0}


class TestPage:
    def form(self, **changes: int) -> dict[str, str]:
        """Return the form as it is shown, with changes."""
        shown = {name.value: rule.default // rule.unit for name, rule in RULES.items()}
        return {name: str(number) for name, number in {**shown, **changes}.items()}

    def test_shows_terms_and_tasks(self, ada_client: Client) -> None:
        page = ada_client.get(URL).content.decode()

        assert "90 days" in page
        assert "48 hours" in page
        assert "Remove devices and users without activity" in page

    def test_says_when_a_task_ran_what_it_did_and_when_it_is_due(self, ada_client: Client) -> None:
        call_command("sync_schedule", verbosity=0)
        purge_aged(now=NOW - timedelta(hours=9))

        page = ada_client.get(URL).content.decode()

        assert "9 h ago" in page or "9 hours ago" in page
        assert "nothing to do" in page
        assert "3 Mar 2026, 02:50" in page

    def test_shows_what_goes_before_it_saves(self, ada_client: Client) -> None:
        page = ada_client.post(TERMS_URL, self.form(daily_person=60)).content.decode()

        assert "What goes" in page
        assert days("daily_person", NOW + 2 * DAY) == 90

    def test_saves_what_is_confirmed(self, ada_client: Client) -> None:
        form = {**self.form(daily_person=60), "confirmed": "yes"}

        response = ada_client.post(TERMS_URL, form)

        terms.forget()
        assert response.status_code == 302
        assert days("daily_person", NOW + DAY) == 60
        assert "60 days" in ada_client.get(URL).content.decode()

    def test_says_which_rule_is_broken(self, ada_client: Client) -> None:
        form = {**self.form(highres=31), "confirmed": "yes"}

        page = ada_client.post(TERMS_URL, form).content.decode()

        assert "“High resolution” may not be kept longer than “Single events”." in page
        assert days("highres", NOW + 2 * DAY) == 30

    def test_who_may_only_see_cannot_change(self, client: Client) -> None:
        profile = make_profile("Council", permissions=["gdpr.view_retentionpolicy"])
        client.force_login(make_account("council", profile=profile))

        assert client.get(URL).status_code == 200
        assert client.get(TERMS_URL).status_code == 403
        assert client.post(TERMS_URL, self.form(daily=100)).status_code == 403

    @pytest.mark.parametrize("url", [URL, TERMS_URL])
    def test_is_closed_to_cleo_and_ben(
        self, cleo_client: Client, ben_client: Client, url: str
    ) -> None:
        assert cleo_client.get(url).status_code == 403
        assert ben_client.get(url).status_code == 403

    def test_has_no_page_of_one_class(self, ada_client: Client) -> None:
        policy = RetentionPolicy.objects.first()
        assert policy is not None

        assert ada_client.get(f"{URL}{policy.pk}/change/").status_code == 404


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


class TestLists:
    def test_say_from_when_on_rows_are_kept(self, ada_client: Client) -> None:
        RetentionPolicy.objects.filter(retention_class="operational").update(term=2 * DAY)
        terms.forget()

        week = ada_client.get("/admin/devices/boot/?window=7d").content.decode()
        today = ada_client.get("/admin/devices/boot/?window=24h").content.decode()

        assert "past retention." in week
        assert "past retention." not in today
