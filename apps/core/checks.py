"""System checks of the foundations."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.core.checks import register as register_check

from apps.core.personal_data import registry


@register_check()
def check_classification(
    app_configs: Sequence[AppConfig] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """core.E001: every field of every model of ours says whether it is personal."""
    return [
        Error(problem, obj=model, id="core.E001")
        for model in registry.own_models()
        for problem in registry.problems(model)
    ]
