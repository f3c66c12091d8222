"""The embedded cluster."""

from pathlib import Path

import pytest

from dex.operations import postgres
from dex.operations.problems import StartProblem
from tests import conftest, environment


@pytest.fixture
def cluster(tmp_path: Path) -> postgres.Cluster:
    """Return a cluster that looks initialised and was never started."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("18\n")
    return postgres.Cluster(
        data=data,
        socket=tmp_path / "run" / "postgres",
        password_file=tmp_path / "launcher" / "password",
        account=environment.Account.current(),
        binaries=postgres.binaries(),
    )


class TestInitialise:
    def test_writes_settings_that_keep_values_out_of_the_log(
        self, cluster: postgres.Cluster
    ) -> None:
        cluster.initialise()

        settings = (cluster.data / "dex.conf").read_text()
        assert "listen_addresses = ''" in settings
        assert "log_error_verbosity = terse" in settings
        assert "log_min_error_statement = panic" in settings
        assert "log_parameter_max_length_on_error = 0" in settings
        assert "max_locks_per_transaction = 256" in settings

    def test_asks_everybody_for_a_password(self, cluster: postgres.Cluster) -> None:
        (cluster.data / "pg_hba.conf").write_text("local all all trust\n")

        cluster.initialise()

        rules = (cluster.data / "pg_hba.conf").read_text().splitlines()
        assert [rule for rule in rules if not rule.startswith("#")] == [
            "local all all scram-sha-256"
        ]

    def test_opens_the_socket_to_one_account(self, cluster: postgres.Cluster) -> None:
        cluster.initialise()

        assert cluster.socket.stat().st_mode & 0o777 == 0o700

    def test_refuses_data_of_another_postgres(self, cluster: postgres.Cluster) -> None:
        (cluster.data / "PG_VERSION").write_text("17\n")

        with pytest.raises(StartProblem, match="made by PostgreSQL 17; this dex brings 18"):
            cluster.initialise()


class TestRunningCluster:
    """The cluster of this very test run."""

    pytestmark = pytest.mark.django_db

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("listen_addresses", ""),
            ("log_error_verbosity", "terse"),
            ("log_min_error_statement", "panic"),
            ("log_parameter_max_length_on_error", "0"),
            ("password_encryption", "scram-sha-256"),
            ("TimeZone", "UTC"),
        ],
    )
    def test_runs_with_its_settings(self, name: str, value: str) -> None:
        with conftest.DATABASE.cluster.connect() as owner:
            assert owner.execute("SELECT current_setting(%s)", [name]).fetchone() == (value,)

    def test_hides_the_owners_password(self) -> None:
        assert conftest.DATABASE.cluster.password_file.stat().st_mode & 0o777 == 0o600
        assert conftest.DATABASE.cluster.password_file.parent.stat().st_mode & 0o777 == 0o700
