"""What package managers have installed."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from dex_collector.daemon import Daemon
from dex_collector.inventory import Part
from dex_collector.probes import packages_linux
from dex_collector.probes.base import Context, Lack, NoData, Output, Tally
from dex_collector.probes.packages_linux import PackageReader, run_rpm
from tests.collector.conftest import FIXTURES, run
from tests.collector.fakes import FakeClock, FakeServer
from tests.collector.spying import spy

MakeContext = Callable[..., Context]
Start = Callable[..., Daemon]

LAPTOP, VIRTUAL, SERVER = (FIXTURES / name for name in ("laptop", "virtual_machine", "server"))
# The form of rpm(8), queryformat; values of Red Hat Enterprise Linux 9.4.
RPM_ANSWER = """\
bash\t5.1.8-9.el9\tRed Hat, Inc.\tx86_64\t1714982400
tzdata\t2024a-1.el9\tRed Hat, Inc.\tnoarch\t1714982401
gpg-pubkey\tfd431d51-4ae0493b\t(none)\t(none)\t1714982402
tool\t1-1\t(none)\tppc64le\t1714982403
half a line
"""


def items(outputs: Sequence[Output]) -> list[dict[str, Any]]:
    (part,) = (one for one in outputs if isinstance(one, Part))
    return list(part.items or [])


class TestPackages:
    @pytest.mark.case("collector.12")
    def test_of_a_laptop_are_those_of_dpkg_flatpak_and_snap(
        self, make_context: MakeContext, machine: Path
    ) -> None:
        os.utime(machine / "var/lib/dpkg/info/libssl3t64:amd64.list", (1_700_000_000,) * 2)

        found = items(PackageReader()(make_context(machine)))

        for item in found[4:]:  # by the times of the copy
            assert item.pop("installation_time")
        assert found == [
            {
                "name": "libreoffice-core",
                "source": "dpkg",
                "version": "4:24.2.7-0ubuntu0.24.04.1",
                "publisher": "Debian LibreOffice Maintainers",
                "architecture": "x64",
            },
            {
                "name": "libssl3t64",
                "source": "dpkg",
                "version": "3.0.13-0ubuntu3.4",
                "publisher": "Ubuntu",
                "architecture": "x64",
                "installation_time": "2023-11-14T22:13:20.000Z",
            },
            {
                "name": "libssl3t64",
                "source": "dpkg",
                "version": "3.0.13-0ubuntu3.4",
                "publisher": "Ubuntu",
                "architecture": "x86",
            },
            {
                "name": "tzdata",
                "source": "dpkg",
                "version": "2024a-3ubuntu1.1",
                "publisher": "GNU Libc Maintainers",
            },
            {
                "name": "org.gnome.Calculator",
                "source": "flatpak",
                "version": "46.1",
                "publisher": "The GNOME Project",
                "architecture": "x64",
            },
            {"name": "firefox", "source": "snap", "version": "131.0.2-1"},
        ]

    @pytest.mark.case("collector.12")
    def test_of_a_guest_as_recorded(self, make_context: MakeContext) -> None:
        found = items(PackageReader()(make_context(VIRTUAL)))

        assert [one["name"] for one in found] == [
            "adduser", "bash", "libc6", "openssl", "tzdata", "zlib1g",
        ]  # fmt: skip
        assert {one.get("architecture") for one in found} == {"x64", None}

    def test_of_a_server_are_what_rpm_answers(self, make_context: MakeContext) -> None:
        found = items(PackageReader(rpm=lambda root: RPM_ANSWER)(make_context(SERVER)))

        assert [(one["name"], one.get("publisher"), one.get("architecture")) for one in found] == [
            ("bash", "Red Hat, Inc.", "x64"),
            ("tzdata", "Red Hat, Inc.", None),
            ("tool", None, "other"),
        ]
        assert found[0]["installation_time"] == "2024-05-06T08:00:00.000Z"

    @pytest.mark.parametrize("script", ["exit 1", "exec sleep 60"])
    def test_of_an_rpm_that_fails_or_hangs_are_unknown(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
    ) -> None:
        (tmp_path / "rpm").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "rpm").chmod(0o755)
        monkeypatch.setattr(packages_linux, "RPM", str(tmp_path / "rpm").lstrip("/"))
        monkeypatch.setattr(packages_linux, "RPM_TIMEOUT_SECONDS", 0.2)

        with pytest.raises(OSError, match="rpm fails"):
            run_rpm(Path("/"))

    def test_without_an_answer_are_not_claimed_to_be_none(
        self, make_context: MakeContext, machine: Path
    ) -> None:
        def fail(root: Path) -> str:
            raise OSError("rpm fails")

        (machine / "var/lib/rpm").mkdir()
        (machine / "var/lib/rpm/rpmdb.sqlite").touch()

        outputs = PackageReader(rpm=fail)(make_context(machine))

        assert Lack("rpm.unsupported") in outputs
        assert len(items(outputs)) == 6
        with pytest.raises(NoData):
            PackageReader(rpm=fail)(make_context(SERVER))

    def test_are_read_anew_only_when_their_file_changed(
        self, make_context: MakeContext, machine: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[Path] = []

        def answer(root: Path) -> str:
            asked.append(root)
            return RPM_ANSWER

        (machine / "var/lib/rpm").mkdir()
        (machine / "var/lib/rpm/rpmdb.sqlite").touch()
        reader, reads = PackageReader(rpm=answer), spy(monkeypatch, (packages_linux, "read_dpkg"))
        first = reader(make_context(machine))

        again = reader(make_context(machine))
        status = machine / packages_linux.DPKG_STATUS
        status.write_text(status.read_text().partition("\n\n")[0] + "\n")
        third = reader(make_context(machine))

        assert again == first
        assert (len(reads), len(asked)) == (2, 1)
        assert len(items(third)) == len(items(first)) - 3

    def test_beyond_the_limit_are_counted(
        self, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(packages_linux, "ITEMS_MAXIMUM", 4)

        outputs = PackageReader()(make_context(LAPTOP))

        assert len(items(outputs)) == 4
        assert Tally("packages_left_out", 2) in outputs

    @pytest.mark.case("collector.9")
    def test_off_is_not_read_at_all(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server.switches["packages"] = "off"
        names = ("read_dpkg", "read_flatpaks", "read_snaps", "run_rpm")
        reads = spy(monkeypatch, *((packages_linux, name) for name in names))

        run(start(), clock, seconds=60, every=10)

        assert reads == []
        assert server.bodies
        assert server.parts("packages") == []

    def test_that_were_told_go_when_they_are_switched_off(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        assert server.parts("packages")
        server.configure(packages="off")
        since = len(server.requests)

        daemon.check_in()
        daemon.spool.send_again()
        daemon.turn()

        again = str([r.json() for r in server.requests[since:] if r.path == "events"])
        assert "'hardware'" in again
        assert "'packages'" not in again


class TestRealRpm:
    def test_is_asked_on_its_own_machine_only(self) -> None:
        with pytest.raises(FileNotFoundError):
            packages_linux.run_rpm(SERVER)

    def test_is_asked_by_its_full_path_without_an_environment(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        tool = tmp_path / "rpm"
        tool.write_text('#!/bin/sh\nprintf "%s\\t%s\\n" "$HOME" "$*"\n')
        tool.chmod(0o755)
        monkeypatch.setattr(packages_linux, "RPM", str(tool).removeprefix("/"))

        text = packages_linux.run_rpm(Path("/"))

        assert text == f"\t--query --all --queryformat {packages_linux.RPM_FORMAT}\n"
