"""Pseudonyms of user names, against the golden vector of the specification."""

import pytest

from apps.users import hashing

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
