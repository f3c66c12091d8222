"""Writing the audit log."""

from datetime import datetime

import pytest
from django.db import transaction

from apps.accounts.models import Account
from apps.audit import services
from apps.audit.choices import ActorKind, AuditCode
from apps.audit.models import InboxEvent
from apps.core import request_id

pytestmark = pytest.mark.django_db


class TestRecord:
    def test_keeps_the_actor_as_id_and_login(self, ada: Account, now: datetime) -> None:
        services.record(code=AuditCode.ACCOUNT_CHANGED, actor=ada, at=now)

        row = InboxEvent.objects.get()
        assert (row.actor_kind, row.actor_id, row.actor_label) == ("account", str(ada.pk), "ada")
        assert row.at == now

    def test_is_the_systems_without_an_actor(self, now: datetime) -> None:
        services.record(code=AuditCode.RETENTION_PURGED, at=now)

        assert InboxEvent.objects.get().actor_kind == ActorKind.SYSTEM

    def test_keeps_subjects_as_ids(self, now: datetime) -> None:
        services.record(code=AuditCode.COLLECTOR_ENROLLED, subjects=[("device", 5)], at=now)

        assert InboxEvent.objects.get().subjects == [["device", "5"]]

    def test_carries_the_request_id(self, now: datetime) -> None:
        with request_id.bound() as value:
            services.record(code=AuditCode.SIGNED_IN, at=now)

        assert InboxEvent.objects.get().request_id == value

    @pytest.mark.parametrize(
        ("text", "address"),
        [("192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80::1"), ("unix:", None), ("", None)],
    )
    def test_keeps_an_address_that_is_one(
        self, text: str, address: str | None, now: datetime
    ) -> None:
        services.record(code=AuditCode.SIGNED_IN, address=text, at=now)

        assert InboxEvent.objects.get().address == address

    def test_refuses_a_detail_that_is_no_summary(self, now: datetime) -> None:
        with pytest.raises(services.DetailTooLarge):
            services.record(code=AuditCode.SIGNED_IN, detail={"x": "y" * 9_000}, at=now)

    def test_goes_with_the_transaction_it_tells_of(self, now: datetime) -> None:
        with transaction.atomic():
            services.record(code=AuditCode.SIGNED_IN, at=now)
            transaction.set_rollback(True)

        assert not InboxEvent.objects.exists()


class TestDigest:
    def test_is_equal_for_equal_texts(self) -> None:
        assert services.digest(" Ada ") == services.digest("ada")

    def test_tells_nothing_of_the_text(self) -> None:
        assert "ada" not in services.digest("ada")
        assert len(services.digest("ada")) == 13
