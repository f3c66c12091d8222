"""Advisory locks."""

import psycopg
import pytest

from apps.core.locks import advisory_lock
from tests.locking import another_session

pytestmark = pytest.mark.django_db


def taken_elsewhere(name: str) -> psycopg.Connection:
    """Return another session that holds the lock `name`."""
    other = another_session()
    other.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
    return other


class TestAdvisoryLock:
    def test_is_given_to_the_first(self) -> None:
        with advisory_lock("core.test") as acquired:
            assert acquired

    def test_is_refused_while_another_session_has_it(self) -> None:
        with taken_elsewhere("core.test"), advisory_lock("core.test") as acquired:
            assert not acquired

    def test_is_free_again_afterwards(self) -> None:
        with advisory_lock("core.test"):
            pass

        with taken_elsewhere("core.test") as other:
            assert other.execute("SELECT 1").fetchone() == (1,)

    def test_does_not_stand_in_the_way_of_another_name(self) -> None:
        with taken_elsewhere("core.other"), advisory_lock("core.test") as acquired:
            assert acquired
