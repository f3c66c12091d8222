"""Pages of keys, collectors, configurations and what was not stored."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account, Profile
from apps.collectors.choices import CollectorState, ConfigurationState, Level, Preset
from apps.collectors.forms import LEGAL_BASES
from apps.collectors.models import Collector, CollectorConfiguration, EnrolmentKey, RefusalCount
from apps.collectors.services import configuration as service
from apps.collectors.services import enrolment
from apps.collectors.switches import PRESETS
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
    make_key,
    make_machine,
)
from tests.factories.organization import grant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

KEYS = "/admin/collectors/enrolmentkey/"
COLLECTORS = "/admin/collectors/collector/"
CONFIGURATIONS = "/admin/collectors/collectorconfiguration/"
REFUSALS = "/admin/collectors/refusalcount/"
EFFECTIVE = f"{CONFIGURATIONS}effective/"
INSTANCE = f"{CONFIGURATIONS}add/?level=instance"


def key_form(**values: Any) -> dict[str, Any]:
    """Return what the form of a new key posts."""
    return {
        "name": "Laptops",
        "entity": "",
        "platforms": ["linux"],
        "purpose": "fleet",
        "expires_on": "2026-05-31",
        "maximum_uses": "10",
    } | values


def decision(preset: str = "strict", **values: Any) -> dict[str, Any]:
    """Return what the page that decides posts."""
    return {
        "preset": preset,
        "legal_basis": LEGAL_BASES[0],
        "purpose": "Fewer slow devices",
        "replaces": "",
    } | values


def switches(preset: Preset = Preset.STANDARD, **changed: str) -> dict[str, str]:
    """Return the radio buttons of a preset, `changed` differing."""
    return {f"switch_{name}": value for name, value in {**PRESETS[preset], **changed}.items()}


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


class TestEnrolmentKeys:
    def test_offer_ninety_days(self, ada_client: Client) -> None:
        page = ada_client.get(f"{KEYS}add/").content.decode()

        assert 'value="2026-05-31"' in page

    def test_show_their_text_once(self, ada_client: Client) -> None:
        response = ada_client.post(f"{KEYS}add/", key_form())

        key = EnrolmentKey.objects.get()
        page = response.content.decode()
        text = page.split('id="dex-key-text">')[1].split("<")[0]
        assert "no-store" in response["Cache-Control"]
        assert text.startswith("dexk-")
        assert "python3 -m dex_collector run" in page
        assert text not in ada_client.get(f"{KEYS}{key.pk}/change/").content.decode()
        assert text.split("-")[1] not in ada_client.get(KEYS).content.decode()

    def test_hold_what_was_chosen(self, ada_client: Client, paris: Entity) -> None:
        ada_client.post(f"{KEYS}add/", key_form(entity=paris.pk))

        key = EnrolmentKey.objects.get()
        assert (key.name, key.entity, key.platforms, key.maximum_uses) == (
            "Laptops",
            paris,
            ["linux"],
            10,
        )
        assert key.expires_at.isoformat() == "2026-06-01T00:00:00+00:00"

    @pytest.mark.parametrize(
        ("field", "value"),
        [("name", ""), ("expires_on", "2026-03-01"), ("maximum_uses", "0"), ("purpose", "local")],
    )
    def test_refuse_what_makes_no_sense(self, ada_client: Client, field: str, value: str) -> None:
        response = ada_client.post(f"{KEYS}add/", key_form(**{field: value}))

        assert "errorlist" in response.content.decode() or "error" in response.content.decode()
        assert not EnrolmentKey.objects.exists()

    def test_say_that_they_wait_for_a_confirmation(self, ada_client: Client) -> None:
        response = ada_client.post(f"{KEYS}add/", key_form())

        assert "confirmed what is collected" in response.content.decode()
        assert "inactive until collection is confirmed" in ada_client.get(KEYS).content.decode()

    def test_are_active_once_collection_is_confirmed(self, ada_client: Client) -> None:
        configure()
        make_key()

        assert "inactive" not in ada_client.get(KEYS).content.decode()

    def test_are_made_by_ben_for_paris_alone(
        self, ben_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        page = ben_client.get(f"{KEYS}add/").content.decode()
        ben_client.post(f"{KEYS}add/", key_form(entity=lyon.pk))
        ben_client.post(f"{KEYS}add/", key_form(entity=""))

        assert "Lyon" not in page
        assert not EnrolmentKey.objects.exists()
        ben_client.post(f"{KEYS}add/", key_form(entity=paris.pk))
        assert EnrolmentKey.objects.get().entity == paris

    @pytest.mark.parametrize("model", ["enrolmentkey", "collectorconfiguration"])
    def test_go_to_entities_that_are_managed(
        self, ben: Account, ben_client: Client, lyon: Entity, model: str
    ) -> None:
        assert ben.main_profile is not None
        grant(ben.main_profile, lyon, actions=["view_device"])
        field = {"app_label": "collectors", "model_name": model, "field_name": "entity"}

        found = ben_client.get("/admin/autocomplete/", field).json()["results"]

        assert [entry["text"] for entry in found] == ["Paris"]

    def test_of_another_entity_are_not_there_for_ben(
        self, ben_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        make_key(entity=paris)
        make_key(entity=lyon)
        hidden = EnrolmentKey.objects.get(entity=lyon)

        assert "key 1" not in ben_client.get(KEYS).content.decode()
        assert ben_client.get(f"{KEYS}{hidden.pk}/change/").status_code == 404
        assert ben_client.post(f"{KEYS}{hidden.pk}/revoke/").status_code == 404

    def test_are_revoked_after_a_question(self, ada_client: Client) -> None:
        make_key()
        key = EnrolmentKey.objects.get()

        question = ada_client.post(f"{KEYS}{key.pk}/revoke/").content.decode()
        key.refresh_from_db()
        was_revoked = key.revoked_at
        ada_client.post(f"{KEYS}{key.pk}/revoke/", {"confirmed": "yes"})

        key.refresh_from_db()
        assert "Revoke this enrolment key?" in question
        assert was_revoked is None
        assert key.revoked_at == NOW

    def test_are_revoked_from_the_list_after_a_question(self, ada_client: Client) -> None:
        make_key()
        key = EnrolmentKey.objects.get()
        form = {"action": "revoke", "_selected_action": [key.pk]}

        question = ada_client.post(KEYS, form).content.decode()
        ada_client.post(KEYS, {**form, "confirmed": "yes"})

        key.refresh_from_db()
        assert "Revoke 1 enrolment key?" in question
        assert key.revoked_at == NOW

    def test_are_never_changed(self, ada_client: Client) -> None:
        make_key()
        key = EnrolmentKey.objects.get()

        ada_client.post(f"{KEYS}{key.pk}/change/", key_form(name="Mine"))

        assert not EnrolmentKey.objects.filter(name="Mine").exists()

    def test_are_deleted_by_nobody(self, ada_client: Client) -> None:
        make_key()
        key = EnrolmentKey.objects.get()

        response = ada_client.post(f"{KEYS}{key.pk}/delete/", {"post": "yes"})

        assert response.status_code == 403


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


class TestDeciding:
    def test_offers_both_presets_and_no_consent(self, ada_client: Client) -> None:
        page = ada_client.get(INSTANCE).content.decode()

        assert "Reference defaults" in page
        assert "Strict: the least data" in page
        assert "onsent" not in page

    def test_saves_a_preset_and_confirms_it(self, ada_client: Client) -> None:
        response = ada_client.post(INSTANCE, decision("strict"))

        row = CollectorConfiguration.objects.in_force().get()
        assert response.status_code == 302
        assert (row.level, row.preset) == (Level.INSTANCE, Preset.STRICT)
        assert row.switches == PRESETS[Preset.STRICT]
        assert row.confirmed_at == NOW
        assert enrolment.is_collection_confirmed()

    def test_saves_a_custom_set(self, ada_client: Client) -> None:
        form = decision("custom", **switches(focus_time="on"))

        ada_client.post(INSTANCE, form)

        row = CollectorConfiguration.objects.in_force().get()
        assert row.switches == {**PRESETS[Preset.STANDARD], "focus_time": "on"}

    @pytest.mark.parametrize("field", ["legal_basis", "purpose", "preset"])
    def test_asks_for_reasons(self, ada_client: Client, field: str) -> None:
        response = ada_client.post(INSTANCE, decision(**{field: ""}))

        assert response.status_code == 200
        assert "errorlist" in response.content.decode()
        assert not CollectorConfiguration.objects.exists()

    def test_refuses_values_that_do_not_exist(self, ada_client: Client) -> None:
        form = decision("custom", **switches(focus_time="everything"))

        ada_client.post(INSTANCE, form)

        assert not CollectorConfiguration.objects.exists()

    def test_tells_of_a_change_meanwhile_and_keeps_what_was_typed(self, ada_client: Client) -> None:
        first = configure(Preset.STRICT)
        configure(Preset.STANDARD)
        form = decision("custom", **switches(focus_time="on"), replaces=first.pk)

        response = ada_client.post(INSTANCE, form)

        page = response.content.decode()
        assert response.status_code == 409
        assert "Somebody saved version 2 meanwhile" in page
        assert "Fewer slow devices" in page
        assert 'name="switch_focus_time" value="on" checked' in page
        assert CollectorConfiguration.objects.in_force().get().preset == Preset.STANDARD

    def test_replaces_after_a_conflict_on_purpose(self, ada_client: Client) -> None:
        configure(Preset.STRICT)
        newest = configure(Preset.STANDARD)

        ada_client.post(INSTANCE, decision("strict", replaces=newest.pk))

        assert CollectorConfiguration.objects.in_force().get().preset == Preset.STRICT

    def test_leaves_switches_open_below_the_instance(
        self, ada_client: Client, paris: Entity
    ) -> None:
        url = f"{CONFIGURATIONS}add/?level=entity&entity={paris.pk}"

        ada_client.post(url, decision("custom", switch_username="none"))

        row = CollectorConfiguration.objects.get(level=Level.ENTITY)
        assert (row.entity, row.switches) == (paris, {"username": "none"})

    def test_takes_a_device(self, ada_client: Client, paris: Entity) -> None:
        device = device_of(make_machine(paris))
        url = f"{CONFIGURATIONS}add/?level=device&device={device.pk}"

        ada_client.post(url, decision("strict"))

        assert CollectorConfiguration.objects.get(level=Level.DEVICE).device == device

    def test_finds_the_device_by_name(self, ada_client: Client, paris: Entity) -> None:
        device = device_of(make_machine(paris))

        page = ada_client.get(f"{CONFIGURATIONS}add/?q=ada").content.decode()

        assert f"device={device.pk}" in page

    def test_of_the_instance_is_not_for_ben(self, ben_client: Client) -> None:
        assert ben_client.get(INSTANCE).status_code == 403
        assert ben_client.post(INSTANCE, decision()).status_code == 403

    def test_of_lyon_is_not_there_for_ben(
        self, ben_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        add = f"{CONFIGURATIONS}add/?level=entity&entity="

        assert ben_client.get(f"{add}{paris.pk}").status_code == 200
        assert ben_client.post(f"{add}{lyon.pk}", decision()).status_code == 404
        assert "Lyon" not in ben_client.get(f"{CONFIGURATIONS}add/").content.decode()


class TestConfigurations:
    def test_show_how_they_differ(self, ada_client: Client) -> None:
        configure(Preset.STRICT)
        row = configure(focus_time="on")

        page = ada_client.get(f"{CONFIGURATIONS}{row.pk}/change/").content.decode()

        assert "Before (version 1)" in page
        assert "Reference defaults: not collected" in page

    def test_are_withdrawn_after_a_question(self, ada_client: Client, paris: Entity) -> None:
        row = service.save_configuration(
            level=Level.ENTITY, preset=Preset.STRICT, entity=paris, now=NOW
        )

        question = ada_client.get(f"{CONFIGURATIONS}{row.pk}/withdraw/").content.decode()
        ada_client.post(f"{CONFIGURATIONS}{row.pk}/withdraw/", {"confirmed": "yes"})

        row.refresh_from_db()
        assert "Withdraw this configuration?" in question
        assert row.state == ConfigurationState.REPLACED

    def test_of_the_instance_are_not_withdrawn(self, ada_client: Client) -> None:
        row = configure()

        response = ada_client.post(f"{CONFIGURATIONS}{row.pk}/withdraw/", {"confirmed": "yes"})

        assert response.status_code == 403

    def test_of_lyon_are_not_there_for_ben(self, ben_client: Client, lyon: Entity) -> None:
        row = service.save_configuration(
            level=Level.ENTITY, preset=Preset.STRICT, entity=lyon, now=NOW
        )

        assert "Lyon" not in ben_client.get(CONFIGURATIONS).content.decode()
        assert ben_client.get(f"{CONFIGURATIONS}{row.pk}/change/").status_code == 404

    def test_have_one_result_for_a_device(self, ada_client: Client, paris: Entity) -> None:
        device = device_of(make_machine(paris))
        service.save_configuration(
            level=Level.ENTITY,
            preset=Preset.CUSTOM,
            values={"username": "none"},
            entity=paris,
            now=NOW,
        )

        page = ada_client.get(f"{EFFECTIVE}?device={device.pk}").content.decode()

        assert "its entity, or one above" in page
        assert "whole instance" in page

    def test_have_one_result_for_an_entity(
        self, ada_client: Client, ben_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        configure()
        service.save_configuration(
            level=Level.ENTITY,
            preset=Preset.CUSTOM,
            values={"username": "none"},
            entity=paris,
            now=NOW,
        )

        page = ada_client.get(f"{EFFECTIVE}?entity={paris.pk}").content.decode()

        assert "its entity, or one above" in page
        assert ben_client.get(f"{EFFECTIVE}?entity={paris.pk}").status_code == 200
        assert ben_client.get(f"{EFFECTIVE}?entity={lyon.pk}").status_code == 404

    @pytest.mark.parametrize("query", ["device=x", "entity=x", "device=-1", f"device={'9' * 40}"])
    def test_have_no_result_for_an_unknown_device(self, ada_client: Client, query: str) -> None:
        assert ada_client.get(f"{EFFECTIVE}?{query}").status_code == 404

    @pytest.mark.parametrize("text", ["%00", "nobody", "%25", "x" * 500])
    def test_say_when_no_device_is_found(self, ada_client: Client, text: str) -> None:
        assert ada_client.get(f"{EFFECTIVE}?q={text}").status_code == 200

    def test_have_no_result_for_a_hidden_device(self, ben_client: Client, lyon: Entity) -> None:
        device = device_of(make_machine(lyon))

        assert ben_client.get(f"{EFFECTIVE}?device={device.pk}").status_code == 404


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


def test_a_key_expires(ada_client: Client) -> None:
    configure()
    make_key(expires_at=NOW - timedelta(days=1))

    assert "expired" in ada_client.get(KEYS).content.decode()
