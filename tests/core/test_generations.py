"""Counters that outdate caches, and the row of the instance."""

import pytest
from django.db import IntegrityError, transaction

from apps.core import generations
from apps.core.models import Instance

pytestmark = pytest.mark.django_db


class TestGenerations:
    def test_begin_at_nothing(self) -> None:
        assert generations.read("core.test") == 0

    def test_rise_by_one(self) -> None:
        assert [generations.bump("core.test"), generations.bump("core.test")] == [1, 2]
        assert generations.read("core.test") == 2

    def test_come_along_with_other_queries(self) -> None:
        generations.bump("core.test")

        rows = Instance.objects.values_list(
            generations.value_of("core.test"), generations.value_of("core.other")
        )

        assert list(rows) == [(1, 0)]


class TestInstance:
    def test_is_there_from_the_first_migration_on(self) -> None:
        assert Instance.objects.count() == 1

    def test_is_read_once(self) -> None:
        first = Instance.objects.current()

        assert Instance.objects.current() is first

    def test_is_alone(self) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Instance.objects.create(id=2, created_at="2026-03-02T12:00:00Z")
