"""The texts of the console in other languages: found in the sources, compiled for gettext.

No program of GNU gettext is needed. `make messages` brings locale/ up to the sources; `make setup`,
`up` and the tests compile what is older than its source, as Git keeps the sources alone.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from dex import paths

LOCALE = paths.CODE / "locale"
SOURCES = {"apps": ("*.py", "*.html"), "dex": ("*.py", "*.html"), "templates": ("*.html",)}
LAZY = ("gettext", "ngettext", "pgettext", "npgettext")
KEYWORDS = (
    DEFAULT_KEYWORDS
    | {f"{name}_lazy": DEFAULT_KEYWORDS[name] for name in LAZY}
    | {"gettext_noop": None}
)


def main(arguments: list[str]) -> None:
    """Compile; with `--update`, bring the sources of the languages up to the code first."""
    if "--update" in arguments:
        found = found_texts(paths.CODE)
        for source in sources(LOCALE):
            update(source, found)
            sys.stderr.write(f"{source.relative_to(paths.CODE)}: {untranslated(source)} to do\n")
    compile_stale(LOCALE)


def sources(locale: Path) -> list[Path]:
    """Return the .po file of each language below `locale`."""
    return sorted(locale.glob("*/LC_MESSAGES/*.po"))


# --- From the code to a language ------------------------------------------------------------------


def found_texts(root: Path) -> Catalog:
    """Return every wrapped text of our code and templates, with the files that it stands in."""
    catalog = Catalog(project="dex", charset="utf-8", fuzzy=False)
    for file in source_files(root):
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".html":
            text = as_python(text)
        place = (file.relative_to(root).as_posix(), 0)
        code = BytesIO(text.encode())
        for _line, message, _comments, context in extract("python", code, keywords=KEYWORDS):
            catalog.add(message, locations=[place], context=context)
    return catalog


def source_files(root: Path) -> Iterator[Path]:
    """Yield the files that may hold texts, in a fixed order."""
    for folder, patterns in SOURCES.items():
        found = {file for pattern in patterns for file in (root / folder).rglob(pattern)}
        yield from sorted(file for file in found if "migrations" not in file.parts)


def as_python(template: str) -> str:
    """Return the calls of gettext that a template's tags stand for, on their lines.

    Django's own `templatize` does it for xgettext; Babel reads it too, but not its indentation.
    """
    return "\n".join(line.lstrip() for line in templatize(template).split("\n"))


def update(source: Path, found: Catalog) -> None:
    """Give a language the texts that were found; what is no longer said goes."""
    catalog = read(source)
    found.creation_date = catalog.creation_date  # a date alone is no change
    revised = catalog.revision_date
    catalog.update(found, no_fuzzy_matching=True)
    catalog.revision_date = revised
    with source.open("wb") as file:
        write_po(
            file, catalog, width=100, sort_by_file=True, ignore_obsolete=True, include_lineno=False
        )


def read(source: Path) -> Catalog:
    """Return the texts of one language."""
    with source.open("rb") as file:
        return read_po(file, locale=source.parent.parent.name, domain=source.stem)


def untranslated(source: Path) -> int:
    """Return how many texts a language still lacks."""
    return len([message for message in read(source) if message.id and not all(strings(message))])


def strings(message: Message) -> list[str]:
    """Return what a language says for a text: once, or for each plural."""
    said = message.string or ""
    return [said] if isinstance(said, str) else list(said)


# --- From a language to gettext -------------------------------------------------------------------


def compile_stale(locale: Path) -> list[Path]:
    """Write the .mo beside each .po that is newer; return what was written.

    A folder that we may not write stays as it is: the console speaks English then.
    """
    written = []
    for source in sources(locale):
        target = source.with_suffix(".mo")
        if is_current(source, target):
            continue
        try:
            compile_one(source, target)
        except PermissionError as problem:
            sys.stderr.write(f"dex: {target} cannot be written ({problem.strerror}).\n")
            continue
        written.append(target)
    return written


def is_current(source: Path, target: Path) -> bool:
    """Return whether `target` was compiled after the last change of `source`."""
    return target.exists() and target.stat().st_mtime_ns > source.stat().st_mtime_ns


def compile_one(source: Path, target: Path) -> None:
    """Compile `source` to `target`, at once: a reader finds the old file or the new one."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, suffix=".new")
    with os.fdopen(descriptor, "wb") as file:
        write_mo(file, read(source))
    fresh = Path(name)
    fresh.chmod(0o644)
    fresh.replace(target)


if __name__ == "__main__":
    main(sys.argv[1:])
