"""The packages: built, laid into a root of their own, and run from there."""

import configparser
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dex_collector import cli, journal, private_files
from dex_collector.daemon import Daemon
from dex_collector.packaging import __main__ as packaging
from dex_collector.packaging.installed import (
    SETTINGS,
    STATE,
    InstalledSettings,
    read_settings,
    settings_text,
)
from dex_collector.packaging.service import FILES, PLACES, lay_files
from tests.collector.conftest import run
from tests.collector.fakes import ENROLMENT_KEY, FakeClock, FakeServer
from tests.programs import SYSTEM_PATH

Start = Callable[..., Daemon]
BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)  # without our environment


def execute(*command: Any, python: str = sys.executable) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": SYSTEM_PATH, "DEX_PYTHON": python}
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )


@pytest.fixture
def enrolled(start: Start, server: FakeServer, clock: FakeClock, state: Path) -> Path:
    daemon = start(probes=())
    run(daemon, clock, seconds=20)
    daemon.close()
    return state


class TestDebianPackage:
    @pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is missing")
    def test_is_installed_by_dpkg_runs_and_is_purged(self, tmp_path: Path, enrolled: Path) -> None:
        package = packaging.build_deb(tmp_path)
        root = tmp_path / "installed"
        for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates"):
            (root / folder).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        dpkg = ["dpkg", f"--root={root}", "--force-depends", "--force-script-chrootless",
                "--force-not-root", f"--log={tmp_path}/dpkg.log"]  # fmt: skip

        installed = execute(*dpkg, "--install", package)
        program = root / "usr/bin/dex-collector"
        status = execute(program, "status", "--state", enrolled)
        unit = (root / "usr/lib/systemd/system/dex-collectord.service").read_text()
        removed = execute(*dpkg, "--purge", "dex-collector")

        assert installed.returncode == 0, installed.stderr
        assert "Enrolled since 2026-03-02" in status.stdout, status.stderr
        assert "ExecStart=/usr/lib/dex-collector/bin/dex-collector run" in unit
        assert removed.returncode == 0, removed.stderr
        assert not program.exists()

    def test_is_the_same_for_the_same_source(self, tmp_path: Path) -> None:
        first = packaging.build_deb(tmp_path / "..").read_bytes()

        second = packaging.build_deb(tmp_path).read_bytes()

        assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()


class TestArchive:
    def test_runs_on_a_python_without_any_dependency(self, tmp_path: Path, enrolled: Path) -> None:
        packed = packaging.build_archive(tmp_path)
        with tarfile.open(packed) as archive:
            archive.extractall(tmp_path)  # our own: the oldest Python that we support has no filter
        [home] = tmp_path.glob("dex-collector-*/lib")
        where = "import cryptography, jeepney, sys; print(cryptography.__file__, jeepney.__file__)"

        status = execute(
            home / "bin/dex-collector", "status", "--state", enrolled, python=BASE_PYTHON
        )
        found = subprocess.run(
            [BASE_PYTHON, "-s", "-c", where],
            capture_output=True, text=True, check=True, env={"PYTHONPATH": f"{home}:{home}/vendor"},
        )  # fmt: skip

        assert "Enrolled since 2026-03-02" in status.stdout, status.stderr
        assert found.stdout.count(str(home / "vendor")) == 2
        assert (home.parent / "install.sh").stat().st_mode & 0o111


class TestUnits:
    @pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is missing")
    def test_systemd_finds_nothing_wrong(self, tmp_path: Path) -> None:
        programs = tmp_path / "bin"
        programs.mkdir()
        for name in ("dex-collector", "dex-session"):
            (programs / name).write_text("#!/bin/sh\n")
            (programs / name).chmod(0o755)
        lay_files(tmp_path, programs, PLACES)

        of_system = execute(
            "systemd-analyze", "verify", "--man=no", tmp_path / "etc/systemd/system/dex-collectord.service"
        )  # fmt: skip

        said = [line for line in of_system.stderr.splitlines() if "dex-" in line]
        assert said == []

    def test_the_daemon_has_the_bounds_of_the_specification(self) -> None:
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read(FILES / "dex-collectord.service")
        service = dict(parser["Service"])

        expected = {
            "Type": "notify", "WatchdogSec": "120", "ProtectSystem": "strict",
            "ProtectHome": "read-only", "CPUQuota": "5%", "MemoryMax": "150M", "Nice": "10",
            "IOSchedulingClass": "idle", "NoNewPrivileges": "yes",
            "RestartPreventExitStatus": str(cli.FAILED),  # else it begins anew for ever
            "CapabilityBoundingSet": "CAP_NET_ADMIN CAP_SYS_PTRACE CAP_DAC_READ_SEARCH",
        }  # fmt: skip
        assert expected.items() <= service.items()


class TestSettings:
    def test_are_written_and_read(self, tmp_path: Path) -> None:
        file = tmp_path / "collector.toml"
        file.write_text(settings_text("https://dex.example", Path("/etc/ca.pem"), "pilot"))

        assert read_settings(file) == InstalledSettings(
            server="https://dex.example", ca_file=Path("/etc/ca.pem"), tag="pilot"
        )

    @pytest.mark.parametrize("text", ["server = 3", 'sever = "x"', "[", 'tag = "x"'])
    def test_a_bad_file_is_a_sentence(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "collector.toml"
        file.write_text(text)

        with pytest.raises(ValueError, match=re.escape(str(file))):
            read_settings(file)

    def test_a_tag_cannot_add_a_line(self) -> None:
        with pytest.raises(ValueError, match="tag"):
            settings_text("https://dex.example", None, 'x"\nserver = "https://evil.example')


class TestInstalling:
    def test_takes_the_key_over_and_removes_all_again(
        self, tmp_path: Path, server: FakeServer, key_file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        root = tmp_path / "root-of-device"
        places = ["--destination", str(root)]

        cli.main(["install", *places, "--server", server.url, "--enrolment-key-file", str(key_file),
                  "--bin", "/opt/dex-collector/bin"])  # fmt: skip
        key = root / STATE / "enrolment-key"
        held = (key.read_text().strip(), key.stat().st_mode & 0o777, key_file.exists())
        unit = (root / "etc/systemd/system/dex-collectord.service").read_text()
        cli.main(["uninstall", *places])

        assert held == (ENROLMENT_KEY, 0o600, False)
        assert "ExecStart=/opt/dex-collector/bin/dex-collector run" in unit
        assert [path for path in root.rglob("*") if path.is_file()] == []
        assert "gone from this device" in capsys.readouterr().out

    def test_leaves_a_file_alone_that_is_no_key(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        other = tmp_path / "shadow"
        other.write_text("root:secret")

        status = cli.main(["install", "--destination", str(tmp_path / "d"), "--server",
                           "https://dex.example", "--enrolment-key-file", str(other)])  # fmt: skip

        assert (status, other.read_text()) == (2, "root:secret")
        assert not (tmp_path / "d").exists()

    def test_does_not_erase_what_a_link_in_place_of_the_key_leads_to(self, tmp_path: Path) -> None:
        (tmp_path / "shadow").write_text("root:secret")
        (tmp_path / "key").symlink_to(tmp_path / "shadow")

        private_files.erase(tmp_path / "key")

        assert (tmp_path / "shadow").read_text() == "root:secret"
        assert not (tmp_path / "key").is_symlink()

    def test_removes_state_and_log_from_where_the_settings_have_them(self, tmp_path: Path) -> None:
        for name in ("srv/dex/spool.db", "srv/log/dex.log", "srv/log/dex.log.1", "srv/log/other"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        (tmp_path / SETTINGS).parent.mkdir(parents=True)
        (tmp_path / SETTINGS).write_text(
            'server = "https://dex.example"\nstate = "/srv/dex"\nlog = "/srv/log/dex.log"\n'
        )

        cli.main(["uninstall", "--destination", str(tmp_path)])

        assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["other"]

    def test_tells_the_server_when_it_goes(
        self, tmp_path: Path, server: FakeServer, enrolled: Path
    ) -> None:
        root = tmp_path / "root-of-device"
        cli.main(["install", "--destination", str(root), "--server", server.url])
        shutil.copytree(enrolled, root / STATE)

        cli.main(["uninstall", "--destination", str(root)])

        assert [request.method for request in server.calls("enrolment")] == ["DELETE"]
        assert not (root / STATE).exists()
        assert not (root / SETTINGS).exists()


class TestService:
    def test_runs_by_its_settings_with_a_log_of_its_own(
        self, tmp_path: Path, server: FakeServer, key_file: Path
    ) -> None:
        server.clock = None
        state, log = tmp_path / "service", tmp_path / "log" / "collector.log"
        state.mkdir(mode=0o700)
        shutil.move(key_file, state / "enrolment-key")
        file = tmp_path / "collector.toml"
        socket = tmp_path / "run" / "collector.sock"
        file.write_text(
            f'server = "{server.url}"\nstate = "{state}"\nlog = "{log}"\nsocket = "{socket}"\n'
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "dex_collector", "run", "--settings", str(file)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            from tests.collector.test_cli import wait_for

            wait_for(lambda: bool(server.bodies))
        finally:
            process.terminate()
            ended = process.wait(20)

        assert ended == 0
        assert "Enrolled" in {json.loads(line)["message"] for line in log.read_text().splitlines()}
        assert log.stat().st_mode & 0o777 == 0o600
        assert not (state / "enrolment-key").exists()

    def test_goes_on_while_the_log_has_no_place_and_writes_again_after(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal, "FILE_BYTES_MAXIMUM", 300)
        journal.start_file(tmp_path / "log" / "collector.log")
        logger = journal.logging.getLogger(journal.ROOT)
        (tmp_path / "log").rename(tmp_path / "away")

        for number in range(10):
            logger.info("Batch sent", extra=journal.facts(number=number))
        (tmp_path / "away").rename(tmp_path / "log")
        logger.info("Batch sent", extra=journal.facts(number=10))

        last = (tmp_path / "log" / "collector.log").read_text().splitlines()[-1]
        assert json.loads(last)["number"] == 10

    def test_the_log_never_grows_beyond_its_cap(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal, "FILE_BYTES_MAXIMUM", 2_000)
        journal.start_file(tmp_path / "log" / "collector.log")

        for number in range(200):
            journal.logging.getLogger(journal.ROOT).info(
                "Batch sent", extra=journal.facts(number=number)
            )

        sizes = [file.stat().st_size for file in (tmp_path / "log").iterdir()]
        lines = [line for name in ("collector.log.1", "collector.log")
                 for line in (tmp_path / "log" / name).read_text().splitlines()]  # fmt: skip
        numbers = [json.loads(line)["number"] for line in lines]
        rights = {file.stat().st_mode & 0o777 for file in (tmp_path / "log").iterdir()}
        assert len(sizes) == 2
        assert 1_800 < max(sizes) <= 2_000
        assert numbers == list(range(numbers[0], 200))
        assert rights == {0o600}
