"""Decoders that many threads want at once."""

import re
import subprocess
import sys

from dex import paths

ROUNDS = 5
# In a process of its own: where it goes wrong the process dies.
RACE = """
import sys, threading
from typing import Union
import msgspec
from apps.core.decoding import decoder_of

sys.setswitchinterval(1e-6)

def form(name):
    parts = [msgspec.defstruct(f"P{n}", [(f"f{m}", int | None, None) for m in range(30)]) for n in range(10)]
    members = [(f"a{n}", part | None, None) for n, part in enumerate(parts)]
    return msgspec.defstruct("S", members, tag_field="kind", tag=name)

body = b"[" + b",".join(b'{"kind":"k%d","a0":{"f0":1},"a9":{"f29":3}}' % n for n in range(20)) + b"]"
for _ in range(int(sys.argv[1])):
    batch = list[Union[tuple(form(f"k{n}") for n in range(20))]]
    start = threading.Barrier(8)
    decoded = []
    def run():
        start.wait()
        decoded.append(len(decoder_of(batch).decode(body)))
    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert decoded == [20] * 8, decoded
"""


def test_many_threads_may_want_the_first_one_at_once() -> None:
    command = [sys.executable, "-c", RACE, str(ROUNDS)]

    assert subprocess.run(command, cwd=paths.CODE, timeout=60).returncode == 0


def test_nobody_makes_one_elsewhere() -> None:
    made = re.compile(r"msgspec\.(json|msgpack|yaml|toml)\.(Decoder|decode)\(")
    apps = paths.CODE / "apps"
    found = [path.name for path in apps.rglob("*.py") if made.search(path.read_text())]

    assert found == ["decoding.py"]
