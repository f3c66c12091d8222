"""Every door with a rate limit finds its line in the table."""

from collections.abc import Iterator

from django.conf import settings
from django.urls import get_resolver

from apps.accounts.sign_in import LIMIT
from apps.core.limits import LimitThrottle


def doors(throttle: type[LimitThrottle] = LimitThrottle) -> Iterator[type[LimitThrottle]]:
    """Yield every throttle of ours."""
    for derived in throttle.__subclasses__():
        yield from doors(derived)
        yield derived


def test_every_throttle_names_a_line() -> None:
    assert get_resolver().url_patterns  # imports the views
    named = {door.limit for door in doors() if door.limit} | {LIMIT}

    assert named - set(settings.DEX_LIMITS) == set()
