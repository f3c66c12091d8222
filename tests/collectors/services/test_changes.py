"""Changes of what is collected: narrowing at once, widening by four eyes and after notice."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.collectors import effective
from apps.collectors.choices import ConfigurationState, KeyPurpose, Level, Preset
from apps.collectors.models import CollectorConfiguration, HashEpoch
from apps.collectors.services import changes
from apps.collectors.services.configuration import ChangedMeanwhile
from apps.collectors.switches import PRESETS
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.changes import approval, approve, change
from tests.factories.collectors import (
    Machine,
    collector_of,
    configure,
    device_of,
    make_key,
    make_machine,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def value(machine: Machine, name: str) -> str:
    """Return the value of a switch by which a machine collects."""
    return effective.for_device(device_of(machine)).switches[name]


def codes() -> list[int]:
    """Return the codes of configurations in the audit log, in order."""
    rows = InboxEvent.objects.filter(code__range=(2101, 2105)).order_by("pk")
    return list(rows.values_list("code", flat=True))


def set_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Let the clock of all doors stand at `moment`."""
    monkeypatch.setattr("apps.core.clock.now", lambda: moment)


class TestFirstDecision:
    @pytest.mark.case("privacy.1")
    def test_an_instance_begins_with_the_reference_defaults(self) -> None:
        from apps.collectors.management.commands import make_local_enrolment_key

        make_local_enrolment_key.ensure_configuration()

        row = CollectorConfiguration.objects.get()
        chosen = [row.switches[n] for n in ("username", "user_activity", "focus_time")]
        assert row.preset == Preset.STANDARD
        assert [*chosen, row.switches["wifi_identifiers"]] == ["clear", "on", "off", "off"]
        assert row.confirmed_at is None

    def test_is_in_force_at_once_whatever_it_is(self, ada: Account) -> None:
        outcome = change(ada, values={"focus_time": "on"})

        assert outcome.active is not None
        assert (outcome.active.state, outcome.waiting) == (ConfigurationState.ACTIVE, None)
        assert outcome.active.author == ada


class TestNarrowing:
    def test_holds_at_once(self, ada: Account) -> None:
        machine = make_machine()

        outcome = change(ada, values={"username": "hashed"})

        assert (outcome.waiting, outcome.is_narrower) == (None, True)
        assert value(machine, "username") == "hashed"
        assert codes()[-1] == AuditCode.CONFIGURATION_NARROWED

    def test_does_not_wait_for_what_widens(self, ada: Account) -> None:
        machine = make_machine()

        outcome = change(ada, values={"username": "hashed", "focus_time": "on"})

        assert outcome.waiting is not None
        assert outcome.waiting.state == ConfigurationState.PENDING
        assert (value(machine, "username"), value(machine, "focus_time")) == ("hashed", "off")

    def test_takes_the_place_of_what_waits(self, ada: Account, dora: Account) -> None:
        make_machine()
        first = change(ada, values={"focus_time": "on"}).waiting
        asked = approval()

        change(dora, values={"username": "hashed"})

        assert first is not None
        first.refresh_from_db()
        asked.refresh_from_db()
        assert (first.state, asked.state) == ("draft", "withdrawn")

    def test_of_an_entity_keeps_what_it_inherits(self, ada: Account, paris: Entity) -> None:
        machine = make_machine(paris)

        change(
            ada,
            Level.ENTITY,
            entity=paris,
            values={"username": "none", "focus_time": "on"},
        )

        row = CollectorConfiguration.objects.in_force().get(level=Level.ENTITY)
        assert row.switches == {"username": "none", "focus_time": "off"}
        assert value(machine, "upn") == "none"


class TestWidening:
    @pytest.mark.case("privacy.18")
    def test_waits_for_a_second_person_and_the_collectors_keep_the_old_one(
        self, ada: Account
    ) -> None:
        machine = make_machine()
        before = machine.check_in().json()["configuration"]["document"]

        outcome = change(ada, values={"focus_time": "on"})

        assert outcome.active is None
        assert value(machine, "focus_time") == "off"
        assert machine.check_in().json()["configuration"]["document"] == before
        assert codes()[-1] == AuditCode.CONFIGURATION_WIDENING_ASKED

    @pytest.mark.case("privacy.18")
    @pytest.mark.parametrize("preset", [Preset.STANDARD, Preset.STRICT])
    def test_waits_seven_days_once_another_device_has_enrolled(
        self, ada: Account, dora: Account, preset: Preset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configure(preset)
        machine = make_machine()
        change(ada, values={**PRESETS[preset], "focus_time": "on"})

        approve(dora, NOW + HOUR)

        row = CollectorConfiguration.objects.announced().get()
        assert row.starts_at == NOW + HOUR + 7 * DAY
        assert row.approver == dora
        assert value(machine, "focus_time") == "off"
        set_clock(monkeypatch, NOW + HOUR + 7 * DAY)
        assert value(machine, "focus_time") == "on"

    def test_holds_at_once_before_the_first_device(self, ada: Account, dora: Account) -> None:
        configure()
        local = make_key(purpose=KeyPurpose.LOCAL)
        Machine().enrol(local)
        change(ada, values={"focus_time": "on"})

        approve(dora)

        row = CollectorConfiguration.objects.in_force().get()
        assert row.switches["focus_time"] == "on"
        assert codes()[-2:] == [
            AuditCode.CONFIGURATION_APPROVED,
            AuditCode.CONFIGURATION_IN_FORCE,
        ]

    def test_is_put_in_force_by_the_task(self, ada: Account, dora: Account) -> None:
        make_machine()
        change(ada, values={"focus_time": "on"})
        approve(dora)

        early = changes.settle_due(now=NOW + 7 * DAY - HOUR)
        due = changes.settle_due(now=NOW + 7 * DAY)

        assert (early, due) == (0, 1)
        assert CollectorConfiguration.objects.in_force().get().switches["focus_time"] == "on"
        assert codes()[-1] == AuditCode.CONFIGURATION_IN_FORCE

    def test_reaches_collectors_by_time_alone(
        self, ada: Account, dora: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        machine = make_machine()
        change(ada, values={"focus_time": "on"})
        approve(dora)
        collector = collector_of(machine)
        before = effective.for_collector(collector).switches["focus_time"]

        set_clock(monkeypatch, NOW + 7 * DAY)

        assert before == "off"
        assert effective.for_collector(collector).switches["focus_time"] == "on"

    def test_is_announced_in_the_signed_document(self, ada: Account, dora: Account) -> None:
        machine = make_machine()
        change(ada, values={"focus_time": "on"})
        version = machine.check_in().json()["configuration_version"]
        approve(dora)

        answer = machine.check_in().json()

        document = json.loads(answer["configuration"]["document"])
        assert answer["configuration_version"] == version + 1
        assert document["announced"] == [
            {
                "starts_at": (NOW + 7 * DAY).isoformat(),
                "changes": {"focus_time": {"old": "off", "new": "on"}},
            }
        ]
        assert document["switches"]["focus_time"] == "off"

    def test_needs_reasons(self, ada: Account) -> None:
        make_machine()

        with pytest.raises(changes.WideningNeedsReasons):
            change(ada, values={"focus_time": "on"}, purpose=" ")

    def test_can_be_taken_back_while_it_is_announced(self, ada: Account, dora: Account) -> None:
        make_machine()
        change(ada, values={"focus_time": "on"})
        approve(dora)
        row = CollectorConfiguration.objects.announced().get()

        changes.cancel_announcement(configuration=row, actor=ada, now=NOW + DAY)

        assert changes.settle_due(now=NOW + 8 * DAY) == 0
        with pytest.raises(ChangedMeanwhile):
            changes.cancel_announcement(configuration=row, actor=ada, now=NOW + DAY)

    @pytest.mark.parametrize(
        ("switches", "details"),
        [
            ({"user_groups": "listed"}, {"listed_groups": ["finance"]}),
            (
                {"work_hours": "schedule"},
                {"schedule": {"days": [1, 2, 3, 4, 5, 6], "start": "06:00", "end": "20:00"}},
            ),
            (
                {"work_hours": "schedule"},
                {"schedule": {"days": [1, 2, 3], "start": "06:00", "end": "20:01"}},
            ),
            ({"work_hours": "on_site"}, {"networks": ["10.0.0.0/8"]}),
            ({"network_connections": "listed_binaries"}, {"listed_binaries": ["teams.exe"]}),
        ],
    )
    def test_is_also_a_longer_list_or_day(
        self, ada: Account, switches: dict[str, str], details: dict[str, Any]
    ) -> None:
        configure(Preset.STANDARD, **switches)
        make_machine()

        outcome = change(ada, values=switches, details=details)

        assert outcome.waiting is not None

    def test_is_not_a_list_that_no_switch_asks_for(self, ada: Account) -> None:
        make_machine()

        outcome = change(ada, details={"listed_binaries": ["teams.exe"]})

        assert outcome.waiting is None

    def test_is_not_a_shorter_day(self, ada: Account) -> None:
        configure(work_hours="schedule")
        make_machine()
        short = {"days": [1, 2], "start": "08:00", "end": "17:00"}

        outcome = change(ada, values={"work_hours": "schedule"}, details={"schedule": short})

        assert (outcome.waiting, outcome.is_narrower) == (None, True)

    def test_of_a_day_that_moves_keeps_the_hours_in_common(self, ada: Account) -> None:
        configure(work_hours="schedule")
        machine = make_machine()
        later = {"days": [1, 2], "start": "08:00", "end": "22:00"}

        change(ada, values={"work_hours": "schedule"}, details={"schedule": later})

        held = effective.for_device(device_of(machine)).details["schedule"]
        assert held == {"days": [1, 2], "start": "08:00", "end": "20:00"}


class TestEpochs:
    @pytest.mark.case("privacy.6")
    def test_begin_where_names_come_in_clear_again(self, ada: Account, dora: Account) -> None:
        configure(username="hashed")
        make_machine()
        change(ada, values={"username": "clear"})

        approve(dora)
        changes.settle_due(now=NOW + 7 * DAY)

        assert HashEpoch.objects.order_by("-number").first().number == 1  # type: ignore[union-attr]
        assert effective.read().epoch == 1

    def test_do_not_begin_by_another_change(self, ada: Account) -> None:
        configure(username="hashed")

        change(ada, values={"username": "none"})

        assert effective.read().epoch == 0
