"""The instance's WSGI application, with a pause between commit and answer: for fault tests."""

import time
from collections.abc import Iterable
from typing import Any

from dex.wsgi import application as prompt

PAUSE_SECONDS = 20


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer late: by then whatever the request stored has been committed."""
    response = prompt(environ, start_response)
    if environ["PATH_INFO"] == "/collector/v1/events":
        time.sleep(PAUSE_SECONDS)
    return response
