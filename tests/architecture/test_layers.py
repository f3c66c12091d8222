"""Imports are import-linter's; this asks for what it cannot see: foreign keys by name."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Field

from apps.core.personal_data.registry import own_models

OURS = [app.removeprefix("apps.") for app in settings.INSTALLED_APPS if app.startswith("apps.")]


def foreign_keys() -> Iterator[tuple[str, str, str]]:
    """Yield (field, its app, the app it points at) of each relation of ours."""
    for model in own_models():
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
            if isinstance(field, Field) and field.remote_field and field.related_model:
                label = field.related_model._meta.app_label  # type: ignore[union-attr]
                yield f"{model._meta.label}.{field.name}", model._meta.app_label, label


def test_apps_are_listed_from_the_lowest_layer_up() -> None:
    order = "core nql audit accounts organization events devices collectors users binaries gdpr"

    assert order.split() == OURS


@pytest.mark.parametrize(("field", "app", "target"), list(foreign_keys()))
def test_a_relation_points_down(field: str, app: str, target: str) -> None:
    is_third_party = not apps.get_app_config(target).name.startswith("apps.")

    assert is_third_party or OURS.index(target) <= OURS.index(app), f"{field} points up"
