"""Binaries as batches name them."""

from typing import Any

import pytest

from apps.binaries.models import Binary, ExecutionSample
from tests.factories.collectors import ADA_ROSSI, execution, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

SHA = "ab" * 32


def send(*entries: dict[str, Any]) -> Any:
    """Send an execution of each entry from one machine."""
    numbers = range(1, len(entries) + 1)
    records = [execution() | {"binary": number} for number in numbers]
    dictionary = {str(number): entry for number, entry in zip(numbers, entries, strict=True)}
    return make_machine().send(*records, users=ADA_ROSSI, binaries=dictionary)


class TestBinaryEntry:
    def test_keeps_what_was_told(self) -> None:
        send({"name": "soffice.bin", "version": "24.2-rc1", "sha256": SHA, "size": 5})

        binary = Binary.objects.get()
        assert (binary.name, binary.version, binary.version_key) == (
            "soffice.bin",
            "24.2-rc1",
            [24, 2, 1],
        )
        assert (binary.sha256_hash, binary.size_bytes, binary.platform) == (SHA, 5, "linux")

    def test_is_known_by_its_content(self) -> None:
        send({"name": "a", "sha256": SHA}, {"name": "b", "sha256": SHA})

        assert Binary.objects.count() == 1
        assert ExecutionSample.objects.count() == 2

    @pytest.mark.parametrize(
        ("other", "number"),
        [
            ({"name": "a", "version": "1", "size": 5}, 1),
            ({"name": "a", "version": "2", "size": 5}, 2),
            ({"name": "a", "version": "1", "size": 6}, 2),
            ({"name": "a", "version": "1"}, 2),
            ({"name": "b", "version": "1", "size": 5}, 2),
        ],
    )
    def test_is_else_known_by_name_size_and_version(
        self, other: dict[str, Any], number: int
    ) -> None:
        send({"name": "a", "version": "1", "size": 5}, other)

        assert Binary.objects.count() == number

    def test_is_not_mixed_up_by_where_a_name_ends(self) -> None:
        send({"name": "a", "version": "1"}, {"name": "a1", "version": ""})

        assert Binary.objects.count() == 2

    @pytest.mark.parametrize(
        ("entry", "pointer"),
        [
            ({"name": ""}, "/binaries/1/name"),
            ({"name": "a\x00b"}, "/binaries/1/name"),
            ({"name": "a" * 256}, "/binaries/1/name"),
            ({"name": "a", "sha256": "AB" * 32}, "/binaries/1/sha256"),
            ({"name": "a", "sha256": SHA + "\n"}, "/binaries/1/sha256"),
            ({"name": "a", "size": -1}, "/binaries/1/size"),
            ({"name": "a", "size": 2**63}, "/binaries/1/size"),
            ({"name": "a", "path": "/home/ada/a"}, "/binaries/1/path"),
            ({}, "/binaries/1"),
        ],
    )
    def test_that_is_wrong_refuses_the_records_that_name_it(
        self, entry: dict[str, Any], pointer: str
    ) -> None:
        response = send(entry, {"name": "good"})

        [refusal] = response.json()["refused"]
        assert (refusal["index"], refusal["pointer"]) == (0, pointer)
        assert ExecutionSample.objects.get().binary.name == "good"

    def test_padded_with_space_is_the_same(self) -> None:
        machine = make_machine()
        body = b'{"protocol":1,"epoch":"00000000","sequence":%d,"events":[%s],"binaries":{"7":%s}}'
        record = (
            b'{"kind":"execution.events","bucket":"2026-03-02T11:30:00Z","bucket_s":900,'
            b'"binary":7,"metrics":{"cpu_time_ms":{"sum":1}}}'
        )
        entries = [b'{"name":"a"}', b'{"name":"a"' + b" " * 20_000 + b"}"]

        [
            machine.client.post(
                "/collector/v1/events",
                body % (number, record, entry),
                content_type="application/json",
            )
            for number, entry in enumerate(entries)
        ]

        assert Binary.objects.count() == 1
        assert ExecutionSample.objects.count() == 2


class TestExecutionRecord:
    def test_keeps_its_visibility_in_the_key(self) -> None:
        machine = make_machine()
        shown = execution() | {"fields": {"highest_process_visibility": "foreground"}}

        machine.send(shown, execution(), users=ADA_ROSSI, binaries={"7": {"name": "a"}})

        rows = ExecutionSample.objects.order_by("id")
        assert [row.highest_process_visibility for row in rows] == ["foreground", None]

    @pytest.mark.parametrize("seconds", [0, 60, 300, 901, "900"])
    def test_takes_no_other_bucket_length(self, seconds: Any) -> None:
        record = execution() | {"bucket_s": seconds}

        response = make_machine().send(record, users=ADA_ROSSI, binaries={"7": {"name": "a"}})

        [refusal] = response.json()["refused"]
        assert refusal["pointer"] == "/events/0/bucket_s"
