"""The rules over the whole fleet: what they would do, and the runs that do it in chunks."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.core.jobs import JobState, Runner
from apps.core.scope import Scope
from apps.devices import classification, locating
from apps.devices.choices import RunPurpose
from apps.devices.models import ClassificationRun, Device
from apps.organization import fleet
from apps.organization.choices import RuleFact
from apps.organization.classification import Rule
from apps.organization.fleet import Mover, Preview, Progress
from apps.organization.models import Entity
from apps.organization.querysets import classifier_of

CHUNK = 1_000  # devices of one transaction
PAGE = 50  # devices of one page of a preview


class Machines:
    """What the organisation asks of the devices."""

    def preview(self, rules: Sequence[Rule], scope: Scope, page: int) -> Preview:
        """Return what the rules would do to the devices that the caller sees.

        page: of the devices that would move, from 1. Writes nothing. Cost: 4 queries and 2 per
        CHUNK devices; about a second for 20,000 devices.
        """
        classifier = classifier_of(rules)
        places = {id(rule): place for place, rule in enumerate(rules)}
        unclassified_id = Entity.objects.unclassified().pk
        by_rule: Counter[int] = Counter()
        moves: Counter[tuple[int, int]] = Counter()
        shown: list[tuple[int, int]] = []
        devices = unmatched = pinned = moving = 0
        for rows in _chunks(scope):
            old = {row["id"]: row["entity_id"] for row in rows}
            held = {row["id"] for row in rows if row["is_entity_pinned"]}
            devices, pinned = devices + len(rows), pinned + len(held)
            free = [row for row in rows if row["id"] not in held]
            for decision in classification.decide(free, classifier, unclassified_id):
                if decision.rule is None:
                    unmatched += 1
                else:
                    by_rule[places[id(decision.rule)]] += 1
                before = old[decision.device_id]
                if before != decision.entity_id:
                    moves[before, decision.entity_id] += 1
                    if (page - 1) * PAGE <= moving < page * PAGE:
                        shown.append((decision.device_id, decision.entity_id))
                    moving += 1
        return Preview(
            devices=devices,
            by_rule=by_rule,
            unmatched=unmatched,
            pinned=pinned,
            moves=dict(moves.most_common()),
            movers=_movers(shown),
            has_more=moving > page * PAGE,
        )

    def hides(self, rules: Sequence[Rule], scope: Scope) -> bool:
        """Return whether rules read of devices what is hidden from a caller. Cost: no query."""
        read = {part.fact for rule in rules for part in rule.conditions}
        columns = {**classification.FACTS_OF_COLUMNS, "collector_local_ip": RuleFact.LOCAL_ADDRESS}
        return any(fact in read and scope.may_hide(Device, name) for name, fact in columns.items())

    def begin(self, actor: Account | None, now: datetime) -> None:
        """Have the fleet classified; a run under way begins anew, by the rules of now."""
        begin(RunPurpose.ENTITIES, actor, now)

    def progress(self) -> Progress | None:
        """Return how far the last run is. Cost: 1 query."""
        return progress(RunPurpose.ENTITIES)


fleet.register(Machines())


def begin(purpose: RunPurpose, actor: Account | None, now: datetime) -> None:
    """Have the whole fleet looked at; a run of the purpose under way begins anew. Cost: 3 queries."""
    runs = ClassificationRun.objects
    runs.open().filter(purpose=purpose).update(state=JobState.REPLACED, finished_at=now)
    runs.create(purpose=purpose, total=Device.objects.count(), author=actor, created_at=now)


def progress(purpose: RunPurpose) -> Progress | None:
    """Return how far the last run of a purpose is, None where there was none. Cost: 1 query."""
    run = ClassificationRun.objects.filter(purpose=purpose).order_by("-pk").first()
    if run is None:
        return None
    label = str(JobState(run.state).label)
    return Progress(run.state, label, run.done, run.total, run.moved, run.created_at)


def run_open() -> int:
    """Carry on the open runs; return how many devices were looked at. See `core.jobs.Runner`."""
    return RUNNER.run_open()


def _advance(run: ClassificationRun, now: datetime) -> int:
    """Look at the next devices; 0 at the end. Cost: 14 queries at most."""
    after = Device.objects.filter(pk__gt=run.last_device_id).order_by("pk")
    device_ids = list(after.values_list("pk", flat=True)[:CHUNK])
    if not device_ids:
        return 0
    if run.purpose == RunPurpose.SITES:
        run.moved += locating.locate(device_ids=device_ids, now=now)
    else:
        run.moved += classification.classify(
            device_ids=device_ids, classifier=classification.present(), now=now
        )
    run.done, run.last_device_id = run.done + len(device_ids), device_ids[-1]
    return len(device_ids)


_CODES = {
    RunPurpose.ENTITIES: AuditCode.FLEET_CLASSIFIED,
    RunPurpose.SITES: AuditCode.FLEET_LOCATED,
}


def _finish(run: ClassificationRun, now: datetime) -> None:
    if run.author_id is None and not run.moved:
        return  # each night
    audit.record(
        code=_CODES[RunPurpose(run.purpose)],
        object_kind="classification_run",
        object_id=str(run.pk),
        detail={"devices": run.done, "moved": run.moved},
        at=now,
    )


RUNNER = Runner(
    "devices.classify_fleet",
    ClassificationRun,
    _advance,
    _finish,
    columns=("moved", "last_device_id"),
)


def _chunks(scope: Scope) -> Iterator[list[dict[str, Any]]]:
    """Yield the devices that a caller sees, as values."""
    rows = Device.objects.permitted_to(scope).order_by("pk")
    values = rows.values("id", "entity_id", "is_entity_pinned", *classification.COLUMNS)
    found = values.iterator(chunk_size=CHUNK)
    while chunk := list(islice(found, CHUNK)):
        yield chunk


def _movers(shown: Sequence[tuple[int, int]]) -> list[Mover]:
    found = Device.objects.in_bulk([device_id for device_id, _entity_id in shown])
    return [
        Mover(found[device_id], found[device_id].entity_id, entity_id)
        for device_id, entity_id in shown
        if device_id in found
    ]
