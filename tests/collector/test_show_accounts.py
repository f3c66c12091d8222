"""Two accounts of one device look at the same time: the kernel says who is who."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dex_collector.daemon import Daemon
from dex_collector.show.door import ask
from tests.collector.conftest import run
from tests.collector.fakes import FakeClock

Start = Callable[..., Daemon]
ADA, BEN = 1000, 1001  # both are accounts of the laptop

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root becomes somebody else")


def login(name: str) -> dict[str, Any]:
    return {
        "kind": "session.logins",
        "occurred_at": "2026-03-02T11:00:00.000Z",
        "user": {"name": rf"adas-laptop\{name}", "type": "local_user"},
        "fields": {"session": f"session of {name}"},
    }


def asked_as(uid: int, door: Path, question: str) -> str:
    """Return the answer to a process of another account, as JSON."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setuid(uid)
            with os.fdopen(writing, "w") as told:
                json.dump(list(ask(door, question)), told)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


class TestAccounts:
    @pytest.mark.case("collector.17")
    def test_see_their_own_rows_and_no_name_of_each_other(
        self, start: Start, clock: FakeClock, folder: Path
    ) -> None:
        daemon = start(probes=(), socket=folder / "run/collector.sock")
        run(daemon, clock, seconds=20)
        daemon.spool.add([login("ada"), login("ben")], clock.now())
        daemon.turn()
        daemon.spool.add([login("ada"), login("ben")], clock.now())
        door = folder / "run/show.sock"

        of_ada, of_ben = (asked_as(uid, door, "all") for uid in (ADA, BEN))
        next_of_ben = asked_as(BEN, door, "next")

        assert ("session of ada" in of_ada, "session of ben" in of_ada) == (True, False)
        assert ("session of ada" in of_ben, "session of ben" in of_ben) == (False, True)
        assert ("session of ada" in next_of_ben, "session of ben" in next_of_ben) == (False, True)
        assert r"adas-laptop\\ben" not in of_ada

    def test_are_told_the_configuration(self, start: Start, clock: FakeClock, folder: Path) -> None:
        daemon = start(probes=(), socket=folder / "run/collector.sock")
        run(daemon, clock, seconds=20)

        told = asked_as(BEN, folder / "run/show.sock", "configuration")

        assert "your user name: collected (username: clear)" in told
