"""Where public addresses lie: read from local files that the administrator provides.

The files are MaxMind's format (.mmdb), as those of GeoLite2, DB-IP or IP2Location: one tells country
and city, another one the provider. Nothing is asked of other machines.
"""

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import maxminddb
from django.conf import settings

LOOK_AGAIN_SECONDS = 60  # whether a file was replaced
LANGUAGE = "en"  # of the names: one for all, or the same place would count twice
PLACE_LENGTH = 64
PROVIDER_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the files tell of an address; "" where they tell nothing."""

    country: str = ""
    state: str = ""
    city: str = ""
    isp: str = ""


NOWHERE = Whereabouts()


@dataclass(frozen=True, slots=True)
class _Opened:
    """The files as they were when they were opened. marks: name, size and time of each."""

    marks: tuple[tuple[Path, int, int], ...]
    readers: tuple[maxminddb.Reader, ...]
    problems: tuple[str, ...]
    until: float  # of the process's clock


_opened: _Opened | None = None


def lookup(address: str) -> Whereabouts:
    """Return where an address lies, NOWHERE for one that is none. Cost: a few microseconds."""
    if not address:
        return NOWHERE
    readers = _files().readers
    return _lookup(address.partition("%")[0], readers) if readers else NOWHERE


def has_files() -> bool:
    """Return whether anything can be looked up."""
    return bool(_files().readers)


def problems() -> tuple[str, ...]:
    """Return a sentence for each file that cannot be read."""
    return _files().problems


@lru_cache(maxsize=8_192)
def _lookup(address: str, readers: tuple[maxminddb.Reader, ...]) -> Whereabouts:
    records = [record for reader in readers if (record := _record(reader, address))]
    return Whereabouts(
        country=_first(_country(record) for record in records)[:PLACE_LENGTH],
        state=_first(_state(record) for record in records)[:PLACE_LENGTH],
        city=_first(_name(record.get("city")) for record in records)[:PLACE_LENGTH],
        isp=_first(_provider(record) for record in records)[:PROVIDER_LENGTH],
    )


def _record(reader: maxminddb.Reader, address: str) -> dict[str, Any]:
    try:
        found = reader.get(address)
    except (
        ValueError,
        maxminddb.InvalidDatabaseError,
    ):  # no address, or one of IPv6 in a file of IPv4
        return {}
    return found if isinstance(found, dict) else {}


def _first(texts: Any) -> str:
    return next((text for text in texts if text), "")


def _country(record: dict[str, Any]) -> str:
    country = record.get("country")
    return _name(country) or (_text(country.get("iso_code")) if isinstance(country, dict) else "")


def _state(record: dict[str, Any]) -> str:
    found = record.get("subdivisions")
    return _name(found[0]) if isinstance(found, list) and found else ""


def _provider(record: dict[str, Any]) -> str:
    return _text(record.get("isp")) or _text(record.get("autonomous_system_organization"))


def _name(part: Any) -> str:
    names = part.get("names") if isinstance(part, dict) else None
    return _text(names.get(LANGUAGE)) if isinstance(names, dict) else ""


def _text(value: Any) -> str:
    return value.replace("\0", "") if isinstance(value, str) else ""


def _files() -> _Opened:
    """Return the files, opened again where one was replaced since."""
    global _opened
    known, now = _opened, time.monotonic()
    paths = tuple(settings.DEX_ADDRESS_FILES)
    if known and now < known.until and tuple(path for path, *_ in known.marks) == paths:
        return known
    marks = tuple(_mark(path) for path in paths)
    if known is None or known.marks != marks:
        readers, found = _open(paths)
    else:
        readers, found = known.readers, known.problems
    _opened = _Opened(marks, readers, found, now + LOOK_AGAIN_SECONDS)
    return _opened


def _mark(path: Path) -> tuple[Path, int, int]:
    try:
        found = path.stat()
    except OSError:
        return path, 0, 0
    return path, found.st_size, found.st_mtime_ns


def _open(paths: tuple[Path, ...]) -> tuple[tuple[maxminddb.Reader, ...], tuple[str, ...]]:
    readers, found = [], []
    for path in paths:
        try:
            readers.append(maxminddb.open_database(path))
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            found.append(f"{path.name} cannot be read ({type(error).__name__}).")
    return tuple(readers), tuple(found)


def forget() -> None:
    """Forget the files that this process has opened."""
    global _opened
    _opened = None
    _lookup.cache_clear()
