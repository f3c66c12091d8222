"""Every field of ours says whether it is personal."""

import pytest
from django.db.models import Model

from apps.core.checks import check_classification
from apps.core.personal_data import registry


@pytest.mark.case("privacy.7")
@pytest.mark.parametrize("model", list(registry.own_models()), ids=lambda m: m._meta.label)
def test_every_field_has_a_class(model: type[Model]) -> None:
    assert list(registry.problems(model)) == []


def test_the_check_says_so_too() -> None:
    assert check_classification() == []


def test_nothing_is_classified_that_is_not_ours() -> None:
    foreign = set(registry._classified) - set(registry.own_models())

    assert foreign == set()
