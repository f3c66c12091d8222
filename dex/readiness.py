"""Answers for load balancers and for the launcher: alive, and ready."""

import logging

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)


def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that this process answers. Cost: no query."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> HttpResponse:
    """Say whether the database answers: 200 or 503. Cost: one query.

    The cache is not asked: dex works without it, and where several servers share one, all would
    be taken away at once.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as problem:
        logger.warning("Not ready: %s", type(problem).__name__)
        return HttpResponse("not ready\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")
