"""Commands: run the daemon, tell its state, show the exact bytes that go next."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dex_collector import __version__, journal, memory
from dex_collector.clock import SystemClock
from dex_collector.daemon import Daemon, Settings
from dex_collector.enroller import NoEnrolmentKey
from dex_collector.leaving import take_leave
from dex_collector.packaging import service
from dex_collector.packaging.installed import SETTINGS, InstalledSettings, read_settings
from dex_collector.show.commands import add_parsers
from dex_collector.state_lock import AlreadyRunning

HELP_WIDTH = 100
FAILED = 2
RESTART = 75  # EX_TEMPFAIL of sysexits.h: the supervisor tries again with a new process


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except AlreadyRunning as error:
        return _fail(f"{error}: only one may run.", RESTART)  # it may end
    except NoEnrolmentKey:
        return _fail("This machine is not enrolled: give an enrolment key (--enrolment-key-file).")
    except ValueError as error:
        return _fail(str(error))
    except PermissionError as error:
        return _fail(f"No right to use {error.filename}.")


class Parser(argparse.ArgumentParser):
    """A parser that does not ask for the width of the terminal: the modules for it are large."""

    def __init__(self, **options: Any) -> None:
        help_of = partial(argparse.HelpFormatter, width=HELP_WIDTH)
        super().__init__(**{"formatter_class": help_of, **options})


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="dex-collector", description="The dex collector.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="measure and send until stopped")
    run.add_argument("--settings", type=Path, help="file of the service, in place of all the rest")
    run.add_argument("--state", type=Path, help="folder of identity and spool")
    run.add_argument("--server", help="address of the dex server")
    run.add_argument("--enrolment-key-file", type=Path, help="read once, then erased")
    run.add_argument("--ca-file", type=Path, help="certificate authority to trust alone")
    run.add_argument("--tag", default="", help="label of this installation")
    run.add_argument("--root", type=Path, default=Path("/"), help="where the machine's files begin")
    run.add_argument("--socket", type=Path, help="Unix socket for what runs in people's sessions")
    run.set_defaults(command=_run)
    add_parsers(commands)
    service.add_parsers(commands)
    leaving = commands.add_parser("leave", help="tell the server that this collector goes")
    leaving.add_argument("--state", type=Path, help="without it the folder of the service")
    leaving.add_argument("--server", help="address of the dex server; without it the service's")
    leaving.add_argument("--ca-file", type=Path, help="certificate authority to trust alone")
    leaving.set_defaults(command=_leave)
    return parser


def _run(options: argparse.Namespace) -> int:
    memory.keep_little()
    journal.tell_failures()
    if options.settings is not None:
        settings = _of_service(read_settings(options.settings))
    elif options.state is None or not options.server:
        raise ValueError("Give --state and --server, or --settings.")
    else:
        journal.start()
        settings = Settings(
            state=options.state,
            server=options.server,
            root=options.root,
            key_file=options.enrolment_key_file,
            ca_file=options.ca_file,
            tag=options.tag,
            socket=options.socket,
        )
    daemon = Daemon(settings, SystemClock())
    daemon.run()
    return RESTART if daemon.watchdog.must_restart else 0


def _of_service(installed: InstalledSettings) -> Settings:
    """Return the settings of a daemon that runs as a service, and begin its log."""
    if installed.log is None:
        journal.start()
    else:
        journal.start_file(installed.log)
    return Settings(
        state=installed.state,
        server=installed.server,
        key_file=installed.key_file,
        ca_file=installed.ca_file,
        tag=installed.tag,
        socket=installed.socket,
    )


def _leave(options: argparse.Namespace) -> int:
    """End the enrolment of a folder, or that of the service."""
    state, server, ca_file = options.state, options.server, options.ca_file
    if (state is None) != (server is None):
        # With one of them alone the service's own enrolment would end.
        raise ValueError("Give --state and --server, or neither.")
    if state is None:
        installed = read_settings(Path("/") / SETTINGS)
        state, server, ca_file = installed.state, installed.server, installed.ca_file
    was_enrolled, sentence = take_leave(state, server, ca_file)
    _say(sentence)
    return 0 if was_enrolled else 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _fail(sentence: str, status: int = FAILED) -> int:
    sys.stderr.write(f"{sentence}\n")
    return status
