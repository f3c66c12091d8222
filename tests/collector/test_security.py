"""What protects a machine."""

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dex_collector.inventory import Part
from dex_collector.probes import security_linux
from dex_collector.probes.base import Context, Lack
from dex_collector.probes.netfilter_linux import (
    BOTH,
    IPV4,
    IPV6,
    Chain,
    ask_chains,
    parse_chain,
    protection_of,
)
from dex_collector.probes.netlink_linux import make_attributes
from dex_collector.probes.security_linux import (
    parse_ufw,
    read_antiviruses,
    read_firewalls,
    read_security,
)
from tests.collector.conftest import FIXTURES

MakeContext = Callable[..., Context]

LAPTOP = FIXTURES / "laptop"
REPOSITORY = Path(__file__).parents[2]
DAY = 86_400


def place(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def running(root: Path, *services: str) -> None:
    for service in services or ("",):
        (root / "sys/fs/cgroup/system.slice" / service).mkdir(parents=True, exist_ok=True)


def states(items: list[dict[str, str]]) -> dict[str, str]:
    return {item["name"]: item["real_time_protection"] for item in items}


class TestAntiviruses:
    def test_that_scan_are_enabled(self, tmp_path: Path) -> None:
        place(tmp_path, "usr/sbin/clamd", "opt/CrowdStrike/falconctl")
        running(tmp_path, "falcon-sensor.service", "clamav-daemon.service")

        assert states(read_antiviruses(tmp_path, 0)) == {
            "ClamAV": "disabled",  # it answers others, and scans nothing by itself
            "CrowdStrike Falcon": "enabled",
        }

    def test_whose_service_alone_does_not_tell_are_not_reported(self, tmp_path: Path) -> None:
        place(tmp_path, "opt/microsoft/mdatp/sbin/wdavdaemon")
        running(tmp_path, "mdatp.service")

        assert states(read_antiviruses(tmp_path, 0)) == {"Microsoft Defender": "not_reported"}

    def test_without_systemd_are_not_reported(self, tmp_path: Path) -> None:
        place(tmp_path, "opt/CrowdStrike/falconctl")

        assert states(read_antiviruses(tmp_path, 0)) == {"CrowdStrike Falcon": "not_reported"}

    @pytest.mark.parametrize(("days", "answer"), [(6, "yes"), (8, "no")])
    def test_know_the_newest_threats_for_a_week(
        self, tmp_path: Path, days: int, answer: str
    ) -> None:
        place(tmp_path, "usr/sbin/clamd", "var/lib/clamav/daily.cvd", "var/lib/clamav/daily.cld")
        os.utime(tmp_path / "var/lib/clamav/daily.cvd", (0, 0))
        os.utime(tmp_path / "var/lib/clamav/daily.cld", (100 * DAY, 100 * DAY))

        (item,) = read_antiviruses(tmp_path, (100 + days) * DAY)

        assert item["is_up_to_date"] == answer


class TestFirewalls:
    @pytest.mark.parametrize(
        ("settings", "rules", "state"),
        [
            ("ENABLED=yes\nLOGLEVEL=low\n", "partially_enabled", "enabled"),
            ("ENABLED=yes\n", None, "enabled"),
            ("ENABLED=yes\n", "disabled", "disabled"),  # it was not started
            ("ENABLED=no\n", "enabled", "disabled"),
            ("", None, "not_reported"),
        ],
    )
    def test_ufw(self, tmp_path: Path, settings: str, rules: str | None, state: str) -> None:
        place(tmp_path, "usr/sbin/ufw", "etc/ufw/ufw.conf")
        (tmp_path / "etc/ufw/ufw.conf").write_text(settings)

        assert states(read_firewalls(tmp_path, rules))["ufw"] == state

    def test_of_which_none_is_on_leave_the_rules(self, tmp_path: Path) -> None:
        place(tmp_path, "usr/sbin/ufw", "usr/sbin/firewalld")
        (tmp_path / "etc/ufw").mkdir(parents=True)
        (tmp_path / "etc/ufw/ufw.conf").write_text("ENABLED=no\n")
        running(tmp_path)

        assert states(read_firewalls(tmp_path, "enabled")) == {
            "ufw": "disabled",
            "firewalld": "disabled",
            "nftables": "enabled",
        }

    def test_firewalld_that_runs_speaks_for_its_rules(self, tmp_path: Path) -> None:
        place(tmp_path, "usr/sbin/firewalld")
        running(tmp_path, "firewalld.service")

        assert states(read_firewalls(tmp_path, "partially_enabled")) == {"firewalld": "enabled"}

    def test_a_quoted_setting_is_one(self) -> None:
        assert parse_ufw('# a comment\nENABLED = "YES"\n') is True

    @pytest.mark.parametrize(
        ("chains", "answer"),
        [
            ([], "disabled"),
            ([Chain(IPV4, False, 0)], "disabled"),
            ([Chain(BOTH, True, 0)], "enabled"),
            ([Chain(IPV4, True, 3), Chain(IPV6, True, 3)], "enabled"),
            ([Chain(IPV4, True, 3)], "partially_enabled"),
            ([Chain(BOTH, False, 3)], "partially_enabled"),
        ],
    )
    def test_rules_protect_what_they_drop(self, chains: list[Chain], answer: str) -> None:
        assert protection_of(chains) == answer


def chain(hook: int = 1, type_: bytes = b"filter\0", policy: int = 0) -> bytes:
    """Return a chain as nf_tables.h writes it: numbers in the order of the network."""
    numbers = {1: struct.pack("!I", hook), 2: struct.pack("!i", 0)}
    attributes = {
        1: b"filter\0",
        3: b"input\0",
        4: make_attributes(numbers),
        5: struct.pack("!I", policy),
        6: struct.pack("!I", 3),
        7: type_,
    }
    return struct.pack("!BBH", 1, 0, 5) + make_attributes(attributes)


class TestChains:
    def test_of_the_way_in_are_read(self) -> None:
        assert parse_chain(chain()) == Chain(BOTH, True, 3)
        assert parse_chain(chain(policy=1)) == Chain(BOTH, False, 3)

    def test_of_other_ways_are_none(self) -> None:
        assert parse_chain(chain(hook=2)) is None
        assert parse_chain(chain(type_=b"nat\0")) is None
        assert parse_chain(chain()[:12]) is None

    def test_of_this_kernel_are_told(self) -> None:
        """In a network of its own a table is made as nft(8) would, and read again."""
        try:
            ask_chains()
        except OSError as error:
            pytest.skip(f"the kernel tells no chains here: {error}")
        made = subprocess.run(
            ["unshare", "--net", sys.executable, "-c", MAKE_CHAIN],
            cwd=REPOSITORY,
            env={"PYTHONPATH": f"{REPOSITORY}/collector:{REPOSITORY}"},
            capture_output=True,
            text=True,
            check=False,
        )
        if "unshare" in made.stderr:
            pytest.skip(f"no network of its own here: {made.stderr}")

        assert json.loads(made.stdout) == ["disabled", "enabled"]


MAKE_CHAIN = """
import json, socket, struct
from dex_collector.probes.netfilter_linux import ask_chains, protection_of
from tests.collector.test_security import chain

def message(kind, body, flags=0x401):
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 0, 0) + body

def table():
    name = struct.pack("=HH", 11, 1) + b"filter\\0\\0"
    return struct.pack("!BBH", 1, 0, 0) + name

before = protection_of(ask_chains())
link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
link.bind((0, 0))
edge = struct.pack("!BBH", 0, 0, 10)
new = chain().replace(struct.pack("=HH", 8, 6) + struct.pack("!I", 3), b"")
link.send(message(16, edge, 1) + message(0xA00, table()) + message(0xA03, new) + message(17, edge, 1))
print(json.dumps([before, protection_of(ask_chains())]))
"""


class TestPart:
    @pytest.mark.case("collector.12")
    def test_of_a_laptop(self, make_context: MakeContext) -> None:
        part, *rest = read_security(make_context(LAPTOP))

        assert part == Part(
            "security",
            {
                "antiviruses": [{"name": "ClamAV", "real_time_protection": "enabled"}],
                "firewalls": [{"name": "ufw", "real_time_protection": "enabled"}],
                "user_account_control_status": "not_applicable",
            },
        )
        assert rest == [Lack("firewall_rules.unsupported")]

    def test_of_a_machine_with_nothing(self, make_context: MakeContext, tmp_path: Path) -> None:
        part, *rest = read_security(make_context(tmp_path))

        assert isinstance(part, Part)
        fields: Any = part.fields
        assert fields["antiviruses"] == []
        assert states(fields["firewalls"]) == {"nftables": "not_reported"}
        assert rest == [Lack("firewall_rules.unsupported"), Lack("antivirus_state.unsupported")]

    def test_rules_of_the_older_tables_are_not_called_none(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(security_linux, "ask_chains", lambda: [])
        monkeypatch.setattr(security_linux, "read_text", lambda path: "filter\nnat")

        assert security_linux.read_rules(Path("/")) is None
