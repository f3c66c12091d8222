"""Rate limits of the doors for collectors; the numbers stand in `dex/limits.py`."""

from typing import Any

from rest_framework.request import Request

from apps.core.limits import LimitThrottle


class EnrolPerAddress(LimitThrottle):
    """Enrolments of one address."""

    limit = "collector.enrol.address"


class TokenPerAddress(LimitThrottle):
    """Token requests of one address: the caller has not proved yet who it is."""

    limit = "collector.token.address"


class PerCollector(LimitThrottle):
    """Requests of one collector."""

    def get_key(self, request: Request, view: Any) -> str | None:
        return str(request.auth.pk)


class CheckInPerCollector(PerCollector):
    """Check-ins of one collector."""

    limit = "collector.check_in"


class EventsPerCollector(PerCollector):
    """Batches of one collector."""

    limit = "collector.events"
