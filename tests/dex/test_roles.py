"""What the roles may do, asked of the server itself."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def one(statement: str) -> object:
    """Return the first value of a statement's first row."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


class TestApplicationRole:
    def test_is_no_superuser(self) -> None:
        assert one("SELECT current_user") == "dex"
        assert (
            one("SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname='dex'")
            is False
        )
