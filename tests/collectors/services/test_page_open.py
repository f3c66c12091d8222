"""Pages of devices while the cache is away."""

import pytest
from django.core.cache.backends.redis import RedisCache
from django.test import Client
from django.urls import reverse

from apps.collectors.services import checkin
from tests.factories.collectors import device_of, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock", "_no_cache")]


@pytest.fixture
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkin, "cache", RedisCache("unix:///nonexistent/valkey.sock", {}))


class TestOpenPage:
    def test_leaves_the_page_of_the_device_in_place(self, ada_client: Client) -> None:
        device = device_of(make_machine())

        response = ada_client.get(reverse("admin:devices_device_change", args=[device.pk]))

        assert response.status_code == 200

    def test_asks_nobody(self) -> None:
        checkin.open_page(1)

        assert checkin.is_page_open(1) is False
