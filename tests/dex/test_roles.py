"""What the roles may do, asked of the server itself."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import ProgrammingError, connection

from dex.operations import roles
from tests import conftest
from tests.dex import servers

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


@pytest.fixture
def in_public() -> Iterator[None]:
    """Have the application put a function into `public` that makes it a superuser."""
    database = settings.DATABASES["default"]
    with psycopg.connect(
        host=database["HOST"],
        dbname=database["NAME"],
        user="dex",
        password=database["PASSWORD"],
        autocommit=True,
    ) as application:
        application.execute(
            "CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE plpgsql AS"
            " $$BEGIN EXECUTE 'ALTER ROLE dex SUPERUSER'; RETURN 'SELECT 1'; END$$"
        )
        yield
        application.execute("DROP FUNCTION public.format(text, name)")


def is_superuser(connection: psycopg.Connection[Any]) -> bool:
    """Return whether the application may do everything."""
    return "rolsuper" in attributes(connection)


def attributes(connection: psycopg.Connection[Any]) -> set[str]:
    """Return what the application's role holds."""
    names = ["super", "replication", "bypassrls", "createrole", "createdb", "inherit", "canlogin"]
    columns = [f"rol{name}" for name in names]
    row = connection.execute(
        f"SELECT {', '.join(columns)} FROM pg_catalog.pg_roles WHERE rolname = 'dex'"
    ).fetchone()
    assert row is not None
    return {name for name, is_held in zip(columns, row, strict=True) if is_held}


class TestOwnersSql:
    def test_may_be_run_again(self) -> None:
        database = settings.DATABASES["default"]

        with conftest.DATABASE.cluster.connect(database["NAME"]) as owner:
            owner.execute("SET lock_timeout = '5s'")
            with owner.transaction(force_rollback=True):
                owner.execute(roles.owner_sql().encode())

    @pytest.mark.usefixtures("in_public")
    def test_runs_nothing_that_the_application_has_made(self) -> None:
        with conftest.DATABASE.cluster.connect(settings.DATABASES["default"]["NAME"]) as owner:
            owner.execute("SET search_path = public")  # a DBA's, at worst
            with owner.transaction(force_rollback=True):
                owner.execute(roles.owner_sql().encode())

                assert is_superuser(owner) is False

    def test_is_run_with_the_systems_names_alone(self) -> None:
        with conftest.DATABASE.cluster.connect() as owner:
            path = owner.execute("SHOW search_path").fetchone()

        assert path == ("pg_catalog,pg_temp",)

    @pytest.mark.parametrize(
        "excess", ["SUPERUSER", "REPLICATION", "BYPASSRLS", "CREATEROLE", "CREATEDB", "INHERIT"]
    )
    def test_takes_what_the_application_held_before(self, excess: str) -> None:
        with (
            conftest.DATABASE.cluster.connect(settings.DATABASES["default"]["NAME"]) as owner,
            owner.transaction(force_rollback=True),
        ):
            before = attributes(owner)
            owner.execute(f"ALTER ROLE dex {excess}")
            owner.execute(roles.owner_sql().encode())

            assert attributes(owner) == before

    def test_refuses_a_schema_that_is_the_applications(self) -> None:
        with (
            conftest.DATABASE.cluster.connect(settings.DATABASES["default"]["NAME"]) as owner,
            owner.transaction(force_rollback=True),
        ):
            owner.execute("ALTER SCHEMA audit OWNER TO dex")

            with pytest.raises(psycopg.errors.RaiseException, match="belongs to another role"):
                owner.execute(roles.owner_sql().encode())

    def test_is_run_by_an_owner_who_is_no_superuser(self) -> None:
        with servers.postgres_16() as address:
            with psycopg.connect(f"{address}postgres", autocommit=True) as superuser:
                superuser.execute("CREATE ROLE owner LOGIN CREATEROLE PASSWORD 'simple'")
                superuser.execute("CREATE DATABASE fleet OWNER owner")
            with psycopg.connect(re.sub("//.*@", "//owner:simple@", address) + "fleet") as owner:
                owner.execute(roles.owner_sql().encode())
                owner.execute(roles.owner_sql().encode())
                owner.execute("ALTER ROLE dex PASSWORD 'its-own'")
            with psycopg.connect(re.sub("//.*@", "//dex:its-own@", address) + "fleet") as dex:
                found = dex.execute("SELECT count(*) FROM audit.inbox").fetchone()

        assert found == (0,)

    def test_names_nobody_but_the_only_role_of_a_server(self) -> None:
        with servers.postgres_16() as address:
            one_role = servers.make_one_role(address)
            with psycopg.connect(one_role) as only:
                only.execute(roles.one_role_sql().encode())
                only.execute(roles.one_role_sql().encode())
                only.execute("INSERT INTO audit.inbox (at, code, actor_kind) VALUES (now(), 1, '')")
            with (
                pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
                psycopg.connect(one_role) as only,
            ):
                only.execute("UPDATE audit.inbox SET code = 2")
            with psycopg.connect(one_role) as only:
                found = only.execute(
                    "SELECT audit.make_partitions(), nspowner::regrole::text FROM"
                    " pg_namespace WHERE nspname = 'audit'"
                ).fetchone()

        assert found == (0, '"Tenant 7"')

    def test_holds_no_password(self) -> None:
        assert "PASSWORD" not in roles.owner_sql().upper()

    def test_gives_the_server_a_verifier_instead_of_the_password(self) -> None:
        with conftest.DATABASE.cluster.connect() as owner:
            verifier = roles.verifier(owner, "in-clear")

        assert verifier.startswith("SCRAM-SHA-256$4096:")
        assert "in-clear" not in verifier
