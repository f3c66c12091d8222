"""Files of lines and columns (CSV) as people exchange them: read strictly, written safely."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError

BYTES_LIMIT = 1_000_000
LINES_LIMIT = 20_000

# A spreadsheet takes such a cell for a formula; an apostrophe before it says that it is none.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


class SheetRefused(DomainError):
    """A file that cannot be read as a whole."""

    code = "sheet_refused"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one line; line: as an editor counts, the head is 1."""

    line: int
    reason: str | Promise

    def __str__(self) -> str:
        return str(_("Line %(line)d: %(reason)s")) % {"line": self.line, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, its cells by the names of the columns."""

    number: int
    cells: Mapping[str, str]

    def get(self, name: str) -> str:
        """Return a cell without blanks around it, "" where there is none."""
        return self.cells.get(name, "").strip()


def read(data: bytes | str, known: Sequence[str]) -> list[Line]:
    """Return the lines of a file, empty ones apart; cells are parted by commas or semicolons.

    known: names of columns; another one is refused.

    Raises:
        SheetRefused: with a sentence that says why.
    """
    text = _text(data)
    head = text.split("\n", 1)[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error:
        message = _("The quotation marks of the file do not match.")
        raise SheetRefused(message=message) from None
    if not rows:
        raise SheetRefused(message=_("The file is empty."))
    names = [name.strip().casefold() for name in rows[0][1]]
    if unknown := [name for name in names if name not in known] or len(set(names)) < len(names):
        found = ", ".join(unknown) if isinstance(unknown, list) else ", ".join(names)
        message = _("The first line has to name the columns; these are not known or twice: %s")
        raise SheetRefused(message=str(message) % found[:200])
    if len(rows) > LINES_LIMIT + 1:
        raise SheetRefused(message=_("The file has more than 20,000 lines."))
    return [
        Line(number, dict(zip(names, map(_unsafe, row), strict=False)))
        for number, row in rows[1:]
        if any(cell.strip() for cell in row)
    ]


def write(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a file that spreadsheets take for text, and that `read` reads as it was."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(names)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return file.getvalue()


def _text(data: bytes | str) -> str:
    if len(data) > BYTES_LIMIT:
        raise SheetRefused(message=_("The file is larger than 1 MB."))
    if isinstance(data, str):
        text = data
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise SheetRefused(message=_("The file is not UTF-8 text.")) from None
    if "\0" in text:
        raise SheetRefused(message=_("The file is not UTF-8 text."))
    return text


def _safe(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unsafe(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
