"""Lists narrowed by the value of a custom field."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.devices.test_classification import make_devices
from tests.factories.accounts import make_account, make_profile
from tests.factories.organization import grant
from tests.organization.test_field_values import Page, each_target, pages
from tests.organization.test_fields import DEVICES, make_field

__all__ = ["pages"]  # the fixture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


def listed(client: Client, address: str, **query: Any) -> list[Any]:
    """Return the names of the rows of a list."""
    answer: Any = client.get(address, query)
    return sorted(row.name for row in answer.context_data["cl"].result_list)


class TestDevices:
    @pytest.mark.parametrize(
        ("type", "value", "text", "others"),
        [
            ("string", "K 17", " K 17 ", "K 1"),
            ("int", 17, "17", "1"),
            ("float", 1.5, "1.5", "1"),
            ("bool", False, "no", "yes"),
            ("enum", "red", "red", "blue"),
            (
                "datetime",
                "2026-03-02T11:00:00+00:00",
                "2026-03-02T12:00:00+01:00",
                "2026-03-02 9:00",
            ),
        ],
    )
    def test_are_found_by_value_and_type(
        self,
        ada: Account,
        ada_client: Client,
        paris: Entity,
        type: str,
        value: Any,
        text: str,
        others: str,
    ) -> None:
        words = ["red", "blue"] if type == "enum" else []
        make_field(ada, type=type, words=words)
        make_devices(3, paris)
        Device.objects.filter(name="lt-0").update(custom={"cost_centre": value, "other": 1})
        Device.objects.filter(name="lt-1").update(custom={"other": value})

        def found(text: str) -> list[Any]:
            return listed(ada_client, DEVICES, custom_field="cost_centre", custom_value=text)

        assert found(text) == ["lt-0"]
        assert found(others) == []
        assert found("") == ["lt-0"]

    def test_are_told_what_no_value_can_be(
        self, ada: Account, ada_client: Client, paris: Entity
    ) -> None:
        make_field(ada, type="int")
        make_devices(1, paris)
        query = {"custom_field": "cost_centre", "custom_value": "many"}

        answer = ada_client.get(DEVICES, query)

        assert "This is no whole number." in answer.content.decode()
        assert listed(ada_client, DEVICES, **query) == []

    def test_keep_the_other_filters_and_say_what_narrows(
        self, ada: Account, ada_client: Client, paris: Entity
    ) -> None:
        make_field(ada)
        make_devices(2, paris)
        Device.objects.update(custom={"cost_centre": "Zebra"})
        query = {"custom_field": "cost_centre", "custom_value": "Zebra", "q": "lt-1"}

        page = ada_client.get(DEVICES, query).content.decode()

        assert "Cost centre: Zebra" in page
        assert '<input type="hidden" name="q" value="lt-1">' in page
        assert listed(ada_client, DEVICES, **query) == ["lt-1"]

    def test_of_other_entities_stay_out(
        self, ada: Account, ben_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        make_field(ada)
        make_devices(1, paris)
        make_devices(1, lyon, "theirs")
        Device.objects.update(custom={"cost_centre": "K"})
        query = {"custom_field": "cost_centre", "custom_value": "K"}

        assert listed(ben_client, DEVICES, **query) == ["lt-0"]

    @pytest.mark.parametrize(
        ("personal_class", "level", "status"),
        [
            ("free_text", 0, 200),
            ("free_text", 1, 400),  # hidden on the devices of one person
            ("behaviour", 1, 200),
            ("behaviour", 2, 400),
            ("none", 3, 200),
        ],
    )
    def test_are_not_found_by_what_is_hidden(
        self,
        ada: Account,
        client_for: Any,
        paris: Entity,
        personal_class: str,
        level: int,
        status: int,
    ) -> None:
        make_field(ada, personal_class=personal_class)
        make_devices(1, paris)
        profile = make_profile(privacy_level=level, permissions=["devices.view_device"])
        grant(profile, paris)
        client = client_for(make_account(profile=profile))
        query = {"custom_field": "cost_centre", "custom_value": "K"}

        assert client.get(DEVICES, query).status_code == status
        page = client.get(DEVICES).content.decode()
        assert ('value="cost_centre"' in page) == (status == 200)
        past = client.get(DEVICES, {"custom__cost_centre": "K"})
        assert past.status_code == (400 if level else 200)

    def test_have_no_filter_where_there_is_no_field(
        self, ada_client: Client, paris: Entity
    ) -> None:
        make_devices(1, paris)

        assert "custom_field" not in ada_client.get(DEVICES).content.decode()
        assert ada_client.get(DEVICES, {"custom_field": "cost_centre"}).status_code == 400
        assert listed(ada_client, DEVICES, custom_field="") == ["lt-0"]


class TestOtherLists:
    @each_target
    def test_are_narrowed_by_their_own_fields(
        self,
        ada: Account,
        ada_client: Client,
        client_for: Any,
        paris: Entity,
        pages: dict[str, Page],
        target: str,
    ) -> None:
        make_field(ada, target=target, personal_class="direct")
        obj = pages[target].obj
        type(obj).objects.filter(pk=obj.pk).update(custom={"cost_centre": "K"})
        address = f"/admin/{obj._meta.app_label}/{obj._meta.model_name}/"
        profile = make_profile(privacy_level=1, permissions=pages[target].permissions("view"))
        grant(profile, paris)
        query = {"custom_field": "cost_centre", "custom_value": "K"}

        assert listed(ada_client, address, **query) == [obj.name]
        assert listed(ada_client, address, **{**query, "custom_value": "x"}) == []
        assert client_for(make_account(profile=profile)).get(address, query).status_code == 400
