"""Every list of the console as a file, of a fleet with a busy day behind it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Profile
from apps.organization.models import Entity
from tests.dex.test_console import HOME, found
from tests.factories.fleet import make_fleet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

# What a page makes of values for people.
FOR_PEOPLE = re.compile(
    r"<|&\w+;|^\u2013$|^-?[\d.,]+ (B|[KMGT]iB|ms|s|%|dBm|[kMG]?bit/s)$|\d h \d| ago$"
)
QUERIES_MOST = 16  # session, rights, keys (events: a slice each), record, two chunks


@dataclass(frozen=True)
class File:
    """What a file holds, and what it cost."""

    columns: int
    rows: list[list[str]]
    queries: int


@dataclass(frozen=True)
class Shown:
    """What a list shows: its columns, and the keys of one page of its rows."""

    columns: int
    rows: int
    is_full: bool

    @classmethod
    def of(cls, page: Any) -> Shown:
        """Return what a page shows."""
        shown = page.context_data["cl"]
        columns = [name for name in shown.list_display if name != "action_checkbox"]
        rows = len(shown.result_list)
        return cls(len(columns), rows, is_full=rows == shown.list_per_page)

    def is_begin_of(self, file: File) -> bool:
        """Return whether a file has these columns, and these rows or more of them."""
        more = len(file.rows) - self.rows
        return file.columns == self.columns and (more >= 0 if self.is_full else more == 0)


@pytest.fixture(autouse=True)
def _fleet(fixed_clock: datetime, paris: Entity, lyon: Entity, settings: Any) -> None:
    make_fleet(paris, lyon)
    settings.DEX_LIMITS = {**settings.DEX_LIMITS, "console.export": "1000/hour"}


def lists_of(client: Client) -> Iterator[tuple[str, Any]]:
    """Yield the lists that the start page leads to, and what each shows."""
    home = client.get(HOME).content.decode()
    for link in sorted(set(re.findall(r'href="(/admin/[a-z_]+/[a-z_]+/)"', home))):
        page = client.get(link)
        if (page.context_data or {}).get("export"):  # type: ignore[attr-defined]
            yield link, page


def taken(client: Client, page: Any) -> File:
    """Return the file that a list leads to."""
    with CaptureQueriesContext(connection) as queries:
        heads, *rows = lines_of(text_of(client, page.context_data["export"].url))
    return File(len(heads), rows, len(queries))


def files_of(client: Client) -> dict[str, str]:
    """Return the files that the lists of the console lead to."""
    return {
        link: text_of(client, page.context_data["export"].url) for link, page in lists_of(client)
    }


def text_of(client: Client, address: str) -> str:
    return b"".join(client.get(address)).decode()  # type: ignore[call-overload, no-any-return]


def lines_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


class TestFiles:
    @pytest.mark.parametrize(("who", "least_lists"), [("ada_client", 45), ("ben_client", 37)])
    def test_have_the_rows_and_columns_of_the_lists(
        self, who: str, least_lists: int, request: pytest.FixtureRequest
    ) -> None:
        client: Client = request.getfixturevalue(who)

        pairs = {link: (Shown.of(page), taken(client, page)) for link, page in lists_of(client)}

        assert len(pairs) >= least_lists
        assert {
            link for link, (shown, file) in pairs.items() if not shown.is_begin_of(file)
        } == set()
        assert max(file.queries for _shown, file in pairs.values()) <= QUERIES_MOST

    def test_hold_values_as_programs_read_them(self, ada_client: Client) -> None:
        files = files_of(ada_client)

        cells = {cell for text in files.values() for line in lines_of(text)[1:] for cell in line}
        assert len(cells) > 1_000
        assert {cell for cell in cells if FOR_PEOPLE.search(cell)} == set()

    @pytest.mark.case("access.31")
    def test_name_nobody_to_those_from_whom_names_are_hidden(self, ben_client: Client) -> None:
        Profile.objects.update(privacy_level=3)

        files = files_of(ben_client)

        assert len(files) >= 12
        assert sum(len(lines_of(text)) > 1 for text in files.values()) >= 12
        assert {link: names for link, text in files.items() if (names := found(text))} == {}
