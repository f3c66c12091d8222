"""Who describes a program: the most devices, whoever came first."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.binaries import tasks, upkeep
from apps.binaries.models import Binary, BinaryClaim
from apps.binaries.services import claims
from apps.events import dimensions
from apps.events.models import UpkeepRun
from tests.conftest import NOW
from tests.factories.collectors import ADA_ROSSI, Machine, execution, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

SHA = "ab" * 32
HONEST = {"name": "soffice.bin", "version": "25.8", "sha256": SHA, "company": "TDF", "size": 7}
FORGED = {"name": "keylogger", "version": "6", "sha256": SHA, "company": "Evil", "size": 8}


def tell(*entries: dict[str, Any], machine: Machine | None = None) -> None:
    """Have a new machine, or this one, describe one program."""
    sender = machine or make_machine()
    for entry in entries:
        answer = sender.send(execution(), users=ADA_ROSSI, binaries={"7": entry})
        assert answer.json()["refused"] == []


def settled() -> Binary:
    """Return the program as it is described afterwards."""
    upkeep.describe_binaries(now=NOW)
    return Binary.objects.get()


class TestDescription:
    def test_is_that_of_the_first_until_others_speak(self) -> None:
        tell(FORGED)

        assert settled().name == "keylogger"

    def test_is_that_of_the_most_devices(self) -> None:
        tell(FORGED)
        tell(HONEST)
        tell(HONEST)

        binary = settled()

        assert (binary.name, binary.company, binary.size_bytes) == ("soffice.bin", "TDF", 7)
        assert (binary.version, binary.version_key) == ("25.8", [25, 8])

    def test_counts_a_device_once_however_often_it_speaks(self) -> None:
        loud = make_machine()
        tell(HONEST)
        tell(HONEST)

        tell(*(FORGED | {"description": str(number)} for number in range(5)), machine=loud)

        assert settled().name == "soffice.bin"

    def test_changes_when_the_majority_does(self) -> None:
        tell(FORGED)
        upkeep.describe_binaries(now=NOW)
        tell(HONEST)
        tell(HONEST)

        assert settled().name == "soffice.bin"

    def test_keeps_the_older_words_of_two_with_equal_support(self) -> None:
        tell(HONEST)
        tell(FORGED)

        assert settled().name == "soffice.bin"

    def test_is_filled_by_who_knows_more(self) -> None:
        bare = {"name": "soffice.bin", "sha256": SHA}
        tell(bare)
        tell(bare)
        tell(HONEST | {"md5": "a" * 32, "sha1": "b" * 40, "product_name": "LibreOffice"})

        binary = settled()

        assert (binary.version, binary.company, binary.product_name) == (
            "25.8",
            "TDF",
            "LibreOffice",
        )
        assert (binary.md5_hash, binary.sha1_hash, binary.sha256_hash) == ("a" * 32, "b" * 40, SHA)

    def test_knows_whether_it_has_a_window(self) -> None:
        tell(HONEST | {"has_user_interface": True})
        tell(HONEST | {"has_user_interface": False})
        tell(HONEST | {"has_user_interface": False})

        assert settled().has_user_interface is False

    def test_leaves_alone_what_administrators_say(self) -> None:
        tell(FORGED)
        Binary.objects.update(product_category="Office")
        tell(HONEST)
        tell(HONEST)

        assert settled().product_category == "Office"

    def test_is_written_once(self) -> None:
        tell(HONEST)
        settled()
        tell(FORGED)
        first = upkeep.describe_binaries(now=NOW)

        second = upkeep.describe_binaries(now=NOW)

        assert first is not None
        assert second is not None
        assert (first.counts["binaries_described"], second.counts["binaries_described"]) == (0, 0)
        assert not BinaryClaim.objects.filter(is_settled=False).exists()

    def test_keeps_no_more_words_than_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(claims, "CLAIMS_KEPT", 2)
        loud = make_machine()
        tell(HONEST)
        tell(HONEST)
        tell(*(FORGED | {"description": str(number)} for number in range(5)), machine=loud)

        run = upkeep.describe_binaries(now=NOW)

        assert run is not None
        assert run.counts["descriptions_removed"] == 4
        assert "soffice.bin" in [claim.facts["name"] for claim in BinaryClaim.objects.all()]

    def test_keeps_no_device(self) -> None:
        tell(HONEST)

        assert {field.name for field in BinaryClaim._meta.concrete_fields} == {
            "id",
            "binary",
            "digest",
            "facts",
            "marks",
            "is_settled",
        }
        assert BinaryClaim.objects.get().marks.bit_count() == 1

    def test_is_what_the_task_writes(self) -> None:
        tell(HONEST)

        tasks.describe_binaries(of_a_newer_version=True)

        assert UpkeepRun.objects.get().task == "binaries.describe_binaries"


class TestHear:
    def hear(self, device_id: int, binary_id: int) -> int:
        """Have a device describe a binary; return the number of queries."""
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            claims.hear(device_id, {"i": {"name": "a", "version": "1"}}, {"i": binary_id})
        return len([q for q in queries if "binaryclaim" in q["sql"]])

    def test_asks_nothing_for_what_it_heard(self, django_capture_on_commit_callbacks: Any) -> None:
        tell(HONEST)
        binary_id = Binary.objects.get().pk
        with django_capture_on_commit_callbacks(execute=True):
            first = self.hear(1, binary_id)

        again = self.hear(1, binary_id)
        other = self.hear(2, binary_id)
        same_group = self.hear(1 + dimensions.GROUPS, binary_id)

        assert (first, again, other, same_group) == (2, 0, 2, 0)

    def test_reads_what_other_processes_heard(
        self, django_capture_on_commit_callbacks: Any
    ) -> None:
        tell(HONEST)
        binary_id = Binary.objects.get().pk
        self.hear(1, binary_id)
        self.hear(2, binary_id)
        claims.forget()
        with django_capture_on_commit_callbacks(execute=True):
            first = self.hear(1, binary_id)

        assert (first, self.hear(2, binary_id)) == (1, 0)

    def test_notes_nothing_of_what_was_purged(self) -> None:
        self.hear(1, 4_711)

        assert BinaryClaim.objects.count() == 0


class TestOther:
    def test_stands_for_small_programs_of_one_platform(self) -> None:
        tell({"name": "other"})
        tell({"name": "other"})
        tell({"name": "other", "platform": "windows"})

        platforms = {row.platform: row.is_other for row in Binary.objects.all()}
        assert platforms == {"linux": True, "windows": True}

    @pytest.mark.parametrize("more", [{"size": 0}, {"sha256": SHA, "size": 1}, {"version": "1"}])
    def test_is_no_file_of_that_name(self, more: dict[str, Any]) -> None:
        tell({"name": "other"}, {"name": "other", **more})

        assert sorted(row.is_other for row in Binary.objects.all()) == [False, True]

    def test_is_not_described_by_who_calls_itself_so(self) -> None:
        tell({"name": "/home/ada/other"})

        binary = Binary.objects.get()
        assert (binary.name, "ada" in str(vars(binary))) == ("other", False)
