"""The cast: Ada is main administrator, Ben has one entity, Cleo no profile.

Imports stand inside: pytest reads this file before Django is set up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from apps.accounts.models import Account
    from apps.core.scope import Scope
    from apps.organization.models import Entity

    ClientFor = Callable[[Account], Client]


@pytest.fixture
def ada(db: None) -> Account:
    """Return the main administrator."""
    from tests.factories.accounts import make_account

    return make_account("ada", kind="main")


@pytest.fixture
def paris(db: None) -> Entity:
    """Return the entity that is Ben's."""
    from tests.factories.organization import make_entity

    return make_entity("Paris")


@pytest.fixture
def lyon(db: None) -> Entity:
    """Return an entity that is not Ben's."""
    from tests.factories.organization import make_entity

    return make_entity("Lyon")


@pytest.fixture
def ben(paris: Entity) -> Account:
    """Return an account that may do everything with devices and what is on them, in Paris."""
    from django.contrib.auth.models import Permission

    from tests.factories.accounts import make_account, make_profile
    from tests.factories.organization import grant

    profile = make_profile("Service desk of Paris")
    apps = ["devices", "collectors", "users", "binaries"]
    profile.group.permissions.set(Permission.objects.filter(content_type__app_label__in=apps))
    grant(profile, paris)
    return make_account("ben", profile=profile)


@pytest.fixture
def cleo(db: None) -> Account:
    """Return an account without a profile: it signs in and sees nothing."""
    from tests.factories.accounts import make_account

    return make_account("cleo")


@pytest.fixture
def client_for() -> ClientFor:
    """Return a function that makes a client signed in as an account."""
    from django.test import Client

    def make(account: Account) -> Client:
        client = Client()
        client.force_login(account)
        return client

    return make


@pytest.fixture
def ada_client(ada: Account, client_for: ClientFor) -> Client:
    """Return a client signed in as Ada."""
    return client_for(ada)


@pytest.fixture
def ben_client(ben: Account, client_for: ClientFor) -> Client:
    """Return a client signed in as Ben."""
    return client_for(ben)


@pytest.fixture
def cleo_client(cleo: Account, client_for: ClientFor) -> Client:
    """Return a client signed in as Cleo."""
    return client_for(cleo)


@pytest.fixture
def ada_scope(ada: Account) -> Scope:
    """Return what Ada may see."""
    from apps.accounts.scope import scope_of

    return scope_of(ada)


@pytest.fixture
def ben_scope(ben: Account) -> Scope:
    """Return what Ben may see."""
    from apps.accounts.scope import scope_of

    return scope_of(ben)
