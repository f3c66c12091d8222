"""Fixtures of retention. Imports stand inside: pytest reads this file before Django is set up."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _fresh_terms() -> Iterator[None]:
    """Read the terms anew in each test, and leave none behind."""
    from apps.gdpr import terms

    terms.forget()
    yield
    terms.forget()
