"""The files of a package: programs, the code, what it needs."""

import importlib.metadata
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
DEPENDENCIES = ("cryptography", "jeepney")
BACKEND = "_cffi_backend"  # an extension module that cryptography loads; bound to one Python


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, by its path below the root of the package."""

    path: str
    content: bytes
    mode: int = 0o644


def code(prefix: str) -> Iterator[Entry]:
    """Yield the collector itself."""
    for file in sorted(PACKAGE.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield Entry(f"{prefix}/dex_collector/{file.relative_to(PACKAGE)}", file.read_bytes())


def programs(prefix: str, python: str) -> Iterator[Entry]:
    """Yield the two programs, which run the code beside them."""
    for name, module in (
        ("dex-collector", "dex_collector"),
        ("dex-session", "dex_collector.session"),
    ):
        yield Entry(f"{prefix}/bin/{name}", launcher(module, python).encode(), 0o755)


def launcher(module: str, python: str) -> str:
    """Return a program that runs a module of its own tree, with nothing of the caller's."""
    return f"""#!/bin/sh
home=$(dirname "$(dirname "$(readlink -f "$0")")")
export PYTHONPATH="$home:$home/vendor" PYTHONDONTWRITEBYTECODE=1
exec "${{DEX_PYTHON:-{python}}}" -P -s -m {module} "$@"
"""


def vendored(prefix: str) -> Iterator[Entry]:
    """Yield the dependencies as they are installed where the package is built.

    Raises:
        importlib.metadata.PackageNotFoundError: one is not installed.
    """
    for name in DEPENDENCIES:
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                content = Path(str(distribution.locate_file(file))).read_bytes()
                yield Entry(f"{prefix}/vendor/{file}", content)
    backend = BACKEND + str(sysconfig.get_config_var("EXT_SUFFIX"))
    place = importlib.metadata.distribution("cffi").locate_file(backend)
    yield Entry(f"{prefix}/vendor/{backend}", Path(str(place)).read_bytes())


def python_name() -> str:
    """Return the program name of the Python for which dependencies are vendored."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"
