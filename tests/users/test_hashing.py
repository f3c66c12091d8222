"""Pseudonyms of user names, against the golden vector of the specification."""

from pathlib import Path
from typing import Any

import pytest

from apps.collectors import epochs
from apps.collectors.services import epochs as epoch_services
from apps.users import hashing
from apps.users.models import User
from tests.conftest import NOW
from tests.factories.collectors import configure, login, make_machine

COLLECTOR_KEY = bytes(range(0x20))
SERVER_KEY = bytes(range(0x20, 0x40))
SENT = "h:d976101f45fdcab31fed1e80026975e5"
STORED = "u1_xojmfnjacgrujzyibpvzlojd2c"


def sent(name: str, epoch: int = 0, key: bytes = COLLECTOR_KEY) -> str:
    """Return what a device sends."""
    return hashing.sent_form(name, collector_key=key, epoch=epoch)


@pytest.mark.case("privacy.4")
class TestGoldenVector:
    def test_of_the_first_step(self) -> None:
        assert sent("CORP\\A.Rossi") == SENT

    def test_of_the_second_step(self) -> None:
        assert hashing.stored_form(SENT, server_key=SERVER_KEY) == STORED


class TestSentForm:
    @pytest.mark.parametrize("name", ["corp\\a.rossi", "CORP\\A.ROSSI", "Corp\\a.Rossi"])
    def test_is_the_same_in_any_case(self, name: str) -> None:
        assert sent(name) == SENT

    def test_is_the_same_however_an_accent_is_written(self) -> None:
        assert sent("corp\\ren\u00e9") == sent("corp\\rene\u0301")

    @pytest.mark.parametrize(
        "name", ["corp\\a.rossi ", "corp/a.rossi", "a.rossi", "other\\a.rossi"]
    )
    def test_is_another_for_another_name(self, name: str) -> None:
        assert sent(name) != SENT

    def test_is_another_in_another_epoch_or_by_another_key(self) -> None:
        assert len({SENT, sent("CORP\\A.Rossi", 1), sent("CORP\\A.Rossi", key=SERVER_KEY)}) == 3

    def test_is_known_by_its_form(self) -> None:
        assert hashing.SENT_FORM.fullmatch(SENT)
        assert not hashing.SENT_FORM.fullmatch(SENT + "\n")


class TestStoredForm:
    def test_tells_nothing_of_what_was_sent(self) -> None:
        assert SENT[2:] not in STORED

    def test_is_another_by_another_key(self) -> None:
        assert hashing.stored_form(SENT, server_key=COLLECTOR_KEY) != STORED


@pytest.mark.django_db
@pytest.mark.usefixtures("fixed_clock")
class TestUser:
    @pytest.mark.case("privacy.4")
    def test_is_stored_by_the_golden_vector(self, settings: Any, tmp_path: Path) -> None:
        settings.DEX_SECRETS_DIR = tmp_path
        (tmp_path / epochs.SERVER_KEY).write_bytes(SERVER_KEY)
        configure(username="hashed")

        make_machine().send(login(), users={"1": {"name": SENT, "type": "domain_user"}})

        user = User.objects.get()
        assert (user.name, user.username, user.hash_epoch) == (STORED, STORED, 0)

    @pytest.mark.case("privacy.6")
    def test_of_a_new_epoch_is_another(self) -> None:
        configure(username="hashed")
        machine = make_machine()
        name = "CORP\\A.Rossi"
        first = {"1": {"name": sent(name), "type": "domain_user"}}
        machine.send(login(), users=first)
        number = epoch_services.begin(reason="Rotation", now=NOW).number

        second = {"1": {"name": sent(name, number), "type": "domain_user"}}
        machine.send(login("2026-03-02T09:00:00Z"), users=second)

        assert list(User.objects.order_by("pk").values_list("hash_epoch", flat=True)) == [0, 1]
        assert User.objects.values("name").distinct().count() == 2
