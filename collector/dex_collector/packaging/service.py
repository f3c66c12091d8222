"""The commands `install` and `uninstall`: settings, key, units."""

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from dex_collector import private_files
from dex_collector.identity import parse_enrolment_key
from dex_collector.packaging.installed import (
    KEY_NAME,
    LOG,
    SETTINGS,
    STATE,
    read_settings,
    settings_text,
)

FILES = Path(__file__).parent / "files"
UNIT = "dex-collectord.service"
PLACES = {  # below the destination, where no package manager lays them
    "dex-collectord.service": Path("etc/systemd/system"),
    "dex-session.service": Path("etc/systemd/user"),
    "dex-collector.desktop": Path("usr/local/share/applications"),
    "dex-session.desktop": Path("etc/xdg/autostart"),
}


def add_parsers(commands: Any) -> None:
    """Add the commands to those of the program."""
    install = commands.add_parser("install", help="make a service of it that reports to a server")
    install.add_argument("--server", required=True, help="address of the dex server")
    install.add_argument("--enrolment-key-file", type=Path, help="taken over, then erased")
    install.add_argument("--ca-file", type=Path, help="certificate authority to trust alone")
    install.add_argument("--tag", default="", help="label of this installation")
    install.add_argument(
        "--bin", type=Path, help="folder of the programs, where units are laid too"
    )
    _add_destination(install)
    install.set_defaults(command=_install)
    uninstall = commands.add_parser("uninstall", help="tell the server, stop, remove all of it")
    _add_destination(uninstall)
    uninstall.set_defaults(command=_uninstall)


def _add_destination(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--destination", type=Path, default=Path("/"), help=argparse.SUPPRESS)


def _install(options: argparse.Namespace) -> int:
    """Lay settings, key and units; a service that runs begins anew, with this code and these.

    Raises:
        ValueError: the key file holds no key, or a setting cannot be written.
    """
    root = options.destination
    key = _read_key(options.enrolment_key_file)
    settings = root / SETTINGS
    settings.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    settings.write_text(
        settings_text(options.server, options.ca_file, options.tag), encoding="utf-8"
    )
    settings.chmod(0o644)
    if key is not None:
        private_files.make_folder(root / STATE)
        private_files.write(root / STATE / KEY_NAME, key)
        private_files.erase(options.enrolment_key_file)
    if options.bin is not None:
        lay_files(root, options.bin, PLACES)
    started = (
        root == Path("/")
        and _systemctl("daemon-reload")
        and _systemctl("enable", UNIT)
        and _systemctl("restart", UNIT)
    )
    if started:
        _systemctl("--global", "enable", "dex-session.service")
    _say("Installed and started." if started else f"Installed. Start {UNIT} to begin.")
    return 0


def _read_key(file: Path | None) -> str | None:
    """Return the key in a file that is to be erased: any other file must not be."""
    if file is None:
        return None
    try:
        key = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ValueError(f"{file} is missing") from error
    parse_enrolment_key(key)
    return key


def lay_files(root: Path, programs: Path, places: dict[str, Path]) -> None:
    """Write units and menu entries, with the folder of the programs in them."""
    for name, folder in places.items():
        target = root / folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (FILES / name).read_text(encoding="utf-8")
        target.write_text(text.replace("@BIN@", str(programs)), encoding="utf-8")
        target.chmod(0o644)


def _uninstall(options: argparse.Namespace) -> int:
    """Remove service, settings and data; the server is told if it can be reached."""
    root = options.destination
    if root == Path("/"):
        _systemctl("disable", "--now", UNIT)
        _systemctl("--global", "disable", "dex-session.service")
    _say(_take_leave(root))
    _remove_data(root)
    for name, folder in PLACES.items():
        (root / folder / name).unlink(missing_ok=True)
    (root / SETTINGS).unlink(missing_ok=True)
    if root == Path("/"):
        _systemctl("daemon-reload")
    _say("Service, settings and data are gone from this device.")
    return 0


def _take_leave(root: Path) -> str:
    """Tell the server, best effort; return what became of it."""
    from dex_collector.leaving import take_leave  # it needs the whole program

    try:
        settings = read_settings(root / SETTINGS)
        state = _below(root, settings.state)
        _, sentence = take_leave(state, settings.server, settings.ca_file)
    except (OSError, ValueError) as error:
        return f"The server was not told: {error}"
    return sentence


def _remove_data(root: Path) -> None:
    """Remove state and log from where the settings have them."""
    import shutil  # what only this command needs is no burden of the daemon

    with suppress(ValueError):  # nobody knows of another place
        settings = read_settings(root / SETTINGS)
        shutil.rmtree(_below(root, settings.state), ignore_errors=True)
        if settings.log is not None:
            _remove_log(_below(root, settings.log))
    shutil.rmtree(root / STATE, ignore_errors=True)
    _remove_log(root / LOG)


def _remove_log(log: Path) -> None:
    for file in log.parent.glob(f"{log.name}*"):
        file.unlink()
    with suppress(OSError):  # it holds something else
        log.parent.rmdir()


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _systemctl(*arguments: str) -> bool:
    """Ask systemd; return whether it did."""
    import shutil
    import subprocess

    program = shutil.which("systemctl")
    if program is None or not Path("/run/systemd/system").exists():
        return False
    asked = subprocess.run([program, *arguments], env={"PATH": os.defpath}, check=False)
    return asked.returncode == 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
