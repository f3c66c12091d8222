"""The page and list of devices: what needs attention, every list, nobody's name."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Profile
from apps.core.admin.events import address_of
from apps.devices.models import Device, DeviceChange
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.collectors import (
    Machine,
    configure,
    connectivity,
    device_of,
    make_machine,
    stop,
)
from tests.factories.devices import move_device
from tests.factories.inventory import (
    HARDWARE,
    INVENTORY,
    OPERATING_SYSTEM,
    SECURITY,
    VOLUMES,
    part,
)
from tests.factories.organization import make_entity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

LIST = "/admin/devices/device/"


@pytest.fixture
def machine(paris: Entity) -> Machine:
    """Return a machine of Paris whose inventory is known, and all is well."""
    machine = make_machine(paris)
    fine = [VOLUMES[0] | {"free_space_bytes": 60 * 2**30}, VOLUMES[1]]
    told = ("volumes", "hardware")  # each part once a batch
    inventory = [entry for entry in INVENTORY if entry["part"] not in told]
    battery = {**HARDWARE["batteries"][0], "full_capacity": 55.0}
    inventory.append(part("hardware", {**HARDWARE, "batteries": [battery]}))
    response = machine.send(inventory=[*inventory, part("volumes", fine)])
    assert response.json()["refused"] == []
    return machine


def page(client: Client, machine: Machine, query: str = "") -> str:
    """Return the page of a machine's device."""
    return client.get(f"{LIST}{device_of(machine).pk}/change/{query}").content.decode()


def section(text: str, name: str) -> str:
    """Return one part of a page."""
    return text.split(f'id="{name}"')[1].split("</section>")[0]


class TestAttention:
    def test_says_so_where_nothing_is_wrong(self, ada_client: Client, machine: Machine) -> None:
        found = section(page(ada_client, machine), "attention")

        assert "Nothing that was reported needs a look." in found

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("operating_system", OPERATING_SYSTEM | {"is_restart_pending": True}, "Restart"),
            ("volumes", [VOLUMES[0]], "8 GiB free"),
            ("volumes", [VOLUMES[0] | {"is_encrypted": False}], "not encrypted"),
            ("hardware", HARDWARE, "holds 80 %"),
            ("disks", [{"health": "failing"}], "failing"),
            ("security", {"antiviruses": [{"real_time_protection": "disabled"}]}, "off"),
            ("security", {"firewalls": [{"real_time_protection": "partially_enabled"}]}, "partly"),
            ("security", {**SECURITY, "user_account_control_status": "at_risk"}, "at risk"),
        ],
    )
    def test_names_what_is_wrong(
        self, ada_client: Client, machine: Machine, name: str, content: Any, words: str
    ) -> None:
        if name == "hardware":
            content = {**content, "batteries": [{"design_capacity": 10.0, "full_capacity": 7.96}]}
        machine.send(inventory=[part(name, content)])

        found = section(page(ada_client, machine), "attention")

        assert words.replace("80", "79.6") in found

    def test_counts_crashes(self, ada_client: Client, machine: Machine) -> None:
        machine.send(
            stop("system_crashes"),
            stop("system_crashes", "2026-03-02T10:00:00Z"),
            stop("hard_resets"),
        )

        found = section(page(ada_client, machine), "attention")

        assert "2 in 30 days" in found
        assert "1 in 30 days" in found


class TestSections:
    def test_are_led_to_from_the_top(self, ada_client: Client, machine: Machine) -> None:
        text = page(ada_client, machine)

        assert '<a href="#hardware">Hardware</a>' in text.split('id="attention"')[0]

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("hardware", ["i7-1365U", "1,800 MHz", "Iris Xe", "DIMM A", "BYD BAT0", "96.5 %"]),
            ("hardware", ["U2723QE", "3840x2160", "MON-4711"]),
            ("security", ["ClamAV", "nftables", "a.rossi@CORP", "sudo"]),
            ("networks", ["wlp0s20f3", "1.2 Gbit/s", "192.168.17.42"]),
            ("drives", ["/home", "PM9A1"]),
            ("system", ["6.12.48", "x64"]),
        ],
    )
    def test_show_what_the_device_told(
        self, ada_client: Client, machine: Machine, name: str, words: list[str]
    ) -> None:
        found = section(page(ada_client, machine), name)

        assert [word for word in words if word not in found] == []

    def test_draw_networks(self, ada_client: Client, machine: Machine) -> None:
        machine.send(connectivity(primary_physical_adapter_type="wifi"))

        found = section(page(ada_client, machine), "connectivity")

        assert 'data-type="line"' in found
        assert "-60 dBm" in found

    def test_tell_changes_and_crashes(self, ada_client: Client, machine: Machine) -> None:
        machine.send(
            stop("system_crashes", error_code=0xEF, label="CRITICAL_PROCESS_DIED"),
            inventory=[part("hardware", HARDWARE | {"memory_bytes": 32 * 2**30})],
        )

        text = page(ada_client, machine)

        assert "CRITICAL_PROCESS_DIED 0x000000EF" in section(text, "crashes")
        assert "16 GiB" in section(text, "changes")
        assert "32 GiB" in section(text, "changes")

    def test_of_tables_need_their_permission(self, ben_client: Client, machine: Machine) -> None:
        hidden = ["view_devicechange", "view_systemcrash"]
        Group.permissions.through.objects.filter(permission__codename__in=hidden).delete()

        text = page(ben_client, machine)

        assert 'id="changes"' not in text
        assert 'id="crashes"' not in text

    def test_cost_the_same_whatever_is_in_them(
        self, ada_client: Client, machine: Machine, django_assert_max_num_queries: Any
    ) -> None:
        machine.send(
            *(stop("system_crashes", f"2026-03-02T10:{minute:02}:00Z") for minute in range(40)),
            inventory=[part("network", [{"name": f"eth{number}"} for number in range(400)])],
        )

        with django_assert_max_num_queries(48):
            text = page(ada_client, machine)

        assert text.count('<th scope="row">eth') == 50


class TestMasking:
    @pytest.mark.parametrize("level", [1, 2, 3])
    def test_hides_who_administrates(
        self, ben_client: Client, machine: Machine, level: int
    ) -> None:
        Profile.objects.update(privacy_level=level)

        text = page(ben_client, machine)

        assert "a.rossi" not in text
        assert "sudo" not in text

    @pytest.mark.parametrize(("level", "is_shown"), [(0, True), (1, False), (2, False), (3, False)])
    def test_hides_what_changes_tell_of_a_persons_device(
        self, ben_client: Client, machine: Machine, level: int, is_shown: bool
    ) -> None:
        machine.send(
            inventory=[
                part("operating_system", OPERATING_SYSTEM | {"host_name": "zorro-laptop"}),
                part("hardware", HARDWARE | {"machine_serial_number": "SER-NEW"}),
            ]
        )
        assert DeviceChange.objects.filter(new_value="zorro-laptop").exists()
        Profile.objects.update(privacy_level=level)

        found = section(page(ben_client, machine), "changes")
        listed = ben_client.get(reverse("admin:devices_devicechange_changelist")).content.decode()

        assert ("zorro-laptop" in found, "SER-NEW" in found) == (is_shown, is_shown)
        assert ("zorro-laptop" in listed) is is_shown

    def test_names_no_place_outside_the_view_domain_whence_a_device_came(
        self, ada_client: Client, ben_client: Client, machine: Machine, paris: Entity
    ) -> None:
        hidden, device = make_entity("Secret lab"), device_of(machine)
        for entity in (hidden, paris):
            move_device(device=device, entity=entity, now=NOW)
        row = DeviceChange.objects.filter(new_value=paris.name).get()
        address = reverse("admin:devices_devicechange_change", args=[address_of(row)])
        pages = [
            f"{LIST}{device.pk}/change/",
            reverse("admin:devices_devicechange_changelist") + f"?device={device.pk}",
            address,
        ]

        for url in pages:
            own, all_seen = (c.get(url).content.decode() for c in (ben_client, ada_client))
            assert (hidden.name in own, hidden.name in all_seen) == (False, True), url
        assert paris.name in section(page(ben_client, machine), "changes")

    @pytest.mark.parametrize("level", [2, 3])
    def test_hides_addresses(self, ben_client: Client, machine: Machine, level: int) -> None:
        configure(wifi_identifiers="on")
        machine.send(connectivity(local_ip="192.168.17.42", wifi_ssid="Zorros WLAN"))
        Profile.objects.update(privacy_level=level)

        text = page(ben_client, machine)

        assert "192.168.17.42" not in text
        assert "Zorros WLAN" not in text

    @pytest.mark.parametrize(("level", "is_told"), [(0, True), (2, False)])
    def test_calls_no_device_without_a_place_whose_place_is_hidden(
        self, ben_client: Client, machine: Machine, level: int, is_told: bool
    ) -> None:
        Profile.objects.update(privacy_level=level)
        nowhere = page(ben_client, machine)
        Device.objects.update(location_country="France")
        somewhere = page(ben_client, machine)

        assert ("No site takes it" in nowhere) is is_told
        assert "No site takes it" not in somewhere
        assert ("France" in somewhere) is is_told


class TestFilters:
    def listed(self, client: Client, query: str) -> bool:
        """Return whether the list has the device under this filter."""
        text = client.get(f"{LIST}?{query}").content.decode()
        return "ada-laptop" in text

    @pytest.mark.parametrize(
        ("reason", "name", "content"),
        [
            ("restart", "operating_system", OPERATING_SYSTEM | {"is_restart_pending": True}),
            ("disk", "volumes", [VOLUMES[0]]),
            ("encryption", "volumes", [VOLUMES[0] | {"is_encrypted": False}]),
            ("antivirus", "security", {"antiviruses": [{"real_time_protection": "disabled"}]}),
            ("firewall", "security", {"firewalls": [{"real_time_protection": "disabled"}]}),
            ("failing", "disks", [{"health": "failing"}]),
            (
                "battery",
                "hardware",
                {"batteries": [{"design_capacity": 10.0, "full_capacity": 7.0}]},
            ),
            (
                "boot",
                "operating_system",
                OPERATING_SYSTEM | {"last_full_boot_time": "2026-01-02T10:00:00Z"},
            ),
        ],
    )
    def test_find_what_needs_attention(
        self, ada_client: Client, machine: Machine, reason: str, name: str, content: Any
    ) -> None:
        before = self.listed(ada_client, f"attention={reason}")

        machine.send(inventory=[part(name, content)])

        assert (before, self.listed(ada_client, f"attention={reason}")) == (False, True)

    @pytest.mark.parametrize("query", ["attention=nonsense", "attention=%00"])
    def test_bear_any_value(self, ada_client: Client, machine: Machine, query: str) -> None:
        assert ada_client.get(f"{LIST}?{query}").status_code in (200, 302, 400)

    def test_find_by_serial_number(self, ada_client: Client, machine: Machine) -> None:
        assert self.listed(ada_client, "q=SER-0815")
        assert not self.listed(ada_client, "q=SER-0816")

    def test_find_by_no_serial_number_that_is_hidden(
        self, ben_client: Client, machine: Machine
    ) -> None:
        Profile.objects.update(privacy_level=2)

        text = ben_client.get(f"{LIST}?q=SER-0815").content.decode()

        assert str(device_of(machine).pk) + "/change/" not in text

    def test_look_at_no_device_of_another_entity(
        self, ben_client: Client, lyon: Entity, machine: Machine
    ) -> None:
        other = make_machine(lyon, host_name="lyon-laptop")
        other.send(inventory=[part("disks", [{"health": "failing"}])])

        text = ben_client.get(f"{LIST}?attention=failing").content.decode()

        assert "lyon-laptop" not in text
        assert Device.objects.filter(last_seen_at__gte=NOW - timedelta(days=1)).count() == 2


class TestKinds:
    @pytest.mark.case("data-model.10")
    @pytest.mark.parametrize(
        ("changes", "query"),
        [
            ({"kind": "browser_only"}, "kind__exact=browser_only"),
            ({"kind": "foreign"}, "kind__exact=foreign"),
            ({"is_simulated": True}, "is_simulated__exact=1"),
        ],
    )
    def test_are_told_apart(
        self, ada_client: Client, machine: Machine, changes: dict[str, Any], query: str
    ) -> None:
        before = ada_client.get(f"{LIST}?{query}").content.decode()
        Device.objects.update(**changes)

        after = ada_client.get(f"{LIST}?{query}").content.decode()

        assert ("ada-laptop" in before, "ada-laptop" in after) == (False, True)
