"""The schema of the audit log, as the application's role meets it."""

from datetime import datetime

import pytest
from django.db import Error, ProgrammingError, connection, transaction

from apps.audit import services
from apps.audit.choices import AuditCode

pytestmark = pytest.mark.django_db


def run(statement: str) -> list[tuple[object, ...]]:
    """Run a statement as the application's role, in a savepoint of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def days_ago(days: int) -> str:
    """Return a day as SQL."""
    return f"((now() AT TIME ZONE 'UTC')::date - {days})"


def today() -> str:
    """Return the name of today's partition of events."""
    [(name,)] = run("SELECT 'audit.event_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')")
    return str(name)


class TestAppendOnly:
    @pytest.mark.case("access.17")
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit.inbox SET code = 1",
            "DELETE FROM audit.inbox",
            "TRUNCATE audit.inbox",
            "UPDATE audit.event SET code = 1",
            "DELETE FROM audit.event",
            "TRUNCATE audit.event",
            "UPDATE {partition} SET code = 1",
            "DELETE FROM {partition}",
            "TRUNCATE {partition}",
            "DROP TABLE {partition}",
            "ALTER TABLE audit.event DETACH PARTITION {partition}",
            "ALTER TABLE {partition} DISABLE TRIGGER ALL",
            "ALTER TABLE audit.inbox DISABLE TRIGGER ALL",
            "DROP TABLE audit.inbox",
            "DROP SCHEMA audit CASCADE",
            "DELETE FROM audit.checkpoint",
            "CREATE TABLE audit.mine (id int)",
            "CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NULL; END'",
            "SELECT audit.protect('audit.inbox', 'UPDATE')",
            "SET session_replication_role = replica",
            "SET ROLE dex_audit",
            "SET SESSION AUTHORIZATION dex_audit",
            "GRANT dex_audit TO dex",
            "ALTER SCHEMA audit OWNER TO dex",
        ],
    )
    def test_is_what_the_application_finds(self, now: datetime, statement: str) -> None:
        services.record(code=AuditCode.SIGNED_IN, at=now)

        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner|append-only"):
            run(statement.format(partition=today()))

    def test_lets_the_application_add_and_read(self, now: datetime) -> None:
        services.record(code=AuditCode.SIGNED_IN, at=now)

        assert run("SELECT code FROM audit.inbox") == [(1001,)]

    def test_lets_nobody_forge_sealed_rows(self) -> None:
        with pytest.raises(ProgrammingError, match="permission denied"):
            run("INSERT INTO audit.subject VALUES (1, 1, '2026-03-02', 'user', ARRAY['1'])")

    def test_lets_the_reader_read(self, now: datetime) -> None:
        services.record(code=AuditCode.SIGNED_IN, at=now)

        with transaction.atomic():
            run("SET LOCAL ROLE dex_reader")
            rows = run("SELECT code FROM audit.inbox")
            transaction.set_rollback(True)

        assert rows == [(1001,)]

    def test_lets_the_reader_write_nothing(self) -> None:
        insert = "INSERT INTO audit.inbox (at, code, actor_kind) VALUES (now(), 1, 'system')"

        with pytest.raises(ProgrammingError, match="permission denied"):
            run(f"SET LOCAL ROLE dex_reader; {insert}")


class TestPartitions:
    def test_reach_a_week_ahead(self) -> None:
        [(count,)] = run(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'audit'::regnamespace"
            " AND relispartition AND relname LIKE 'event%' AND relkind = 'r'"
        )

        assert count == 8

    def test_are_made_once(self) -> None:
        assert run("SELECT audit.make_partitions()") == [(0,)]

    def test_can_be_read_by_name(self) -> None:
        assert run(f"SELECT count(*) FROM {today()}") == [(0,)]

    @pytest.mark.case("access.17")
    def test_are_kept_for_180_days(self) -> None:
        with pytest.raises(Error, match="kept for 180 days"):
            run(f"SELECT audit.drop_before({days_ago(179)})")

    @pytest.mark.case("access.17")
    def test_go_on_day_181(self) -> None:
        run(f"SELECT audit.make_partitions({days_ago(181)}, {days_ago(180)})")

        [(dropped,)] = run(f"SELECT audit.drop_before({days_ago(180)})")

        [(expected,)] = run(f"SELECT to_char({days_ago(181)}, 'YYYYMMDD')")
        assert dropped == [f"event_{expected}", f"subject_{expected}"]

    def test_are_not_made_without_end(self) -> None:
        with pytest.raises(Error, match="more than 400 days"):
            run(f"SELECT audit.make_partitions({days_ago(401)}, {days_ago(0)})")


def test_the_functions_trust_no_search_path() -> None:
    rows = run(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'audit'::regnamespace"
        " AND NOT coalesce(proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)"
    )

    assert rows == []
