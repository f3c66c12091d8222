"""Where devices are: by sites, else by their public address as far as that may be told."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.binaries.models import ConnectionSample
from apps.collectors.choices import Level
from apps.collectors.services import deletion, jobs
from apps.devices import fleet, locating, tasks
from apps.devices.classification import PLACE
from apps.devices.models import Boot, Context, Device, DeviceChange
from apps.organization import services
from apps.organization.models import Entity, Site
from tests.conftest import NOW
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    Machine,
    boot,
    configure,
    connectivity,
    device_of,
    make_machine,
)
from tests.factories.devices import move_device
from tests.factories.geography import write_places, write_providers
from tests.factories.organization import make_entity
from tests.factories.programs import traffic
from tests.factories.sites import make_sites, site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

IN_PARIS, IN_GERMANY = "203.0.113.9", "198.51.100.7"
NOWHERE = ("", "", "", "", "unknown")
PARIS = ("France", "Île-de-France", "Paris", "", "unknown")
FRANCE = ("France", "", "", "", "unknown")
OFFICE = ("France", "", "Paris", "Paris HQ", "onsite")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, settings: Any) -> None:
    settings.DEX_ADDRESS_FILES = [write_places(tmp_path), write_providers(tmp_path)]


def at(machine: Machine, address: str) -> None:
    """Have a machine send a boot from an address."""
    machine.client.defaults["REMOTE_ADDR"] = address
    minute = Boot.objects.count()
    answer = machine.send(boot(f"2026-03-02T10:{minute:02}:00Z"))
    assert answer.status_code == 202


def die(**_arguments: Any) -> None:
    raise SystemExit


def place_of(row: Any) -> tuple[str, ...]:
    return tuple(getattr(row, name) for name in PLACE)


def place(machine: Machine) -> tuple[str, ...]:
    """Return where a machine is; its context has to agree."""
    device = device_of(machine)
    assert place_of(device) == place_of(device.context)
    return place_of(device)


def places_of_boots() -> list[tuple[str, ...]]:
    contexts = Context.objects.in_bulk()
    rows = Boot.objects.order_by("occurred_at").values_list("context_id", flat=True)
    return [place_of(contexts[key]) for key in rows]


def public_ip(machine: Machine) -> list[Any]:
    device = device_of(machine)
    names = ("ip_address", "isp", "country", "state", "city")
    return [getattr(device, f"public_ip_{name}") for name in names]


class TestPublicAddress:
    def test_is_kept_with_what_it_tells_where_the_city_may_be_told(self) -> None:
        configure(public_ip_location="city")
        machine = make_machine()

        at(machine, IN_PARIS)

        assert public_ip(machine) == [
            IN_PARIS, "Exemple Télécom", "France", "Île-de-France", "Paris"
        ]  # fmt: skip
        assert place(machine) == PARIS
        assert places_of_boots() == [PARIS]

    def test_leaves_its_country_alone_where_no_more_may_be_told(self) -> None:
        configure(public_ip_location="country")
        machine = make_machine()

        at(machine, IN_PARIS)

        assert public_ip(machine) == [None, "", "France", "", ""]
        assert place(machine) == FRANCE

    def test_leaves_nothing_by_default(self) -> None:
        machine = make_machine()

        at(machine, IN_PARIS)

        assert public_ip(machine) == [None, "", "", "", ""]
        assert place(machine) == NOWHERE

    def test_is_read_at_check_in(self) -> None:
        configure(public_ip_location="city")
        machine = make_machine()
        machine.client.defaults["REMOTE_ADDR"] = f"::ffff:{IN_PARIS}"

        machine.check_in()

        assert public_ip(machine)[0] == IN_PARIS

    @pytest.mark.parametrize(
        ("proxies", "kept"), [("10.0.0.0/8", IN_PARIS), ("192.0.2.0/24", "10.0.0.1")]
    )
    def test_is_that_which_trusted_proxies_tell(
        self, settings: Any, proxies: str, kept: str
    ) -> None:
        settings.DEX_TRUSTED_PROXIES = [ip_network(proxies)]
        configure(public_ip_location="city")
        machine = make_machine()
        machine.client.defaults["REMOTE_ADDR"] = "10.0.0.1"

        machine.check_in(**{"X-Forwarded-For": IN_PARIS})

        assert public_ip(machine)[0] == kept

    def test_gives_later_events_another_place(self) -> None:
        configure(public_ip_location="country")
        machine = make_machine()

        at(machine, IN_PARIS)
        at(machine, IN_GERMANY)

        assert places_of_boots() == [FRANCE, ("Germany", "", "", "", "unknown")]

    def test_is_not_read_outside_work_hours(self) -> None:
        configure(public_ip_location="city", work_hours="schedule")
        machine = make_machine()
        machine.client.defaults["REMOTE_ADDR"] = IN_PARIS
        machine.check_in(**{"Dex-Utc-Offset": "+720"})  # midnight, where it is
        assert public_ip(machine)[0] is None

        at(machine, IN_PARIS)

        assert public_ip(machine)[0] is None
        machine.check_in(**{"Dex-Utc-Offset": "+0"})
        at(machine, IN_PARIS)
        assert public_ip(machine)[0] == IN_PARIS

    def test_is_not_read_where_people_are_measured_on_site_alone(self) -> None:
        configure(public_ip_location="city", work_hours="on_site")
        machine = make_machine()

        at(machine, IN_PARIS)

        assert public_ip(machine) == [None, "", "", "", ""]
        assert place(machine) == NOWHERE

    def test_is_forgotten_at_the_next_contact_where_it_may_not_be_told_any_more(self) -> None:
        configure(public_ip_location="city")
        machine = make_machine()
        at(machine, IN_PARIS)
        configure(public_ip_location="none")

        at(machine, IN_PARIS)

        assert public_ip(machine) == [None, "", "", "", ""]
        assert places_of_boots() == [PARIS, NOWHERE]

    def test_leaves_no_place_behind_where_the_worker_dies(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configure(public_ip_location="city")
        machine = make_machine()
        with monkeypatch.context() as patch:
            patch.setattr(locating, "locate", die)
            with pytest.raises(SystemExit):
                at(machine, IN_PARIS)

        at(machine, IN_PARIS)

        assert place(machine) == PARIS


class TestSites:
    def test_say_the_place_by_local_network(self) -> None:
        make_sites(
            site("Paris HQ", ("local_address", "10.1.0.0/16"), country="France", city="Paris")
        )
        machine = make_machine()

        machine.send(connectivity("2026-03-02T11:50:00Z", local_ip="10.1.2.3"))
        machine.send(boot("2026-03-02T11:51:00Z"))
        assert place(machine) == OFFICE

        machine.send(connectivity("2026-03-02T11:55:00Z", local_ip="192.168.1.3"))
        machine.send(boot("2026-03-02T11:56:00Z"))
        assert place(machine) == NOWHERE
        assert places_of_boots() == [OFFICE, NOWHERE]
        noted = DeviceChange.objects.filter(property="location").order_by("id")
        assert list(noted.values_list("item", "old_value", "new_value")) == [
            ("site", "", "Paris HQ"),
            ("site", "Paris HQ", ""),
        ]

    def test_go_before_what_is_looked_up(self) -> None:
        configure(public_ip_location="city")
        make_sites(
            site("Off", ("public_address", "203.0.113.0/24"), is_active=False),
            site("Home", ("public_address", "203.0.113.0/24"), type="remote"),
            site("Late", ("platform", "linux")),
        )
        machine = make_machine()
        assert place(machine) == ("", "", "", "Late", "onsite")

        at(machine, IN_PARIS)

        assert place(machine) == ("", "", "", "Home", "remote")

    def test_read_no_public_address_that_may_not_be_kept(self) -> None:
        configure(public_ip_location="country")
        make_sites(site("Home", ("public_address", "203.0.113.0/24"), type="remote"))
        machine = make_machine()

        at(machine, IN_PARIS)

        assert place(machine) == FRANCE

    def test_follow_a_move_in_the_tree(self, paris: Entity, lyon: Entity) -> None:
        make_sites(site("Lyon", ("entity", str(lyon.pk))))
        machine = make_machine(paris)
        device = device_of(machine)

        move_device(device=device, entity=lyon, now=NOW)

        assert place(machine) == ("", "", "", "Lyon", "onsite")
        assert device_of(machine).context.entity == lyon

    def test_follow_a_branch_that_moves(self, ada: Account, paris: Entity, lyon: Entity) -> None:
        floor = make_entity("Floor", lyon)
        make_sites(site("Lyon", ("entity", str(lyon.pk))))
        machine = make_machine(floor)

        with CaptureQueriesContext(connection) as queries:
            services.move_entity(entity=floor, parent=paris, actor=ada, now=NOW)

        # A run locks itself before it reads entities: the other order could deadlock with it.
        writes = [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]
        tables = [sql.split('"')[1] for sql in writes]
        assert tables.index("devices_classificationrun") < tables.index("organization_entity")
        fleet.run_open()
        assert place(machine) == NOWHERE

    def test_are_asked_for_the_whole_fleet_after_a_change(self) -> None:
        configure(public_ip_location="city")
        machine = make_machine()
        at(machine, IN_PARIS)

        make_sites(site("Home", ("public_address", "203.0.113.0/24"), type="remote"))
        fleet.run_open()
        assert place(machine) == ("", "", "", "Home", "remote")
        event = InboxEvent.objects.filter(code=AuditCode.FLEET_LOCATED).get()
        assert (event.detail["devices"], event.detail["moved"]) == (1, 1)

        make_sites()
        fleet.run_open()
        assert place(machine) == PARIS
        assert not Site.objects.exists()

    def test_are_asked_again_each_night(self) -> None:
        make_sites(site("Paris", ("configuration_tag", "paris")))
        machine = make_machine()
        Device.objects.update(configuration_tag="paris")  # no report tells of it

        tasks.refill_fields()
        tasks.classify_fleet()

        assert place(machine) == ("", "", "", "Paris", "onsite")

    def test_write_nothing_that_stays(self) -> None:
        make_sites(site("All", ("platform", "linux")))
        machine = make_machine()
        make_machine(install_id="1" * 32, fingerprints={})
        fleet.run_open()

        number = DeviceChange.objects.count()
        make_sites(site("All", ("platform", "linux"), city="Paris"))
        fleet.run_open()

        assert place(machine) == ("", "", "Paris", "All", "onsite")
        assert DeviceChange.objects.count() == number  # of the same site


class TestDeletion:
    def delete(self, ada: Account, switch: str = "public_ip_location") -> None:
        """Delete what the configuration in force does not let in any more."""
        switches = [switch]
        parameters = {
            "level": Level.INSTANCE, "entity": None, "device": None, "switches": switches
        }  # fmt: skip
        jobs.start(kind=deletion.KIND, parameters=parameters, actor=ada, now=NOW)
        jobs.run_open()

    @pytest.fixture
    def machine(self) -> Machine:
        configure(public_ip_location="city")
        machine = make_machine()
        at(machine, IN_PARIS)
        machine.send(traffic(destination_ip=IN_GERMANY), users=ADA_ROSSI, binaries=SOFFICE)
        return machine

    def countries(self) -> list[str | None]:
        return list(ConnectionSample.objects.values_list("destination_country", flat=True))

    @pytest.mark.case("privacy.2")
    def test_takes_all_once_nothing_may_be_told(self, machine: Machine, ada: Account) -> None:
        assert self.countries() == ["Germany"]
        configure(public_ip_location="none")

        self.delete(ada)

        assert public_ip(machine) == [None, "", "", "", ""]
        assert place(machine) == NOWHERE
        assert places_of_boots() == [NOWHERE]
        assert self.countries() == [None]

    def test_leaves_the_country_where_it_may_be_told(self, machine: Machine, ada: Account) -> None:
        configure(public_ip_location="country")

        self.delete(ada)

        assert public_ip(machine) == [None, "", "France", "", ""]
        assert place(machine) == FRANCE
        assert places_of_boots() == [FRANCE]
        assert self.countries() == ["Germany"]

    def test_leaves_sites_alone(self, machine: Machine, ada: Account) -> None:
        make_sites(site("Paris HQ", ("platform", "linux"), country="France", city="Paris"))
        fleet.run_open()
        at(machine, IN_PARIS)
        configure(public_ip_location="none")

        self.delete(ada)

        assert place(machine) == OFFICE
        assert places_of_boots() == [NOWHERE, OFFICE]
        assert Device.objects.count() == 1

    @pytest.mark.case("privacy.2")
    def test_takes_the_site_that_a_forbidden_address_gave(
        self, machine: Machine, ada: Account
    ) -> None:
        make_sites(site("Home", ("public_address", "203.0.113.0/24"), type="remote"))
        fleet.run_open()
        assert place(machine) == ("", "", "", "Home", "remote")
        configure(public_ip_location="none")

        self.delete(ada)
        fleet.run_open()

        assert place(machine) == NOWHERE

    def test_takes_the_site_that_a_forbidden_network_gave(self, ada: Account) -> None:
        make_sites(site("Paris HQ", ("local_address", "10.1.0.0/16")))
        fleet.run_open()
        machine = make_machine()
        machine.send(connectivity("2026-03-02T11:50:00Z", local_ip="10.1.2.3"))
        assert place(machine) == ("", "", "", "Paris HQ", "onsite")
        configure(local_addresses="off")

        self.delete(ada, "local_addresses")
        fleet.run_open()

        assert place(machine) == NOWHERE
