"""Prepared statements of the hot paths."""

import contextlib
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain

import pytest
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)
from psycopg.pq import TransactionStatus

from apps.core import statements
from apps.core.statements import Statement

pytestmark = pytest.mark.django_db

STATEMENT = Statement("SELECT %(word)s::text || 'x'")


def _prepared(mark: str) -> int:
    """Return how many statements with `mark` in their text this connection keeps."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE strpos(statement, %s) > 0", [mark]
        )
        return int(cursor.fetchone()[0])


@contextlib.contextmanager
def _added(name: str) -> Iterator[None]:
    Statement("INSERT INTO core_generation VALUES (%(name)s, 1)").fetch_one(name=name)
    yield


def _is_there(name: str) -> bool:
    find = Statement("SELECT value FROM core_generation WHERE name = %(name)s")
    return find.fetch_one(name=name) is not None


def _status() -> TransactionStatus:
    return TransactionStatus(connection.connection.pgconn.transaction_status)


class TestFetchOne:
    def test_returns_the_first_row(self) -> None:
        assert STATEMENT.fetch_one(word="a") == ("ax",)

    def test_returns_none_where_there_is_none(self) -> None:
        assert Statement("SELECT 1 WHERE %(is_there)s").fetch_one(is_there=False) is None

    def test_gives_each_parameter_by_its_name(self) -> None:
        statement = Statement("SELECT %(b)s::int8, %(a)s::int8, %(b)s::int8")

        assert statement.fetch_one(a=1, b=2) == (2, 1, 2)

    def test_keeps_values_as_they_are(self) -> None:
        moment = datetime(2026, 3, 2, 12, 0, 0, 120_000, tzinfo=UTC)
        statement = Statement("SELECT %(a)s::bytea, %(b)s::timestamptz, %(c)s::text, %(d)s::int8")

        row = statement.fetch_one(a=b"\x00\xff", b=moment, c=None, d=2**40)

        assert row == (b"\x00\xff", moment, None, 2**40)

    def test_leaves_the_statement_prepared_once_for_small_and_great_numbers(self) -> None:
        statement = Statement("SELECT %(number)s + 1 AS numbered")

        found = [statement.fetch_one(number=number) for number in (1, 2**20, 2**40)]

        assert found == [(2,), (2**20 + 1,), (2**40 + 1,)]
        assert _prepared("AS numbered") == 1

    def test_prepares_nothing_where_a_pooler_may_stand_between(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection.ensure_connection()
        monkeypatch.setattr(connection.connection, "prepare_threshold", None)
        monkeypatch.delitem(vars(connection.connection), statements.KEPT_AS, raising=False)

        assert Statement("SELECT %(a)s::text AS pooled").fetch_one(a="b") == ("b",)
        assert _prepared("AS pooled") == 0

    def test_raises_djangos_errors(self) -> None:
        with pytest.raises(DatabaseError):
            Statement("SELECT %(number)s::int / 0").fetch_one(number=1)


@pytest.mark.django_db(transaction=True)
class TestTransaction:
    def test_begins_the_one_that_atomic_promised(self) -> None:
        add = Statement("INSERT INTO core_generation VALUES (%(name)s, 1) RETURNING value")

        with transaction.atomic():
            assert add.fetch_one(name="of a test") == (1,)
            transaction.set_rollback(True)

        assert not _is_there("of a test")

    def test_ends_with_its_last_statement(self) -> None:
        add = Statement("INSERT INTO core_generation VALUES (%(name)s, 1)")
        done: list[str] = []

        with transaction.atomic():
            STATEMENT.fetch_one(word="a")
            transaction.on_commit(lambda: done.append("committed"))
            add.run_last(name="of a test")
            assert _status() == TransactionStatus.IDLE

        assert done == ["committed"]
        assert _is_there("of a test")

    def test_may_consist_of_its_last_statement(self) -> None:
        with transaction.atomic():
            Statement("INSERT INTO core_generation VALUES (%(name)s, 1)").run_last(name="of a test")

        assert _is_there("of a test")

    def test_inside_another_leaves_the_end_to_that_one(self) -> None:
        with transaction.atomic():
            with transaction.atomic():
                Statement("INSERT INTO core_generation VALUES (%(a)s, 1)").run_last(a="of a test")
            assert _status() == TransactionStatus.INTRANS
            transaction.set_rollback(True)

        assert not _is_there("of a test")

    def test_whose_last_statement_fails_stores_nothing(self) -> None:
        with pytest.raises(DataError), transaction.atomic(), _added("of a test"):
            Statement("SELECT %(number)s::int / 0").run_last(number=1)

        assert not _is_there("of a test")
        assert STATEMENT.fetch_one(word="a") == ("ax",)

    def test_whose_commit_fails_stores_nothing(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE late (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)"
            )

        with pytest.raises(IntegrityError), transaction.atomic(), _added("of a test"):
            Statement("INSERT INTO late VALUES (%(a)s), (%(a)s)").run_last(a=1)

        assert not _is_there("of a test")
        assert STATEMENT.fetch_one(word="a") == ("ax",)

    def test_ends_where_a_pooler_may_stand_between(self, monkeypatch: pytest.MonkeyPatch) -> None:
        connection.ensure_connection()
        monkeypatch.setattr(connection.connection, "prepare_threshold", None)
        monkeypatch.delitem(vars(connection.connection), statements.KEPT_AS, raising=False)

        with transaction.atomic():
            Statement("INSERT INTO core_generation VALUES (%(name)s, 1)").run_last(name="of a test")

        assert _is_there("of a test")

    def test_that_fails_at_once_leaves_the_connection_of_use(self) -> None:
        with pytest.raises(DataError), transaction.atomic():
            Statement("SELECT %(number)s::int / 0").fetch_one(number=1)

        assert STATEMENT.fetch_one(word="a") == ("ax",)


@pytest.mark.django_db(transaction=True)
class TestLostConnection:
    """It is worth another try, which the doors of collectors ask for (503)."""

    @pytest.fixture(autouse=True)
    def _cut(self) -> Iterator[None]:
        STATEMENT.fetch_one(word="a")  # it is prepared by now
        with socket.socket(fileno=os.dup(connection.connection.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)
        yield
        connection.close()

    def test_is_told_by_a_statement(self) -> None:
        with pytest.raises(OperationalError):
            STATEMENT.fetch_one(word="a")

    def test_is_told_by_the_first_statement_of_a_transaction(self) -> None:
        with pytest.raises(OperationalError), transaction.atomic():
            STATEMENT.fetch_one(word="a")

    def test_is_told_by_the_last_statement_of_a_transaction(self) -> None:
        with pytest.raises(OperationalError), transaction.atomic():
            STATEMENT.run_last(word="a")

    def test_is_told_by_a_copy(self) -> None:
        with pytest.raises(OperationalError):
            statements.copy_in(b"COPY core_generation FROM STDIN", [])


class TestCopyIn:
    @pytest.fixture(autouse=True)
    def _table(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE copied (number int) ON COMMIT DROP")

    def test_stores_the_rows(self) -> None:
        statements.copy_in(b"COPY copied FROM STDIN", (b"%d\n" % n for n in range(1000)))

        assert Statement("SELECT count(*), sum(number) FROM copied").fetch_one() == (1000, 499_500)

    @pytest.mark.parametrize("before", [0, 9])
    def test_gives_up_when_the_rows_cannot_be_made(self, before: int) -> None:
        def rows() -> Iterator[bytes]:
            yield b"1\n"
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), transaction.atomic():
            statements.copy_in(b"COPY copied FROM STDIN", chain([b"0\n"] * before, rows()))

        assert Statement("SELECT count(*) FROM copied").fetch_one() == (0,)

    def test_raises_djangos_errors(self) -> None:
        with pytest.raises(DatabaseError), transaction.atomic():
            statements.copy_in(b"COPY copied FROM STDIN", [b"no number\n"])

        assert Statement("SELECT count(*) FROM copied").fetch_one() == (0,)

    def test_says_that_there_is_no_such_table(self) -> None:
        with pytest.raises(ProgrammingError), transaction.atomic():
            statements.copy_in(b"COPY missing FROM STDIN", [b"1\n"])

        assert Statement("SELECT count(*) FROM copied").fetch_one() == (0,)
