"""A small program that supervises shell commands: `python -m tests.dex.supervised FOLDER COMMAND...`."""

import os
import sys
from pathlib import Path

from dex.operations import guard
from dex.operations.accounts import Account
from dex.operations.output import Output
from dex.operations.supervisor import Process, Supervisor


def main() -> int:
    folder, *commands = sys.argv[1:]
    guard.Lock(Path(folder) / "up.lock").take()
    return guard.run_guarded(lambda: supervise(Path(folder), commands), grace_seconds=1)


def supervise(folder: Path, commands: list[str]) -> int:
    (folder / "supervisor.pid").write_text(str(os.getpid()))
    supervisor = Supervisor(Output(folder))
    for number, command in enumerate(commands):
        supervisor.start(
            Process(
                name=f"p{number}",
                command=["sh", "-c", command],
                account=Account.current(),
                folder=folder,
                environment={"PATH": os.environ["PATH"]},
                stop_seconds=1.0,
            )
        )
    supervisor.watch()
    supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
