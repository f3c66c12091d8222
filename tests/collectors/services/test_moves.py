"""A device that moves, or a branch, is not measured more without an approval (privacy.md 2)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.collectors import effective
from apps.collectors.choices import ConfigurationState, Level, Preset
from apps.collectors.forms import LEGAL_BASES
from apps.collectors.models import CollectorConfiguration
from apps.collectors.services import changes, configuration
from apps.collectors.services.moves import CollectsMoreThere
from apps.devices.models import Device
from apps.organization import services as organization
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.collectors import configure, device_of, make_machine
from tests.factories.devices import move_device
from tests.factories.organization import make_entity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

EFFECTIVE = "/admin/collectors/collectorconfiguration/effective/"


@pytest.fixture
def lyon(db: None) -> Entity:
    """Return an entity beside Paris that collects focus time, too."""
    found = make_entity("Lyon")
    decide(found, focus_time="on", network_connections="off")
    return found


def decide(place: Entity, **values: str) -> None:
    """Let an entity differ from the instance."""
    configuration.save_configuration(
        level=Level.ENTITY, entity=place, preset=Preset.CUSTOM, values=values, now=NOW
    )


def settled(place: Entity, **options: Any) -> Device:
    """Return a device that has been in an entity for a week."""
    device = device_of(make_machine(place, **options))
    Device.objects.filter(pk=device.pk).update(first_seen_at=NOW - timedelta(days=7))
    return device


def move(device: Device, place: Entity) -> None:
    device.refresh_from_db()
    move_device(device=device, entity=place, now=NOW)


def held(device: Device) -> dict[str, Any]:
    """Return what is collected of a device now."""
    found = Device.objects.select_related("entity").get(pk=device.pk)
    return effective.for_device(found).settings


def kept() -> Any:
    return CollectorConfiguration.objects.in_force().filter(is_kept=True)


class TestDevice:
    @pytest.mark.case("privacy.18")
    def test_keeps_what_was_stricter_and_takes_what_is(self, paris: Entity, lyon: Entity) -> None:
        configure()
        device = settled(paris)

        move(device, lyon)

        now = held(device)
        assert (now["focus_time"], now["network_connections"]) == ("off", "off")
        assert kept().get().settings == {"focus_time": "off"}

    def test_follows_its_entity_where_that_collects_less(self, paris: Entity, lyon: Entity) -> None:
        configure()
        decide(paris, username="hashed")
        device = settled(paris)
        move(device, lyon)

        decide(lyon, username="none")

        assert held(device)["username"] == "none"

    def test_is_measured_more_once_that_is_approved_and_announced(
        self, paris: Entity, lyon: Entity, ada: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configure()
        device = settled(paris)
        move(device, lyon)

        outcome = changes.withdraw_configuration(configuration=kept().get(), actor=ada, now=NOW)
        asked = outcome.waiting
        assert asked is not None
        pending = held(device)["focus_time"]
        CollectorConfiguration.objects.filter(pk=asked.pk).update(
            state=ConfigurationState.ANNOUNCED, starts_at=NOW + timedelta(days=7)
        )
        announced = held(device)["focus_time"]
        later = NOW + timedelta(days=7)
        monkeypatch.setattr("apps.core.clock.now", lambda: later)
        by_time = held(device)["focus_time"]
        changes.settle_due(now=later)

        assert asked.state == ConfigurationState.PENDING
        assert (pending, announced, by_time) == ("off", "off", "on")
        assert held(device)["focus_time"] == "on"

    def test_is_kept_no_longer_where_it_came_from(self, paris: Entity, lyon: Entity) -> None:
        configure()
        decide(lyon, focus_time="on")
        device = settled(paris)

        move(device, lyon)
        move(device, paris)

        assert not kept().exists()

    def test_with_a_configuration_of_its_own_takes_the_rest_into_it(
        self, paris: Entity, lyon: Entity
    ) -> None:
        configure()
        device = settled(paris)
        configuration.save_configuration(
            level=Level.DEVICE,
            device=device,
            preset=Preset.CUSTOM,
            values={"username": "none"},
            legal_basis=LEGAL_BASES[0],
            now=NOW,
        )

        move(device, lyon)

        own = CollectorConfiguration.objects.in_force().get(device=device)
        assert own.settings == {"username": "none", "focus_time": "off"}
        assert (own.is_kept, own.legal_basis) == (False, LEGAL_BASES[0])

    def test_that_has_just_enrolled_has_not_moved(self, lyon: Entity) -> None:
        configure()
        device = device_of(make_machine(Entity.objects.unclassified()))

        move(device, lyon)

        assert held(device)["focus_time"] == "on"

    def test_says_on_its_page_what_is_kept(
        self, paris: Entity, lyon: Entity, ada_client: Client
    ) -> None:
        configure()
        device = settled(paris)
        move(device, lyon)

        page = ada_client.get(f"{EFFECTIVE}?device={device.pk}").content.decode()

        assert "It moved to where more is collected" in page
        assert f"/admin/collectors/collectorconfiguration/{kept().get().pk}/" in page


class TestBranch:
    def test_does_not_move_to_where_more_is_collected(
        self, paris: Entity, lyon: Entity, ada: Account
    ) -> None:
        configure()

        with pytest.raises(CollectsMoreThere):
            organization.move_entity(entity=paris, parent=lyon, actor=ada, now=NOW)

    def test_moves_once_it_has_what_holds_now(
        self, paris: Entity, lyon: Entity, ada: Account
    ) -> None:
        configure()
        decide(paris, focus_time="off")

        organization.move_entity(entity=paris, parent=lyon, actor=ada, now=NOW)

        paris.refresh_from_db()
        assert paris.parent_id == lyon.pk

    def test_with_a_configuration_is_not_deleted(
        self, paris: Entity, lyon: Entity, ada: Account
    ) -> None:
        with pytest.raises(organization.EntityInUse):
            organization.delete_entity(entity=lyon, actor=ada, now=NOW)
