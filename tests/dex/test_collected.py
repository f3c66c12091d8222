"""What a device tells by default can be found in the console, each thing on its page.

The list is that of the reference system's privacy page; the data take the collectors' own door.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from apps.accounts.models import Account
from apps.binaries.models import Binary
from apps.collectors.choices import Preset
from apps.devices import fleet
from apps.users.models import User
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    Machine,
    boot,
    configure,
    connectivity,
    device_of,
    execution,
    login,
    make_machine,
    performance,
    stop,
)
from tests.factories.geography import write_places, write_providers
from tests.factories.inventory import INVENTORY, part
from tests.factories.programs import crash, package, traffic
from tests.factories.sessions import ACCOUNT, LATENCY, at, change, sample
from tests.factories.sites import make_sites, site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

ADDRESSES: dict[str, Any] = {
    "primary_physical_adapter_type": "wifi",
    "local_ip": "192.168.17.42",
    "dns_ips": ["9.9.9.9"],
    "gateway_ip": "192.168.17.1",
    "vpn_status": "connected",
    "wifi_ssid": "Rossi family",
    "wifi_bssid": "0a:0b:0c:0d:0e:0f",
}
PACKAGES: list[dict[str, Any]] = [package(name="libreoffice", version="25.8.3")]
UPDATE = package(name="KB5049981", version="2.0", type="update", source="windows_update")


def tell_all(machine: Machine, **more: Any) -> None:
    """Send one of each thing that a device can tell."""
    signed_in = login(
        at(8),
        logon_type="interactive",
        session_id="2@4f1c",
        time_until_desktop_is_visible_ms=4_100,
        time_until_desktop_is_ready_ms=9_300,
    )
    active: dict[str, Any] = {
        "session_duration_ms": 900_000,
        "user_interaction_time_ms": 420_000,
        "round_trip_time_ms": LATENCY,
    }
    focus: dict[str, Any] = {"cpu_time_ms": {"sum": 61_000}, "focus_time_ms": {"sum": 187_000}}
    events = [
        boot(duration_ms=21_400),
        stop("sleeps", duration_ms=600_000),
        stop("system_crashes", error_code=0x7E, label="SYSTEM_THREAD_EXCEPTION"),
        stop("hard_resets"),
        performance(),
        connectivity(**ADDRESSES),
        signed_in,
        *(change(what, at(9)) for what in ("lock", "unlock", "disconnect", "connect")),
        sample(at(11, 15), **active),
        execution(**focus),
        crash(error_code="SIGSEGV"),
        traffic(destination_ip="93.184.216.34", destination_domain="example.org"),
    ]
    inventory = [*INVENTORY, part("users", [ACCOUNT]), part("packages", PACKAGES)]
    names = {"users": ADA_ROSSI, "binaries": SOFFICE}
    response = machine.send(*events, inventory=inventory, **names, **more)
    assert (response.status_code, response.json()["refused"]) == (202, [])
    logout = change("logout", at(11, 45), reason="user")
    again = machine.send(logout, inventory=[part("packages", [*PACKAGES, UPDATE])], **names)
    assert (again.status_code, again.json()["refused"]) == (202, [])


@dataclass
class Console:
    """The pages that an administrator opens, each read once."""

    client: Client
    machine: Machine
    read: dict[str, str] = field(default_factory=dict)

    def text_of(self, page: str) -> str:
        """Return what a page says: that of the device, the user, the binary, or a list."""
        if page not in self.read:
            response = self.client.get(self._address(page), follow=True)
            assert response.status_code == 200, page
            text = strip_tags(
                re.sub(r"(?s)<(script|style).*?</\1>", " ", response.content.decode())
            )
            self.read[page] = " ".join(text.split())
        return self.read[page]

    def _address(self, page: str) -> str:
        objects: dict[str, Any] = {
            "devices_device": lambda: device_of(self.machine).pk,
            "users_user": lambda: User.objects.get().pk,
            "binaries_binary": lambda: Binary.objects.get().pk,
        }
        if page in objects:
            return reverse(f"admin:{page}_change", args=[objects[page]()])
        return reverse(f"admin:{page}_changelist")


@pytest.fixture
def console(ada: Account, client_for: Any) -> Console:
    """Return the console over a device that told everything under the preset in force."""
    configure()
    machine = make_machine()
    tell_all(machine)
    return Console(client_for(ada), machine)


class TestCollectedByDefault:
    @pytest.mark.parametrize(
        ("where", "words"),
        [
            # Devices: hardware and software properties, events, performance
            ("devices_device", ["Latitude 7440", "Intel Core i7-1365U", "PM9A1", "U2723QE"]),
            ("devices_device", ["Debian GNU/Linux 13 (trixie)", "ClamAV", "nftables"]),
            ("devices_boot", ["ada-laptop", "21"]),
            ("devices_systemcrash", ["ada-laptop", "0x0000007E"]),
            ("devices_hardreset", ["ada-laptop"]),
            ("devices_sleep", ["ada-laptop"]),
            ("devices_performancesample", ["ada-laptop"]),
            # Users and sessions: name, user name, group, rights; session information; events
            ("users_user", ["a.rossi", "CORP", "Administrators"]),
            ("users_session", ["a.rossi", "ada-laptop"]),
            ("users_login", ["a.rossi", "ada-laptop"]),
            ("users_sessionchange", ["lock", "unlock", "connect", "disconnect", "logout"]),
            ("users_sessionsample", ["a.rossi", "ada-laptop"]),
            # Binaries: programs and updates, executions, performance, crashes, connections
            ("binaries_package", ["libreoffice", "KB5049981"]),
            ("binaries_packageinstallation", ["KB5049981", "ada-laptop"]),
            ("binaries_executionsample", ["soffice.bin", "ada-laptop"]),
            ("binaries_executioncrash", ["soffice.bin", "ada-laptop"]),
            ("binaries_connectionsample", ["soffice.bin", "93.184.216.34"]),
            ("binaries_binary", ["soffice.bin"]),
            # Networking and connectivity
            ("devices_connectivitysample", ["ada-laptop"]),
        ],
    )
    def test_is_on_its_page(self, console: Console, where: str, words: list[str]) -> None:
        text = console.text_of(where)

        assert [word for word in words if word not in text] == []

    def test_is_all_of_a_network_on_the_page_of_its_bucket(self, console: Console) -> None:
        listed = console.client.get(reverse("admin:devices_connectivitysample_changelist"))
        address = re.search(
            r'href="([^"]+/connectivitysample/[^"/]+/change/)', listed.content.decode()
        )
        assert address is not None

        opened = console.client.get(address[1]).content.decode()

        wanted = ["192.168.17.42", "9.9.9.9", "192.168.17.1"]
        assert [word for word in wanted if word not in opened] == []

    @pytest.mark.case("privacy.1")
    def test_is_not_what_is_off_by_default(self, console: Console) -> None:
        stored = everything_stored()

        assert "Rossi family" not in stored
        assert "0a:0b:0c:0d:0e:0f" not in stored
        assert "example.org" not in stored
        assert focus_time() is None
        assert activity() == 420_000
        assert "a.rossi" in stored


class TestConfigurationOptions:
    """Each option of the reference system's privacy page, turned from its default."""

    @pytest.mark.case("data-model.5")
    def test_hashes_user_names(self) -> None:
        configure(username="hashed")
        tell_all(make_machine())

        assert "rossi" not in everything_stored().lower()

    def test_keeps_focus_time(self) -> None:
        configure(focus_time="on")
        tell_all(make_machine())

        assert focus_time() == 187_000

    @pytest.mark.case("data-model.5")
    def test_leaves_out_user_activity(self) -> None:
        configure(user_activity="off")
        tell_all(make_machine())

        assert activity() is None

    def test_keeps_wifi_identifiers(self) -> None:
        configure(wifi_identifiers="on")
        tell_all(make_machine())

        row = apps.get_model("devices", "ConnectivitySample").objects.get()
        assert (row.wifi_ssid, row.wifi_bssid) == ("Rossi family", "0a:0b:0c:0d:0e:0f")

    def test_locates_devices(
        self, ada: Account, client_for: Any, tmp_path: Path, settings: Any
    ) -> None:
        settings.DEX_ADDRESS_FILES = [write_places(tmp_path), write_providers(tmp_path)]
        configure(public_ip_location="city")
        machine, client = make_machine(), client_for(ada)
        machine.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
        tell_all(machine)

        text = Console(client, machine).text_of("devices_device")
        places = ["203.0.113.9", "Exemple Télécom", "Paris, France"]
        assert [word for word in places if word not in text] == []

        make_sites(site("Home office", ("public_address", "203.0.113.0/24"), type="remote"))
        fleet.run_open()
        assert "Home office" in Console(client, machine).text_of("devices_device")
        listed = "/admin/devices/device/?location_"
        assert "ada-laptop" in client.get(f"{listed}site=Home+office").content.decode()
        assert "ada-laptop" not in client.get(f"{listed}country=Spain").content.decode()

    @pytest.mark.case("privacy.2")
    def test_keeps_no_public_address_by_default(self, tmp_path: Path, settings: Any) -> None:
        settings.DEX_ADDRESS_FILES = [write_places(tmp_path), write_providers(tmp_path)]
        configure()
        machine = make_machine()
        machine.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
        tell_all(machine)
        machine.check_in()

        stored = everything_stored()

        assert "203.0.113.9" not in stored
        assert "France" not in stored

    @pytest.mark.case("privacy.2")
    def test_keeps_no_clear_name_under_the_strict_preset(self) -> None:
        configure(Preset.STRICT)
        tell_all(make_machine())

        stored = everything_stored().lower()
        assert "rossi" not in stored
        assert "ada-laptop" not in stored


def focus_time() -> int | None:
    """Return the focus time of the only execution."""
    return apps.get_model("binaries", "ExecutionSample").objects.get().focus_time_ms_sum  # type: ignore[no-any-return]


def activity() -> int | None:
    """Return the time of active use of the only session sample."""
    return apps.get_model("users", "SessionSample").objects.get().user_interaction_time_ms_sum  # type: ignore[no-any-return]


def everything_stored() -> str:
    """Return every row of every table as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)
