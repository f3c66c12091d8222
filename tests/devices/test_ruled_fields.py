"""Custom fields that rules fill: over the fleet, by what a device reports, never by hand."""

from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Account
from apps.accounts.scope import scope_of
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.collectors.models import EnrolmentKey
from apps.core.scope import Scope
from apps.devices import by_hand, ruled_fields
from apps.devices.models import Device
from apps.organization import custom_fields, field_rules, services
from apps.organization.classification import Condition
from apps.organization.field_rules import Filling, ValueRule
from apps.organization.models import CustomField, Entity
from tests.conftest import NOW
from tests.devices.test_classification import make_devices
from tests.factories.accounts import make_account, make_profile
from tests.factories.collectors import configure, connectivity, device_of, make_machine
from tests.factories.devices import move_device
from tests.factories.inventory import HARDWARE, part
from tests.factories.organization import grant, make_entity
from tests.locking import another_session, waiting
from tests.organization.test_fields import make_field

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


def gives(value: Any, *conditions: tuple[Any, Any], **options: Any) -> ValueRule:
    """Return a rule that gives a value."""
    parts = (Condition(str(fact), str(part)) for fact, part in conditions)
    return ValueRule(value, tuple(parts), **options)


def make_ruled(actor: Account, *rules: ValueRule, otherwise: Any = None, **values: Any) -> Any:
    """Return a field with rules that no run has applied yet."""
    field = make_field(actor, filled_by="rules", **{"nql_id": "floor", "type": "int", **values})
    set_rules(field, actor, *rules, otherwise=otherwise)
    field.refresh_from_db()
    return field


def set_rules(field: Any, actor: Account, *rules: ValueRule, otherwise: Any = None) -> None:
    field.refresh_from_db()
    base = Filling.of_row(field).fingerprint
    filling = Filling(rules, otherwise)
    services.set_field_rules(field=field, filling=filling, base=base, actor=actor, now=NOW)


def value_of(device: Device, name: str = "floor") -> Any:
    return Device.objects.get(pk=device.pk).custom.get(name)


class TestFleet:
    def test_gets_the_value_of_the_first_rule_that_takes_a_device(
        self, ada: Account, paris: Entity
    ) -> None:
        make_devices(2, paris, "lab")
        make_devices(1, paris, "desk")
        Device.objects.update(custom={"other": "stays"})
        make_ruled(
            ada,
            gives(1, ("device_name", "lab-0"), ("platform", "linux")),
            gives(2, ("device_name", "lab-*")),
            otherwise=3,
        )

        assert ruled_fields.run_waiting() == 3

        found = dict(Device.objects.values_list("name", "custom"))
        assert found == {
            "lab-0": {"floor": 1, "other": "stays"},
            "lab-1": {"floor": 2, "other": "stays"},
            "desk-0": {"floor": 3, "other": "stays"},
        }
        assert not CustomField.objects.waiting().exists()
        assert ruled_fields.run_waiting() == 0

    def test_loses_the_value_where_no_rule_takes_any_more(
        self, ada: Account, paris: Entity
    ) -> None:
        make_devices(1, paris)
        field = make_ruled(ada, gives(1, ("platform", "linux")))
        ruled_fields.run_waiting()
        assert Device.objects.get().custom == {"floor": 1}

        set_rules(field, ada, gives(1, ("platform", "macos")))
        ruled_fields.run_waiting()

        assert Device.objects.get().custom == {}

    def test_is_filled_in_chunks_and_anew_after_newer_rules(
        self, ada: Account, paris: Entity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ruled_fields, "CHUNK", 2)
        make_devices(5, paris)
        field = make_ruled(ada, otherwise=1)

        assert ruled_fields._do_chunk() == 2
        field.refresh_from_db()
        assert field_rules.filler().left(field) == 3

        make_ruled(ada, otherwise=8, nql_id="second")
        ruled_fields.run_waiting()
        assert Device.objects.filter(custom={"floor": 1, "second": 8}).count() == 5

    def test_is_filled_without_a_query_for_each_device(self, ada: Account, paris: Entity) -> None:
        make_ruled(ada, gives(1, ("entity", paris.pk)), otherwise=2)
        make_devices(3, paris)
        with CaptureQueriesContext(connection) as few:
            ruled_fields.run_waiting()
        make_devices(30, paris)
        ruled_fields.restart()

        with CaptureQueriesContext(connection) as many:
            ruled_fields.run_waiting()

        assert len(many) == len(few)
        assert Device.objects.filter(custom={"floor": 1}).count() == 33

    @pytest.mark.usefixtures("clean_database")
    def test_is_asked_again_only_after_the_chunk_under_way(
        self, ada: Account, paris: Entity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_devices(1, paris)
        make_ruled(ada, otherwise=1)
        fill = ruled_fields._fill
        waited: list[str] = []

        def fill_while_somebody_restarts(*arguments: Any) -> int:
            with another_session() as other:
                other.execute("SET lock_timeout = '100ms'")
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    other.execute("UPDATE organization_customfield SET filled_device_id = 0")
            waited.append("once")
            return fill(*arguments)

        monkeypatch.setattr(ruled_fields, "_fill", fill_while_somebody_restarts)
        ruled_fields.run_waiting()

        assert waited == ["once"]


class TestPreview:
    def test_counts_values_within_the_view_domain(
        self, ada: Account, ben_scope: Scope, paris: Entity, lyon: Entity
    ) -> None:
        make_devices(3, paris, "lab")
        make_devices(2, paris, "desk")
        make_devices(4, lyon, "lab")
        Device.objects.filter(name="desk-0").update(custom={"floor": 2})
        field = make_ruled(ada)
        filling = Filling((gives(1, ("device_name", "lab-*")),), otherwise=2)

        found = field_rules.filler().preview(field, filling, ben_scope)

        assert (found.devices, found.unmatched, found.changing) == (5, 2, 4)
        assert found.by_rule == {0: 3}
        assert list(found.by_value) == [(1, 3), (2, 2)]

    @pytest.mark.parametrize(
        ("fact", "is_hidden"), [("device_name", True), ("local_address", True), ("platform", False)]
    )
    def test_is_kept_from_who_may_not_see_what_rules_read(
        self, strict_scope: Scope, fact: str, is_hidden: bool
    ) -> None:
        assert field_rules.filler().hides([fact], strict_scope) == is_hidden

    @pytest.fixture
    def strict_scope(self) -> Scope:
        profile = make_profile(privacy_level=2, permissions=["devices.view_device"])
        grant(profile, Entity.objects.root())
        return scope_of(make_account(profile=profile))


class TestDevice:
    def test_is_filled_at_enrolment(self, ada: Account, paris: Entity, lyon: Entity) -> None:
        make_ruled(ada, gives(1, ("entity", paris.pk)), gives(2, ("enrolment_key", "*")))

        assert value_of(device_of(make_machine(paris))) == 1
        other = make_machine(lyon, install_id="1" * 32, fingerprints={})
        assert value_of(device_of(other)) == 2

    def test_follows_its_inventory(self, ada: Account, paris: Entity) -> None:
        make_ruled(ada, gives(1, ("hardware_model", "*")), otherwise=0)
        machine = make_machine(paris)
        assert value_of(device_of(machine)) == 0

        machine.send(inventory=[part("hardware", HARDWARE)])

        assert device_of(machine).hardware_model
        assert value_of(device_of(machine)) == 1

    def test_follows_its_network(self, ada: Account, paris: Entity) -> None:
        configure(local_addresses="on")
        make_ruled(ada, gives(1, ("local_address", "10.0.0.0/8")), otherwise=0)
        machine = make_machine(paris)

        machine.send(connectivity(local_ip="10.1.2.3"))
        assert value_of(device_of(machine)) == 1

    def test_follows_its_entity(self, ada: Account, paris: Entity, lyon: Entity) -> None:
        floor = make_entity("Floor", lyon)
        make_ruled(ada, gives(1, ("entity", lyon.pk)), otherwise=0)
        make_devices(1, paris)
        device = Device.objects.get()

        move_device(device=device, entity=floor, now=NOW)
        assert value_of(device) == 1

        services.move_entity(entity=floor, parent=paris, actor=ada, now=NOW)
        ruled_fields.run_waiting()
        assert value_of(device) == 0

    def test_follows_its_tag(self, ada: Account, ada_scope: Scope, paris: Entity) -> None:
        make_ruled(ada, gives(1, ("configuration_tag", "lab")), otherwise=0)
        make_devices(1, paris)
        by_hand.set_configuration_tag(
            devices=Device.objects.all(), tag="lab", scope=ada_scope, actor=ada, now=NOW
        )

        assert Device.objects.get().custom == {"floor": 1}

    def test_follows_within_a_day_what_no_report_tells(self, ada: Account, paris: Entity) -> None:
        make_ruled(ada, gives(1, ("enrolment_key", "Renamed")), otherwise=0)
        device = device_of(make_machine(paris))
        EnrolmentKey.objects.update(name="Renamed")
        ruled_fields.run_waiting()

        ruled_fields.restart()
        ruled_fields.run_waiting()

        assert value_of(device) == 1


class TestHands:
    def test_write_no_value_that_rules_give(
        self, ada: Account, ada_scope: Scope, paris: Entity
    ) -> None:
        field = make_ruled(ada, otherwise=1)
        make_devices(1, paris)
        rows = Device.objects.all()

        with pytest.raises(custom_fields.FilledByRules, match="Change its rules"):
            by_hand.set_custom_value(
                devices=rows, field=field, value=5, scope=ada_scope, actor=ada, now=NOW
            )
        with pytest.raises(custom_fields.FilledByRules):
            services.set_values(obj=rows.get(), values={field: 5}, actor=ada, now=NOW)
        assert rows.get().custom == {}


class TestDeletion:
    """Of a field while somebody writes its values: none is left, or a later field would have it."""

    @pytest.mark.usefixtures("clean_database")
    def test_waits_for_a_report_that_fills_it(self) -> None:
        ada, paris = make_account("ada", kind="main"), make_entity("Paris")
        field = make_ruled(ada, otherwise=1)
        make_devices(1, paris)
        device = Device.objects.get()

        with transaction.atomic():
            filled = ruled_fields.reconsider(device_ids=[device.pk])
            worker = waiting(lambda: services.delete_field(field=field, actor=ada, now=NOW))
        worker.join()

        assert filled == 1
        assert value_of(device) is None
        assert not CustomField.objects.exists()

    @pytest.mark.usefixtures("clean_database")
    def test_is_not_waited_for_by_reports(self) -> None:
        ada, paris = make_account("ada", kind="main"), make_entity("Paris")
        make_ruled(ada, otherwise=1)
        make_ruled(ada, otherwise=2, nql_id="wing")
        make_devices(1, paris)
        table = CustomField._meta.db_table

        with another_session() as other, other.transaction():
            other.execute(f"SELECT FROM {table} WHERE nql_id = 'floor' FOR UPDATE")
            ruled_fields.reconsider(device_ids=[Device.objects.get().pk])

        assert Device.objects.get().custom == {"wing": 2}

    @pytest.mark.usefixtures("clean_database")
    def test_is_the_only_change_that_reports_leave_out(self) -> None:
        ada, paris = make_account("ada", kind="main"), make_entity("Paris")
        make_ruled(ada, otherwise=1)
        make_devices(1, paris)
        table = CustomField._meta.db_table

        with another_session() as other, other.transaction():
            other.execute(f"UPDATE {table} SET filled_device_id = 0")
            ruled_fields.reconsider(device_ids=[Device.objects.get().pk])

        assert Device.objects.get().custom == {"floor": 1}

    def test_leaves_nothing_to_write_by_hand(
        self, ada: Account, ada_scope: Scope, paris: Entity
    ) -> None:
        field = make_field(ada, nql_id="owner")
        make_devices(1, paris)
        rows = Device.objects.all()
        gone = CustomField.objects.get(pk=field.pk)
        services.delete_field(field=field, actor=ada, now=NOW)

        with pytest.raises(custom_fields.FieldGone):
            by_hand.set_custom_value(
                devices=rows, field=gone, value="x", scope=ada_scope, actor=ada, now=NOW
            )
        with pytest.raises(custom_fields.FieldGone):
            services.set_values(obj=rows.get(), values={gone: "x"}, actor=ada, now=NOW)
        assert rows.get().custom == {}


class TestRules:
    def test_are_audited_without_their_values(self, ada: Account) -> None:
        make_ruled(ada, gives("Zebra", ("platform", "linux")), type="string")

        event = InboxEvent.objects.filter(code=AuditCode.CUSTOM_FIELD_RULES_CHANGED).get()
        assert event.detail["rules"] == 1
        assert "Zebra" not in str(event.detail)

    @pytest.mark.parametrize(
        ("rule", "sentence"),
        [
            (gives("x", ("platform", "linux")), "that the field can hold"),
            (gives(True, ("platform", "linux")), "that the field can hold"),
            (gives(1), "1 to 20 conditions"),
            (gives(1, ("platform", "linux"), matching="some"), "all conditions"),
        ],
    )
    def test_are_refused(self, ada: Account, rule: ValueRule, sentence: str) -> None:
        field = make_ruled(ada)

        with pytest.raises(services.FieldRulesRefused, match=sentence):
            set_rules(field, ada, rule)
        field.refresh_from_db()
        assert field.rules == []

    def test_are_refused_beyond_their_number(self, ada: Account) -> None:
        field = make_ruled(ada)

        with pytest.raises(services.FieldRulesRefused, match="at most 100"):
            set_rules(field, ada, *[gives(1, ("platform", "linux"))] * 101)

    def test_belong_to_no_field_that_people_fill(self, ada: Account) -> None:
        with pytest.raises(services.FieldRulesRefused, match="People fill"):
            set_rules(make_field(ada, type="int"), ada, otherwise=1)

    def test_fill_devices_alone(self, ada: Account) -> None:
        with pytest.raises(services.FieldRefused, match="devices alone"):
            make_field(ada, filled_by="rules", target="user")

    def test_are_not_written_over_those_of_somebody_else(self, ada: Account) -> None:
        field = make_ruled(ada)
        base = Filling.of_row(field).fingerprint
        set_rules(field, ada, otherwise=1)

        with pytest.raises(services.FieldRulesChangedMeanwhile):
            services.set_field_rules(
                field=field, filling=Filling(otherwise=2), base=base, actor=ada, now=NOW
            )

    @pytest.mark.parametrize("fact", ["entity", "key_entity"])
    def test_keep_the_entity_that_they_name(self, ada: Account, paris: Entity, fact: str) -> None:
        make_ruled(ada, gives(1, (fact, paris.pk)))

        with pytest.raises(services.EntityInUse):
            services.delete_entity(entity=paris, actor=ada, now=NOW)
