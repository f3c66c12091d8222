"""Whether persons may be ranked: decided for the whole instance, and not by devices."""

import json
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from apps.accounts.models import Account
from apps.accounts.scope import scope_of
from apps.collectors import effective
from apps.collectors.choices import ConfigurationState, Level, Preset
from apps.collectors.forms import LEGAL_BASES
from apps.collectors.models import CollectorConfiguration
from apps.collectors.ranking import is_allowed
from apps.collectors.services import changes
from apps.collectors.services import configuration as service
from apps.collectors.switches import ALLOWED, PRESETS, RANKING, REFUSED, collected, preset_of
from apps.core import generations
from apps.organization.models import Entity
from apps.users.models import User
from tests.conftest import NOW
from tests.factories.accounts import make_account
from tests.factories.changes import approve, change
from tests.factories.collectors import collector_of, configure, device_of, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

INSTANCE = "/admin/collectors/collectorconfiguration/add/?level=instance"
STANDARD, STRICT = PRESETS[Preset.STANDARD], PRESETS[Preset.STRICT]


@pytest.fixture
def dora(db: None) -> Account:
    """Return another administrator."""
    return make_account("dora", kind="administrator")


class TestRanking:
    def test_is_refused_where_nothing_is_decided(self) -> None:
        assert not is_allowed()

    @pytest.mark.parametrize(("preset", "allowed"), [("standard", True), ("strict", False)])
    def test_follows_the_preset(self, preset: Preset, allowed: bool) -> None:
        configure(preset)

        assert is_allowed() is allowed

    def test_is_refused_in_a_custom_set_until_it_is_chosen(self) -> None:
        values = collected(STANDARD)
        service.save_configuration(
            level=Level.INSTANCE, preset=Preset.CUSTOM, values=values, now=NOW
        )

        assert not is_allowed()

    def test_can_be_chosen_in_a_custom_set(self) -> None:
        configure(Preset.STRICT, individual_ranking=ALLOWED)

        assert is_allowed()

    def test_makes_a_preset_a_custom_set(self) -> None:
        assert preset_of({**STRICT, RANKING: ALLOWED}) == Preset.CUSTOM
        assert preset_of(STRICT) == preset_of(collected(STRICT)) == Preset.STRICT

    def test_is_no_business_of_a_lower_level(self, paris: Entity) -> None:
        configure(Preset.STRICT)
        row = service.save_configuration(
            level=Level.ENTITY, preset=Preset.STANDARD, entity=paris, now=NOW
        )

        assert RANKING not in row.switches
        assert not is_allowed()
        assert effective.for_device(device_of(make_machine(paris))).preset == Preset.STANDARD

    def test_is_not_told_to_collectors(self, ada: Account, dora: Account) -> None:
        configure(Preset.STRICT)
        machine = make_machine()
        asked_for(ada)
        approve(dora)
        effective.forget()

        content = effective.for_collector(collector_of(machine)).content

        assert RANKING not in json.dumps(content)
        assert (content["preset"], content["announced"]) == ("strict", [])

    def test_is_added_to_stored_presets_alone(self) -> None:
        old = [old_row(Preset.STANDARD), old_row(Preset.STRICT), old_row(Preset.CUSTOM)]

        migration("complete")

        found = [CollectorConfiguration.objects.get(pk=row.pk).switches for row in old]
        assert found == [STANDARD, STRICT, old[2].switches]

    def test_is_not_added_below_the_instance(self, paris: Entity) -> None:
        row = old_row(Preset.STANDARD, level=Level.ENTITY, entity=paris)

        migration("complete")

        row.refresh_from_db()
        assert row.switches == collected(STANDARD)

    def test_is_taken_out_for_an_earlier_version(self) -> None:
        configure(Preset.STANDARD)

        migration("forget")

        assert CollectorConfiguration.objects.in_force().get().switches == collected(STANDARD)


class TestKnowledge:
    """Each process keeps the decision for as long as the configuration has its generation."""

    def test_costs_no_query_at_a_known_generation(self, django_assert_num_queries: Any) -> None:
        configure(Preset.STANDARD)
        generation = generations.read(generations.CONFIGURATION)
        assert is_allowed(generation)

        with django_assert_num_queries(0):
            assert is_allowed(generation)

    def test_costs_a_page_no_query_of_its_own(
        self, ada: Account, django_assert_num_queries: Any
    ) -> None:
        configure(Preset.STANDARD)
        assert scope_of(ada).may_list(User, "last_seen_at")

        with django_assert_num_queries(2):  # profiles, permissions
            assert scope_of(ada).may_list(User, "last_seen_at")

    def test_is_outdated_by_a_change(self, ada: Account) -> None:
        configure(Preset.STANDARD)
        assert scope_of(ada).may_list(User, "last_seen_at")

        change(ada, values={**STANDARD, RANKING: REFUSED})

        assert not scope_of(ada).may_list(User, "last_seen_at")

    def test_is_outdated_by_the_time_of_an_announced_change(
        self, ada: Account, dora: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configure(Preset.STRICT)
        make_machine()
        asked_for(ada)
        approve(dora)
        generation = generations.read(generations.CONFIGURATION)
        before = is_allowed(generation)

        monkeypatch.setattr("apps.core.clock.now", lambda: NOW + timedelta(days=8))

        assert (before, is_allowed(generation)) == (False, True)


class TestChanges:
    def test_allowing_it_waits_for_a_second_person(self, ada: Account) -> None:
        configure(Preset.STRICT)

        waiting = asked_for(ada)

        assert waiting.preset == Preset.CUSTOM
        assert not is_allowed()

    def test_allowing_it_holds_once_approved(self, ada: Account, dora: Account) -> None:
        configure(Preset.STRICT)
        asked_for(ada)

        approve(dora)

        assert is_allowed()

    def test_refusing_it_holds_at_once(self, ada: Account) -> None:
        configure(Preset.STANDARD)

        outcome = change(ada, values={**STANDARD, RANKING: REFUSED})

        assert (outcome.waiting, outcome.is_narrower) == (None, True)
        assert not is_allowed()


class TestPage:
    def test_asks_on_the_whole_instance(self, ada_client: Client) -> None:
        page = ada_client.get(INSTANCE).content.decode()

        assert page.count('name="switch_individual_ranking"') == 2

    def test_asks_nowhere_else(self, ada_client: Client, paris: Entity) -> None:
        url = INSTANCE.replace("instance", f"entity&entity={paris.pk}")

        page = ada_client.get(url).content.decode()

        assert 'name="switch_username"' in page
        assert RANKING not in page.split("<script id=")[0]

    def test_wants_it_chosen_in_a_custom_set(self, ada_client: Client) -> None:
        form = {f"switch_{name}": value for name, value in collected(STANDARD).items()}
        form |= {"preset": "custom", "legal_basis": LEGAL_BASES[0], "purpose": "dex"}

        response = ada_client.post(INSTANCE, form)

        assert response.status_code == 200
        assert "Decide every switch of the table." in response.content.decode()

    def test_offers_nothing_to_delete_after_refusing_it(self, ada_client: Client) -> None:
        configure(Preset.STANDARD)
        form = {f"switch_{name}": value for name, value in {**STANDARD, RANKING: REFUSED}.items()}
        form |= {"preset": "custom", "legal_basis": LEGAL_BASES[0], "purpose": "dex"}

        response = ada_client.post(INSTANCE, form)

        row = CollectorConfiguration.objects.in_force().get()
        assert response["Location"] == f"/admin/collectors/collectorconfiguration/{row.pk}/change/"


def asked_for(actor: Account) -> CollectorConfiguration:
    """Return the request to allow ranking under the strict preset."""
    waiting = changes.change_configuration(
        level=Level.INSTANCE,
        preset=Preset.CUSTOM,
        values={**STRICT, RANKING: ALLOWED},
        legal_basis=LEGAL_BASES[0],
        purpose="dex",
        actor=actor,
        now=NOW,
    ).waiting
    assert waiting is not None
    return waiting


def migration(step: str) -> None:
    """Run a step of the migration that completes presets."""
    getattr(import_module("apps.collectors.migrations.0011_complete_presets"), step)(apps, None)


def old_row(preset: Preset, level: Level = Level.INSTANCE, entity: Entity | None = None) -> Any:
    """Return a configuration as an earlier version stored it."""
    values = collected(PRESETS.get(preset, STANDARD))
    del values["pause"]
    return CollectorConfiguration.objects.create(
        level=level,
        entity=entity,
        preset=preset,
        switches=values,
        state=ConfigurationState.REPLACED,
        version=CollectorConfiguration.objects.count() + 100,
        created_at=NOW,
    )
