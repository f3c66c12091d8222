"""The private surroundings of a test run: a folder, a PostgreSQL cluster, a database.

The cluster starts when the first test asks for the database. Tests connect as the application's
role; the bootstrap role makes the database and puts it back after transactional tests.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from dex.operations import languages, postgres, roles
from dex.operations.accounts import Account

DATABASE = "test_dex"
PASSWORD = "only-for-this-run"
FOREIGN = ("DEX_", "DATABASE_URL", "CELERY_BROKER_URL", "HOSTING_REGION")
OF_THE_RUN = {"DEX_FUZZ_EXAMPLES", "DEX_SPECS"}  # said to the tests, not to the instance
FAST = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}  # killed, never unplugged


def prepare() -> Path:
    """Make the run's DEX_HOME and point the environment at it, before Django reads settings."""
    languages.compile_stale(languages.LOCALE)
    foreign = {name for name in os.environ if name.startswith(FOREIGN)} - OF_THE_RUN
    for name in foreign:
        del os.environ[name]
    home = Path(tempfile.mkdtemp(prefix="dex-test-"))
    home.chmod(0o711)  # the account of the servers passes through
    for name in ("secrets", "static"):
        (home / name).mkdir(mode=0o700)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "dex.settings",
        "DEX_HOME": str(home),
        "DEX_TIME_ZONE": "UTC",
        "DEX_DATABASE_PASSWORD": PASSWORD,
        # Playwright's event loop stays in this thread after the first browser test.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
    }
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return home


def server_account() -> Account:
    """Return the account for servers: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return Account.current()
    account = Account.named("dex") or Account.named("nobody")
    assert account is not None, "root needs an account dex or nobody for PostgreSQL"
    return account


@dataclass
class TestDatabase:
    """The database of the run, and what the migrations put into it."""

    __test__ = False  # not a test class

    home: Path
    server: "subprocess.Popen[bytes] | None" = None
    rows: dict[str, bytes] = field(default_factory=dict)  # table -> COPY text
    sequences: dict[str, tuple[int, bool]] = field(default_factory=dict)

    @property
    def cluster(self) -> postgres.Cluster:
        """Return the private cluster."""
        account = server_account()
        data = self.home / "postgres" / "data"
        return postgres.Cluster(
            data=data,
            socket=self.home / "run" / "postgres",
            configuration=self.home / "configuration",
            password_file=self.home / "launcher" / "postgres_password",
            account=account,
            binaries=postgres.binaries(),
            settings=FAST,
        )

    def start(self) -> None:
        """Start the cluster and make the database, with roles and audit schema."""
        cluster = self.cluster
        cluster.data.parent.mkdir(mode=0o755, exist_ok=True)
        if not cluster.account.is_current:
            os.chown(cluster.data.parent, cluster.account.uid, cluster.account.gid)
        cluster.initialise()
        self.server = cluster.start(self.home / "postgres.log")
        with cluster.connect() as connection:
            roles.make_database(connection, DATABASE)
        with cluster.connect(DATABASE) as connection:
            roles.apply(connection, PASSWORD)

    def stop(self) -> None:
        """Stop the cluster."""
        if self.server is not None:
            self.server.send_signal(postgres.STOP_SIGNAL)
            self.server.wait(timeout=30)

    def remember(self) -> None:
        """Keep the rows and sequences that the migrations left."""
        with self.cluster.connect(DATABASE) as connection:
            self.rows = {
                table: _copy_out(connection, table) for table in _tables_with_rows(connection)
            }
            self.sequences = {
                name: (last, called)
                for name, last, called in connection.execute(
                    "SELECT format('%I.%I', schemaname, sequencename),"
                    " coalesce(last_value, start_value), last_value IS NOT NULL FROM pg_sequences"
                )
            }

    def restore(self) -> None:
        """Put back what `remember` saw, the audit schema included.

        Django's flush does not see that schema, the application's role may not empty it, and
        neither would bring back the rows of data migrations.
        """
        with self.cluster.connect(DATABASE) as connection, connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")  # no triggers
            if used := _tables_with_rows(connection):
                connection.execute(f"TRUNCATE {', '.join(used)} CASCADE")
            for table, text in self.rows.items():
                with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(text)
            connection.execute(
                "SELECT setval(name::regclass, last, called)"
                " FROM unnest(%s::text[], %s::bigint[], %s::boolean[]) kept (name, last, called)",
                [
                    list(self.sequences),
                    [last for last, _called in self.sequences.values()],
                    [called for _last, called in self.sequences.values()],
                ],
            )


def _tables_with_rows(connection: psycopg.Connection) -> list[str]:
    """Return the tables and partitions that hold rows. Cost: two queries."""
    tables = [
        name
        for (name,) in connection.execute(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname IN ('public', 'audit') AND c.relkind = 'r' ORDER BY 1"
        )
    ]
    if not tables:
        return []
    columns = ", ".join(f"EXISTS (SELECT FROM {table})" for table in tables)
    found = connection.execute(f"SELECT ARRAY[{columns}]").fetchone()
    assert found is not None
    return [table for table, has_rows in zip(tables, found[0], strict=True) if has_rows]


def _copy_out(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.SQL(table))) as copy:
        return b"".join(bytes(block) for block in copy)
