"""What a device tells by default can be found in the console, each thing on its page.

The lines are those of the reference system's privacy page, in its words and order: "Data collected
by default", then "Configuration options". The data take the collectors' own door. Applications,
surveys and calls come with their apps.
"""

import html
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Account
from apps.binaries.models import Binary
from apps.collectors import epochs
from apps.collectors.choices import Preset
from apps.core.admin import address_of
from apps.devices import fleet
from apps.users import hashing
from apps.users.models import Session, User
from tests.dex.telling import CLIENTS, tell_all
from tests.factories.collectors import Machine, configure, device_of, make_machine
from tests.factories.geography import write_places, write_providers
from tests.factories.sites import make_sites, site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

DEFAULTS: list[tuple[str, str, list[str]]] = [
    (
        "Hardware properties of devices",
        "devices_device",
        ["Latitude 7440", "i7-1365U", "DIMM A", "Iris Xe", "BYD BAT0", "U2723QE", "PM9A1"],
    ),
    ("Hardware: serial numbers", "devices_device", ["SER-0815", "CASE-1", "BIOS-7", "MON-4711"]),
    (
        "Hardware: drives and adapters",
        "devices_device",
        ["/home", "nvme0n1p3", "wlp0s20f3", "1.2 Gbit/s"],
    ),
    (
        "What of that a collector cannot or may not tell",
        "devices_device",
        ["use of the graphics processor not at all", "Forbidden on the device Focus time"],
    ),
    (
        "Software properties of devices",
        "devices_device",
        ["Debian GNU/Linux 13 (trixie)", "6.12.48", "ClamAV", "nftables", "sudo", "pooled"],
    ),
    ("Software and hardware, changed", "devices_devicechange", ["16 GiB", "32 GiB"]),
    ("Events: boots", "devices_boot", ["ada-laptop", "21.4 s"]),
    ("Events: sleeps", "devices_sleep", ["ada-laptop", "10 min 0 s"]),
    ("Events: crashes", "devices_systemcrash", ["0x0000007E", "SYSTEM_THREAD_EXCEPTION"]),
    ("Events: hard resets", "devices_hardreset", ["ada-laptop"]),
    (
        "Events: connections",
        "binaries_connectionsample",
        ["soffice.bin", "93.184.216.34", "TCP 443", "5 MiB"],
    ),
    ("Performance: CPU", "devices_performancesample", ["ada-laptop", "41 %"]),
    ("Performance: memory", "devices_performancesample", ["7.3 GiB"]),
    ("Performance, etc.", "devices_performancesample/", ["37 ms", "55 GiB", "22 min 0 s"]),
    ("User properties: name, user name", "users_user", ["a.rossi@CORP", "S-1-5-21-1-2-3-1001"]),
    ("User properties: group", "users_user", ["BUILTIN\\Administrators"]),
    ("User properties: rights", "users_user", ["power user"]),
    ("Session information", "users_session", ["told by a login", "told by a logout", "2@4f1c"]),
    ("Session information: time", "users_sessionsample", ["a.rossi@CORP", "12 min 0 s"]),
    ("Events: login", "users_login", ["a.rossi@CORP", "4.1 s", "9.3 s"]),
    *(
        (f"Events: {what}", f"users_sessionchange?change__exact={what}", ["a.rossi@CORP", client])
        for what, client in CLIENTS.items()
    ),
    ("Events: network performance", "users_sessionsample/", ["20 ms", "10 %"]),
    ("Software programs installed", "devices_device", ["libreoffice"]),
    ("Programs and updates installed", "binaries_package", ["libreoffice", "KB5049981", "update"]),
    ("Updates installed, when", "binaries_packageinstallation", ["KB5049981", "ada-laptop"]),
    ("Programs removed, when", "binaries_packageuninstallation", ["gimp", "ada-laptop"]),
    ("Executions", "binaries_executionsample", ["soffice.bin", "a.rossi@CORP", "14 min 0 s"]),
    ("Executions: programs", "binaries_binary", ["soffice.bin", "ada-laptop"]),
    (
        "Performance: resource consumption",
        "binaries_executionsample/",
        ["1 min 1 s", "311 MiB", "4,711"],
    ),
    ("Performance: freezes", "binaries_executionsample/", ["6.5 s"]),
    ("Performance: crashes", "binaries_executioncrash", ["soffice.bin", "ada-laptop", "SIGSEGV"]),
    ("Local IP", "devices_connectivitysample/", ["192.168.17.42"]),
    ("IP of the DNS servers", "devices_connectivitysample/", ["9.9.9.9"]),
    ("IP of the gateway", "devices_connectivitysample/", ["192.168.17.254"]),
    ("VPN status", "devices_connectivitysample/", ["VPN connected", "wg-paris"]),
    ("User activity", "users_sessionsample", ["7 min 0 s"]),
]
# Option -> how it is turned from its default -> page -> what stands there then, what no more.
OPTIONS: list[tuple[str, dict[str, Any], str, list[str], list[str]]] = [
    ("Username", {"username": "hashed"}, "users_user", ["u1_"], ["rossi"]),
    ("Username", {"username": "hashed"}, "devices_device", ["u1_"], ["a.rossi"]),
    ("Username", {"username": "hashed"}, "binaries_executionsample", ["u1_"], ["rossi"]),
    ("Focus time", {"focus_time": "on"}, "binaries_executionsample/", ["3 min 7 s"], []),
    ("User activity", {"user_activity": "off"}, "users_sessionsample/", [], ["7 min 0 s"]),
    (
        "WiFi SSID and BSSID",
        {"wifi_identifiers": "on"},
        "devices_connectivitysample/",
        ["Rossi family", "0a:0b:0c:0d:0e:0f"],
        [],
    ),
]
SWITCHES = {
    "username": ["User name in clear", "User name as a pseudonym"],
    "focus_time": ["Focus time not collected", "Focus time collected"],
    "user_activity": ["User activity collected", "User activity not collected"],
    "wifi_identifiers": ["Wi-Fi identifiers not collected", "Wi-Fi identifiers collected"],
}


@dataclass
class Console:
    """The pages that an administrator opens, each read once."""

    client: Client
    machine: Machine
    read: dict[str, str] = field(default_factory=dict)

    def text_of(self, page: str) -> str:
        """Return what a page says: that of an object or row, or the rows of a list."""
        if page not in self.read:
            self.read[page] = self._text(page)
        return self.read[page]

    def _text(self, page: str) -> str:
        address = self._address(page)
        if not address:
            return ""
        response = self.client.get(address, follow=True)
        assert response.status_code == 200, page
        content = response.content.decode()
        if "_changelist" in str(response.resolver_match.url_name):
            content = "".join(re.findall(r'(?s)<table id="result_list".*?</table>', content))
        seen = re.sub(r"(?s)<(script|style|select)\b.*?</\1>|<[^>]*>", " ", content)
        return " ".join(html.unescape(seen).split())

    def _address(self, page: str) -> str:
        """Return where a page is, "" while it has nothing to show."""
        name, _mark, query = page.partition("?")
        known: dict[str, Any] = {
            "devices_device": device_of(self.machine),
            "users_user": User.objects.first(),
            "users_session": Session.objects.first(),
            "binaries_binary": Binary.objects.first(),
        }
        if name in known:
            found = known[name]
            return found and reverse(f"admin:{name}_change", args=[found.pk])
        if name.endswith("/"):
            return self._newest(name.rstrip("/"))
        return reverse(f"admin:{name}_changelist") + (f"?{query}" if query else "")

    def _newest(self, name: str) -> str:
        model = apps.get_model(name.replace("_", "."))
        row = model._default_manager.order_by("-id").first()
        return row and reverse(f"admin:{name}_change", args=[address_of(row)])


@pytest.fixture
def silent(ada: Account, client_for: Any) -> Console:
    """Return the console over a device that has told nothing, under the preset in force."""
    configure()
    return Console(client_for(ada), make_machine())


@pytest.fixture
def console(silent: Console) -> Console:
    """Return the console over a device that told everything."""
    tell_all(silent.machine)
    return silent


class TestCollectedByDefault:
    def test_is_on_its_page(self, console: Console) -> None:
        assert [found for found, is_there in looked_for(console) if not is_there] == []

    def test_is_on_no_page_before_it_is_told(self, silent: Console) -> None:
        assert [found for found, is_there in looked_for(silent) if is_there] == []

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

    @pytest.mark.parametrize(
        ("values", "where", "present", "absent"),
        [pytest.param(*rest, id=f"{line} {rest[1]}") for line, *rest in OPTIONS],
    )
    def test_changes_what_its_page_shows(
        self,
        silent: Console,
        values: dict[str, Any],
        where: str,
        present: list[str],
        absent: list[str],
    ) -> None:
        configure(**values)
        tell_all(silent.machine, name=name_under(values))

        text = silent.text_of(where)

        assert [word for word in present if word not in text] == []
        assert [word for word in absent if word in text] == []

    @pytest.mark.parametrize(
        ("values", "where", "present", "absent"),
        [pytest.param(*rest, id=f"{line} {rest[1]}") for line, *rest in OPTIONS],
    )
    def test_is_the_other_way_round_by_default(
        self,
        console: Console,
        values: dict[str, Any],
        where: str,
        present: list[str],
        absent: list[str],
    ) -> None:
        text = console.text_of(where)

        assert [word for word in present if word in text] == []
        assert [word for word in absent if word not in text] == []

    @pytest.mark.parametrize(("name", "shown"), SWITCHES.items())
    def test_is_told_on_the_page_of_a_device(
        self, silent: Console, name: str, shown: list[str]
    ) -> None:
        other: dict[str, Any] = {
            name: {"username": "hashed", "user_activity": "off"}.get(name, "on")
        }
        before = silent.text_of("devices_device")

        configure(**other)
        silent.read.clear()

        after = silent.text_of("devices_device")
        assert [[text in page for text in shown] for page in (before, after)] == [
            [True, False],
            [False, True],
        ]

    @pytest.mark.case("data-model.5")
    def test_hashes_user_names(self) -> None:
        configure(username="hashed")
        tell_all(make_machine())

        assert "rossi" not in everything_stored().lower()

    @pytest.mark.case("data-model.5")
    def test_leaves_out_user_activity(self) -> None:
        configure(user_activity="off")
        tell_all(make_machine())

        assert activity() is None

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


def looked_for(console: Console) -> list[tuple[tuple[str, str], bool]]:
    """Return line and word of each default, and whether it stands on its page."""
    return [
        ((line, word), word in console.text_of(where))
        for line, where, words in DEFAULTS
        for word in words
    ]


def name_under(values: dict[str, str]) -> str:
    """Return how a collector calls A. Rossi under these switches."""
    if values.get("username") != "hashed":
        return "CORP\\a.rossi"
    epoch = epochs.current()
    key = epochs.collector_key(epoch)
    return hashing.sent_form("CORP\\a.rossi", collector_key=key, epoch=epoch)


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
