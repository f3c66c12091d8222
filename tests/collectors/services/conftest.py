"""Who approves. Imports stand inside: pytest reads this file before Django is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from apps.accounts.models import Account


@pytest.fixture
def dora(db: None) -> Account:
    """Return a second administrator."""
    from tests.factories.accounts import make_account

    return make_account("dora", kind="administrator")
