"""Prepared statements of the hot paths."""

import pytest
from django.db import DatabaseError, connection

from apps.core import statements

pytestmark = pytest.mark.django_db

STATEMENT = "SELECT %s::text || 'x' AS prepared_by_a_test"


class TestFetchOne:
    def test_returns_the_first_row(self) -> None:
        assert statements.fetch_one(STATEMENT, ["a"]) == ("ax",)

    def test_returns_none_where_there_is_none(self) -> None:
        assert statements.fetch_one("SELECT 1 WHERE %s", [False]) is None

    def test_leaves_the_statement_prepared(self) -> None:
        statements.fetch_one(STATEMENT, ["a"])

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%by_a_test%%'"
            )
            assert cursor.fetchone()[0] == 1

    def test_raises_djangos_errors(self) -> None:
        with pytest.raises(DatabaseError):
            statements.fetch_one("SELECT %s::int / 0", [1])
