"""Health of the tree."""

from datetime import datetime

import pytest

from apps.organization import health
from apps.organization.models import Entity

pytestmark = pytest.mark.django_db


class TestCheckTree:
    def test_is_content_with_a_sound_one(self, paris: Entity, now: datetime) -> None:
        assert health.check_tree(now).level == "ok"

    def test_finds_a_path_that_leads_elsewhere(self, paris: Entity, now: datetime) -> None:
        Entity.objects.filter(pk=paris.pk).update(path="/1/999999/")

        assert list(health.misplaced_entities()) == [paris]
        assert health.check_tree(now).level == "error"
