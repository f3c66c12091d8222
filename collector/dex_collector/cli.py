"""Commands: run the daemon, tell its state, show the exact bytes that go next."""

import argparse
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from dex_collector import __version__, batch, journal
from dex_collector.batch import Stamp
from dex_collector.clock import SystemClock, from_text, to_text
from dex_collector.configuration import LISTING, Configuration, ConfigurationStore
from dex_collector.daemon import AlreadyRunning, Daemon, Settings, lock
from dex_collector.enroller import NoEnrolmentKey
from dex_collector.enrolment import leave
from dex_collector.identity import IdentityStore
from dex_collector.spool import Spool
from dex_collector.spool_file import Mode
from dex_collector.transport import NetworkError, Transport

FAILED = 2
RESTART = 75  # EX_TEMPFAIL of sysexits.h: the supervisor begins a new process


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except AlreadyRunning as error:
        return _fail(f"{error}: only one may run.")
    except NoEnrolmentKey:
        return _fail("This machine is not enrolled: give an enrolment key (--enrolment-key-file).")
    except ValueError as error:
        return _fail(str(error))
    except PermissionError as error:
        return _fail(f"No right to use {error.filename}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dex_collector", description="The dex collector.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="measure and send until stopped")
    run.add_argument("--state", type=Path, required=True, help="folder of identity and spool")
    run.add_argument("--server", required=True, help="address of the dex server")
    run.add_argument("--enrolment-key-file", type=Path, help="read once, then erased")
    run.add_argument("--ca-file", type=Path, help="certificate authority to trust alone")
    run.add_argument("--tag", default="", help="label of this installation")
    run.add_argument("--root", type=Path, default=Path("/"), help="where the machine's files begin")
    run.add_argument("--socket", type=Path, help="Unix socket for what runs in people's sessions")
    run.set_defaults(command=_run)
    status = commands.add_parser("status", help="say in sentences how it goes")
    status.add_argument("--state", type=Path, required=True)
    status.set_defaults(command=_status)
    told = commands.add_parser("configuration", help="say what may be measured here")
    told.add_argument("--state", type=Path, required=True)
    told.set_defaults(command=_configuration)
    leaving = commands.add_parser("leave", help="tell the server that this collector goes")
    leaving.add_argument("--state", type=Path, required=True)
    leaving.add_argument("--server", required=True)
    leaving.add_argument("--ca-file", type=Path)
    leaving.set_defaults(command=_leave)
    show = commands.add_parser("show", help="print what is sent")
    show.add_argument("--state", type=Path, required=True)
    show.add_argument("--next", action="store_true", required=True, help="what goes next")
    show.set_defaults(command=_show)
    return parser


def _run(options: argparse.Namespace) -> int:
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


def _status(options: argparse.Namespace) -> int:
    def sentences(spool: Spool) -> list[str]:
        identity = IdentityStore(options.state / "identity.json").load()
        is_enrolled = identity is not None and identity.is_enrolled
        return status_sentences(spool, is_enrolled, SystemClock().now())

    return _tell_of_spool(options.state, "ro", sentences)


def status_sentences(spool: Spool, is_enrolled: bool, now: datetime) -> list[str]:
    """Return the state of a collector for people."""
    enrolled_at = spool.read("enrolled_at")
    sentences = [
        f"Enrolled since {enrolled_at}." if is_enrolled else "Not enrolled.",
    ]
    last = spool.read("last_sent_at")
    if last is None:
        sentences.append("Nothing was sent yet.")
    else:
        minutes = int((now - from_text(last)).total_seconds() // 60)
        sentences.append(f"Last sent {minutes} min ago ({last}).")
    batches, records = spool.sealed()
    waiting = spool.waiting_records() + records
    sentences.append(f"Waiting: {waiting} records ({batches} batches are sealed).")
    lost = spool.lost()
    detail = ", ".join(f"{kind}: {number}" for kind, number in sorted(lost.items()))
    sentences.append(f"Lost since the enrolment: {detail}." if lost else "Nothing was lost.")
    reason = spool.read("not_sending")
    sentences.append(f"Not sending now: {reason}." if reason else "Sending works.")
    return sentences


def _configuration(options: argparse.Namespace) -> int:
    """Say what the signed configuration lets in, and what changes soon."""
    identity = IdentityStore(options.state / "identity.json").load()
    if identity is None or not identity.is_enrolled:
        _say("This machine is not enrolled.")
        return 1
    store = ConfigurationStore(options.state / "configuration.json")
    store.load(identity)
    for sentence in configuration_sentences(store.current):
        _say(sentence)
    return 0


def configuration_sentences(configuration: Configuration) -> list[str]:
    """Return a configuration for people: switches, lists, announced changes."""
    sentences = [f"Version {configuration.version}."]
    for name, value in configuration.values().items():
        sentences.append(f"{name}: {value}")
        if LISTING.get(name) == value:
            sentences.append(f"  listed: {', '.join(sorted(configuration.listed(name))) or '-'}")
    for announced in configuration.announced:
        sentences.append(f"From {to_text(announced.starts_at)} on:")
        sentences += [
            f"  {name}: {new} (now {old})" for name, (old, new) in announced.changes.items()
        ]
    return sentences if configuration.announced else [*sentences, "No change is announced."]


def _show(options: argparse.Namespace) -> int:
    """Seal what waits and print it: from then on these are the bytes that go."""

    def texts(spool: Spool) -> list[str]:
        contents = next_contents(spool, options.state)
        return [json.dumps(content, ensure_ascii=False, indent=2) for content in contents]

    return _tell_of_spool(options.state, "rw", texts)


def next_contents(spool: Spool, state: Path) -> list[dict[str, object]]:
    """Return the batches that go next, in their order."""
    identity = IdentityStore(state / "identity.json").load()
    store = ConfigurationStore(state / "configuration.json")
    if identity is not None:
        store.load(identity)
    clock = SystemClock()
    stamp = Stamp(
        boot_id=str(spool.read("boot_id")),
        configuration_version=store.current.version,
        device_clock=to_text(clock.now()),
        monotonic_ms=round(clock.monotonic() * 1000),
    )
    spool.seal(stamp, clock.now())
    return [batch.unpack(row.body) for row in spool.rows()]


def _leave(options: argparse.Namespace) -> int:
    """End the enrolment as far as the server can be reached.

    Spool and configuration go, as after an erasure; the identity is set aside.
    """
    store = IdentityStore(options.state / "identity.json")
    identity = store.load()
    if identity is None or not identity.is_enrolled:
        _say("This machine is not enrolled.")
        return 1
    transport = Transport(options.server, options.ca_file)
    descriptor = lock(options.state)  # not under a running daemon
    try:
        status = leave(transport, identity).status
        said = "The server was told." if status == 204 else f"The server answered {status}."
    except NetworkError as error:
        said = f"The server was not told: {error}."
    path = options.state / "spool.db"
    if path.exists():
        with closing(Spool(path, SystemClock().now())) as spool:
            spool.empty()
    ConfigurationStore(options.state / "configuration.json").forget()
    store.set_aside(SystemClock().now())
    os.close(descriptor)
    _say(f"{said} This machine is not enrolled any more.")
    return 0


def _tell_of_spool(state: Path, mode: Mode, texts: Callable[[Spool], Sequence[str]]) -> int:
    """Print what `texts` finds in the spool; a daemon may be using it, so nothing is mended."""
    path = state / "spool.db"
    if not path.exists():
        _say("No collector has run here yet.")
        return 1
    try:
        with closing(Spool(path, SystemClock().now(), mode=mode)) as spool:
            for text in texts(spool):
                _say(text)
    except sqlite3.Error as error:
        return _fail(f"The spool cannot be read now: {error}. It was left as it is.")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _fail(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return FAILED
