"""The spool: limits, epochs, damage, sudden death."""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import tracemalloc
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dex_collector import batch
from dex_collector.batch import Stamp
from dex_collector.spool import Limits, Spool
from tests.collector.fakes import NOON, FakeClock

STAMP = Stamp("boot-1", 1, "2026-03-02T12:00:00.000Z", 1)


def record(**more: Any) -> dict[str, Any]:
    return {"kind": "device_performance.boots", "fields": {}, **more}


class TestSeal:
    def test_writes_users_and_binaries_once_into_dictionaries(
        self, spool: Spool, clock: FakeClock
    ) -> None:
        ada, office = {"name": "x\\ada", "type": "local_user"}, {"name": "soffice.bin"}
        spool.add([record(user=ada, binary=office), record(user=ada), record()], clock.now())

        spool.seal(STAMP, clock.now())

        content = batch.unpack(spool.rows()[0].body)
        assert content["users"] == {"1": ada}
        assert content["binaries"] == {"1": office}
        assert [event.get("user") for event in content["events"]] == [1, 1, None]

    def test_tells_the_last_state_of_each_inventory_part(
        self, spool: Spool, clock: FakeClock
    ) -> None:
        old, new = ({"part": "disks", "hash": h, "full": True, "items": []} for h in "ab")
        same = {"part": "disks", "hash": "b", "base": "b"}
        other = {"part": "volumes", "hash": "c", "base": "c"}
        spool.add([old, other, new, same, other], clock.now())

        spool.seal(STAMP, clock.now())

        [row] = spool.rows()
        assert batch.unpack(row.body)["inventory"] == [new, other]
        assert row.records == 2

    def test_takes_at_most_two_thousand_records(self, spool: Spool, clock: FakeClock) -> None:
        spool.add([record()] * 2_001, clock.now())

        spool.seal(STAMP, clock.now())

        assert [row.records for row in spool.rows()] == [2_000, 1]

    def test_keeps_bodies_below_both_sizes(self, spool: Spool, clock: FakeClock) -> None:
        chance = random.Random(7)
        spool.add([record(n=chance.randbytes(500).hex()) for _ in range(1_500)], clock.now())

        spool.seal(STAMP, clock.now())

        bodies = [row.body for row in spool.rows()]
        assert max(len(body) for body in bodies) <= 256_000
        assert max(len(batch.to_json(batch.unpack(body))) for body in bodies) <= 1_000_000
        assert sum(row.records for row in spool.rows()) == 1_500

    def test_numbers_go_on_after_everything_was_sent(self, spool: Spool, clock: FakeClock) -> None:
        spool.add([record()], clock.now())
        spool.seal(STAMP, clock.now())
        spool.accept(spool.rows()[0], [], clock.now())
        spool.add([record()], clock.now())

        spool.seal(STAMP, clock.now())

        assert spool.rows()[0].sequence == 2

    @pytest.mark.parametrize("value", [float("nan"), "\udc80"])
    def test_counts_a_record_that_nobody_could_read(
        self, spool: Spool, clock: FakeClock, value: object
    ) -> None:
        spool.add([record(bad=value), record()], clock.now())

        assert spool.waiting_records() == 1
        assert spool.lost() == {"device_performance.boots": 1}


class TestMerge:
    """A bucket that was cut by a stop, or by a purge of names, is one row."""

    def sample(self, user: str = "ada", **metrics: Any) -> dict[str, Any]:
        return {
            "kind": "execution.events",
            "bucket": "2026-03-02T12:00:00.000Z",
            "bucket_s": 900,
            "user": {"name": user},
            "metrics": metrics,
        }

    def test_adds_gauges_and_counters_of_one_key(self, spool: Spool, clock: FakeClock) -> None:
        low = {"sum": 3, "count": 2, "min": 1, "max": 2}
        high = {"sum": 9, "count": 1, "min": 9, "max": 9}
        ran = {"sum": 600_000}
        spool.add([self.sample(m=low, c={"sum": 1}, execution_duration_ms=ran)], clock.now())
        spool.add([record(), self.sample("ben", c={"sum": 7})], clock.now())
        spool.add([self.sample(m=high, c={"sum": 2}, execution_duration_ms=ran)], clock.now())

        spool.seal(STAMP, clock.now())

        first, other, ben = batch.unpack(spool.rows()[0].body)["events"]
        assert first["metrics"] == {
            "m": {"sum": 12, "count": 3, "min": 1, "max": 9},
            "c": {"sum": 3},
            "execution_duration_ms": {"sum": 900_000},  # no more than the bucket
        }
        assert other["kind"] == "device_performance.boots"
        assert ben["metrics"] == {"c": {"sum": 7}}

    def test_leaves_other_records_apart(self, spool: Spool, clock: FakeClock) -> None:
        spool.add([record(), record()], clock.now())

        spool.seal(STAMP, clock.now())

        assert spool.rows()[0].records == 2


class TestEpoch:
    def test_stays_within_a_boot(self, spool: Spool) -> None:
        epoch = spool.read("epoch")

        spool.begin_epoch("boot-1")

        assert spool.read("epoch") == epoch
        assert len(epoch) == 16

    def test_is_new_after_a_boot(self, spool: Spool) -> None:
        epoch = spool.read("epoch")

        spool.begin_epoch("boot-2")

        assert spool.read("epoch") != epoch

    def test_a_batch_keeps_its_own(self, spool: Spool, clock: FakeClock) -> None:
        spool.add([record()], clock.now())
        spool.seal(STAMP, clock.now())
        before = spool.rows()

        spool.begin_epoch("boot-2")

        assert spool.rows() == before


class TestLimits:
    def test_old_records_go_and_are_counted(self, spool: Spool, clock: FakeClock) -> None:
        spool.add([record()] * 3, clock.now())
        spool.seal(STAMP, clock.now())
        spool.add([record()], clock.now())
        clock.advance(timedelta(days=15).total_seconds())

        spool.enforce_limits(clock.now())

        assert spool.rows() == []
        assert spool.lost() == {"device_performance.boots": 4}

    def test_little_free_disk_lowers_the_cap(self, tmp_path: Path, clock: FakeClock) -> None:
        limits = Limits(bytes_maximum=10**9, low_disk_bytes_maximum=10)
        spool = Spool(tmp_path / "small.db", clock.now(), limits, free_bytes=lambda: 1)
        spool.add([record()], clock.now())

        spool.enforce_limits(clock.now())

        assert spool.lost() == {"device_performance.boots": 1}

    def test_sent_batches_stay_a_week_and_within_their_size(
        self, tmp_path: Path, clock: FakeClock
    ) -> None:
        spool = Spool(tmp_path / "s.db", clock.now(), Limits(sent_bytes_maximum=700))
        spool.begin_epoch("boot-1")
        for _ in range(5):
            spool.add([record()], clock.now())
            spool.seal(STAMP, clock.now())
            spool.accept(spool.rows()[0], [], clock.now())

        spool.enforce_limits(clock.now())
        kept = [s for (s,) in spool._db.execute("SELECT sequence FROM sent ORDER BY sequence")]
        clock.advance(timedelta(days=8).total_seconds())
        spool.enforce_limits(clock.now())

        assert kept[-1] == 5
        assert 0 < len(kept) < 5
        assert spool._db.execute("SELECT count(*) FROM sent").fetchone() == (0,)

    def test_twenty_quarantined_batches_are_kept(self, spool: Spool, clock: FakeClock) -> None:
        for _ in range(22):
            spool.add([record()], clock.now())
            spool.seal(STAMP, clock.now())
            spool.quarantine_batch(spool.rows()[0], "invalid", clock.now())

        spool.enforce_limits(clock.now())

        assert spool._db.execute("SELECT count(*) FROM quarantine").fetchone() == (20,)


class TestRewrite:
    def test_holds_one_body_at_a_time(self, spool: Spool, clock: FakeClock) -> None:
        chance = random.Random(7)
        for _ in range(60):
            spool.add([record(n=chance.randbytes(150_000).hex())], clock.now())
            spool.seal(STAMP, clock.now())
        assert sum(len(row.body) for row in spool.rows()) > 9_000_000
        tracemalloc.start()

        spool.rewrite(lambda one: one, lambda content: content)

        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 3_000_000


class TestDamage:
    @pytest.mark.parametrize("damage", [b"", b"not a database" * 100])
    def test_a_corrupt_file_is_set_aside(
        self, tmp_path: Path, clock: FakeClock, damage: bytes
    ) -> None:
        path = tmp_path / "spool.db"
        spool = Spool(path, clock.now())
        spool.add([record()] * 500, clock.now())
        spool.close()
        content = bytearray(path.read_bytes())
        content[4096:8192] = b"\xff" * 4096
        path.write_bytes(damage or bytes(content))

        again = Spool(path, clock.now())

        assert again.waiting_records() == 0
        assert again.read("counters") == {"spool_resets": 1}
        assert len(list(tmp_path.glob("spool.bad-*"))) == 1

    def test_does_not_forget_what_was_lost_before(self, tmp_path: Path, clock: FakeClock) -> None:
        path = tmp_path / "spool.db"
        spool = Spool(path, clock.now())
        spool.count_lost({"session.logins": 3})
        spool.close()
        path.write_bytes(b"junk" * 1000)

        again = Spool(path, clock.now())

        assert again.lost() == {"session.logins": 3}
        again.empty()
        assert list(tmp_path.glob("*.losses.json")) == []

    def test_only_one_damaged_file_is_kept(self, tmp_path: Path, clock: FakeClock) -> None:
        for _ in range(3):
            (tmp_path / "spool.db").write_bytes(b"junk" * 1000)
            Spool(tmp_path / "spool.db", clock.now()).close()
            clock.advance(60)

        assert len(list(tmp_path.glob("spool.bad-*"))) == 1

    def test_a_nested_transaction_fails_as_a_whole(self, spool: Spool, clock: FakeClock) -> None:
        def add_and_fail() -> None:
            with spool.transaction():
                spool.add([record()], clock.now())
                raise RuntimeError

        with pytest.raises(RuntimeError):
            add_and_fail()

        assert spool.waiting_records() == 0

    def test_a_commit_that_fails_leaves_no_transaction_open(
        self, spool: Spool, clock: FakeClock
    ) -> None:
        def add_what_cannot_be_committed() -> None:
            with spool.transaction():
                spool.add([record()], clock.now())
                spool._db.execute("INSERT INTO child VALUES (7)")

        spool._db.executescript(
            "PRAGMA foreign_keys = ON; CREATE TABLE parent (id INTEGER PRIMARY KEY);"
            "CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);"
        )
        with pytest.raises(sqlite3.IntegrityError):
            add_what_cannot_be_committed()

        spool.add([record()], clock.now())

        with closing(sqlite3.connect(spool.path)) as other:
            assert other.execute("SELECT count(*) FROM waiting").fetchone() == (1,)


WRITER = """
import hashlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from dex_collector.batch import Stamp
from dex_collector.spool import Spool

now = datetime(2026, 3, 2, 12, tzinfo=UTC)
spool = Spool(Path(sys.argv[1]), now)
spool._db.execute("PRAGMA wal_autocheckpoint = 0")  # all of it stays in the log
spool.begin_epoch(sys.argv[2])
n, seen = 0, 0
while True:
    spool.add([{"kind": "device_performance.boots", "n": n, "pad": "x" * 3000}], now)
    spool.seal(Stamp(sys.argv[2], 1, "", n), now)
    for row in spool.rows():
        if row.sequence > seen:  # sealed just now
            seen = row.sequence
            body = hashlib.sha256(row.body).hexdigest()
            sys.stdout.write(f"{row.epoch} {row.sequence} {body}\\n")
            sys.stdout.flush()  # committed: the other side has seen it
        if n % 3 == 0:
            spool.accept(row, [], now)
    n += 1
"""


class TestKill:
    @pytest.mark.case("collector.4")
    def test_keeps_every_committed_batch_and_uses_no_number_twice(self, tmp_path: Path) -> None:
        script = tmp_path / "writer.py"
        script.write_text(textwrap.dedent(WRITER))
        path = tmp_path / "spool.db"
        seen: dict[tuple[str, int], str] = {}

        for number in range(5):
            seen |= written_until_killed(script, path, boot_id="one", lines=20 + 7 * number)

        spool = Spool(path, NOON)
        stored = spool._db.execute(
            "SELECT epoch, sequence, body FROM outbox UNION SELECT epoch, sequence, body FROM sent"
        ).fetchall()
        bodies = {(e, n): hashlib.sha256(body).hexdigest() for e, n, body in stored}
        assert spool._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert spool.read("counters") is None  # never set aside
        assert seen == {identity: bodies[identity] for identity in seen}  # byte for byte
        assert len({sequence for _, sequence, _ in stored}) == len(stored)

    @pytest.mark.case("collector.4")
    def test_a_rolled_back_log_reuses_no_identity_after_the_boot(self, tmp_path: Path) -> None:
        script = tmp_path / "writer.py"
        script.write_text(textwrap.dedent(WRITER))
        path = tmp_path / "spool.db"
        before = written_until_killed(script, path, boot_id="one", lines=20)
        path.with_name("spool.db-wal").write_bytes(b"")  # a power cut took the last commits

        after = written_until_killed(script, path, boot_id="two", lines=20)

        assert before
        assert not set(before) & set(after)


def written_until_killed(
    script: Path, path: Path, boot_id: str, lines: int
) -> dict[tuple[str, int], str]:
    """Run the writer, kill it after so many lines; return what it said was committed: bodies' hashes."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, str(script), str(path), boot_id],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    found = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    found += process.stdout.readlines()
    process.wait()
    whole = [line.split() for line in found if line.endswith("\n")]
    return {(epoch, int(sequence)): body for epoch, sequence, body in whole}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


class TestAnyRecord:
    @settings(
        max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(fields=st.lists(st.dictionaries(st.text(), VALUES, max_size=3), max_size=5))
    def test_comes_out_as_it_went_in(self, fields: list[dict[str, Any]]) -> None:
        records = [record(fields=one, user={"name": str(n)}) for n, one in enumerate(fields)]

        content = batch.compose(records, STAMP, epoch="e", sequence=1, dropped={})

        assert batch.records_of(batch.unpack(batch.pack(content))) == records


def test_a_locked_file_is_not_taken_for_a_damaged_one(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "spool.db"
    Spool(path, clock.now()).close()
    path.chmod(0o600)
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")

    spool = Spool(path, clock.now())

    assert spool.read("counters") is None
    other.rollback()
