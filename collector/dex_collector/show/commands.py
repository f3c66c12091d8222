"""The commands `show`, `status`, `configuration` and `pause`, for everybody who has an account on the device."""

import argparse
import json
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dex_collector.clock import SystemClock
from dex_collector.pausing import NOTICE
from dex_collector.show.door import PLACE, answers, ask
from dex_collector.show.gathering import Gathering, Line
from dex_collector.show.viewer import ROOT_UID

STATE = Path("/var/lib/dex-collector")
FAILED = 2
PAGE = "dex-collector.html"  # in the home of who asks
UNTOLD = (sqlite3.Error, FileNotFoundError, ConnectionError)  # what keeps an answer back
NOTHING_WAITS = "Nothing waits: the next batch holds what is measured from now on."
NO_ANSWER = "No collector answers here: it does not run, or has no local socket."


def add_parsers(commands: Any) -> None:
    """Add the commands to those of the program."""
    status = commands.add_parser("status", help="say in sentences how it goes")
    _add_places(status)
    status.set_defaults(command=_sentences, question="status")
    told = commands.add_parser("configuration", help="say what may be measured here, and from when")
    _add_places(told)
    told.set_defaults(command=_sentences, question="configuration")
    show = commands.add_parser("show", help="say what is measured, waits and was sent")
    _add_places(show)
    show.add_argument("--next", action="store_true", help="only the very batches that go next")
    form = show.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a line")
    form.add_argument(
        "--html", nargs="?", const="", metavar="FILE",
        help=f"one page that needs nothing else; without FILE ~/{PAGE}, and it is opened",
    )  # fmt: skip
    show.set_defaults(command=_show)
    pause = commands.add_parser("pause", help="measure nothing about people for a while")
    _add_places(pause)
    pause.add_argument("--minutes", type=int, required=True, help="how long, at most 480")
    pause.add_argument("--yes", action="store_true", help="do not ask")
    pause.set_defaults(command=_pause)


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", type=Path, default=STATE, help="folder of identity and spool")
    parser.add_argument("--show-socket", type=Path, default=PLACE, help=argparse.SUPPRESS)


def _lines(options: argparse.Namespace, question: str) -> Iterator[Line]:
    """Yield what this account may see: from the files where it may read them, else by the daemon."""
    owner = options.state.stat().st_uid
    account = os.getuid()
    if account in {owner, ROOT_UID}:
        # Who owns the files reads them all anyway.
        yield from answers(Gathering(options.state, SystemClock(), ROOT_UID), question)
    else:
        yield from ask(options.show_socket, question)


def _sentences(options: argparse.Namespace) -> int:
    """Print the answer to a question that is answered in sentences."""

    def texts() -> Iterator[str]:
        for line in _lines(options, options.question):
            yield from line["sentences"]

    return _print(options, texts())


def _pause(options: argparse.Namespace) -> int:
    """Say what is reported, and pause when that is agreed to."""
    if not options.yes:
        sys.stdout.write(f"{NOTICE} Pause? [y/N] ")
        sys.stdout.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            return _say("Nothing was changed.", 1)

    options.question = f"pause {options.minutes}"
    return _sentences(options)


def _show(options: argparse.Namespace) -> int:
    lines = _lines(options, "next" if options.next else "all")
    if options.html is not None:
        return _write_page(options, lines)
    if options.json:
        return _print(options, (json.dumps(line, ensure_ascii=False) for line in lines))
    if options.next:
        return _print(options, _next_texts(lines))
    from dex_collector.show.text import text_lines  # its imports are large, and the daemon's too

    return _print(options, text_lines(lines))


def _write_page(options: argparse.Namespace, lines: Iterator[Line]) -> int:
    """Write the page; where nothing is told it says why, for who clicked sees no terminal."""
    from dex_collector.show.text import html_parts

    path = Path(options.html) if options.html else Path.home() / PAGE
    problems: list[str] = []

    def told() -> Iterator[Line]:
        try:
            yield from lines
        except UNTOLD as error:
            problems.append(_problem(error))
            raise

    def write(content: Iterator[Line]) -> Iterator[str]:
        path.unlink(missing_ok=True)  # never through a link that somebody laid there
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(html_parts(content))
        yield f"Written: {path}"

    ended = _print(options, write(told()))
    if problems:
        list(write(iter([{"sentences": problems}])))
    if not options.html and (problems or ended == 0):
        import webbrowser  # only here: it looks for programs

        webbrowser.open(path.as_uri())
    return ended


def _print(options: argparse.Namespace, texts: Iterable[str]) -> int:
    may_look = os.access(options.state, os.X_OK)
    if not options.state.exists() or (may_look and not (options.state / "spool.db").exists()):
        return _say("No collector has run here yet.", 1)
    try:
        for text in texts:
            sys.stdout.write(f"{text}\n")
    except UNTOLD as error:
        return _fail(_problem(error))
    return 0


def _problem(error: Exception) -> str:
    if isinstance(error, sqlite3.Error):
        return f"The spool cannot be read now: {error}. It was left as it is."
    return NO_ANSWER


def _next_texts(lines: Iterator[Line]) -> Iterator[str]:
    """Yield batches as JSON; that there is none goes beside them, for who reads JSON."""
    is_any = False
    for line in lines:
        is_any = True
        yield json.dumps(line["content"], ensure_ascii=False, indent=2)
    if not is_any:
        sys.stderr.write(f"{NOTHING_WAITS}\n")


def _say(sentence: str, status: int) -> int:
    sys.stdout.write(f"{sentence}\n")
    return status


def _fail(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return FAILED
