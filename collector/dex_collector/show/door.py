"""The door of `show`: an account without rights asks the daemon; the kernel says who asks."""

import json
import logging
import os
import socket
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
TIMEOUT_SECONDS = 10.0  # for a peer that does not ask, or not read
WHOLE_SECONDS = 60.0  # of one answer
REFUSAL_SECONDS = 0.2  # from one to the next: refusals must not cost more than measuring either
QUESTION_BYTES_MAXIMUM = 32
ANSWERS_MAXIMUM, ANSWERS_SECONDS = 10, 600.0  # of one account
PEERS_MAXIMUM = 4  # at a time, each of another account
TOO_OFTEN = "You have asked ten times in ten minutes: wait a little."
BUSY = "The collector still answers: wait a little."
QUESTIONS: dict[str, Callable[[Gathering], Iterator[Line]]] = {
    "all": Gathering.everything,
    "next": Gathering.next,
    "status": Gathering.status,
    "configuration": Gathering.configuration,
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
    """Answers each account in a thread of its own, in lines of JSON: nobody waits for another."""

    def __init__(self, path: Path, gather: Callable[[int], Gathering]) -> None:
        """Listen at `path`. gather: what an account may see.

        Raises:
            OSError: the place cannot be listened at.
        """
        self._path, self._gather = path, gather
        self._asked: dict[int, deque[float]] = {}  # when each account did, lately
        self._answered: set[int] = set()  # whom a thread answers now
        self._ends = threading.Event()
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
        self._ends.set()
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
            uid = read_peer_uid(link)
            if (refusal := self._refusal(uid)) is not None:
                with closing(link), suppress(OSError):
                    _tell(link, {"refused": refusal})
                self._ends.wait(REFUSAL_SECONDS)
                continue
            self._answered.add(uid)
            threading.Thread(
                target=self._attend, args=(link, uid), name="show-answer", daemon=True
            ).start()

    def _refusal(self, uid: int) -> str | None:
        """Return why an account gets no answer now: answers must not cost more than measuring."""
        now = time.monotonic()
        if uid in self._answered or len(self._answered) >= PEERS_MAXIMUM:
            return BUSY
        for known in [u for u, times in self._asked.items() if now - times[-1] >= ANSWERS_SECONDS]:
            del self._asked[known]
        asked = self._asked.setdefault(uid, deque(maxlen=ANSWERS_MAXIMUM))
        if len(asked) == ANSWERS_MAXIMUM and now - asked[0] < ANSWERS_SECONDS:
            return TOO_OFTEN
        asked.append(now)
        return None

    def _attend(self, link: socket.socket, uid: int) -> None:
        with closing(link), suppress(OSError):
            try:
                last = self._answer(link, uid)
            except Exception as error:  # noqa: BLE001 - one question harms no other
                logger.warning("Not shown", extra=facts(error=type(error).__name__))
                return
            finally:
                self._answered.discard(uid)  # before it knows the end, and asks again
            _tell(link, last)

    def _answer(self, link: socket.socket, uid: int) -> Line:
        """Tell all lines but the last, and return that: an answer without it is cut off."""
        link.settimeout(TIMEOUT_SECONDS)
        question = link.recv(QUESTION_BYTES_MAXIMUM).decode("ascii").strip()
        ends = time.monotonic() + WHOLE_SECONDS
        try:
            for line in answers(self._gather(uid), question):
                if time.monotonic() > ends:
                    raise TimeoutError  # it reads, but too slowly
                _tell(link, line)
        except PauseRefused as error:
            return {"refused": str(error)}
        return {}


def _tell(link: socket.socket, line: Line) -> None:
    link.sendall(json.dumps(line, ensure_ascii=False).encode() + b"\n")


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
        with suppress(BrokenPipeError):  # a refusal does not wait for the question
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
