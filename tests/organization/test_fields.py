"""Custom fields: defined, filled in on devices, hidden by their class, deleted with their values."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.core.personal_data.classes import Class
from apps.devices.models import Device
from apps.nql import catalog
from apps.organization import custom_fields, services
from apps.organization.models import CustomField, Entity
from tests.conftest import NOW
from tests.devices.test_classification import make_devices
from tests.factories.accounts import make_account, make_profile
from tests.factories.organization import grant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

FIELDS = "/admin/organization/customfield/"
DEVICES = "/admin/devices/device/"


def make_field(actor: Account, **values: Any) -> CustomField:
    found = {
        "nql_id": "cost_centre",
        "name": "Cost centre",
        "target": "device",
        "type": "string",
        "words": [],
        "personal_class": "none",
        **values,
    }
    return services.create_field(**found, actor=actor, now=NOW)


class TestValues:
    @pytest.mark.parametrize(
        ("type", "text", "value"),
        [
            ("string", " K 17 ", "K 17"),
            ("int", "-17", -17),
            ("float", "1.5", 1.5),
            ("bool", "Yes", True),
            ("datetime", "2026-03-02T12:00:00+01:00", "2026-03-02T11:00:00+00:00"),
            ("enum", "red", "red"),
            ("int", "", None),
        ],
    )
    def test_are_kept_as_their_type(self, type: str, text: str, value: Any) -> None:
        field = CustomField(type=type, words=["red", "blue"])

        assert custom_fields.parse(field, text) == value

    @pytest.mark.parametrize(
        ("type", "text"),
        [
            ("string", "a\0"),
            ("string", "x" * 1_025),
            ("int", "1.5"),
            ("int", "9" * 30),
            ("float", "nan"),
            ("float", "inf"),
            ("float", "1e16"),  # jsonb gives it back as a whole number
            ("bool", "perhaps"),
            ("datetime", "yesterday"),
            ("datetime", "2026-02-31 12:00"),
            ("datetime", "0001-01-01T00:00+14:00"),
            ("datetime", "9999-12-31T23:00-14:00"),
            ("enum", "green"),
        ],
    )
    def test_are_refused_with_a_sentence(self, type: str, text: str) -> None:
        with pytest.raises(custom_fields.ValueRefused) as refused:
            custom_fields.parse(CustomField(type=type, words=["red"]), text)

        assert str(refused.value)


class TestDefinitions:
    def test_are_made_changed_and_audited(self, ada: Account) -> None:
        field = make_field(ada)

        services.change_field(
            field=field, name="Budget", personal_class="direct", actor=ada, now=NOW
        )

        field.refresh_from_db()
        assert (field.name, field.personal_class) == ("Budget", "direct")
        codes = InboxEvent.objects.order_by("pk").values_list("code", flat=True)
        assert list(codes)[-2:] == [
            AuditCode.CUSTOM_FIELD_CREATED,
            AuditCode.CUSTOM_FIELD_CHANGED,
        ]

    @pytest.mark.parametrize(("filled_by", "limit"), [("manual", 100), ("rules", 200)])
    def test_are_bounded_each_kind_by_itself(
        self, ada: Account, filled_by: str, limit: int
    ) -> None:
        CustomField.objects.bulk_create(
            CustomField(
                nql_id=f"x{number}",
                target="device",
                type="int",
                filled_by=filled_by,
                created_at=NOW,
            )
            for number in range(limit)
        )

        with pytest.raises(services.FieldRefused, match=f"There are {limit} custom fields"):
            make_field(ada, filled_by=filled_by)
        make_field(ada, filled_by={"manual": "rules", "rules": "manual"}[filled_by])

    @pytest.mark.parametrize(
        "values", [{"type": "enum"}, {"words": ["a"]}, {"nql_id": "taken"}], ids=str
    )
    def test_are_refused(self, ada: Account, values: dict[str, Any]) -> None:
        make_field(ada, nql_id="taken")

        with pytest.raises(services.FieldRefused):
            make_field(ada, **values)

    def test_go_with_their_values(self, ada: Account, paris: Entity) -> None:
        field, other = make_field(ada), make_field(ada, nql_id="other")
        make_devices(3, paris)
        Device.objects.filter(name__in=["lt-0", "lt-1"]).update(
            custom={field.nql_id: "K", other.nql_id: "x"}
        )

        assert services.delete_field(field=field, actor=ada, now=NOW) == 2

        assert not Device.objects.filter(custom__has_key="cost_centre").exists()
        assert Device.objects.filter(custom={"other": "x"}).count() == 2


class TestCatalogue:
    """What queries find: the fields as they are while a query is read."""

    @pytest.mark.parametrize(
        ("target", "table"),
        [
            ("device", "device.devices"),
            ("user", "user.users"),
            ("binary", "binary.binaries"),
            ("package", "package.packages"),
        ],
    )
    def test_finds_a_field_by_its_id(self, ada: Account, target: str, table: str) -> None:
        known = catalog.table(table)
        assert known
        assert known.field("#colour") is None

        make_field(
            ada,
            nql_id="colour",
            target=target,
            type="enum",
            words=["red", "blue"],
            personal_class="behaviour",
        )

        field, found = known.field("#colour"), known.class_of("#colour")
        assert field
        assert (field.type, list(field.values)) == ("enum", ["red", "blue"])
        assert (field.columns, field.key) == (("custom",), "colour")
        assert not list(catalog.problems(known))
        assert found
        assert (found.value, found.narrow) == (Class.BEHAVIOUR, True)
        assert found.subject == ("device" if target == "device" else "user")

    @pytest.mark.parametrize("type", ["string", "int", "float", "bool", "datetime"])
    def test_knows_each_type(self, ada: Account, type: str) -> None:
        make_field(ada, type=type)

        known = catalog.table("device.devices")
        assert known
        assert [(entry.path, entry.type) for entry in known.told()] == [("#cost_centre", type)]


class TestPages:
    def test_make_a_field(self, ada_client: Client) -> None:
        form = {
            "nql_id": "colour",
            "name": "Colour",
            "target": "device",
            "filled_by": "manual",
            "type": "enum",
            "personal_class": "none",
            "typed_words": "red\nblue\nred\n",
        }
        assert ada_client.post(f"{FIELDS}add/", {**form, "typed_words": ""}).status_code == 200
        assert ada_client.post(f"{FIELDS}add/", {**form, "nql_id": "Colour!"}).status_code == 200

        assert ada_client.post(f"{FIELDS}add/", form).status_code == 302

        assert CustomField.objects.get().words == ["red", "blue"]

    def test_change_no_more_than_name_and_class(self, ada: Account, ada_client: Client) -> None:
        field = make_field(ada)
        form = {"name": "Budget", "personal_class": "direct", "type": "int", "nql_id": "x"}

        assert ada_client.post(f"{FIELDS}{field.pk}/change/", form).status_code == 302

        field.refresh_from_db()
        assert (field.name, field.type, field.nql_id) == ("Budget", "string", "cost_centre")

    def test_let_nobody_declare_harmless_what_his_profile_hides(
        self, ada: Account, client_for: Any
    ) -> None:
        field = make_field(ada, personal_class="direct")
        rights = ["organization.view_customfield", "organization.change_customfield"]
        profile = make_profile(privacy_level=2, permissions=rights)
        grant(profile, Entity.objects.root())
        client = client_for(make_account(profile=profile))
        address = f"{FIELDS}{field.pk}/change/"

        client.post(address, {"name": "Budget", "personal_class": "none"})

        field.refresh_from_db()
        assert (field.name, field.personal_class) == ("Budget", "direct")
        assert 'name="personal_class"' not in client.get(address).content.decode()

    def test_delete_after_saying_how_much_goes(
        self, ada: Account, ada_client: Client, paris: Entity
    ) -> None:
        field = make_field(ada)
        make_devices(2, paris)
        Device.objects.update(custom={"cost_centre": "K"})
        address = f"{FIELDS}{field.pk}/delete/"

        assert "2 values are deleted with it." in ada_client.get(address).content.decode()
        ada_client.post(address, {"post": "yes"})
        assert CustomField.objects.exists()

        ada_client.post(address, {"confirmed": "yes"})
        assert not CustomField.objects.exists()
        assert not Device.objects.exclude(custom={}).exists()

    def test_fill_in_a_selection_within_the_view_domain(
        self, ada: Account, ben_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        field = make_field(ada, type="int")
        make_devices(2, paris)
        make_devices(1, lyon, "theirs")
        ids = list(Device.objects.values_list("pk", flat=True))
        form = {"action": "fill_devices", "_selected_action": ids, "field": field.pk}
        answer = {**form, "confirmed": "yes"}

        wrong = ben_client.post(DEVICES, {**answer, "value": "many"}).content.decode()
        assert "This is no whole number." in wrong

        ben_client.post(DEVICES, {**answer, "value": "17"})
        assert Device.objects.filter(custom={"cost_centre": 17}).count() == 2
        assert Device.objects.get(name="theirs-0").custom == {}
        event = InboxEvent.objects.filter(code=AuditCode.CUSTOM_VALUES_CHANGED).get()
        assert "17" not in str(event.detail)

        device = Device.objects.get(name="lt-0")
        page = ben_client.get(f"{DEVICES}{device.pk}/change/").content.decode()
        assert "#cost_centre" in page

        ben_client.post(DEVICES, {**answer, "value": ""})
        assert not Device.objects.exclude(custom={}).exists()

    @pytest.mark.parametrize(
        ("personal_class", "level", "is_seen"),
        [("direct", 0, True), ("direct", 2, False), ("behaviour", 2, False), ("none", 3, True)],
    )
    def test_show_what_the_class_of_the_field_allows(
        self,
        ada: Account,
        client_for: Any,
        paris: Entity,
        personal_class: str,
        level: int,
        is_seen: bool,
    ) -> None:
        make_field(ada, personal_class=personal_class)
        make_devices(1, paris)
        Device.objects.update(custom={"cost_centre": "Zebra 17"})
        profile = make_profile(
            privacy_level=level,
            permissions=["devices.view_device", "devices.manage_device"],
        )
        grant(profile, paris)
        client = client_for(make_account(profile=profile))
        address = f"{DEVICES}{Device.objects.get().pk}/"

        assert ("Zebra 17" in client.get(f"{address}change/").content.decode()) == is_seen

        client.post(f"{address}fields/", {"initial-cost_centre": "", "cost_centre": "new"})
        assert (Device.objects.get().custom["cost_centre"] == "new") == is_seen

    def test_are_set_one_by_one_on_a_selection_alone(
        self, ada: Account, ada_client: Client, paris: Entity
    ) -> None:
        make_field(ada)
        make_devices(1, paris)

        address = f"{DEVICES}{Device.objects.get().pk}"

        assert ada_client.get(f"{address}/decide/field/").status_code == 404
        assert ada_client.get(f"{address}/decide/tag/").status_code == 200


class TestStrangers:
    def test_are_let_in_nowhere(
        self, ada: Account, cleo_client: Client, ben_client: Client
    ) -> None:
        field = make_field(ada)

        for client in (cleo_client, ben_client):
            for name in ("", "add/", f"{field.pk}/change/", f"{field.pk}/delete/"):
                assert client.get(FIELDS + name).status_code == 403
            client.post(f"{FIELDS}{field.pk}/delete/", {"confirmed": "yes"})
        assert CustomField.objects.exists()

    def test_with_a_part_of_the_tree_only_look(
        self, ada: Account, client_for: Any, paris: Entity
    ) -> None:
        field = make_field(ada)
        names = ("view", "add", "change", "delete")
        profile = make_profile(permissions=[f"organization.{n}_customfield" for n in names])
        grant(profile, paris)
        client = client_for(make_account(profile=profile))

        assert client.get(FIELDS).status_code == 200
        assert client.get(f"{FIELDS}add/").status_code == 403
        assert client.post(f"{FIELDS}{field.pk}/delete/", {"confirmed": "yes"}).status_code == 403
