"""The embedded cluster."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dex.operations import accounts, postgres
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
        configuration=tmp_path / "configuration",
        password_file=tmp_path / "launcher" / "password",
        account=environment.Account.current(),
        binaries=postgres.binaries(),
    )


class TestInitialise:
    def test_writes_settings_that_keep_values_out_of_the_log(
        self, cluster: postgres.Cluster
    ) -> None:
        cluster.initialise()

        settings = (cluster.configuration / "postgresql.conf").read_text()
        assert "listen_addresses = ''" in settings
        assert "log_error_verbosity = terse" in settings
        assert "log_min_error_statement = panic" in settings
        assert "log_parameter_max_length_on_error = 0" in settings
        assert "max_locks_per_transaction = 256" in settings

    def test_asks_everybody_for_a_password(self, cluster: postgres.Cluster) -> None:
        cluster.initialise()

        rules = (cluster.configuration / "pg_hba.conf").read_text().splitlines()
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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands over to another account")
class TestRootsCluster:
    """What the servers' account can make root do: nothing outside of its own folders."""

    @pytest.fixture
    def home(self) -> Iterator[Path]:
        """Return a folder that every account may enter."""
        with tempfile.TemporaryDirectory(prefix="dex-root-") as name:
            Path(name).chmod(0o711)
            yield Path(name)

    @pytest.fixture
    def victim(self, home: Path) -> Path:
        """Return a file of root."""
        file = home / "victim"
        file.write_text("18\n")
        file.chmod(0o600)
        return file

    @pytest.fixture
    def theirs(self, home: Path) -> postgres.Cluster:
        """Return a cluster of another account that looks initialised."""
        account = environment.server_account()
        for name in ("postgres", "run", "postgres/data"):
            accounts.make_folder(home / name, account, 0o700)
        (home / "postgres" / "data" / "PG_VERSION").write_text("18\n")
        (home / "postgres" / "data" / "PG_VERSION").chmod(0o644)
        return postgres.Cluster(
            data=home / "postgres" / "data",
            socket=home / "run" / "postgres",
            configuration=home / "configuration",
            password_file=home / "launcher" / "password",
            account=account,
            binaries=postgres.binaries(),
        )

    @pytest.mark.parametrize("name", ["dex.conf", "pg_hba.conf", "postgresql.conf"])
    def test_leaves_what_a_link_in_the_data_leads_to(
        self, theirs: postgres.Cluster, victim: Path, name: str
    ) -> None:
        (theirs.data / name).symlink_to(victim)

        theirs.initialise()

        assert victim.read_text() == "18\n"
        assert (victim.stat().st_uid, victim.stat().st_mode & 0o777) == (0, 0o600)

    def test_reads_nothing_that_the_account_may_not(
        self, theirs: postgres.Cluster, victim: Path
    ) -> None:
        (theirs.data / "PG_VERSION").unlink()
        (theirs.data / "PG_VERSION").symlink_to(victim)

        with pytest.raises(StartProblem, match="Permission denied"):
            theirs.initialise()

    def test_gives_no_folder_away_over_a_link(self, theirs: postgres.Cluster, home: Path) -> None:
        (home / "roots").mkdir(mode=0o755)
        theirs.socket.symlink_to(home / "roots")

        with pytest.raises(StartProblem, match="is no folder"):
            theirs.initialise()

        assert (home / "roots").stat().st_uid == 0
        assert (home / "roots").stat().st_mode & 0o777 == 0o755

    def test_has_a_configuration_that_the_account_can_read_alone(
        self, theirs: postgres.Cluster
    ) -> None:
        theirs.initialise()

        owners = {path.stat().st_uid for path in theirs.configuration.iterdir()}
        modes = {path.stat().st_mode & 0o777 for path in theirs.configuration.iterdir()}
        assert (owners, modes) == ({0}, {0o644})
        assert theirs.configuration.stat().st_mode & 0o777 == 0o755


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
