"""Epochs of pseudonyms: begun and forgotten by the pages."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.collectors import epochs
from apps.collectors.models import HashEpoch
from tests.factories.collectors import configure, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

EPOCHS = "/admin/collectors/hashepoch/"


@pytest.fixture(autouse=True)
def secrets(settings: Any, tmp_path: Path) -> Path:
    """Keep keys that a test makes or destroys in a folder of its own."""
    settings.DEX_SECRETS_DIR = tmp_path
    return tmp_path


class TestBeginning:
    def test_asks_first(self, ada_client: Client) -> None:
        page = ada_client.get(f"{EPOCHS}add/").content.decode()

        assert "Begin a new epoch of pseudonyms?" in page
        assert not HashEpoch.objects.exists()

    def test_gives_devices_another_key(self, ada_client: Client) -> None:
        configure(username="hashed")
        machine = make_machine()
        before = machine.check_in().json()["configuration"]["document"]

        ada_client.post(f"{EPOCHS}add/", {"confirmed": "yes"})

        after = machine.check_in().json()["configuration"]["document"]
        assert epochs.current() == 1
        assert '"epoch":0' in before
        assert '"epoch":1' in after
        assert before.split('"key":')[1][:20] != after.split('"key":')[1][:20]

    def test_is_closed_to_others(self, ben_client: Client, cleo_client: Client) -> None:
        answers = [
            client.post(f"{EPOCHS}add/", {"confirmed": "yes"})
            for client in (ben_client, cleo_client)
        ]

        assert [response.status_code for response in answers] == [403, 403]
        assert epochs.current() == 0


class TestDestroying:
    def begin(self, client: Client) -> HashEpoch:
        """Begin a second epoch, after names were hashed in the first; return the first."""
        epochs.collector_key(0)
        epochs.server_key(0)
        client.post(f"{EPOCHS}add/", {"confirmed": "yes"})
        return HashEpoch.objects.get(number=0)

    def test_deletes_both_files_after_a_question(
        self,
        ada_client: Client,
        secrets: Path,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        first = self.begin(ada_client)
        address = f"{EPOCHS}{first.pk}/destroy/"
        ada_client.post(address)
        before = {file.name for file in secrets.iterdir()}

        with django_capture_on_commit_callbacks(execute=True):
            ada_client.post(address, {"confirmed": "yes"})

        after = {file.name for file in secrets.iterdir()}
        first.refresh_from_db()
        assert before - after == {epochs.COLLECTOR_KEY, epochs.SERVER_KEY}
        assert first.destroyed_at is not None
        assert InboxEvent.objects.filter(code=AuditCode.HASH_KEYS_DESTROYED).count() == 1

    def test_of_the_epoch_in_force_is_refused(self, ada_client: Client, secrets: Path) -> None:
        self.begin(ada_client)
        second = HashEpoch.objects.get(number=1)

        response = ada_client.post(f"{EPOCHS}{second.pk}/destroy/", {"confirmed": "yes"})

        assert response.status_code == 409
        assert (secrets / "username_server_key_1").exists()

    def test_is_closed_to_others(
        self, ada_client: Client, ben_client: Client, cleo_client: Client
    ) -> None:
        address = f"{EPOCHS}{self.begin(ada_client).pk}/destroy/"

        answers = [
            client.post(address, {"confirmed": "yes"}) for client in (ben_client, cleo_client)
        ]

        assert [response.status_code for response in answers] == [404, 403]
        assert not HashEpoch.objects.filter(destroyed_at__isnull=False).exists()
