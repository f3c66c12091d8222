"""Build the packages: `python -m dex_collector.packaging FOLDER`; the same source, the same bytes."""

import argparse
import gzip
import io
import platform
import sys
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from dex_collector import __version__
from dex_collector.packaging import service, tree
from dex_collector.packaging.tree import Entry

PREFIX = "usr/lib/dex-collector"  # of the Debian package
DEBIAN_PLACES = {
    "dex-collectord.service": "usr/lib/systemd/system",
    "dex-session.service": "usr/lib/systemd/user",
    "dex-collector.desktop": "usr/share/applications",
    "dex-session.desktop": "etc/xdg/autostart",
}
CONTROL = f"""Package: dex-collector
Version: {__version__}
Architecture: all
Maintainer: the dex project
Depends: python3 (>= 3.11), python3-cryptography (>= 40), python3-jeepney
Section: admin
Priority: optional
Description: agent of the dex platform for digital employee experience
 Measures how the device fares and reports it to the dex server of the company. Employees see
 all of it: dex-collector show.
"""
CONFFILES = "/etc/xdg/autostart/dex-session.desktop\n"  # dpkg keeps what somebody changed in it
SCRIPTS = {
    "postinst": """#!/bin/sh
set -e
if [ "$1" = configure ] && [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl --global enable dex-session.service || true
    systemctl enable dex-collectord.service
    if [ -e /etc/dex-collector/collector.toml ]; then
        systemctl restart dex-collectord.service ||
            echo "It does not run: see journalctl -u dex-collectord" >&2
    else
        echo "Now: dex-collector install --server URL --enrolment-key-file FILE"
    fi
fi
""",
    "prerm": """#!/bin/sh
set -e
if [ "$1" = remove ] && [ -z "$DPKG_ROOT" ]; then
    if [ -d /run/systemd/system ]; then
        systemctl disable --now dex-collectord.service || true
        systemctl --global disable dex-session.service || true
    fi
    /usr/lib/dex-collector/bin/dex-collector leave || true
fi
""",
    "postrm": """#!/bin/sh
set -e
if [ "$1" = purge ]; then
    for folder in var/lib var/log etc; do
        rm -rf "$DPKG_ROOT/$folder/dex-collector"
    done
fi
if [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload || true
fi
""",
}
INSTALL = """#!/bin/sh
# Installs the collector from this folder; needs nothing of the network.
set -eu
umask 022
python=@PYTHON@
[ "$(id -u)" = 0 ] || { echo "Run this as root." >&2; exit 1; }
command -v "$python" >/dev/null || { echo "This archive is for $python, which is missing." >&2; exit 1; }
here=$(dirname "$(readlink -f "$0")")
target=/opt/dex-collector
rm -rf "$target.new"
cp -R "$here/lib" "$target.new"
rm -rf "$target"
mv "$target.new" "$target"
mkdir -p /usr/local/bin
ln -sf "$target/bin/dex-collector" /usr/local/bin/dex-collector
exec "$target/bin/dex-collector" install --bin "$target/bin" "$@"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build both packages into a folder and name them."""
    parser = argparse.ArgumentParser(prog="dex_collector.packaging", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    for path in (build_deb(folder), build_archive(folder)):
        sys.stdout.write(f"{path}\n")
    return 0


def build_deb(folder: Path) -> Path:
    """Build the Debian package. Source: deb(5)."""
    data = list(debian_files())
    control = [Entry("control", CONTROL.encode())]
    control.append(Entry("conffiles", CONFFILES.encode()))
    control += [Entry(name, text.encode(), 0o755) for name, text in SCRIPTS.items()]
    path = folder / f"dex-collector_{__version__}_all.deb"
    path.write_bytes(
        ar(
            {
                "debian-binary": b"2.0\n",
                "control.tar.gz": tar(control),
                "data.tar.gz": tar(
                    data, {"usr/bin/dex-collector": "../lib/dex-collector/bin/dex-collector"}
                ),
            }
        )
    )
    return path


def debian_files() -> Iterable[Entry]:
    """Yield what the Debian package lays down: the distribution has the dependencies."""
    yield from tree.code(PREFIX)
    yield from tree.programs(PREFIX, "/usr/bin/python3")
    for name, place in DEBIAN_PLACES.items():
        text = (service.FILES / name).read_text(encoding="utf-8")
        yield Entry(f"{place}/{name}", text.replace("@BIN@", f"/{PREFIX}/bin").encode())


def build_archive(folder: Path) -> Path:
    """Build the archive that holds its dependencies, for one Python and machine."""
    name = f"dex-collector-{__version__}"
    python = tree.python_name()
    entries = [
        *tree.code(f"{name}/lib"),
        *tree.programs(f"{name}/lib", python),
        *tree.vendored(f"{name}/lib"),
        Entry(f"{name}/install.sh", INSTALL.replace("@PYTHON@", python).encode(), 0o755),
    ]
    path = folder / f"{name}-linux-{platform.machine()}-{python}.tar.gz"
    path.write_bytes(tar(entries))
    return path


def tar(entries: Iterable[Entry], links: dict[str, str] | None = None) -> bytes:
    """Return a packed archive of root's files, without the time at which it was made."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        folders: set[str] = set()
        for entry in entries:
            _add_folders(archive, entry.path, folders)
            info = tarfile.TarInfo(f"./{entry.path}")
            info.size, info.mode = len(entry.content), entry.mode
            archive.addfile(info, io.BytesIO(entry.content))
        for path, target in (links or {}).items():
            _add_folders(archive, path, folders)
            info = tarfile.TarInfo(f"./{path}")
            info.type, info.linkname, info.mode = tarfile.SYMTYPE, target, 0o777
            archive.addfile(info)
    return gzip.compress(packed.getvalue(), mtime=0)


def _add_folders(archive: tarfile.TarFile, path: str, known: set[str]) -> None:
    for folder in reversed(PurePosixPath(path).parents):
        if str(folder) not in known:
            known.add(str(folder))
            info = tarfile.TarInfo("./" if str(folder) == "." else f"./{folder}/")
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)


def ar(members: dict[str, bytes]) -> bytes:
    """Return an archive in the format of ar(5)."""
    made = b"!<arch>\n"
    for name, content in members.items():
        head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
        made += head.encode() + content + b"\n" * (len(content) % 2)
    return made


if __name__ == "__main__":
    sys.exit(main())
