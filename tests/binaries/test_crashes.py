"""Crashes of programs as batches tell them."""

from typing import Any

import pytest

from apps.binaries.models import ExecutionCrash
from apps.binaries.paths import cut_home, file_name
from apps.collectors.models import RefusalCount
from tests.conftest import NOW
from tests.factories.collectors import ADA_ROSSI, SOFFICE, configure, make_machine
from tests.factories.programs import crash

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


def send(*records: dict[str, Any]) -> Any:
    """Send crashes of one program."""
    return make_machine().send(*records, users=ADA_ROSSI, binaries=SOFFICE)


class TestCrash:
    def test_keeps_what_was_told(self) -> None:
        answer = send(
            crash(
                number_of_crashes=3,
                crash_on_start=True,
                process_visibility="foreground",
                kind="hang_terminated",
                binary_path_root="opt",
                error_code="SIGSEGV",
                module_name="libmerged.so",
            )
        )

        row = ExecutionCrash.objects.select_related("binary", "user").get()
        assert answer.json()["refused"] == []
        assert (row.occurred_at, row.binary.name) == (
            NOW.replace(hour=11, minute=31),
            "soffice.bin",
        )
        assert (row.user.name, row.number_of_crashes) == ("a.rossi@CORP", 3)
        assert (row.crash_on_start, row.process_visibility) == (True, "foreground")
        assert (row.kind, row.binary_path_root) == ("hang_terminated", "opt")
        assert (row.error_code, row.module_name) == ("SIGSEGV", "libmerged.so")

    def test_is_one_where_nobody_counted(self) -> None:
        send(crash())

        assert ExecutionCrash.objects.get().number_of_crashes == 1

    @pytest.mark.case("data-model.9")
    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"number_of_crashes": 0}, "number_of_crashes"),
            ({"number_of_crashes": 2**31}, "number_of_crashes"),
            ({"process_visibility": "system"}, "process_visibility"),
            ({"binary_path_root": "/home"}, "binary_path_root"),
            ({"kind": "suicide"}, "kind"),
            ({"command_line": "soffice secret.odt"}, "command_line"),
        ],
    )
    def test_that_is_wrong_is_refused_alone(self, fields: dict[str, Any], name: str) -> None:
        answer = send(crash(**fields), crash())

        [refusal] = answer.json()["refused"]
        assert (refusal["index"], refusal["pointer"]) == (0, f"/events/0/fields/{name}")
        assert ExecutionCrash.objects.count() == 1

    @pytest.mark.case("data-model.9")
    def test_of_no_program_or_of_the_future_is_refused(self) -> None:
        answer = send(crash() | {"binary": None}, crash("2026-03-02T14:00:00Z"))

        assert [refusal["code"] for refusal in answer.json()["refused"]] == ["invalid", "in_future"]


class TestPath:
    @pytest.mark.case("data-model.5")
    def test_is_dropped_where_its_root_is_enough(self) -> None:
        answer = send(crash(binary_path="/opt/tool/bin", binary_path_root="opt"))

        row = ExecutionCrash.objects.get()
        assert (row.binary_path, row.binary_path_root) == (None, "opt")
        assert answer.json()["dropped_by_configuration"] == 1
        assert RefusalCount.objects.get().code == "binary_paths"

    def test_is_kept_where_it_may_be(self) -> None:
        configure(binary_paths="full")

        answer = send(crash(binary_path="/opt/tool/bin"))

        assert ExecutionCrash.objects.get().binary_path == "/opt/tool/bin"
        assert answer.json()["dropped_by_configuration"] == 0

    def test_names_nobody_even_where_it_may_be_kept(self) -> None:
        configure(binary_paths="full")

        send(crash(binary_path="/home/ada/bin/tool", module_name="/home/ada/lib/x.so"))

        row = ExecutionCrash.objects.get()
        assert (row.binary_path, row.module_name) == ("~/bin/tool", "x.so")

    @pytest.mark.parametrize(
        ("path", "cut"),
        [
            ("/home/ada/bin/tool", "~/bin/tool"),
            ("/var/home/ada/tool", "~/tool"),
            ("/Users/ada/App.app/x", "~/App.app/x"),
            ("C:\\Users\\ada\\x.exe", "~\\x.exe"),
            ("c:/users/ada/x.exe", "~/x.exe"),
            ("\\\\?\\C:\\Users\\\\ada\\x.exe", "~\\x.exe"),
            ("\\Device\\HarddiskVolume3\\Users\\ada\\x.exe", "~\\x.exe"),
            ("C:\\Documents and Settings\\ada\\x.exe", "~\\x.exe"),
            ("/mnt/c/Users/ada/x.exe", "~/x.exe"),
            ("/srv/home/ada/home/ada/x", "~/x"),
            ("/run/media/ada/STICK/x", "~/STICK/x"),
            ("/home/ada", "~"),
            ("~/bin/tool", "~/bin/tool"),
            ("/usr/bin/tool", "/usr/bin/tool"),
            ("/homes/tool", "/homes/tool"),
            ("/opt/x\n/home/ada/x", "~/x"),
        ],
    )
    def test_is_cut_at_the_last_folder_of_a_person(self, path: str, cut: str) -> None:
        assert cut_home(path) == cut

    @pytest.mark.parametrize(
        ("path", "name"),
        [("a", "a"), ("/x/a", "a"), ("C:\\x\\a.dll", "a.dll"), ("x/", "x/")],
    )
    def test_ends_with_the_name_of_a_file(self, path: str, name: str) -> None:
        assert file_name(path) == name


class TestSwitch:
    @pytest.mark.case("data-model.5")
    def test_off_leaves_no_trace(self) -> None:
        make_machine()
        configure(executions="off")

        answer = send(crash())

        assert answer.json()["dropped_by_configuration"] == 1
        assert ExecutionCrash.objects.count() == 0
