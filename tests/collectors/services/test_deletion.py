"""What a narrowing takes away can be deleted where it is not collected any more."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from apps.accounts.models import Account
from apps.binaries.models import ConnectionSample, ExecutionDaily, ExecutionSample
from apps.collectors.choices import Level, Preset
from apps.collectors.forms import LEGAL_BASES
from apps.collectors.models import CollectionJob, CollectorConfiguration
from apps.collectors.services import changes, configuration, deletion, jobs
from apps.collectors.switches import PRESETS
from apps.devices.addresses import permitted_address, permitted_addresses
from apps.devices.models import (
    ConnectivitySample,
    Device,
    Disk,
    InventoryPart,
    LocalAdmin,
    NetworkAdapter,
    PerformanceSample,
)
from apps.events import upkeep
from apps.events.partitions import existing_partitions
from apps.events.policy import Policy
from apps.organization.models import Entity
from apps.users.models import Login
from tests.conftest import NOW
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    Machine,
    configure,
    connectivity,
    device_of,
    execution,
    login,
    make_machine,
    performance,
)
from tests.factories.inventory import DISKS, HARDWARE, NETWORK, part
from tests.factories.programs import traffic
from tests.locking import takes_in_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

CONFIGURATIONS = "/admin/collectors/collectorconfiguration/"
DICTIONARIES: dict[str, Any] = {"users": ADA_ROSSI, "binaries": SOFFICE}


def measure(machine: Machine, bucket: str = "2026-03-02T11:30:00Z") -> None:
    """Send an execution with focus time and traffic, a login and a bucket of performance."""
    both = {
        "cpu_time_ms": {"sum": 1_500},
        "focus_time_ms": {"sum": 700},
        "incoming_traffic_bytes": {"sum": 9_000},
    }
    machine.send(execution(bucket, 1, **both), login(), performance(), **DICTIONARIES)


def delete(actor: Account, *switches: str, **where: Any) -> CollectionJob:
    """Delete what `switches` let in, as the task does."""
    place = {"level": Level.INSTANCE, "entity": None, "device": None, **where}
    parameters = {**place, "switches": list(switches)}
    job = jobs.start(kind=deletion.KIND, parameters=parameters, actor=actor, now=NOW)
    jobs.run_open()
    job.refresh_from_db()
    return job


def list_programs(
    *names: str, network_connections: str = "listed_binaries", entity: Entity | None = None
) -> None:
    """Have connections kept of these programs alone, on the instance or in an entity."""
    configuration.save_configuration(
        level=Level.ENTITY if entity else Level.INSTANCE,
        entity=entity,
        preset=Preset.CUSTOM,
        values={**PRESETS[Preset.STANDARD], "network_connections": network_connections},
        details={"listed_binaries": list(names)},
        now=NOW,
    )


def end_by_deadlock(*_args: Any, **_more: Any) -> int:
    """Fail as a statement does that PostgreSQL ends because two wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$")
    return 0


class TestDeletion:
    def test_empties_a_metric_and_leaves_the_rest(self, ada: Account) -> None:
        configure(focus_time="on")
        measure(make_machine())
        configure()

        job = delete(ada, "focus_time")

        row = ExecutionSample.objects.get()
        assert (row.focus_time_ms_sum, row.cpu_time_ms_sum) == (None, 1_500)
        assert row.incoming_traffic_bytes_sum == 9_000
        assert (job.state, sum(job.counts.values())) == ("done", 1)

    def test_empties_daily_rows_too(self, ada: Account) -> None:
        configure(focus_time="on")
        measure(make_machine(), "2026-03-01T10:00:00Z")
        upkeep.roll_up(now=NOW)
        before = ExecutionDaily.objects.get().focus_time_ms_sum
        configure()

        delete(ada, "focus_time")

        assert (before, ExecutionDaily.objects.get().focus_time_ms_sum) == (700, None)

    def test_deletes_rows_of_a_kind_as_a_whole(self, ada: Account) -> None:
        configure()
        measure(make_machine())
        configure(executions="off")

        delete(ada, "executions")

        assert not ExecutionSample.objects.exists()
        assert Login.objects.exists()
        assert PerformanceSample.objects.exists()

    def test_leaves_the_rows_of_listed_programs(self, ada: Account, paris: Entity) -> None:
        anywhere = make_machine()
        for machine in (anywhere, make_machine(paris, host_name="other", install_id="1" * 32)):
            told = {"cpu_time_ms": {"sum": 1_500}, "incoming_traffic_bytes": {"sum": 9_000}}
            records = [traffic(), execution("2026-03-02T11:30:00Z", 1, **told)]
            others = [{**record, "binary": 8} for record in records]
            machine.send(
                *records,
                *others,
                users=ADA_ROSSI,
                binaries={**SOFFICE, "8": {"name": "teams"}},
            )
        list_programs("Soffice.bin")
        list_programs(network_connections="off", entity=paris)

        delete(ada, "network_connections")
        of = ("device__entity", "binary__name")
        connections = list(ConnectionSample.objects.values_list(*of))
        executions = ExecutionSample.objects.filter(incoming_traffic_bytes_sum=9_000)
        kept = list(executions.values_list(*of))
        list_programs("teams")
        delete(ada, "listed_binaries")

        assert connections == kept == [(device_of(anywhere).entity_id, "soffice.bin")]
        assert ExecutionSample.objects.count() == 4
        assert not ConnectionSample.objects.exists()
        assert not executions.exists()

    def test_unlinks_from_people(self, ada: Account) -> None:
        configure()
        measure(make_machine())
        configure(username="none")

        delete(ada, "username")

        assert ExecutionSample.objects.get().user_id is None
        assert Login.objects.get().user_id is None

    def test_leaves_what_a_lower_level_still_collects(self, ada: Account, paris: Entity) -> None:
        configure(focus_time="on")
        measure(make_machine(paris))
        measure(make_machine(host_name="other", install_id="1" * 32))
        configuration.save_configuration(
            level=Level.ENTITY,
            entity=paris,
            preset=Preset.CUSTOM,
            values={"focus_time": "on"},
            now=NOW,
        )
        configure()

        delete(ada, "focus_time")

        kept = ExecutionSample.objects.filter(focus_time_ms_sum__isnull=False)
        assert [row.device.entity for row in kept] == [paris]

    def test_goes_on_by_itself_after_a_deadlock(
        self, ada: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_machine().send(login(), **DICTIONARIES)
        configure(session_events="off")
        remove = deletion._remove
        monkeypatch.setattr(deletion, "_remove", end_by_deadlock)
        with pytest.raises(OperationalError):
            delete(ada, "session_events")
        before = CollectionJob.objects.get().state

        monkeypatch.setattr(deletion, "_remove", remove)
        jobs.run_open()

        assert (before, CollectionJob.objects.get().state) == ("waiting", "done")
        assert not Login.objects.exists()

    def test_goes_through_every_partition(self) -> None:
        place = {"level": Level.INSTANCE, "entity": None, "device": None}

        steps = deletion.plan({**place, "switches": ["session_events"]})

        logins = [step[2:] for step in steps if step[0] == "session.logins"]
        there = sorted(existing_partitions()[Login._meta.db_table])
        assert logins == [[p.begins_at.isoformat(), p.ends_at.isoformat()] for p in there]
        assert logins[0][0] <= "2026-02-27T00:00:00+00:00"

    @pytest.mark.usefixtures("clean_database")
    def test_takes_a_device_before_its_parts_as_reports_do(self, ada: Account) -> None:
        machine = make_machine()
        machine.send(inventory=[part("hardware", HARDWARE)])
        configure(serial_numbers="off")
        known = InventoryPart.objects.get()

        assert takes_in_order(device_of(machine), known, lambda: delete(ada, "serial_numbers"))
        assert CollectionJob.objects.get().state == "done"
        assert device_of(machine).hardware_machine_serial_number == ""

    def test_empties_the_states_of_a_few_devices_at_a_time(
        self, ada: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(deletion, "STEP_DEVICES", 2)
        for number in range(3):
            machine = make_machine(install_id=f"{number:032x}", fingerprints={})
            machine.send(inventory=[part("hardware", HARDWARE)])
        configure(serial_numbers="off")

        job = delete(ada, "serial_numbers")

        assert job.counts["devices_device"] == 3
        assert job.total == 2 * len(deletion.states(["serial_numbers"]))
        assert not Device.objects.exclude(hardware_machine_serial_number="").exists()

    def test_of_a_device_touches_no_other(self, ada: Account) -> None:
        configure(focus_time="on")
        first, second = make_machine(), make_machine(host_name="other", install_id="1" * 32)
        measure(first)
        measure(second)
        configuration.save_configuration(
            level=Level.DEVICE,
            device=device_of(first),
            preset=Preset.CUSTOM,
            values={"focus_time": "off"},
            now=NOW,
        )

        delete(ada, "focus_time", level=Level.DEVICE, device=device_of(first).pk)

        kept = ExecutionSample.objects.filter(focus_time_ms_sum__isnull=False)
        assert [row.device for row in kept] == [device_of(second)]

    def test_empties_states_that_no_kind_knows(self, ada: Account) -> None:
        configure()
        machine = make_machine()
        disk = {"name": "nvme0n1", "serial_number": "SER-0816"}
        admin = {"name": "CORP\\a.rossi", "type": "user"}
        machine.send(
            inventory=[
                part("hardware", HARDWARE),
                part("disks", [disk]),
                part("local_admins", [admin]),
            ]
        )
        before = device_of(machine).hardware_machine_serial_number
        configure(serial_numbers="off", local_admins="off")

        job = delete(ada, "serial_numbers", "local_admins")

        device = device_of(machine)
        assert (before, device.hardware_machine_serial_number) == ("SER-0815", "")
        assert Disk.objects.get().serial_number == ""
        assert not LocalAdmin.objects.exists()
        assert job.counts["devices_device"] == 1

    @pytest.mark.parametrize(
        ("switch", "denied", "name", "content"),
        [
            ("local_admins", "off", "local_admins", [{"name": "CORP\\a.rossi"}]),
            ("serial_numbers", "off", "hardware", HARDWARE),
            ("local_addresses", "prefix", "network", NETWORK),
        ],
    )
    def test_asks_for_the_whole_once_it_is_collected_again(
        self, ada: Account, switch: str, denied: str, name: str, content: Any
    ) -> None:
        configure()
        machine = make_machine()
        told, other = part(name, content), part("disks", DISKS)
        machine.send(inventory=[told, other])
        configure(Preset.STANDARD, **{switch: denied})
        delete(ada, switch)
        configure()

        unchanged = [
            {"part": one["part"], "hash": one["hash"], "base": one["hash"]} for one in (told, other)
        ]
        answer = machine.send(inventory=unchanged).json()

        assert answer["need_full"] == [name] + ["disks"] * (switch == "serial_numbers")

    def test_reduces_addresses_to_their_networks(self, ada: Account, paris: Entity) -> None:
        told: dict[str, Any] = {
            "local_ip": "192.168.17.42",
            "gateway_ip": "2001:db8:1:2::7",
            "dns_ips": ["::ffff:10.1.2.3", "192.168.17.1", "10.1.2.9"],
        }
        configure()
        first = make_machine()
        second = make_machine(paris, host_name="other", install_id="1" * 32)
        for machine in (first, second):
            machine.send(connectivity(**told), inventory=[part("network", NETWORK)])
        configuration.save_configuration(
            level=Level.ENTITY,
            entity=paris,
            preset=Preset.CUSTOM,
            values={"local_addresses": "on"},
            now=NOW,
        )
        wide = configure(local_addresses="prefix")

        job = delete(ada, "local_addresses")
        again = delete(ada, "local_addresses")

        row = ConnectivitySample.objects.get(device=device_of(first))
        kept = ConnectivitySample.objects.get(device=device_of(second))
        left = Policy({"local_addresses": "prefix"})
        assert (row.local_ip, row.gateway_ip) == ("192.168.17.0", "2001:db8:1::")
        assert row.dns_ips == permitted_addresses(told["dns_ips"], left)
        assert (kept.local_ip, kept.gateway_ip) == (told["local_ip"], told["gateway_ip"])
        addresses = NetworkAdapter.objects.filter(device=device_of(first), address__isnull=False)
        assert addresses
        assert {a.address for a in addresses} == {
            permitted_address(item["address"], left) for item in NETWORK if item.get("address")
        }
        assert job.counts["devices_connectivitysample"] == 1
        assert not any(again.counts.values())
        assert "network samples" in str(deletion.governed_tables(wide, ["local_addresses"]))

    def test_does_nothing_where_it_is_collected_again(self, ada: Account) -> None:
        configure(focus_time="on")
        measure(make_machine())

        job = delete(ada, "focus_time")

        assert ExecutionSample.objects.get().focus_time_ms_sum == 700
        assert job.counts == {}


class TestOffer:
    def form(self, preset: str = "strict", **values: str) -> dict[str, str]:
        """Return what the page that decides posts."""
        return {
            "preset": preset,
            "legal_basis": LEGAL_BASES[0],
            "purpose": "Less",
            "replaces": "",
            **values,
        }

    def test_follows_a_narrowing_and_is_ticked_under_strict(self, ada_client: Client) -> None:
        measure(make_machine())

        response = ada_client.post(f"{CONFIGURATIONS}add/?level=instance", self.form(), follow=True)

        page = response.content.decode()
        assert response.request["PATH_INFO"].endswith("/delete-collected/")
        assert 'name="delete" value="yes" checked' in page
        assert "User name" in page

    def test_leads_to_the_conversion_where_names_are_hashed(self, ada_client: Client) -> None:
        make_machine()
        switches = {f"switch_{n}": v for n, v in PRESETS[Preset.STANDARD].items()}
        form = self.form("custom", **{**switches, "switch_username": "hashed"})

        response = ada_client.post(f"{CONFIGURATIONS}add/?level=instance", form, follow=True)

        page = response.content.decode()
        assert "/admin/collectors/collectionjob/add/?kind=hash_names" in page
        assert "Delete what was collected</label>" not in page

    def test_is_not_ticked_otherwise(self, ada_client: Client) -> None:
        configure(focus_time="on")
        make_machine()
        switches = {f"switch_{n}": v for n, v in PRESETS[Preset.STANDARD].items()}

        response = ada_client.post(
            f"{CONFIGURATIONS}add/?level=instance", self.form("custom", **switches), follow=True
        )

        assert 'name="delete" value="yes">' in response.content.decode()

    def test_begins_the_job(self, ada_client: Client, ada: Account) -> None:
        configure(focus_time="on")
        measure(make_machine())
        row = configure()
        address = f"{CONFIGURATIONS}{row.pk}/delete-collected/"

        left = ada_client.post(address, {})
        without = CollectionJob.objects.count()
        ada_client.post(address, {"delete": "yes"})

        assert (left.status_code, without) == (302, 0)
        assert CollectionJob.objects.get().parameters["switches"] == ["focus_time"]

    def test_is_closed_to_others(
        self, ben_client: Client, cleo_client: Client, lyon: Entity
    ) -> None:
        configure(focus_time="on")
        make_machine()
        row = configure()
        address = f"{CONFIGURATIONS}{row.pk}/delete-collected/"

        answers = [client.post(address, {"delete": "yes"}) for client in (ben_client, cleo_client)]

        assert [response.status_code for response in answers] == [403, 403]
        assert not CollectionJob.objects.exists()

    def test_does_not_follow_a_widening(self, ada: Account) -> None:
        make_machine()
        outcome = changes.change_configuration(
            level=Level.INSTANCE,
            preset=Preset.CUSTOM,
            values={**PRESETS[Preset.STANDARD], "focus_time": "on"},
            legal_basis=LEGAL_BASES[0],
            purpose="More",
            actor=ada,
            now=NOW + timedelta(hours=1),
        )

        assert not outcome.is_narrower
        assert CollectorConfiguration.objects.in_force().get().switches["focus_time"] == "off"
