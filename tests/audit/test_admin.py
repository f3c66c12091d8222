"""Pages of the audit log."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apps.audit import health, services
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from tests.conftest import DATABASE, NOW
from tests.factories.accounts import make_account, make_profile

pytestmark = pytest.mark.django_db

URL = "/admin/audit/inboxevent/"


@pytest.fixture
def row(now: datetime) -> InboxEvent:
    """Return one row of the log."""
    return services.record(
        code=AuditCode.ENTITY_CREATED,
        actor_label="ada",
        object_kind="entity",
        object_label="Paris",
        at=now,
    )


@pytest.fixture
def unprotected() -> Iterator[None]:
    """Give the application a right too many."""
    cluster, name = DATABASE.cluster, settings.DATABASES["default"]["NAME"]
    with cluster.connect(name) as owner:
        owner.execute("GRANT DELETE ON audit.inbox TO dex")
    yield
    with cluster.connect(name) as owner:
        owner.execute("REVOKE DELETE ON audit.inbox FROM dex")


class TestInboxEventAdmin:
    def test_lists_what_happened(
        self, ada_client: Client, row: InboxEvent, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(10):
            page = ada_client.get(URL).content.decode()

        assert "2201 Entity created" in page
        assert "entity Paris" in page

    def test_warns_where_the_application_could_change_them(
        self, ada_client: Client, unprotected: None
    ) -> None:
        page = ada_client.get(URL).content.decode()

        assert "audit.W002" in page
        assert health.check_rights(NOW).text.startswith("audit.W002")

    def test_trusts_a_log_that_is_protected(self, ada_client: Client, row: InboxEvent) -> None:
        assert "audit.W002" not in ada_client.get(URL).content.decode()

    def test_counts_them(self, ada_client: Client, row: InboxEvent, now: datetime) -> None:
        services.record(code=AuditCode.ENTITY_CREATED, actor_label="ada", at=now)

        page = ada_client.get(URL).content.decode()

        assert re.search(r"\b\d+\s+audit events\b", page)

    def test_can_be_narrowed_to_a_code(self, ada_client: Client, row: InboxEvent) -> None:
        page = ada_client.get(URL, {"code__exact": 1101}).content.decode()

        assert "entity Paris" not in page

    def test_can_be_narrowed_to_a_day(self, ada_client: Client, row: InboxEvent) -> None:
        narrow = {"at__gte": "2026-03-02 00:00:00+00:00", "at__lt": "2026-03-03 00:00:00+00:00"}

        page = ada_client.get(URL, narrow).content.decode()

        assert "entity Paris" in page

    def test_shows_a_row_to_read(self, ada_client: Client, row: InboxEvent) -> None:
        page = ada_client.get(f"{URL}{row.pk}/change/").content.decode()

        assert "Paris" in page
        assert 'name="_save"' not in page

    @pytest.mark.parametrize("path", ["add/", "1/delete/"])
    def test_changes_nothing(self, ada_client: Client, path: str) -> None:
        assert ada_client.post(f"{URL}{path}").status_code == 403

    def test_is_closed_to_cleo(self, cleo_client: Client) -> None:
        assert cleo_client.get(URL).status_code == 403

    def test_opens_to_those_who_may_read_it(self, client_for: Any, row: InboxEvent) -> None:
        profile = make_profile(permissions=["audit.view_inboxevent"])

        client = client_for(make_account(profile=profile))

        assert "entity Paris" in client.get(URL).content.decode()

    def test_is_no_file_for_those_who_may_only_read_it(
        self, client_for: Any, row: InboxEvent
    ) -> None:
        profile = make_profile(permissions=["audit.view_inboxevent"])
        client = client_for(make_account(profile=profile))

        page = client.get(URL).content.decode()

        assert "Export CSV" not in page
        assert client.get(f"{URL}csv/").status_code == 403

    def test_is_a_file_for_those_who_may_export_it(self, client_for: Any, row: InboxEvent) -> None:
        permissions = ["audit.view_inboxevent", "audit.export_auditevent"]
        client = client_for(make_account(profile=make_profile(permissions=permissions)))

        text = b"".join(client.get(f"{URL}csv/")).decode()

        assert "entity Paris" in text
        assert InboxEvent.objects.filter(code=AuditCode.AUDIT_EXPORTED).count() == 1

    def test_has_a_page_of_sealed_rows(self, ada_client: Client) -> None:
        assert ada_client.get("/admin/audit/auditevent/").status_code == 200
