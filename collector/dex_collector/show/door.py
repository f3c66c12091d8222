"""The door of `show`: an account without rights asks the daemon; the kernel says who asks."""

import json
import logging
import os
import socket
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from dex_collector.clock import Clock
from dex_collector.journal import facts
from dex_collector.local.server import read_peer_uid
from dex_collector.pausing import PauseRefused
from dex_collector.show.gathering import Gathering, Line

logger = logging.getLogger(__name__)

NAME = "show.sock"
PLACE = Path("/run/dex") / NAME
MODE = 0o666  # everybody may ask; the answer is that account's own view
TIMEOUT_SECONDS = 10.0  # for a peer that does not read
QUESTION_BYTES_MAXIMUM = 32
ANSWERS_MAXIMUM, ANSWERS_SECONDS = 10, 600.0  # of one account
TOO_OFTEN = "You have asked ten times in ten minutes: wait a little."
QUESTIONS: dict[str, Callable[[Gathering], Iterator[Line]]] = {
    "all": Gathering.everything,
    "next": Gathering.next,
    "status": Gathering.status,
}


def answers(gathering: Gathering, question: str) -> Iterator[Line]:
    """Return the answer to a question: one of a word, or `pause` with minutes.

    Raises:
        KeyError, ValueError: nothing that is understood.
        PauseRefused: see there.
    """
    word, _, minutes = question.partition(" ")
    return gathering.pause(int(minutes)) if word == "pause" else QUESTIONS[question](gathering)


class ShowDoor:
    """Answers one account after the other, each in lines of JSON, in a thread of its own."""

    def __init__(self, path: Path, gather: Callable[[int], Gathering]) -> None:
        """Listen at `path`. gather: what an account may see.

        Raises:
            OSError: the place cannot be listened at.
        """
        self._path, self._gather = path, gather
        self._asked: dict[int, deque[float]] = {}  # when each account did
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # of a daemon that was killed: there is only one
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        os.chmod(path, MODE)
        self._listener.listen(4)
        self._thread = threading.Thread(target=self._serve, name="show", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close the socket."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)
        self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:  # closed
                return
            with closing(link):
                try:
                    self._answer(link)
                except (OSError, ValueError, KeyError, sqlite3.Error) as error:
                    logger.warning("Not shown", extra=facts(error=type(error).__name__))

    def _asks_too_often(self, uid: int) -> bool:
        """Return whether an account asks so often that answers would cost more than measuring."""
        now = time.monotonic()
        asked = self._asked.setdefault(uid, deque(maxlen=ANSWERS_MAXIMUM))
        if len(asked) == ANSWERS_MAXIMUM and now - asked[0] < ANSWERS_SECONDS:
            return True
        asked.append(now)
        return False

    def _answer(self, link: socket.socket) -> None:
        link.settimeout(TIMEOUT_SECONDS)
        question = link.recv(QUESTION_BYTES_MAXIMUM).decode("ascii").strip()
        uid = read_peer_uid(link)
        if self._asks_too_often(uid):
            link.sendall(json.dumps({"refused": TOO_OFTEN}).encode() + b"\n")
            return
        gathering = self._gather(uid)
        try:
            for line in answers(gathering, question):
                link.sendall(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except PauseRefused as error:
            link.sendall(json.dumps({"refused": str(error)}).encode() + b"\n")
            return
        link.sendall(b"{}\n")  # the end: an answer without it is cut off


def open_door(beside: Path | None, state: Path, clock: Clock, root: Path) -> ShowDoor | None:
    """Open the door beside the socket of companions; None where it cannot be had."""
    if beside is None:
        return None
    try:
        return ShowDoor(beside.with_name(NAME), lambda uid: Gathering(state, clock, uid, root))
    except OSError as error:  # measuring goes on without it
        logger.error("Nobody without rights can look", extra=facts(error=type(error).__name__))
        return None


def ask(path: Path, question: str) -> Iterator[Line]:
    """Yield the answer of the daemon.

    Raises:
        OSError: no daemon answers here.
        ValueError: the answer is cut off.
    """
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as link:
        link.connect(str(path))
        link.sendall(question.encode())
        with link.makefile("rb") as answer:
            for line in answer:
                content = json.loads(line)
                if not content:
                    return
                if "refused" in content:
                    raise ValueError(content["refused"])
                yield content
    raise ValueError("The collector did not answer to the end.")
