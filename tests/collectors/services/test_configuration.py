"""Configurations: saved as new rows, one in force at each level."""

from typing import Any

import pytest
from django.db import IntegrityError

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.collectors import effective
from apps.collectors.choices import Level, Preset
from apps.collectors.models import CollectorConfiguration
from apps.collectors.services import changes, configuration
from apps.collectors.services.configuration import ChangedMeanwhile, UnknownSwitch
from apps.collectors.switches import PRESETS, SWITCHES, collected
from apps.core import generations
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.collectors import collector_of, configure, device_of, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


def save(level: Level = Level.INSTANCE, **options: Any) -> CollectorConfiguration:
    """Save the standard preset, or what `options` say."""
    wanted: dict[str, Any] = {"level": level, "preset": Preset.STANDARD, "now": NOW, **options}
    return configuration.save_configuration(**wanted)


class TestSave:
    def test_replaces_the_one_before_and_keeps_it(self) -> None:
        first = save()

        second = save(preset=Preset.STRICT)

        first.refresh_from_db()
        assert (first.state, first.replaced_at) == ("replaced", NOW)
        assert (second.state, second.version) == ("active", first.version + 1)

    def test_raises_the_generation_that_caches_ask_for(self) -> None:
        before = generations.read(generations.CONFIGURATION)

        save()

        assert generations.read(generations.CONFIGURATION) == before + 1

    def test_leaves_other_levels_in_force(self, paris: Entity) -> None:
        save()

        save(Level.ENTITY, entity=paris)

        assert CollectorConfiguration.objects.in_force().count() == 2

    def test_takes_the_values_of_a_preset(self) -> None:
        saved = save(preset=Preset.STRICT, values={"username": "clear"})

        assert saved.switches == PRESETS[Preset.STRICT]

    @pytest.mark.parametrize(
        ("values", "word"), [({"coffee": "on"}, "coffee"), ({"username": "maybe"}, "maybe")]
    )
    def test_refuses_what_does_not_exist(self, values: dict[str, str], word: str) -> None:
        with pytest.raises(UnknownSwitch, match=word):
            save(preset=Preset.CUSTOM, values=values)

    def test_refuses_a_change_of_what_was_changed_meanwhile(self) -> None:
        seen = save()
        save()

        with pytest.raises(ChangedMeanwhile):
            save(replaces=seen.pk)

    def test_tells_the_audit_log_what_changed(self, ada: Account) -> None:
        save()

        save(
            preset=Preset.CUSTOM, values={**PRESETS[Preset.STANDARD], "focus_time": "on"}, actor=ada
        )

        record = InboxEvent.objects.filter(code=AuditCode.CONFIGURATION_SAVED).last()
        assert record is not None
        assert record.detail["changed"] == {"focus_time": {"old": "off", "new": "on"}}

    def test_cannot_have_two_in_force_at_one_place(self) -> None:
        saved = save()
        saved.pk = None

        with pytest.raises(IntegrityError):
            saved.save(force_insert=True)


class TestWithdraw:
    def test_lets_the_level_above_hold_again(self, ada: Account) -> None:
        device = device_of(make_machine())
        own = save(Level.DEVICE, device=device, preset=Preset.CUSTOM, values={"focus_time": "on"})

        outcome = changes.withdraw_configuration(configuration=own, actor=ada, now=NOW)

        assert outcome.is_narrower
        assert effective.for_device(device).switches["focus_time"] == "off"

    def test_waits_where_the_level_above_collects_more(self, ada: Account) -> None:
        configure(focus_time="on")
        device = device_of(make_machine())
        own = save(Level.DEVICE, device=device)

        outcome = changes.withdraw_configuration(configuration=own, actor=ada, now=NOW)

        assert outcome.waiting is not None
        assert effective.for_device(device).switches["focus_time"] == "off"


class TestEffective:
    @pytest.fixture
    def device(self) -> Device:
        """Return a device of the standard instance."""
        return device_of(make_machine())

    def test_is_strict_without_any_configuration(self, device: Device) -> None:
        CollectorConfiguration.objects.all().delete()

        result = effective.for_device(device)

        assert result.switches == collected(PRESETS[Preset.STRICT])
        assert set(result.origins.values()) == {None}

    def test_tells_which_level_gave_a_value(self, device: Device) -> None:
        save(Level.DEVICE, device=device, preset=Preset.CUSTOM, values={"focus_time": "on"})

        result = effective.for_device(device)

        assert (result.origins["focus_time"], result.origins["username"]) == (
            Level.DEVICE,
            Level.INSTANCE,
        )
        assert result.preset == Preset.CUSTOM

    def test_takes_the_nearest_entity(self, paris: Entity) -> None:
        configure()
        save(Level.ENTITY, entity=Entity.objects.root(), preset=Preset.STRICT)
        save(Level.ENTITY, entity=paris)

        result = effective.read().of(device_id=0, entity_path=paris.path)

        assert result.preset == Preset.STANDARD

    def test_takes_the_strict_value_for_one_that_it_does_not_know(self, device: Device) -> None:
        values = {**PRESETS[Preset.STANDARD], "username": "of a later version"}
        CollectorConfiguration.objects.update(switches=values)

        assert effective.for_device(device).switches["username"] == "hashed"

    def test_is_read_once_while_nothing_changes(self, django_assert_num_queries: Any) -> None:
        collector = collector_of(make_machine())
        effective.for_collector(collector)

        with django_assert_num_queries(0):
            effective.for_collector(collector)

    def test_is_read_again_after_a_change(self) -> None:
        machine = make_machine()
        effective.for_collector(collector_of(machine))

        configure(focus_time="on")

        assert effective.for_collector(collector_of(machine)).switches["focus_time"] == "on"


class TestSwitches:
    @pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
    def test_have_presets_among_their_values_strict_being_no_wider(self, switch: Any) -> None:
        assert switch.standard in switch.values
        assert not switch.is_stricter(switch.standard, than=switch.strict)
