"""Dimensions: entries of a batch become rows once, and ids from then on."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.db import transaction

from apps.binaries.models import Binary
from apps.core import generations
from apps.events import dimensions
from apps.events.dimensions import Origin
from apps.events.policy import Policy
from apps.users.models import User, UserDevice
from tests.conftest import NOW
from tests.events.sessions import at_once
from tests.factories.collectors import Machine, device_of, make_machine

DEVICE = 5
ENTRY = b'{"name":"soffice.bin","version":"24.2"}'


def binary(name: str) -> dict[str, Any]:
    """Return the columns of a binary."""
    return {"identity": f"identity of {name}", "name": name, "platform": "linux"}


def user(name: str) -> dict[str, Any]:
    """Return the columns of a user."""
    return {
        "identity": f"identity of {name}",
        "name": name,
        "username": name,
        "type": "domain_user",
    }


def resolve(
    dictionary: str,
    *rows: Mapping[str, Any],
    device_id: int = DEVICE,
    now: datetime = NOW,
    generation: int = 0,
) -> list[int]:
    """Resolve rows and return their ids."""
    found = dimensions.resolve(
        dimensions.find(dictionary),
        {row["identity"]: row for row in rows},
        device_id=device_id,
        now=now,
        generation=generation,
    )
    return [found[row["identity"]] for row in rows]


def origin(platform: str = "linux") -> Origin:
    """Return a device that may tell all about programs."""
    return Origin(device_id=DEVICE, platform=platform, policy=Policy({"executions": "on"}))


def read() -> Mapping[str, Any]:
    """Return the row of ENTRY."""
    row = dimensions.find("binaries").row(ENTRY, origin())
    assert row is not None
    return row


def recall(*, now: datetime = NOW, generation: int = 0, platform: str = "linux") -> dict[Any, int]:
    """Return what the process knows of ENTRY, number 3 of a batch."""
    return dimensions.recall(
        dimensions.find("binaries"),
        {3: msgspec.Raw(ENTRY)},
        origin=origin(platform),
        now=now,
        generation=generation,
    )


@pytest.mark.usefixtures("clean_database")
class TestCache:
    def test_makes_a_row_once(self) -> None:
        first = resolve("binaries", binary("a"), binary("b"))

        second = resolve("binaries", binary("b"), binary("a"))

        assert second == first[::-1]
        assert Binary.objects.count() == 2

    def test_asks_nothing_for_what_it_knows(self, django_assert_num_queries: Any) -> None:
        resolve("binaries", binary("a"))

        with django_assert_num_queries(0):
            resolve("binaries", binary("a"))

    def test_learns_only_what_was_committed(self) -> None:
        with transaction.atomic():
            [lost] = resolve("binaries", binary("a"))
            transaction.set_rollback(True)

        [kept] = resolve("binaries", binary("a"))

        assert kept != lost
        assert Binary.objects.get().pk == kept

    def test_forgets_when_the_generation_rises(self) -> None:
        [before] = resolve("binaries", binary("a"))
        Binary.objects.all().delete()
        dimensions.bump()

        [after] = resolve("binaries", binary("a"), generation=generations.read("dimensions"))

        assert after != before
        assert Binary.objects.get().pk == after

    def test_notes_the_use_of_each_device(self) -> None:
        first, second = device_of(machine()), device_of(machine())
        resolve("users", user("ada"), device_id=first.pk)

        resolve("users", user("ada"), device_id=second.pk)

        assert User.objects.count() == 1
        used = UserDevice.objects.order_by("device_id").values_list("device_id", flat=True)
        assert list(used) == [first.pk, second.pk]

    def test_brings_last_seen_forward_by_the_hour(self) -> None:
        resolve("binaries", binary("a"))

        resolve("binaries", binary("a"), now=NOW + timedelta(minutes=59))
        early = Binary.objects.get().last_seen_at
        resolve("binaries", binary("a"), now=NOW + timedelta(minutes=61))
        late = Binary.objects.get().last_seen_at

        assert (early, late) == (NOW, NOW + timedelta(minutes=61))

    def test_brings_the_use_of_a_device_forward(self) -> None:
        device_id = device_of(machine()).pk
        resolve("users", user("ada"), device_id=device_id)

        later = NOW + timedelta(hours=2)
        resolve("users", user("ada"), device_id=device_id, now=later)

        use = UserDevice.objects.get()
        assert (use.first_used_at, use.last_used_at) == (NOW, later)

    def test_knows_an_entry_again_by_its_text(self) -> None:
        first = recall()  # nobody has resolved it
        [known] = resolve("binaries", read())

        second = recall()  # read once more, for who wants to hear who tells it

        assert (first, second) == ({}, {})
        assert recall() == {3: known}

    def test_knows_it_by_its_text_for_an_hour(self) -> None:
        resolve("binaries", read())
        recall()

        assert recall(now=NOW + dimensions.TOUCH_INTERVAL + timedelta(seconds=1)) == {}

    def test_knows_no_text_of_another_generation_or_platform(self) -> None:
        resolve("binaries", read())
        recall()

        assert recall(generation=1) == {}
        assert recall(platform="windows") == {}

    def test_reads_an_entry_that_depends_on_its_device_each_time(self) -> None:
        entry = {3: msgspec.Raw(b'{"name":"CORP\\\\ada","type":"domain_user"}')}

        found = dimensions.recall(
            dimensions.find("users"), entry, origin=origin(), now=NOW, generation=0
        )

        assert found == {}

    def test_stays_within_its_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dimensions, "CACHE_LIMIT", 2)

        ids = resolve("binaries", *(binary(name) for name in "abcdef"))

        assert resolve("binaries", *(binary(name) for name in "abcdef")) == ids


@pytest.mark.usefixtures("clean_database")
class TestTwoBatchesAtOnce:
    def test_make_the_same_user_once(self) -> None:
        first, second = device_of(machine()).pk, device_of(machine()).pk

        ids = at_once(
            lambda: resolve("users", user("ada"), device_id=first),
            lambda: resolve("users", user("ada"), device_id=second),
        )

        assert ids[0] == ids[1]
        assert User.objects.count() == 1
        assert UserDevice.objects.count() == 2

    def test_do_not_deadlock_over_rows_in_opposite_order(self) -> None:
        names = [f"{number:03}" for number in range(200)]

        forward, backward = at_once(
            lambda: resolve("binaries", *(binary(name) for name in names)),
            lambda: resolve("binaries", *(binary(name) for name in reversed(names))),
        )

        assert forward == backward[::-1]
        assert Binary.objects.count() == len(names)

    def test_do_not_deadlock_while_touching(self) -> None:
        names = [f"{number:03}" for number in range(200)]
        resolve("binaries", *(binary(name) for name in names))
        dimensions.forget()
        later = NOW + timedelta(hours=2)

        at_once(
            lambda: resolve("binaries", *(binary(n) for n in [*names, "x"]), now=later),
            lambda: resolve("binaries", *(binary(n) for n in ["y", *names[::-1]]), now=later),
        )

        assert Binary.objects.filter(last_seen_at=later).count() == len(names) + 2


def machine() -> Machine:
    """Return an enrolled machine; its clock is the tests'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("apps.core.clock.now", lambda: NOW)
        return make_machine()
