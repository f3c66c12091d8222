"""Where devices go: at enrolment, with what they report, over the whole fleet, by hand."""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.binaries import upkeep
from apps.binaries.models import Presence, StalePresence
from apps.core.jobs import JobState
from apps.core.scope import Scope
from apps.devices import by_hand, classification, fleet
from apps.devices.choices import Platform
from apps.devices.models import Boot, ClassificationRun, Device, DeviceChange
from apps.devices.services import context_of
from apps.organization.models import ClassificationRule, Entity
from tests.conftest import NOW
from tests.factories.accounts import make_account, make_profile
from tests.factories.collectors import (
    SOFFICE,
    boot,
    configure,
    connectivity,
    device_of,
    execution,
    make_machine,
)
from tests.factories.inventory import OPERATING_SYSTEM, part
from tests.factories.organization import grant
from tests.factories.rules import make_rules, rule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

HASH = "h:" + "0" * 32


def make_devices(number: int, entity: Entity, name: str = "lt") -> None:
    """Make devices without collectors."""
    context = context_of(entity=entity, platform=Platform.LINUX)
    Device.objects.bulk_create(
        Device(
            entity=entity,
            context=context,
            name=f"{name}-{place}",
            operating_system_platform=Platform.LINUX,
            first_seen_at=NOW,
            last_seen_at=NOW,
        )
        for place in range(number)
    )


def entity_of(device: Device) -> Entity:
    return Device.objects.get(pk=device.pk).entity


class TestEnrolment:
    def test_follows_the_rules(self, paris: Entity, lyon: Entity) -> None:
        make_rules(rule(lyon, ("device_name", "lyon-*")))

        device = device_of(make_machine(paris, host_name="lyon-7"))

        assert (device.entity, device.context.entity) == (lyon, lyon)

    def test_leaves_to_the_key_what_no_rule_takes(self, paris: Entity, lyon: Entity) -> None:
        make_rules(rule(lyon, ("device_name", "lyon-*")))

        assert device_of(make_machine(paris)).entity == paris
        other = make_machine(None, install_id="1" * 32, fingerprints={})
        assert device_of(other).entity == Entity.objects.unclassified()

    def test_reads_the_key(self, paris: Entity, lyon: Entity) -> None:
        make_rules(rule(lyon, ("key_entity", str(paris.pk)), ("enrolment_key", "key *")))

        assert device_of(make_machine(paris)).entity == lyon

    def test_reads_no_name_that_may_not_be_kept(self, paris: Entity, lyon: Entity) -> None:
        configure(device_name="hashed")
        make_rules(rule(lyon, ("device_name", "*")))

        assert device_of(make_machine(paris, host_name=HASH)).entity == paris
        other = make_machine(paris, host_name="clear", install_id="1" * 32, fingerprints={})
        assert device_of(other).entity == paris


class TestReports:
    def test_move_a_device_by_what_they_say(self, paris: Entity, lyon: Entity) -> None:
        machine = make_machine(paris)
        make_rules(rule(lyon, ("group_name", "LYON")))

        machine.send(
            inventory=[part("operating_system", OPERATING_SYSTEM | {"group_name": "lyon"})]
        )

        device = device_of(machine)
        assert device.entity == lyon
        change = DeviceChange.objects.get(device=device, property="entity")
        assert (change.old_value, change.new_value) == ("Paris", "Lyon")

    def test_move_a_device_with_its_network(self, paris: Entity, lyon: Entity) -> None:
        configure(local_addresses="on")
        machine = make_machine(paris)
        make_rules(rule(lyon, ("local_address", "10.7.0.0/16")))

        machine.send(connectivity("2026-03-02T11:50:00Z", local_ip="10.7.1.1"))
        assert device_of(machine).entity == lyon

        machine.send(connectivity("2026-03-02T11:55:00Z", local_ip="10.8.1.1"))
        assert device_of(machine).entity == paris

    def test_leave_events_where_they_happened(self, paris: Entity, lyon: Entity) -> None:
        machine = make_machine(paris)
        machine.send(boot("2026-03-02T10:00:00Z"))
        make_rules(rule(lyon, ("platform", "linux")))
        fleet.run_open()

        machine.send(boot("2026-03-02T11:00:00Z"))

        contexts = Boot.objects.order_by("occurred_at").values_list("context__entity", flat=True)
        assert list(contexts) == [paris.pk, lyon.pk]

    def test_ask_once_where_there_are_no_rules(self, paris: Entity) -> None:
        device = device_of(make_machine(paris))

        with CaptureQueriesContext(
            connection,
        ) as queries:
            classification.reconsider(device_id=device.pk, now=NOW)

        assert len(queries) == 1


class TestFleet:
    def test_goes_where_changed_rules_want_it(self, paris: Entity, lyon: Entity) -> None:
        make_devices(3, paris, "lyon")
        make_devices(2, paris, "paris")

        make_rules(rule(lyon, ("device_name", "lyon-*")), rule(paris, ("device_name", "*")))
        assert fleet.run_open() == 5

        assert Device.objects.filter(entity=lyon, context__entity=lyon).count() == 3
        assert DeviceChange.objects.filter(property="entity").count() == 3
        run = ClassificationRun.objects.get()
        assert (run.state, run.done, run.moved) == (JobState.DONE, 5, 3)
        event = InboxEvent.objects.latest("pk")
        assert (event.code, event.detail["moved"]) == (AuditCode.FLEET_CLASSIFIED, 3)

    def test_asks_as_many_questions_for_many_devices_as_for_few(
        self, paris: Entity, lyon: Entity
    ) -> None:
        make_devices(2_100, paris)
        make_rules(rule(lyon, ("device_name", "*")))
        classifier = classification.present()
        ids = list(Device.objects.values_list("pk", flat=True))
        classification.classify(device_ids=ids[:1], classifier=classifier, now=NOW)  # the context

        with CaptureQueriesContext(connection) as few:
            classification.classify(device_ids=ids[1:3], classifier=classifier, now=NOW)
        with CaptureQueriesContext(connection) as many:
            classification.classify(device_ids=ids[3:1_003], classifier=classifier, now=NOW)

        assert len(many) <= len(few) + 1 <= 16  # one more may draw a block of ids
        while fleet.run_open():
            pass
        assert Device.objects.filter(entity=lyon).count() == 2_100

    def test_goes_on_where_a_worker_died(
        self, monkeypatch: pytest.MonkeyPatch, paris: Entity, lyon: Entity
    ) -> None:
        monkeypatch.setattr(fleet, "CHUNK", 2)
        make_devices(5, paris)
        make_rules(rule(lyon, ("device_name", "*")))

        def die(**known: Any) -> int:
            if ClassificationRun.objects.get().done:
                raise SystemExit
            return classify(**known)

        classify = classification.classify
        with monkeypatch.context() as patched:
            patched.setattr(classification, "classify", die)
            with pytest.raises(SystemExit):
                fleet.run_open()
        assert fleet.run_open() == 3

        run = ClassificationRun.objects.get()
        assert (run.state, run.done, run.moved) == (JobState.DONE, 5, 5)
        assert DeviceChange.objects.filter(property="entity").count() == 5

    def test_moves_nothing_twice(self, paris: Entity, lyon: Entity) -> None:
        make_devices(2, paris)
        make_rules(rule(lyon, ("device_name", "*")))
        fleet.run_open()

        fleet.Machines().begin(None, NOW)
        fleet.run_open()

        assert ClassificationRun.objects.latest("pk").moved == 0

    def test_begins_anew_with_newer_rules(self, paris: Entity, lyon: Entity) -> None:
        make_devices(1, paris)
        make_rules(rule(lyon, ("device_name", "*")))
        make_rules()

        states = ClassificationRun.objects.order_by("pk").values_list("state", flat=True)
        assert list(states) == [JobState.REPLACED, JobState.WAITING]

    def test_says_that_it_failed(
        self, monkeypatch: pytest.MonkeyPatch, paris: Entity, lyon: Entity
    ) -> None:
        make_devices(1, paris)
        make_rules(rule(lyon, ("device_name", "*")))

        def fail(**_: Any) -> int:
            raise RuntimeError("lt-0")

        monkeypatch.setattr(classification, "classify", fail)
        fleet.run_open()

        run = ClassificationRun.objects.get()
        assert (run.state, run.error) == (JobState.FAILED, "RuntimeError")

    def test_goes_on_by_itself_after_a_deadlock(
        self, monkeypatch: pytest.MonkeyPatch, paris: Entity, lyon: Entity
    ) -> None:
        make_devices(1, paris)
        make_rules(rule(lyon, ("device_name", "*")))

        def end(**_: Any) -> int:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$")
            return 0

        with monkeypatch.context() as patched:
            patched.setattr(classification, "classify", end)
            with pytest.raises(OperationalError):
                fleet.run_open()
        before = ClassificationRun.objects.get().state
        fleet.run_open()

        after = ClassificationRun.objects.get()
        assert (before, after.state, after.moved) == (JobState.WAITING, JobState.DONE, 1)

    def test_marks_both_entities_of_a_move(self, paris: Entity, lyon: Entity) -> None:
        make_devices(1, paris)
        make_rules(rule(lyon, ("device_name", "*")))
        fleet.run_open()

        stale = StalePresence.objects.values_list("entity", flat=True)
        assert set(stale) == {paris.pk, lyon.pk}

    def test_takes_the_presence_of_programs_along(self, paris: Entity, lyon: Entity) -> None:
        make_machine(paris).send(execution(user=None), binaries=SOFFICE)
        upkeep.refresh_presence(now=NOW)
        assert list(Presence.objects.values_list("entity", flat=True)) == [paris.pk]

        make_rules(rule(lyon, ("platform", "linux")))
        fleet.run_open()
        upkeep.refresh_presence(now=NOW)

        assert list(Presence.objects.values_list("entity", flat=True)) == [lyon.pk]


class TestPreview:
    def test_counts_and_writes_nothing(self, ada_scope: Scope, paris: Entity, lyon: Entity) -> None:
        make_devices(3, paris, "lyon")
        make_devices(2, lyon, "lyon-ws")
        make_devices(1, paris, "other")
        Device.objects.filter(name="lyon-0").update(is_entity_pinned=True)
        rules = [rule(lyon, ("device_name", "lyon-*")), rule(paris, ("platform", "macos"))]

        found = fleet.Machines().preview(rules, ada_scope, 1)

        unclassified = Entity.objects.unclassified().pk
        assert (found.devices, found.pinned, found.unmatched) == (6, 1, 1)
        assert found.by_rule == {0: 4}
        assert found.moves == {(paris.pk, lyon.pk): 2, (paris.pk, unclassified): 1}
        assert found.moving == len(found.movers) == 3
        assert Device.objects.filter(entity=lyon).count() == 2
        assert not ClassificationRule.objects.exists()

    def test_pages_what_moves(
        self, monkeypatch: pytest.MonkeyPatch, ada_scope: Scope, paris: Entity, lyon: Entity
    ) -> None:
        monkeypatch.setattr(fleet, "PAGE", 2)
        make_devices(3, paris)
        rules = [rule(lyon, ("device_name", "*"))]

        first, second = (fleet.Machines().preview(rules, ada_scope, page) for page in (1, 2))

        assert (len(first.movers), first.has_more) == (2, True)
        assert (len(second.movers), second.has_more) == (1, False)

    def test_keeps_to_the_view_domain(self, ben_scope: Scope, paris: Entity, lyon: Entity) -> None:
        make_devices(1, paris)
        make_devices(5, lyon)

        found = fleet.Machines().preview([rule(lyon, ("device_name", "*"))], ben_scope, 1)

        assert (found.devices, found.moving) == (1, 1)


class TestMovesByHand:
    def test_hold_against_the_rules_until_released(
        self, ada: Account, ada_scope: Scope, paris: Entity, lyon: Entity
    ) -> None:
        make_devices(1, paris)
        device = Device.objects.get()
        make_rules(rule(paris, ("device_name", "*")))

        rows = Device.objects.all()
        by_hand.move_by_hand(devices=rows, entity=lyon, scope=ada_scope, actor=ada, now=NOW)
        fleet.run_open()
        assert entity_of(device) == lyon
        moved = InboxEvent.objects.filter(code=AuditCode.DEVICES_MOVED).get()
        assert moved.subjects == [["device", str(device.pk)]]

        by_hand.release(devices=rows, scope=ada_scope, actor=ada, now=NOW)
        assert entity_of(device) == paris
        assert InboxEvent.objects.filter(code=AuditCode.DEVICES_RELEASED).exists()

    def test_need_the_grant_at_both_ends(
        self, ben: Account, ben_scope: Scope, paris: Entity, lyon: Entity
    ) -> None:
        make_devices(1, paris, "mine")
        make_devices(1, lyon, "theirs")

        with pytest.raises(by_hand.EntityNotManaged):
            by_hand.move_by_hand(
                devices=Device.objects.all(), entity=lyon, scope=ben_scope, actor=ben, now=NOW
            )
        number = by_hand.move_by_hand(
            devices=Device.objects.all(), entity=paris, scope=ben_scope, actor=ben, now=NOW
        )

        assert number == 1
        assert Device.objects.get(name="theirs-0").entity == lyon

    def test_are_bounded(
        self, monkeypatch: pytest.MonkeyPatch, ada: Account, ada_scope: Scope, paris: Entity
    ) -> None:
        monkeypatch.setattr(by_hand, "DEVICES_LIMIT", 2)
        make_devices(3, paris)
        Device.objects.update(is_entity_pinned=True)

        with pytest.raises(by_hand.TooManyDevices):
            by_hand.release(
                devices=Device.objects.all(),
                scope=ada_scope,
                actor=ada,
                now=NOW,
            )


class TestTags:
    def test_apply_rules_at_once(
        self, ada: Account, ada_scope: Scope, paris: Entity, lyon: Entity
    ) -> None:
        make_devices(2, paris)
        make_rules(rule(lyon, ("configuration_tag", "lab")))

        number = by_hand.set_configuration_tag(
            devices=Device.objects.all(), tag="lab", scope=ada_scope, actor=ada, now=NOW
        )

        assert number == 2
        assert Device.objects.filter(entity=lyon, configuration_tag="lab").count() == 2
        noted = DeviceChange.objects.values_list("property", flat=True)
        assert sorted(noted) == ["configuration", "configuration", "entity", "entity"]
        assert InboxEvent.objects.latest("pk").code == AuditCode.DEVICES_TAGGED


URL = "/admin/devices/device/"


class TestPages:
    def test_move_a_selection(self, ben_client: Client, paris: Entity, lyon: Entity) -> None:
        make_devices(2, paris)
        ids = list(Device.objects.values_list("pk", flat=True))
        form: dict[str, Any] = {"action": "move_devices", "_selected_action": ids}

        asked = ben_client.post(URL, form).content.decode()
        assert "lt-0" in asked
        assert "2 devices:" in asked

        refused = ben_client.post(URL, {**form, "confirmed": "yes", "entity": lyon.pk})
        assert "errorlist" in refused.content.decode()

        ben_client.post(URL, {**form, "confirmed": "yes", "entity": paris.pk})
        assert Device.objects.filter(is_entity_pinned=True, entity=paris).count() == 2

    def test_tag_one_device(self, ben_client: Client, paris: Entity) -> None:
        make_devices(1, paris)
        device = Device.objects.get()
        page = ben_client.get(f"{URL}{device.pk}/change/").content.decode()
        address = f"{URL}{device.pk}/decide/tag/"
        assert address in page

        ben_client.post(address, {"confirmed": "yes", "tag": "lab"})

        assert Device.objects.get().configuration_tag == "lab"

    @pytest.mark.parametrize("name", ["move", "release", "tag"])
    def test_are_closed_to_strangers(
        self,
        client_for: Any,
        cleo_client: Client,
        ben_client: Client,
        paris: Entity,
        lyon: Entity,
        name: str,
    ) -> None:
        make_devices(1, lyon)
        address = f"{URL}{Device.objects.get().pk}/decide/{name}/"
        viewer = make_profile(permissions=["devices.view_device", "devices.manage_device"])
        grant(viewer, lyon, actions=["view_device"])
        unpermitted = make_profile(permissions=["devices.view_device"])
        grant(unpermitted, lyon)

        answer = {"confirmed": "yes", "tag": "lab", "entity": lyon.pk}
        assert cleo_client.post(address, answer).status_code == 403
        assert ben_client.post(address, answer).status_code == 404
        for profile in (viewer, unpermitted):
            client = client_for(make_account(profile=profile))
            assert client.post(address, answer).status_code == 403
        device = Device.objects.get()
        assert (device.configuration_tag, device.is_entity_pinned) == ("", False)
