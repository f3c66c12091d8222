"""What devices say of binaries: the words of the most devices describe one.

A binary is known by its content, but who sends a hash may send any name with it. So ingest only
notes who says what, in words that are new to it, and `settle_claims` chooses now and then.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, transaction

from apps.binaries.models import Binary, BinaryClaim
from apps.devices.versions import version_key
from apps.events.dimensions import group_of

FACTS = (
    "name",
    "version",
    "platform",
    "architecture",
    "size_bytes",
    "md5_hash",
    "sha1_hash",
    "sha256_hash",
    "company",
    "description",
    "product_name",
    "has_user_interface",
)
CLAIMS_KEPT = 20  # of one binary; who forges words must not fill the table
CLAIMS_AT_ONCE = 1_000  # settled in one transaction
KNOWN_LIMIT = 100_000  # descriptions of one process

Key = tuple[Any, ...]  # id of the binary and its facts

_known: dict[Key, int] = {}  # marks of a description, as far as this process knows

_READ = f"""
SELECT binary_id, digest, marks FROM {BinaryClaim._meta.db_table}
WHERE binary_id = ANY(%(binaries)s) AND digest = ANY(%(digests)s)
"""
# Of a binary that was purged meanwhile nothing is noted.
_NOTE = f"""
INSERT INTO {BinaryClaim._meta.db_table} AS claim (binary_id, digest, facts, marks, is_settled)
SELECT told.binary_id, told.digest, told.facts::jsonb, %(mark)s, false
FROM unnest(%(binaries)s::bigint[], %(digests)s::text[], %(facts)s::text[])
        AS told (binary_id, digest, facts)
    JOIN {Binary._meta.db_table} AS known ON known.id = told.binary_id
ORDER BY told.binary_id, told.digest
ON CONFLICT (binary_id, digest) DO UPDATE
    SET marks = claim.marks | excluded.marks, is_settled = false
"""


def hear(device_id: int, rows: Mapping[str, Mapping[str, Any]], ids: Mapping[str, int]) -> None:
    """Note how a device describes binaries.

    rows, ids: columns and id by identity. Cost: no query where this process knows that one of the
    device's group said the same, else 1, and 1 more where none did.
    """
    mark = 1 << group_of(device_id)
    said: dict[Key, str] = {}
    for identity, row in rows.items():
        key = (ids[identity], *(row.get(name) for name in FACTS))
        if not _known.get(key, 0) & mark:
            said[key] = _digest(key)
    if said:
        _note(said, mark)


def settle_claims() -> dict[str, int]:
    """Describe each binary of which something new was said by what most devices say of it.

    Cost: 4 to 6 queries for each 1,000 descriptions.
    """
    described = removed = 0
    while True:
        with transaction.atomic():
            binary_ids = _take()
            described += _describe(binary_ids)
            removed += _forget_rare(binary_ids)
        if not binary_ids:
            return {"binaries_described": described, "descriptions_removed": removed}


def chosen(claims: Iterable[tuple[Mapping[str, Any], int]]) -> dict[str, Any]:
    """Return for each fact the value that the most devices tell.

    claims: facts and marks, oldest first; of two values with equal support the older one counts.
    A blank is no value: whoever knows more fills it.
    """
    facts = list(claims)
    return {name: _most_told((said.get(name), marks) for said, marks in facts) for name in FACTS}


def forget() -> None:
    """Forget what this process has heard."""
    _known.clear()


def _note(said: Mapping[Key, str], mark: int) -> None:
    """Note descriptions that are new, or new from this group of devices."""
    told = {(key[0], digest): key for key, digest in said.items()}
    params = {"binaries": [key[0] for key in said], "digests": list(said.values())}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_READ, params)
        marks = {row[:2]: row[2] for row in cursor.fetchall() if row[:2] in told}
        new = sorted(found for found in told if not marks.get(found, 0) & mark)
        if new:
            facts = [json.dumps(_facts(told[found])) for found in new]
            binaries, digests = zip(*new, strict=True)
            cursor.execute(
                _NOTE,
                {"binaries": list(binaries), "digests": list(digests), "facts": facts}
                | {"mark": mark},
            )
    fresh = {key: marks.get(found, 0) | mark for found, key in told.items()}
    transaction.on_commit(lambda: _remember(fresh))


def _remember(fresh: Mapping[Key, int]) -> None:
    if len(_known) > KNOWN_LIMIT:
        _known.clear()
    for key, marks in fresh.items():
        _known[key] = _known.get(key, 0) | marks


def _take() -> list[int]:
    """Return the binaries of which something new was said; from now on it counts as settled.

    What is said meanwhile waits for the lock of its row, and then opens it again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {BinaryClaim._meta.db_table} SET is_settled = true WHERE id IN (
                SELECT id FROM {BinaryClaim._meta.db_table} WHERE NOT is_settled
                ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
            ) RETURNING binary_id
            """,
            [CLAIMS_AT_ONCE],
        )
        return sorted({binary_id for (binary_id,) in cursor.fetchall()})


def _describe(binary_ids: Sequence[int]) -> int:
    """Write what most devices say of binaries; return how many changed."""
    if not binary_ids:
        return 0
    claims: dict[int, list[tuple[Mapping[str, Any], int]]] = {pk: [] for pk in binary_ids}
    rows = BinaryClaim.objects.filter(binary_id__in=binary_ids).order_by("pk")
    for binary_id, facts, marks in rows.values_list("binary_id", "facts", "marks"):
        claims[binary_id].append((facts, marks))
    # In the order of their keys, as ingest touches them: no two can deadlock.
    binaries = Binary.objects.filter(pk__in=binary_ids).order_by("pk")
    changed = [
        binary
        for binary in binaries.select_for_update(no_key=True)
        if _is_changed(binary, chosen(claims[binary.pk]))
    ]
    if changed:
        Binary.objects.bulk_update(changed, [*FACTS, "version_key"])
    return len(changed)


def _is_changed(binary: Binary, facts: Mapping[str, Any]) -> bool:
    """Give a binary its description; return whether it had another."""
    told = {name: value for name, value in facts.items() if not _is_blank(value)}
    before = {name: getattr(binary, name) for name in told}
    if before == told:
        return False
    for name, value in told.items():
        setattr(binary, name, value)
    binary.version_key = version_key(binary.version)
    return True


def _forget_rare(binary_ids: Sequence[int]) -> int:
    """Remove the descriptions beyond those that most devices give."""
    if not binary_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM {BinaryClaim._meta.db_table} WHERE id IN (
                SELECT id FROM (
                    SELECT id, row_number() OVER (
                        PARTITION BY binary_id ORDER BY bit_count(marks::bit(64)) DESC, id
                    ) AS place
                    FROM {BinaryClaim._meta.db_table} WHERE binary_id = ANY(%s)
                ) ranked WHERE place > %s
            )
            """,
            [list(binary_ids), CLAIMS_KEPT],
        )
        return int(cursor.rowcount)


def _most_told(values: Iterable[tuple[Any, int]]) -> Any:
    marks: dict[Any, int] = {}
    for value, mark in values:
        if not _is_blank(value):
            marks[value] = marks.get(value, 0) | mark
    return max(marks, key=lambda value: marks[value].bit_count(), default=None)


def _is_blank(value: Any) -> bool:
    return value is None or value == ""


def _facts(key: Key) -> dict[str, Any]:
    return dict(zip(FACTS, key[1:], strict=True))


def _digest(key: Key) -> str:
    return hashlib.sha256(json.dumps(key[1:]).encode()).hexdigest()
