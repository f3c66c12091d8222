"""Pages of collectors and what was not stored; who sees any page of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Profile
from apps.collectors.choices import CollectorState
from apps.collectors.models import Collector, EnrolmentKey, RefusalCount
from apps.devices.models import Device
from apps.events import retention
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    boot,
    collector_of,
    configure,
    device_of,
    execution,
    make_machine,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

KEYS = "/admin/collectors/enrolmentkey/"
COLLECTORS = "/admin/collectors/collector/"
CONFIGURATIONS = "/admin/collectors/collectorconfiguration/"
REFUSALS = "/admin/collectors/refusalcount/"
EFFECTIVE = f"{CONFIGURATIONS}effective/"
INSTANCE = f"{CONFIGURATIONS}add/?level=instance"


class TestPages:
    @pytest.mark.parametrize(
        "url",
        [
            KEYS,
            f"{KEYS}add/",
            COLLECTORS,
            CONFIGURATIONS,
            REFUSALS,
            EFFECTIVE,
            INSTANCE,
            f"{CONFIGURATIONS}add/",
        ],
    )
    def test_are_closed_to_cleo(self, cleo_client: Client, url: str) -> None:
        assert cleo_client.get(url).status_code == 403

    @pytest.mark.parametrize("url", [KEYS, COLLECTORS, CONFIGURATIONS, REFUSALS])
    def test_ask_a_bounded_number_of_questions(
        self, ada_client: Client, paris: Entity, django_assert_max_num_queries: Any, url: str
    ) -> None:
        make_machine(paris)
        make_machine(paris, host_name="other", install_id="1" * 32)

        with django_assert_max_num_queries(12):
            assert ada_client.get(url).status_code == 200


class TestCollectors:
    def test_show_how_they_stand(self, ada_client: Client, paris: Entity) -> None:
        collector = collector_of(make_machine(paris))
        Collector.objects.update(clock_offset_ms=120_000, configuration_version=3)

        page = ada_client.get(f"{COLLECTORS}{collector.pk}/change/").content.decode()

        assert "behind by 2 min 0 s" in page
        assert "Version 3 was issued." in page
        assert "ada-laptop" in page

    def test_of_another_entity_are_not_there_for_ben(
        self, ben_client: Client, lyon: Entity
    ) -> None:
        collector = collector_of(make_machine(lyon, host_name="lyon-laptop"))

        assert "lyon-laptop" not in ben_client.get(COLLECTORS).content.decode()
        assert ben_client.get(f"{COLLECTORS}{collector.pk}/change/").status_code == 404
        assert ben_client.post(f"{COLLECTORS}{collector.pk}/revoke/").status_code == 404

    def test_are_revoked_after_a_question(self, ben_client: Client, paris: Entity) -> None:
        collector = collector_of(make_machine(paris))

        question = ben_client.get(f"{COLLECTORS}{collector.pk}/revoke/").content.decode()
        ben_client.post(f"{COLLECTORS}{collector.pk}/revoke/", {"confirmed": "yes"})

        collector.refresh_from_db()
        assert "Revoke this collector?" in question
        assert collector.state == CollectorState.REVOKED

    def test_are_revoked_from_the_list_after_a_question(
        self, ada_client: Client, paris: Entity
    ) -> None:
        collector = collector_of(make_machine(paris))
        form = {"action": "revoke", "_selected_action": [collector.pk]}

        question = ada_client.post(COLLECTORS, form).content.decode()
        ada_client.post(COLLECTORS, {**form, "confirmed": "yes"})

        collector.refresh_from_db()
        assert "Revoke 1 collector?" in question
        assert collector.state == CollectorState.REVOKED

    def test_name_no_key_of_an_entity_that_is_hidden(
        self, ada_client: Client, ben_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        machine = make_machine(lyon)
        EnrolmentKey.objects.update(name="Acquisition of Lyon")
        Device.objects.update(entity=paris)
        address = f"{COLLECTORS}{collector_of(machine).pk}/change/"

        assert "Acquisition of Lyon" in ada_client.get(address).content.decode()
        assert "Acquisition of Lyon" not in ben_client.get(address).content.decode()


class TestRecordsNotStored:
    def test_say_what_and_why(self, ada_client: Client, paris: Entity) -> None:
        configure(executions="off")
        machine = make_machine(paris)
        machine.send(boot(duration_ms=-1), execution(), users=ADA_ROSSI, binaries=SOFFICE)

        page = ada_client.get(REFUSALS).content.decode()

        assert RefusalCount.objects.count() == 2
        assert "Executions" in page
        assert "a value is missing or out of range" in page
        assert "boots" in page

    @pytest.mark.parametrize(("days", "is_there"), [(3, False), (5, True)])
    def test_go_from_the_page_of_their_device_with_their_term(
        self,
        ada_client: Client,
        paris: Entity,
        monkeypatch: pytest.MonkeyPatch,
        days: int,
        is_there: bool,
    ) -> None:
        machine = make_machine(paris)
        machine.send(boot(duration_ms=-1))
        RefusalCount.objects.update(day=NOW.date() - timedelta(days=4))
        monkeypatch.setattr(retention, "_terms", lambda _class: days)

        page = ada_client.get(f"/admin/devices/device/{device_of(machine).pk}/change/")

        text = "a value is missing or out of range"
        assert (text in page.content.decode()) is is_there

    def test_of_lyon_are_hidden_from_ben(self, ben_client: Client, lyon: Entity) -> None:
        machine = make_machine(lyon, host_name="lyon-laptop")
        machine.send(boot(duration_ms=-1))

        assert "lyon-laptop" not in ben_client.get(REFUSALS).content.decode()

    def test_name_nobody_where_the_profile_hides_it(
        self, ben_client: Client, paris: Entity
    ) -> None:
        make_machine(paris).send(boot(duration_ms=-1))
        Profile.objects.update(privacy_level=3)

        assert "ada-laptop" not in ben_client.get(REFUSALS).content.decode()
