"""Pages of the console before 5,000 entities: their size, and what they ask the database."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.core.admin import ScopedAdmin
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.core.devices import make_device
from tests.factories.accounts import make_profile
from tests.factories.organization import grant

pytestmark = pytest.mark.django_db

ENTITIES = 5_000
SIZE_MOST = 450_000  # bytes of HTML, of which the menu and the design of 100 rows are most
SLACK = 2  # queries: what a process keeps for some seconds may be read again
LISTS = sorted(
    reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for model, its_admin in admin.site._registry.items()
    if isinstance(its_admin, ScopedAdmin)
)
FORMS = [
    "/admin/organization/entity/add/",
    "/admin/collectors/enrolmentkey/add/",
    "/admin/collectors/collectorconfiguration/add/",
    "/admin/collectors/collectorconfiguration/effective/",
    "/admin/accounts/account/add/",
    "/admin/accounts/profile/add/",
]
INSERT = """
INSERT INTO organization_entity (id, uid, parent_id, name, kind, path)
SELECT 1000000 + n, gen_random_uuid(), %(parent)s, 'Site number ' || n, 'ordinary',
       %(path)s || 1000000 + n || '/'
FROM generate_series(1, %(number)s) AS n
"""


def make_sites(above: Entity) -> None:
    """Make thousands of entities below one, and a device in each of a hundred."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, {"parent": above.pk, "path": above.path, "number": ENTITIES})
    for site in Entity.objects.filter(parent=above)[:100]:
        make_device(f"laptop of {site.pk}", site)


def asked(client: Client, address: str) -> tuple[int, int, str]:
    """Return status, number of queries and page."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address)
    return response.status_code, len(queries), response.content.decode()


@pytest.fixture(params=["ada", "ben"])
def client(request: pytest.FixtureRequest) -> Any:
    """Return the client of one who sees all, and of one who sees the sites of an entity."""
    return request.getfixturevalue(f"{request.param}_client")


@pytest.fixture
def one(paris: Entity) -> Device:
    """Return the only device at first."""
    return make_device("laptop", paris)


@pytest.mark.usefixtures("one")
@pytest.mark.parametrize("address", [*LISTS, *FORMS])
def test_a_page_stays_small(client: Client, paris: Entity, address: str) -> None:
    client.get(address)  # what is read once per process
    status, before, _ = asked(client, address)
    make_sites(paris)

    again, after, page = asked(client, address)

    assert again == status
    assert after <= before + SLACK
    assert len(page.encode()) < SIZE_MOST
    assert page.count("Site number") <= 200  # of rows that are listed: twice each at most


def test_a_view_domain_of_half_the_sites_stays_small(ada_client: Client, paris: Entity) -> None:
    make_sites(paris)
    profile = make_profile()
    grant(profile, *Entity.objects.filter(parent=paris)[::2], actions=["view_device"])

    _, queries, page = asked(ada_client, f"/admin/organization/viewdomain/{profile.pk}/change/")

    assert queries <= 15
    assert len(page.encode()) < 2 * SIZE_MOST
