"""The role of queries, asked as the application steps into it."""

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection, transaction

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_reader(db: None) -> Iterator[None]:
    """Step into the role for one test."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE dex_reader")
        yield
        transaction.set_rollback(True)


def run(statement: str) -> None:
    """Run a statement in a savepoint."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.usefixtures("as_reader")
class TestReader:
    @pytest.mark.parametrize(
        "table",
        [
            "devices_device",
            "devices_boot",
            "devices_performancesample",
            "devices_performancedaily",
            "binaries_executionsample",
            "users_user",
            "organization_entity",
        ],
    )
    def test_reads_what_can_be_asked(self, table: str) -> None:
        run(f"SELECT * FROM {table} LIMIT 1")

    @pytest.mark.parametrize(
        "table",
        [
            "accounts_account",
            "django_session",
            "collectors_collector",
            "collectors_enrolmentkey",
            "events_receivedbatch",
        ],
    )
    def test_reads_no_accounts_sessions_and_keys(self, table: str) -> None:
        with pytest.raises(DatabaseError, match="permission denied"):
            run(f"SELECT * FROM {table} LIMIT 1")

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE devices_device SET name = 'x'",
            "DELETE FROM devices_boot",
            "TRUNCATE users_user",
            "CREATE TABLE mine (id int)",
            "SELECT nextval('events_id_seq')",
        ],
    )
    def test_writes_nothing(self, statement: str) -> None:
        with pytest.raises(DatabaseError, match="permission denied"):
            run(statement)
