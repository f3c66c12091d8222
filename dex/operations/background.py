"""`up --detach`: go on in the background once the one who asked knows how the start went."""

import os
import sys

READY = b"ready\n"
END = b"\0"  # the guard above the supervisor keeps the pipe open, so its end says nothing


class Report:
    """How a start went: said on the console, or through a pipe to the process in front."""

    def __init__(self, pipe: int | None = None) -> None:
        self._pipe = pipe

    def ready(self, text: str) -> None:
        """Say that all is ready."""
        self._tell(READY, text)

    def failed(self, text: str) -> None:
        """Say why nothing runs."""
        self._tell(b"", text)

    def _tell(self, head: bytes, text: str) -> None:
        if self._pipe is None:
            stream = sys.stdout if head else sys.stderr
            stream.write(f"{text}\n")
            stream.flush()
            return
        os.write(self._pipe, head + text.encode() + END)
        os.close(self._pipe)
        self._pipe = None


def detach() -> Report:
    """Return in a process of its own, without terminal; the one in front waits for its report."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        _wait_in_front(reader)
    os.close(reader)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    return Report(writer)


def _wait_in_front(reader: int) -> None:
    """Print the report and exit: 0 when all is ready."""
    text = b""
    while not text.endswith(END) and (chunk := os.read(reader, 4096)):
        text += chunk
    is_ready = text.startswith(READY)
    stream = sys.stdout if is_ready else sys.stderr
    stream.write(text.removeprefix(READY).removesuffix(END).decode() + "\n")
    stream.flush()
    os._exit(0 if is_ready else 1)  # the rest belongs to the other process
