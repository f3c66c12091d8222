"""System checks of the catalogue."""

from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.checks import register as register_check

from apps.nql import catalog


@register_check()
def check_catalog(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """nql.E001: every field of the catalogue has its columns, every link its table."""
    return [
        Error(problem, obj=table.model, id="nql.E001")
        for table in catalog.tables()
        for problem in catalog.problems(table)
    ]
