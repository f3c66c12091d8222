"""Ids of event rows: nobody gets one twice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from apps.events import ids
from tests.events.sessions import at_once

PROGRAM = """
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = {name!r}
from apps.events import ids
print(*ids.draw(1_500))
"""


@pytest.mark.usefixtures("clean_database")
class TestDraw:
    def test_gives_as_many_as_asked(self) -> None:
        drawn = ids.draw(2_500)

        assert len(drawn) == len(set(drawn)) == 2_500

    def test_gives_none(self) -> None:
        assert ids.draw(0) == []

    def test_gives_each_thread_its_own(self) -> None:
        drawn = at_once(*[lambda: ids.draw(700)] * 4)

        assert len({number for block in drawn for number in block}) == 2_800

    def test_gives_another_process_another_block(self) -> None:
        name = settings.DATABASES["default"]["NAME"]
        tree = Path(__file__).parents[2]
        other = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(name=name)],
            env=os.environ | {"PYTHONPATH": str(tree)},
            cwd=tree,
            capture_output=True,
            text=True,
            check=True,
        )

        theirs = {int(number) for number in other.stdout.split()}

        assert len(theirs) == 1_500
        assert theirs.isdisjoint(ids.draw(1_500))

    def test_starts_afresh_in_a_fork(self) -> None:
        ids.draw(1)
        reader, writer = os.pipe()

        child = os.fork()
        if child == 0:
            os.write(writer, b"fresh" if ids._next == ids._end else b"stale")
            os._exit(0)
        os.waitpid(child, 0)

        assert os.read(reader, 5) == b"fresh"
