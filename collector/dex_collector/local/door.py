"""The door: the local socket of a daemon, open where it has a place for one."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from dex_collector.configuration import Configuration
from dex_collector.journal import facts
from dex_collector.local.companions import Companions
from dex_collector.local.messages import Desk
from dex_collector.local.server import LocalServer

logger = logging.getLogger(__name__)


class Door:
    """Companions, and the socket by which they come."""

    def __init__(self, path: Path | None, monotonic: Callable[[], float]) -> None:
        """Open the socket at `path`; without one, or where it cannot be had, nobody comes."""
        self.companions = Companions(monotonic)
        self._desk = Desk(self.companions)
        self._server: LocalServer | None = None
        if path is None:
            return
        try:
            self._server = LocalServer(path, self._desk.handlers(), self._desk.leave)
        except OSError as error:  # measuring goes on without companions
            logger.error("No local socket", extra=facts(error=type(error).__name__))

    def obey(self, configuration: Configuration, *, measures_people: bool) -> None:
        """Let companions know what may be read now, and forget what may not."""
        state = self._desk.obey(configuration, measures_people=measures_people)
        if self._server is not None:
            self._server.state = state

    def take_counts(self) -> Mapping[str, int]:
        """Return how many peers were closed since the last call, by counter."""
        return {} if self._server is None else self._server.take_counts()

    def close(self) -> None:
        """Close the socket and who came by it."""
        if self._server is not None:
            self._server.close()
