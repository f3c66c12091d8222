"""Whatever comes to the doors for collectors: never a 5xx, never a half-stored batch.

DEX_FUZZ_EXAMPLES sets the number of examples of each test, for a soak.
"""

import base64
import gzip
import json
import os
from datetime import datetime
from typing import Any

import pytest
import zstandard
from django.db import connection
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from apps.events import kinds
from apps.events.models import ReceivedBatch
from dex import limits
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    Machine,
    boot,
    collector_of,
    configure,
    execution,
    login,
    make_key,
    make_machine,
    performance,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

EXAMPLES = int(os.environ.get("DEX_FUZZ_EXAMPLES", "40"))
fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.differing_executors,  # a soak runs each test many times; all runs are alike
    ],
    print_blob=True,
)
UNLIMITED = dict.fromkeys(
    (name for name in limits.LIMITS if name.startswith("collector.")),
    "1000000000/s",
)

# What has broken such code before, beside what hypothesis finds.
nasty: st.SearchStrategy[Any] = st.sampled_from(
    [
        "\x00", "a\x00b", "\ud800", "\u202e", "", " ", "\n", "a" * 300, "ä" * 256, "h:", "\\", "a\\",
        2**63 - 1, 2**63, 2**64, 2**70, -1, -(2**63), 1e15, 1e308, 1e-320, 0.1, 0, -0.0, True, None, [], {},
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-03-02T11:00:00+14:00",
        "2026-03-02T11:00:00-23:59", "2026-02-30T00:00:00Z", "2026-03-02T24:00:00Z", "2026-03-02T11:00:60Z",
        "999.1.1.1", "0" * 32 + "\n", "soffice.bin", "domain_user", "x" * 64, "0" * 64,
    ]
)  # fmt: skip
json_values = st.recursive(
    nasty | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
paths = st.lists(st.integers(0, 40), min_size=1, max_size=5)
encodings = st.sampled_from(["", "identity", "gzip", "zstd", "br", "GZIP", "\x7f", "gzip,zstd"])


def base_batch() -> dict[str, Any]:
    """Return a batch with something of everything."""
    part = {"hash": "1" * 64, "full": True}
    return {
        "protocol": 1,
        "epoch": "6f1c2a549d0e4b57",
        "sequence": 1,
        "boot_id": "boot",
        "collector_version": "0.1.0",
        "configuration_version": 1,
        "device_clock": "2026-03-02T12:00:00Z",
        "monotonic_ms": 1,
        "round_trip_ms": 1,
        "dropped": {"device_performance.events": 1},
        "events": [
            boot(duration_ms=1, type="full_boot", is_update_boot=False),
            performance(),
            performance("2026-03-01T11:55:00Z", used_memory_bytes={"sum": 1, "count": 1, "min": 1, "max": 1}),
            execution(focus_time_ms={"sum": 1}, memory_bytes={"sum": 1, "count": 1, "min": 1, "max": 1}),
            login(session_id="1", logon_type="interactive", time_until_desktop_is_ready_ms=1),
        ],
        "users": ADA_ROSSI,
        "binaries": SOFFICE,
        "inventory": [
            {**part, "part": "hardware", "fields": {"type": "laptop", "memory_bytes": 1, "firmware_version": "1.2"}},
            {**part, "part": "operating_system", "fields": {"platform": "linux", "host_name": "a", "version": "1"}},
            {**part, "part": "disks", "items": [{"name": "sda", "size_bytes": 1}]},
            {"part": "volumes", "hash": "2" * 64, "base": "2" * 64, "full": False, "add": [], "remove": []},
        ],
    }  # fmt: skip


def mutated(content: Any, path: list[int], value: Any) -> Any:
    """Return `content` with `value` in the place to which `path` leads, a number a level."""
    if not path or not isinstance(content, dict | list) or not content:
        return value
    keys = list(content) if isinstance(content, dict) else list(range(len(content)))
    key = keys[path[0] % len(keys)]
    changed = mutated(content[key], path[1:], value)
    return (
        {**content, key: changed}
        if isinstance(content, dict)
        else [*content[:key], changed, *content[key + 1 :]]
    )


mutations = st.lists(st.tuples(paths, json_values), min_size=1, max_size=4)


def changed(content: Any, changes: list[tuple[list[int], Any]]) -> bytes:
    """Return the body of `content` after all changes."""
    for path, value in changes:
        content = mutated(content, path, value)
    return json.dumps(content).encode()


def rows(*, of_server: bool = True) -> int:
    """Return how many event rows there are. of_server: those that it makes itself count too."""
    own = {kind.model for kind in kinds.registered() if kind.is_derived}
    models = [model for model, _ in kinds.event_models() if of_server or model not in own]
    union = " UNION ALL ".join(f"SELECT 1 FROM {model._meta.db_table}" for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({union}) found")
        return int(cursor.fetchone()[0])


def empty() -> None:
    """Forget all batches."""
    with connection.cursor() as cursor:
        for model, _ in kinds.event_models():
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
    ReceivedBatch.objects.all().delete()


def check_stored_as_a_whole(machine: Machine, body: bytes, **headers: str) -> None:
    """Post a body, twice; it is stored whole and once, or not at all."""
    empty()
    first = post(machine, body, **headers)
    sent, stored = rows(of_server=False), rows()
    second = post(machine, body, **headers)

    assert first.status_code < 500, first.content
    assert (first.status_code == 202) == ReceivedBatch.objects.exists()
    assert sent == (first.json()["accepted"] if first.status_code == 202 else 0)
    assert (second.status_code, rows()) == (first.status_code, stored)


def post(machine: Machine, body: bytes, **headers: str) -> Any:
    """Post a body as JSON."""
    return machine.client.post(
        "/collector/v1/events", body, content_type="application/json", headers=headers
    )


@pytest.fixture
def machine(db: None, fixed_clock: datetime) -> Any:
    """Return an enrolled machine that no limit holds back."""
    with override_settings(DEX_LIMITS=UNLIMITED):
        yield make_machine()


class TestEvents:
    @fuzz
    @given(changes=mutations)
    def test_of_a_batch_with_wrong_members(self, machine: Machine, changes: Any) -> None:
        check_stored_as_a_whole(machine, changed(base_batch(), changes))

    @fuzz
    @given(number=st.integers(0, 4), path=paths, value=json_values)
    def test_of_a_batch_with_one_wrong_record(
        self, machine: Machine, number: int, path: list[int], value: Any
    ) -> None:
        batch = base_batch()
        batch["events"][number] = mutated(batch["events"][number], path, value)

        check_stored_as_a_whole(machine, json.dumps(batch).encode())

    @fuzz
    @given(
        member=st.sampled_from(["inventory", "users", "binaries"]), path=paths, value=json_values
    )
    def test_of_a_batch_with_a_wrong_part_or_entry(
        self, machine: Machine, member: str, path: list[int], value: Any
    ) -> None:
        batch = base_batch()
        batch[member] = mutated(batch[member], path, value)

        check_stored_as_a_whole(machine, json.dumps(batch).encode())

    @fuzz
    @given(value=json_values)
    def test_of_any_json(self, machine: Machine, value: Any) -> None:
        check_stored_as_a_whole(machine, json.dumps(value).encode())

    @fuzz
    @given(body=st.binary(max_size=300), encoding=encodings)
    def test_of_any_bytes(self, machine: Machine, body: bytes, encoding: str) -> None:
        check_stored_as_a_whole(machine, body, **{"Content-Encoding": encoding})

    @fuzz
    @given(
        cut=st.integers(0, 2_000),
        at=st.integers(0, 5_000),
        byte=st.integers(0, 255),
        encoding=encodings,
    )
    def test_of_a_damaged_body(
        self, machine: Machine, cut: int, at: int, byte: int, encoding: str
    ) -> None:
        plain = json.dumps(base_batch()).encode()
        packed = {"gzip": gzip.compress(plain), "zstd": zstandard.compress(plain)}
        body = bytearray(packed.get(encoding, plain))
        body[at % len(body)] = byte

        check_stored_as_a_whole(
            machine, bytes(body[: len(body) - cut % 50]), **{"Content-Encoding": encoding}
        )


class TestEnrolment:
    @fuzz
    @given(changes=mutations)
    def test_of_a_request_with_wrong_members(self, machine: Machine, changes: Any) -> None:
        other = Machine()
        body = changed(other.enrolment_body("dexk-x-y"), changes)

        signature = base64.b64encode(other.private_key.sign(b"dex-enrol-v1\0" + body)).decode()
        response = APIClient().post(
            "/collector/v1/enrol",
            body,
            content_type="application/json",
            headers={"Dex-Signature": signature},
        )

        assert response.status_code < 500, response.content

    @fuzz
    @given(name=st.text(max_size=260) | nasty, version=st.text(max_size=70) | nasty)
    def test_of_any_names(self, machine: Machine, name: Any, version: Any) -> None:
        response = Machine().enrol(make_key(), host_name=name, collector_version=version)

        assert response.status_code in (201, 422), response.content

    @fuzz
    @given(body=st.binary(max_size=200), signature=st.text(max_size=90))
    def test_of_any_bytes(self, machine: Machine, body: bytes, signature: str) -> None:
        response = APIClient().post(
            "/collector/v1/enrol",
            body,
            content_type="application/json",
            headers={"Dex-Signature": signature},
        )

        assert response.status_code < 500


class TestToken:
    @fuzz
    @given(nonce=json_values, signature=st.text(max_size=90))
    def test_of_any_nonce(self, machine: Machine, nonce: Any, signature: str) -> None:
        body = {"collector_id": str(collector_of(machine).uid), "nonce": nonce}

        answers = [
            machine.signed("/collector/v1/token", b"dex-token-v1\0", body),
            machine.client.post(
                "/collector/v1/token",
                json.dumps(body),
                content_type="application/json",
                headers={"Dex-Signature": signature},
            ),
        ]

        assert all(answer.status_code < 500 for answer in answers)
        assert nonce is None or all(answer.status_code in (401, 422) for answer in answers)

    @fuzz
    @given(value=json_values)
    def test_of_any_json(self, machine: Machine, value: Any) -> None:
        response = machine.client.post(
            "/collector/v1/token", json.dumps(value), content_type="application/json"
        )

        assert response.status_code in (401, 422)


class TestCheckIn:
    @fuzz
    @given(
        fingerprints=st.text(max_size=100) | json_values.map(json.dumps),
        version=st.text(max_size=100),
        etag=st.text(max_size=50),
    )
    def test_of_any_headers(
        self, machine: Machine, fingerprints: str, version: str, etag: str
    ) -> None:
        response = machine.check_in(
            **{
                "Dex-Fingerprints": fingerprints,
                "Dex-Collector-Version": version,
                "If-None-Match": etag,
            }
        )

        assert response.status_code in (200, 422), response.content

    @fuzz
    @given(token=st.text(max_size=60), path=st.sampled_from(["check-in", "events", "enrolment"]))
    def test_of_any_token(self, machine: Machine, token: str, path: str) -> None:
        client = APIClient()
        headers = {"Authorization": f"Bearer {token}"}

        answers = [
            client.get(f"/collector/v1/{path}", headers=headers),
            client.post(f"/collector/v1/{path}", b"", content_type="x", headers=headers),
            client.delete(f"/collector/v1/{path}", headers=headers),
        ]

        assert all(answer.status_code in (401, 405, 415) for answer in answers)


def test_the_unchanged_batch_is_good(machine: Machine) -> None:
    configure(focus_time="on")

    response = post(machine, json.dumps(base_batch()).encode())

    assert response.json()["accepted"] == 5
    assert response.json()["refused"] == []
    assert response.json()["need_full"] == ["volumes"]


def test_a_batch_that_changes_the_device_is_stored_as_a_whole(machine: Machine) -> None:
    post(machine, json.dumps(base_batch()).encode())
    batch = base_batch()
    batch["inventory"][0] |= {"hash": "3" * 64}
    batch["inventory"][0]["fields"] |= {"memory_bytes": 2}

    check_stored_as_a_whole(machine, json.dumps(batch).encode())

    assert rows() == rows(of_server=False) + 1  # the change, which the server tells
