"""What packages leave to scripts and to the desktop: run, with a systemctl that writes down."""

import configparser
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dex_collector.packaging import __main__ as packaging
from dex_collector.packaging import tree
from dex_collector.packaging.installed import SETTINGS
from tests.programs import SYSTEM_PATH, require_own_mounts

AUTOSTART = "etc/xdg/autostart/dex-session.desktop"
UNIT = "dex-collectord.service"
SETTINGS_TEXT = 'server = "https://dex.example"\n'
IN_A_MOUNTED = 'mount --bind "$1/etc" /etc && mount --bind "$1/run" /run && shift && exec "$@"'


@dataclass(frozen=True)
class Machine:
    """A folder as the machine that packages are laid on."""

    root: Path

    @property
    def calls(self) -> list[str]:
        """Return what systemctl was asked."""
        file = self.root / "calls"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": f"{self.root / 'bin'}:{SYSTEM_PATH}", "DEX_PYTHON": sys.executable}

    def add_program(self, name: str, text: str) -> None:
        file = self.root / "bin" / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    def refuse(self, verb: str) -> None:
        """Let systemctl fail at one verb."""
        self.add_program("systemctl", f'echo "$*" >> {self.root}/calls\n[ "$1" != {verb} ]')

    def set_up(self) -> None:
        """Have settings, as after an `install`."""
        (self.root / SETTINGS).parent.mkdir(parents=True)
        (self.root / SETTINGS).write_text(SETTINGS_TEXT)

    def run(self, script: str, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a script with this folder in place of what it names of the machine."""
        for place in ("/run/systemd/system", "/etc/dex-collector", "/opt", "/usr/local"):
            script = script.replace(place, f"{self.root}{place}")
        return self.execute("sh", "-c", script, "script", *arguments, **more)

    def execute(self, *command: object, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(part) for part in command],
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def device(tmp_path: Path) -> Machine:
    """A machine with systemd, and nothing of the collector."""
    made = Machine(tmp_path / "device")
    for folder in ("bin", "etc", "opt", "run/systemd/system"):
        (made.root / folder).mkdir(parents=True)
    made.refuse("nothing")
    return made


class TestPostinst:
    SCRIPT = packaging.SCRIPTS["postinst"]

    def test_says_what_to_do_where_nothing_is_set_up(self, device: Machine) -> None:
        done = device.run(self.SCRIPT, "configure")

        assert done.returncode == 0, done.stderr
        assert "dex-collector install --server URL --enrolment-key-file FILE" in done.stdout
        assert f"enable {UNIT}" in device.calls
        assert f"restart {UNIT}" not in device.calls

    def test_restarts_a_service_that_is_set_up(self, device: Machine) -> None:
        device.set_up()

        done = device.run(self.SCRIPT, "configure", "0.0.9")

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert device.calls[0] == "daemon-reload"
        assert device.calls[-1] == f"restart {UNIT}"

    def test_says_that_the_service_does_not_run_and_lets_dpkg_go_on(self, device: Machine) -> None:
        device.set_up()
        device.refuse("restart")

        done = device.run(self.SCRIPT, "configure")

        assert done.returncode == 0
        assert done.stderr == "It does not run: see journalctl -u dex-collectord\n"

    def test_asks_no_systemd_about_a_root_elsewhere(self, device: Machine) -> None:
        done = device.run(self.SCRIPT, "configure", DPKG_ROOT="/srv/image")

        assert (done.returncode, device.calls) == (0, [])


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is missing")
class TestDebianPackage:
    @pytest.fixture
    def dpkg(self, device: Machine, tmp_path: Path) -> Callable[..., None]:
        """Return what runs dpkg for the machine."""
        for folder in ("info", "updates"):
            (device.root / "var/lib/dpkg" / folder).mkdir(parents=True)
        (device.root / "var/lib/dpkg/status").touch()

        def run(*arguments: object) -> None:
            options = ["--force-depends", "--force-script-chrootless", "--force-not-root"]
            done = device.execute(
                "dpkg", f"--root={device.root}", f"--log={tmp_path}/dpkg.log", *options, *arguments
            )
            assert done.returncode == 0, done.stderr

        return run

    def test_keeps_what_somebody_changed_in_the_autostart(
        self, device: Machine, dpkg: Callable[..., None], tmp_path: Path
    ) -> None:
        package = packaging.build_deb(tmp_path)
        dpkg("--install", package)
        with (device.root / AUTOSTART).open("a") as file:
            file.write("Hidden=true\n")

        dpkg("--install", package)

        assert (device.root / AUTOSTART).read_text().endswith("Hidden=true\n")

    def test_leaves_an_autostart_that_starts_nothing(
        self, device: Machine, dpkg: Callable[..., None], tmp_path: Path
    ) -> None:
        dpkg("--install", packaging.build_deb(tmp_path))
        program = device.root / entry(device.root / AUTOSTART, "TryExec").removeprefix("/")
        was_there = program.exists()

        dpkg("--remove", "dex-collector")

        assert was_there
        assert (device.root / AUTOSTART).exists()  # dpkg removes it at a purge only
        assert not program.exists()

    @pytest.mark.parametrize("unit", ["system/dex-collectord", "user/dex-session"])
    def test_starts_nothing_before_it_is_set_up(
        self, device: Machine, dpkg: Callable[..., None], tmp_path: Path, unit: str
    ) -> None:
        dpkg("--install", packaging.build_deb(tmp_path))

        file = device.root / f"usr/lib/systemd/{unit}.service"
        assert entry(file, "ConditionPathExists") == f"/{SETTINGS}"


class TestArchive:
    def test_is_readable_for_all_under_any_umask(self, device: Machine, tmp_path: Path) -> None:
        device.add_program("id", "echo 0")
        device.add_program(tree.python_name(), f'exec {sys.executable} "$@"')
        with tarfile.open(packaging.build_archive(tmp_path)) as archive:
            archive.extractall(tmp_path)  # our own: the oldest Python that we support has no filter
        [script] = tmp_path.glob("dex-collector-*/install.sh")
        text = script.read_text().replace('"$0"', f'"{script}"')

        done = device.run(
            f"umask 077\n{text}",
            "--destination",
            str(device.root),
            "--server",
            "https://dex.example",
        )

        assert done.returncode == 0, done.stderr
        laid = [*(device.root / "opt").rglob("*"), device.root / SETTINGS]
        assert len(laid) > 100
        assert [path for path in laid if not is_open(path)] == []
        assert (device.root / "usr/local/bin/dex-collector").resolve().is_file()


class TestInstall:
    """The command on this very machine, but for the folders in the places of /etc and /run."""

    @pytest.fixture
    def install(self, device: Machine) -> list[object]:
        mounted = [*require_own_mounts(), "sh", "-c", IN_A_MOUNTED, "sh", device.root]
        path = f"PYTHONPATH={os.pathsep.join(sys.path)}"
        return [*mounted, "env", path, sys.executable, "-m", "dex_collector",
                "install", "--server", "https://dex.example"]  # fmt: skip

    def test_restarts_the_service(self, device: Machine, install: list[object]) -> None:
        done = device.execute(*install)

        assert done.stdout == "Installed and started.\n", done.stderr
        assert device.calls[:3] == ["daemon-reload", f"enable {UNIT}", f"restart {UNIT}"]
        assert SETTINGS_TEXT in (device.root / SETTINGS).read_text()

    def test_says_when_it_does_not_run(self, device: Machine, install: list[object]) -> None:
        device.refuse("restart")

        done = device.execute(*install)

        assert done.stdout == f"Installed. Start {UNIT} to begin.\n"


def entry(file: Path, name: str) -> str:
    """Return one value of a unit or desktop file."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(file)
    [value] = [parser[section][name] for section in parser.sections() if name in parser[section]]
    return value


def is_open(path: Path) -> bool:
    """Return whether everybody can read a file, or enter a folder."""
    needed = 0o555 if path.is_dir() else 0o444
    return path.stat().st_mode & needed == needed
