"""The collector's spool under sudden death, again and again."""

import random
import textwrap
from pathlib import Path

import pytest

from dex_collector.spool import Spool
from tests.collector.fakes import NOON
from tests.collector.test_spool import WRITER, written_until_killed
from tests.soak.sizes import size

KILLS = size("KILLS", 100)
MOST_LINES = 60  # that a writer lives


@pytest.mark.case("collector.4")
def test_keeps_every_committed_batch_and_uses_no_number_twice(tmp_path: Path) -> None:
    script = tmp_path / "writer.py"
    script.write_text(textwrap.dedent(WRITER))
    path = tmp_path / "spool.db"
    dice = random.Random(7)
    seen: list[tuple[str, int]] = []

    for number in range(KILLS):
        boot = f"boot-{number // 10}"  # ten lives in each boot
        seen += written_until_killed(script, path, boot, lines=dice.randrange(1, MOST_LINES))

    spool = Spool(path, NOON)
    stored = spool._db.execute(
        "SELECT epoch, sequence FROM outbox UNION ALL SELECT epoch, sequence FROM sent"
    ).fetchall()
    assert spool._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert spool.read("counters") is None  # never set aside
    assert len(seen) > KILLS  # the writers lived
    assert set(seen) <= set(stored)
    assert len(set(stored)) == len(stored)
