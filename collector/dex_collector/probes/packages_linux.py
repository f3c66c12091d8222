"""Packages probe: what the package managers of the machine have installed for everybody."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from sys import intern
from typing import Any

from dex_collector.clock import to_text
from dex_collector.inventory import Part
from dex_collector.probes.base import Context, Lack, NoData, Output, Tally, read_text
from dex_collector.users import clean

ITEMS_MAXIMUM = 5_000  # what a server takes
DPKG_STATUS, DPKG_INFO = "var/lib/dpkg/status", "var/lib/dpkg/info"
RPM = "usr/bin/rpm"
RPM_DATABASES = (
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/Packages.db",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/Packages",
)
RPM_FORMAT = "%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{VENDOR}\\t%{ARCH}\\t%{INSTALLTIME}\\n"
RPM_TIMEOUT_SECONDS = 15
FLATPAK_APPS = "var/lib/flatpak/app"  # those of one person lie in their home, which is not read
SNAPS = ("snap", "var/lib/snapd/snap")
ARCHITECTURES = {
    "amd64": "x64", "x86_64": "x64", "arm64": "arm64", "aarch64": "arm64", "i386": "x86",
    "i586": "x86", "i686": "x86",
}  # fmt: skip
WITHOUT_ARCHITECTURE = {"all", "noarch", ""}

Item = dict[str, Any]
RunRpm = Callable[[Path], str]


def run_rpm(root: Path) -> str:
    """Ask rpm for its database, whose formats only it knows; of this very machine alone.

    Raises:
        OSError: no such tool, or it fails.
    """
    if root != Path("/"):
        raise FileNotFoundError("a captured machine has no tools")
    import subprocess  # a megabyte, where there is no other tool to run

    command = [f"/{RPM}", "--query", "--all", "--queryformat", RPM_FORMAT]
    try:
        done = subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=RPM_TIMEOUT_SECONDS,
            env={"LC_ALL": "C.UTF-8"},
        )
    except subprocess.SubprocessError as error:
        raise OSError("rpm fails") from error
    return done.stdout.decode(errors="replace")


class PackageReader:
    """Reads the lists of packages; a long one only when its file changed."""

    def __init__(self, rpm: RunRpm = run_rpm) -> None:
        self._rpm = rpm
        self._known: dict[str, tuple[int, list[Item]]] = {}  # file -> its time, what it held

    def __call__(self, context: Context) -> list[Output]:
        root = context.root
        lacks: list[Output] = []
        found: list[list[Item]] = []
        if (root / DPKG_STATUS).exists():
            found.append(self._unless_known(root, DPKG_STATUS, read_dpkg))
        database = next((place for place in RPM_DATABASES if (root / place).exists()), None)
        if database is not None:
            try:
                found.append(self._unless_known(root, database, self._read_rpm))
            except OSError:
                lacks.append(Lack("rpm.unsupported"))
        if (root / FLATPAK_APPS).is_dir():
            found.append(list(read_flatpaks(root)))
        if any((root / place).is_dir() for place in SNAPS):
            found.append(list(read_snaps(root)))
        if not found:
            raise NoData("no package manager that is known")
        items = [item for items in found for item in items]
        left_out = Tally("packages_left_out", max(0, len(items) - ITEMS_MAXIMUM))
        return [Part("packages", items=items[:ITEMS_MAXIMUM]), left_out, *lacks]

    def _unless_known(
        self, root: Path, place: str, read: Callable[[Path], list[Item]]
    ) -> list[Item]:
        changed_at = (root / place).stat().st_mtime_ns
        known = self._known.get(place)
        if known is None or known[0] != changed_at:
            known = self._known[place] = (changed_at, read(root))
        return known[1]

    def _read_rpm(self, root: Path) -> list[Item]:
        return parse_rpm(self._rpm(root))


def make_item(source: str, name: str, **rest: Any) -> Item:
    """Return a package; what is not known is left out. Of equal texts one is kept in memory."""
    item = {"name": clean(name), "source": source, **rest}
    return {key: intern(value) for key, value in item.items() if value}


def architecture_of(text: str) -> str | None:
    """Return a word of the protocol; None for what runs on all of them."""
    return None if text in WITHOUT_ARCHITECTURE else ARCHITECTURES.get(text, "other")


def read_dpkg(root: Path) -> list[Item]:
    """Read what dpkg has installed, line by line: the file has megabytes."""
    info = root / DPKG_INFO
    with (root / DPKG_STATUS).open(encoding="utf-8", errors="replace") as lines:
        stanzas = parse_stanzas(lines)
        return [_dpkg_item(info, stanza) for stanza in stanzas if is_installed(stanza)]


def parse_stanzas(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the packages of a status file: the fields that are sent.

    Source: deb822(5): `Name: value`, continued lines begin with a blank, an empty line ends.
    """
    wanted = ("Package", "Status", "Version", "Architecture", "Maintainer", "Origin", "Multi-Arch")
    stanza: dict[str, str] = {}
    for line in lines:
        if line == "\n":
            if stanza:
                yield stanza
            stanza = {}
        elif line.startswith(wanted):
            name, _, value = line.partition(":")
            if name in wanted:
                stanza[name] = value.strip()
    if stanza:
        yield stanza


def is_installed(stanza: dict[str, str]) -> bool:
    """Return whether a package is there. Source: dpkg-query(1), ${db:Status-Status}."""
    return stanza.get("Status", "").endswith(" installed") and bool(stanza.get("Package"))


def _dpkg_item(info: Path, stanza: dict[str, str]) -> Item:
    name, architecture = stanza["Package"], stanza.get("Architecture", "")
    # dpkg(1) writes the list of files anew whenever it unpacks a package.
    full = f"{name}:{architecture}" if stanza.get("Multi-Arch") == "same" else name
    return make_item(
        "dpkg",
        name,
        version=stanza.get("Version"),
        publisher=stanza.get("Origin") or parse_maintainer(stanza.get("Maintainer", "")),
        architecture=architecture_of(architecture),
        installation_time=read_time(info / f"{full}.list"),
    )


def parse_maintainer(text: str) -> str:
    """Return a maintainer without the mail address."""
    return clean(re.sub(r"\s*<[^>]*>", "", text))


def read_time(path: Path) -> str | None:
    """Read when a file, or a link itself, was written."""
    try:
        seconds = path.lstat().st_mtime
    except OSError:
        return None
    return to_text(datetime.fromtimestamp(int(seconds), tz=UTC)) if seconds > 0 else None


def parse_rpm(text: str) -> list[Item]:
    """Return the packages in the answer of rpm to RPM_FORMAT.

    `gpg-pubkey` stands for a key that was imported, no package. Source: rpm(8), queryformat.
    """
    rows = [line.split("\t") for line in text.splitlines()]
    return [
        make_item(
            "rpm",
            name,
            version=version,
            publisher=None if vendor == "(none)" else clean(vendor),
            architecture=architecture_of(architecture),
            installation_time=to_text(datetime.fromtimestamp(int(time), tz=UTC))
            if time.isdigit()
            else None,
        )
        for name, version, vendor, architecture, time in (row for row in rows if len(row) == 5)
        if name != "gpg-pubkey"
    ]


def read_flatpaks(root: Path) -> Iterator[Item]:
    """Read the applications of flatpak that are installed for everybody.

    Source: flatpak, common/flatpak-dir.c: app/<id>/current/active/{metadata,deploy,export,...}.
    """
    for folder in sorted((root / FLATPAK_APPS).iterdir()):
        active = folder / "current/active"
        metadata = read_text(active / "metadata")
        if metadata is None:
            continue
        names = [f"{folder.name}.metainfo.xml", f"{folder.name}.appdata.xml"]
        places = ("files/share/metainfo", "files/share/appdata")
        texts = (read_text(active / place / name) for place in places for name in names)
        yield make_item(
            "flatpak",
            folder.name,
            architecture=architecture_of(parse_flatpak_architecture(metadata)),
            installation_time=read_time(active / "deploy"),
            **parse_metainfo(next((text for text in texts if text), "")),
        )


def parse_flatpak_architecture(metadata: str) -> str:
    """Return the architecture of the runtime. Source: flatpak-metadata(5), `runtime=a/arch/b`."""
    found = re.search(r"^runtime=[^/]+/([^/]+)/", metadata, re.MULTILINE)
    return found[1] if found else ""


def parse_metainfo(text: str) -> Item:
    """Return version and publisher of an application.

    Source: AppStream specification, 2.1: releases, the newest first; developer.
    """
    release = re.search(r"<release\s[^>]*\bversion=[\"']([^\"']+)[\"']", text)
    developer = re.search(r"<developer(?:_name|\b[^>]*>\s*<name)>([^<]+)<", text)
    return {
        "version": release[1][:255] if release else None,
        "publisher": clean(developer[1].strip()) if developer else None,
    }


def read_snaps(root: Path) -> Iterator[Item]:
    """Read the snaps that are in use. Source: snapd, /snap/<name>/current/meta/snap.yaml."""
    folder = next(root / place for place in SNAPS if (root / place).is_dir())
    for snap in sorted(folder.iterdir()):
        text = read_text(snap / "current/meta/snap.yaml")
        if text is not None:
            yield make_item(
                "snap",
                snap.name,
                version=parse_yaml_text(text, "version"),
                installation_time=read_time(snap / "current"),
            )


def parse_yaml_text(text: str, name: str) -> str | None:
    """Return a text at the first level of a YAML file; snapd writes one on one line."""
    found = re.search(rf"^{name}:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip().strip("'\"")[:255] or None if found else None
