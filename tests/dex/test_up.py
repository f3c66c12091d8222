"""`manage.py up`, as a person starts it: embedded servers, a company's servers, what goes wrong."""

import atexit
import os
import re
import shutil
import signal
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import Redis

from dex.operations import preflight
from dex.operations.installation import NAME_FILE
from tests.dex import servers
from tests.instances import Instance, wait_for
from tests.programs import require_reachable_python

VALKEYS = ("broker", "cache")
PURGE = "apps.events.tasks import purge_batch_notes"
LATER_MIGRATION = (
    "INSERT INTO django_migrations (app, name, applied) VALUES ('core', '0999_later', now())"
)

pytestmark = pytest.mark.usefixtures("_reachable")


@pytest.fixture(scope="module")
def _reachable() -> None:
    require_reachable_python()


def new_home() -> Path:
    """Return the path of a DEX_HOME below a folder that every account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="dex-up-"))
    folder.chmod(0o711)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / "home"


@pytest.fixture(scope="module")
def embedded() -> Iterator[Instance]:
    """Return an instance with embedded servers that has started once, at the third try."""
    home = new_home()
    refused = Instance(home, told={"DEX_ADMIN_PASSWORD": "short"}).manage("up")
    assert refused.stderr.startswith("dex: DEX_ADMIN_PASSWORD: This password is too short.")
    instance = Instance(home)
    instance.begin("--no-collector")
    wait_for((home / "launcher" / NAME_FILE).exists, explanation=instance.output)
    instance.stop()  # the account is made, its password not shown
    assert "Password" not in instance.printed
    instance.up("--no-collector")
    yield instance
    if instance.running is not None and instance.running.poll() is None:
        instance.stop()


@pytest.fixture(scope="module")
def company_server() -> Iterator[str]:
    """Return the address of a server's owner, without a database at the end."""
    with servers.postgres_16() as address:
        yield address


@pytest.fixture(scope="module")
def company_database(company_server: str) -> str:
    """Return the address of a database that its owner has prepared for dex."""
    with psycopg.connect(f"{company_server}postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE fleet")
    sql = Instance(new_home()).manage("audit_schema", "--print").stdout
    with psycopg.connect(f"{company_server}fleet", autocommit=True) as connection:
        connection.execute(sql.encode())
        connection.execute("ALTER ROLE dex PASSWORD 'its-own'")
    return re.sub("//.*@", "//dex:its-own@", company_server) + "fleet"


@pytest.fixture(scope="module")
def rented_database(company_server: str, company_database: str) -> str:
    """Return the address of a database whose one role has prepared it, beside a neighbour's."""
    address = servers.make_one_role(company_server)
    sql = Instance(new_home()).manage("audit_schema", "--print", "--one-role").stdout
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.encode())
    return address


class TestEmbedded:
    """One instance through its life; the tests follow one another."""

    def test_says_address_and_password_when_it_is_ready_first(self, embedded: Instance) -> None:
        assert f"is ready: http://localhost:{embedded.port}/admin/" in embedded.printed
        assert "Main administrator: admin" in embedded.printed
        assert re.search(r"^Password: \S{16}  \(shown this once\)$", embedded.printed, re.M)
        assert not (embedded.home / "launcher" / "first_password").exists()

    def test_serves_the_console(self, embedded: Instance) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{embedded.port}/") as answer:
            page = answer.read().decode()

        assert "csrfmiddlewaretoken" in page
        assert re.search(r"/static/unfold/css/styles\.[0-9a-f]{12}\.css", page)

    def test_keeps_the_password_out_of_its_logs(self, embedded: Instance) -> None:
        found = re.search(r"^Password: (\S+)", embedded.printed, re.M)
        assert found is not None

        logs = "".join(file.read_text() for file in (embedded.home / "log").iterdir())

        assert found.group(1) not in logs

    def test_gives_all_processes_one_key(self, embedded: Instance) -> None:
        key = embedded.home / "secrets" / "secret_key"

        assert key.stat().st_mode & 0o777 == 0o600
        assert len(key.read_text()) > 50

    def test_is_healthy(self, embedded: Instance) -> None:
        doctor = embedded.manage("doctor")

        assert "FAILED" not in doctor.stdout
        assert doctor.returncode == 0

    def test_has_no_server_on_the_network(self, embedded: Instance) -> None:
        run = embedded.home / "run"
        broker, cache = (Redis(unix_socket_path=f"{run}/{name}/valkey.sock") for name in VALKEYS)

        assert ask(embedded, "SHOW listen_addresses") == ("",)
        assert broker.config_get("port", "maxmemory-policy", "appendonly") == {
            "port": "0",
            "maxmemory-policy": "noeviction",
            "appendonly": "yes",
        }
        assert cache.config_get("port", "maxmemory-policy") == {
            "port": "0",
            "maxmemory-policy": "allkeys-lru",
        }
        assert [(run / name).stat().st_mode & 0o777 for name in os.listdir(run)] == [0o700] * 3

    def test_refuses_a_second_one(self, embedded: Instance) -> None:
        second = Instance(embedded.home).manage("up")

        assert second.returncode == 1
        assert second.stderr.startswith(f"dex: dex already runs on {embedded.home} (process ")

    def test_names_a_taken_port(self, embedded: Instance) -> None:
        other = Instance(new_home(), port=embedded.port).manage("up")

        assert other.returncode == 1
        assert other.stderr.startswith(f"dex: Port {embedded.port} on 127.0.0.1 is taken")

    def test_leaves_nothing_when_its_supervisor_is_killed(self, embedded: Instance) -> None:
        assert embedded.running is not None

        os.kill(embedded.supervisor_pid(), signal.SIGKILL)

        assert embedded.running.wait(60) == 128 + signal.SIGKILL
        assert embedded.children() == []

    def test_keeps_the_data_and_says_no_password_again(self, embedded: Instance) -> None:
        embedded.up("--no-collector")

        assert "Main administrator" not in embedded.printed

    def test_stops_on_ctrl_c(self, embedded: Instance) -> None:
        assert embedded.stop(signal.SIGINT) == 0
        assert embedded.children() == []

    def test_goes_on_in_the_background_until_down(self, embedded: Instance) -> None:
        up = embedded.manage("up", "--no-collector", "--detach")
        second = embedded.manage("up", "--detach")
        down = embedded.manage("down")

        assert (up.returncode, up.stdout.strip()) == (
            0,
            f"dex 0.1.0 is ready: http://localhost:{embedded.port}/admin/",
        )
        assert (second.returncode, second.stderr[:24]) == (1, "dex: dex already runs on")
        assert down.stdout == "dex has stopped.\n"
        assert embedded.children() == []

    def test_refuses_data_of_a_newer_dex(self, embedded: Instance) -> None:
        embedded.up("--no-collector")
        ask(embedded, LATER_MIGRATION)
        embedded.stop()

        refused = embedded.manage("up", "--no-collector")

        assert refused.returncode == 1
        assert "dex: The data were made by a newer dex than" in refused.stderr
        assert "(core.0999_later)" in refused.stderr

    def test_removes_nothing_under_a_wrong_name(self, embedded: Instance) -> None:
        down = embedded.manage("down", "--delete-data", given="something\n")

        assert down.returncode == 1
        assert "nothing was removed" in down.stderr
        assert (embedded.home / "postgres").exists()

    def test_removes_everything_under_its_name(self, embedded: Instance) -> None:
        down = embedded.manage("down", "--delete-data", given="dex\n")

        assert down.returncode == 0
        assert list(embedded.home.iterdir()) == []


def ask(instance: Instance, statement: str) -> Any:
    """Run a statement as the application; return its first row, if it gives rows."""
    password = (instance.home / "secrets" / "database_password").read_text()
    folder = instance.home / "run" / "postgres"
    with psycopg.connect(
        host=str(folder), dbname="dex", user="dex", password=password
    ) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchone() if cursor.description else None


class TestCompanyServers:
    def test_works_with_servers_started_apart(self, company_database: str) -> None:
        with servers.valkey_server() as valkey:
            instance = Instance(
                new_home(),
                told={
                    "DATABASE_URL": company_database,
                    "CELERY_BROKER_URL": f"{valkey}0",
                    "DEX_CACHE_URL": f"{valkey}1",
                },
            ).up()
            commands = " ".join(instance.children())
            doctor = instance.manage("doctor")
            instance.manage("shell", "-c", "from apps.events.tasks import roll_up as t; t.delay()")
            wait_for(
                lambda: has_run(company_database, "events.roll_up"), explanation=instance.output
            )
            status = instance.stop()

        assert status == 0
        assert "postgres" not in commands
        assert "valkey-server" not in commands
        assert "dex_collector" not in commands  # with an external database it is not asked for
        assert doctor.returncode == 0, doctor.stdout
        assert not (instance.home / "postgres" / "data").exists()

    def test_names_a_wrong_password(self, company_database: str) -> None:
        with pytest.raises(preflight.StartProblem, match="password authentication failed"):
            preflight.check_database(company_database.replace("its-own", "wrong"))

    def test_names_a_database_that_its_owner_has_not_prepared(self, company_database: str) -> None:
        with pytest.raises(preflight.StartProblem, match="audit_schema --print"):
            preflight.check_database(company_database.replace("/fleet", "/postgres"))

    def test_names_a_database_of_another_encoding(self, company_server: str) -> None:
        with psycopg.connect(f"{company_server}postgres", autocommit=True) as connection:
            connection.execute(
                "CREATE DATABASE western ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
            )

        with pytest.raises(preflight.StartProblem, match="keeps texts as LATIN1"):
            preflight.check_database(f"{company_server}western")

    def test_names_a_server_that_takes_no_changes(self, company_database: str) -> None:
        options = "?options=-c%20default_transaction_read_only%3Don"

        with pytest.raises(preflight.StartProblem, match="takes no changes"):
            preflight.check_database(company_database + options)

    def test_names_a_server_that_is_too_old(
        self, company_database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(preflight, "OLDEST_POSTGRES", 170_000)

        with pytest.raises(preflight.StartProblem, match="the server is PostgreSQL 16; dex needs"):
            preflight.check_database(company_database)


class TestRentedServers:
    """One database role for everything, RabbitMQ, and no cache of its own."""

    def test_lose_no_task_when_broker_and_worker_are_killed(self, rented_database: str) -> None:
        with servers.rabbitmq() as broker, psycopg.connect(rented_database) as connection:
            told = {"DATABASE_URL": rented_database, "CELERY_BROKER_URL": broker.address}
            instance = Instance(new_home(), told=told).up()
            healthy = instance.manage("doctor")
            make_beat_hurry(connection, "events.rotate_partitions")
            connection.commit()
            # The first was run by the start itself.
            wait_for(lambda: has_run(rented_database, "events.rotate_partitions", 2))
            connection.execute("LOCK TABLE events_receivedbatch")  # where the next one waits
            instance.command("shell", "-c", f"from {PURGE} as task; task.delay()")
            wait_for(lambda: waits(rented_database), explanation=instance.output)
            broker.kill()
            instance.kill("celery")
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
            failed = instance.manage("doctor")
            before = has_run(rented_database, "events.purge_batch_notes")
            connection.rollback()
            broker.start()
            wait_for(
                lambda: has_run(rented_database, "events.purge_batch_notes"),
                explanation=instance.output,
            )
            status = instance.stop()

        assert status == 0
        assert "Warning audit.W002: Tenant 7, the role of DATABASE_URL, could" in instance.printed
        assert healthy.returncode == 0, healthy.stdout
        assert "audit.W002" in healthy.stdout
        assert "valkey-server" not in instance.printed
        assert failed.returncode == 1
        assert "The broker (amqp) does not answer" in failed.stdout
        assert not before


def make_beat_hurry(connection: psycopg.Connection[Any], task: str) -> None:
    """Make a periodic task run each second."""
    connection.execute(
        "WITH each AS (INSERT INTO django_celery_beat_intervalschedule (every, period)"
        " VALUES (1, 'seconds') RETURNING id)"
        " UPDATE django_celery_beat_periodictask SET interval_id = each.id FROM each"
        " WHERE task = %s",
        [task],
    )
    connection.execute("UPDATE django_celery_beat_periodictasks SET last_update = now()")


def waits(address: str) -> bool:
    """Return whether a worker waits for a lock."""
    with psycopg.connect(address) as connection:
        found = connection.execute(
            "SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND application_name = 'dex worker'"
        )
        return found.fetchone() is not None


def has_run(address: str, task: str, times: int = 1) -> bool:
    """Return whether workers have done the task, at least so many times."""
    with psycopg.connect(address) as connection:
        row = connection.execute(
            "SELECT count(*) FROM events_upkeeprun WHERE task = %s", [task]
        ).fetchone()
    return row is not None and row[0] >= times


class TestSentences:
    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("DATABASE_URL", "mysql://x/y", "DATABASE_URL must begin with postgresql://"),
            ("DATABASE_URL", "postgresql://dex:x@127.0.0.1:1/dex", "cannot be opened: connection"),
            ("DEX_TIME_ZONE", "Mars/Base", "write a name like Europe/Berlin"),
            ("DEX_PUBLIC_URL", "http://dex.example.com", "http is for loopback only. Put TLS in"),
        ],
    )
    def test_names_a_wrong_setting(self, name: str, value: str, sentence: str) -> None:
        done = Instance(new_home(), told={name: value}).manage("up")

        assert done.returncode == 1
        assert done.stderr.startswith("dex: ")
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr

    def test_reads_the_public_address_from_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "address"
        file.write_text("http://dex.example.com\n")
        told = {"DEX_PUBLIC_URL_FILE": str(file)}

        done = Instance(new_home(), told=told).manage("up")

        assert done.returncode == 1
        assert "http is for loopback only" in done.stderr

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root hands over to another account")
    def test_names_the_folder_in_the_way(self) -> None:
        home = new_home()
        home.parent.chmod(0o700)

        done = Instance(home).manage("up")

        assert done.returncode == 1
        assert f"cannot enter {home.parent} (mode 0700)" in done.stderr
