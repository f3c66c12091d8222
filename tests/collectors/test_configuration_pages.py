"""Pages on which it is decided what is collected."""

from typing import Any

import pytest
from django.test import Client

from apps.collectors.choices import ConfigurationState, Level, Preset
from apps.collectors.forms import LEGAL_BASES
from apps.collectors.models import CollectorConfiguration
from apps.collectors.services import configuration as service
from apps.collectors.services import enrolment
from apps.collectors.switches import PRESETS
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.collectors import configure, device_of, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

CONFIGURATIONS = "/admin/collectors/collectorconfiguration/"
EFFECTIVE = f"{CONFIGURATIONS}effective/"
INSTANCE = f"{CONFIGURATIONS}add/?level=instance"
KEYS = "/admin/collectors/enrolmentkey/"


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
