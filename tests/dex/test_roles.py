"""What the roles may do, asked of the server itself."""

import psycopg
import pytest
from django.conf import settings
from django.db import ProgrammingError, connection

from dex.operations import roles
from tests import conftest

pytestmark = pytest.mark.django_db


def one(statement: str) -> object:
    """Return the first value of a statement's first row."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def run(statement: str) -> None:
    """Run a statement that gives no rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def table() -> str:
    """Make a table as the application's migrations do."""
    run("CREATE TABLE sample (value int)")
    return "sample"


class TestApplicationRole:
    def test_is_what_tests_connect_as(self) -> None:
        assert one("SELECT current_user || ',' || session_user") == "dex,dex"

    @pytest.mark.parametrize(
        "right", ["rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls"]
    )
    def test_has_no_right_over_the_cluster(self, right: str) -> None:
        assert one(f"SELECT {right} FROM pg_roles WHERE rolname = 'dex'") is False

    def test_owns_what_its_migrations_make(self) -> None:
        assert one("SELECT tableowner FROM pg_tables WHERE tablename = 'core_instance'") == "dex"

    def test_does_not_own_the_database(self) -> None:
        assert (
            one(
                "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
            )
            == "postgres"
        )

    @pytest.mark.parametrize(
        "statement",
        [
            "SET ROLE dex_audit",
            "SET ROLE postgres",
            "SET session_replication_role = replica",
            "CREATE ROLE another",
            "ALTER ROLE dex_reader LOGIN",
            "COPY core_instance TO PROGRAM 'true'",
            "SELECT pg_read_file('postgresql.conf')",
        ],
    )
    def test_is_refused_what_is_the_owners(self, statement: str) -> None:
        with pytest.raises(ProgrammingError, match=r"permission denied|must be"):
            run(statement)


class TestReaderRole:
    def test_is_stepped_into_not_inherited(self, table: str) -> None:
        run("SET LOCAL ROLE dex_reader")

        assert one("SELECT current_user") == "dex_reader"

    def test_sees_no_table_that_nobody_granted(self, table: str) -> None:
        run("SET LOCAL ROLE dex_reader")

        with pytest.raises(ProgrammingError, match="permission denied for table sample"):
            run("SELECT * FROM sample")

    @pytest.mark.parametrize("name", ["accounts_account", "django_session"])
    def test_sees_no_accounts(self, name: str) -> None:
        run("SET LOCAL ROLE dex_reader")

        with pytest.raises(ProgrammingError, match=f"permission denied for table {name}"):
            run(f"SELECT * FROM {name}")

    def test_makes_nothing(self) -> None:
        run("SET LOCAL ROLE dex_reader")

        with pytest.raises(ProgrammingError, match="permission denied for schema public"):
            run("CREATE TABLE other (value int)")


class TestSignIn:
    @pytest.mark.parametrize("role", ["dex_audit", "dex_reader"])
    def test_is_refused_to_roles_of_nobody(self, role: str) -> None:
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            sign_in(role, "anything")

    def test_asks_for_the_password(self) -> None:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            sign_in("dex", "wrong")

    def test_keeps_strangers_out_of_the_database(self) -> None:
        with conftest.DATABASE.cluster.connect() as owner:
            owner.execute("CREATE ROLE stranger LOGIN PASSWORD 'strange'")
            try:
                with pytest.raises(psycopg.OperationalError, match="permission denied for data"):
                    sign_in("stranger", "strange")
            finally:
                owner.execute("DROP ROLE stranger")


def sign_in(role: str, password: str) -> None:
    """Open a connection as `role`, and close it."""
    database = settings.DATABASES["default"]
    psycopg.connect(
        host=database["HOST"], dbname=database["NAME"], user=role, password=password
    ).close()


class TestOwnersSql:
    def test_may_be_run_again(self) -> None:
        database = settings.DATABASES["default"]

        with conftest.DATABASE.cluster.connect(database["NAME"]) as owner:
            owner.execute("SET lock_timeout = '5s'")
            with owner.transaction(force_rollback=True):
                owner.execute(roles.owner_sql().encode())

    def test_holds_no_password(self) -> None:
        assert "PASSWORD" not in roles.owner_sql().upper()

    def test_gives_the_server_a_verifier_instead_of_the_password(self) -> None:
        with conftest.DATABASE.cluster.connect() as owner:
            verifier = roles.verifier(owner, "in-clear")

        assert verifier.startswith("SCRAM-SHA-256$4096:")
        assert "in-clear" not in verifier
