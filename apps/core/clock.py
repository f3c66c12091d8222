"""The one clock: doors (views, tasks, admin, commands) ask it, services get `now` from them."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant, aware, in UTC.

    Call it as `clock.now()`, never by `from ... import now`: tests replace it here.
    """
    return datetime.now(tz=UTC)
