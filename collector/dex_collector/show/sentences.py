"""Status and configuration in sentences, for the people it is about."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from dex_collector.clock import from_text
from dex_collector.configuration import LISTING, Configuration
from dex_collector.show.words import LABELS, configuration_lines, label, said
from dex_collector.spool import Spool

RUNS = "The collector runs."
STOPPED = "The collector does not run: nothing is measured or sent until it is started."
NO_CONFIGURATION = "Not enrolled: nothing is measured, and no configuration has come yet."


def status_sentences(
    spool: Spool, *, is_enrolled: bool, is_running: bool, now: datetime
) -> Iterator[str]:
    """Yield how it goes: running, enrolled, sent, waiting, lost, refused, and why nothing goes."""
    reason = spool.read("not_sending")
    yield RUNS if is_running else STOPPED
    if is_enrolled:
        yield f"Enrolled since {spool.read('enrolled_at')}."
    else:
        yield "Not enrolled: nothing is measured."
    last = spool.read("last_sent_at")
    yield (
        "Nothing was sent yet."
        if last is None
        else f"Last sent {ago(now - from_text(last))} ({last})."
    )
    batches, records = spool.sealed()
    yield _waiting(spool.waiting_records() + records, batches)
    lost = spool.lost()
    detail = ", ".join(f"{kind}: {number}" for kind, number in sorted(lost.items()))
    yield f"Lost since the enrolment: {detail}." if lost else "Nothing was lost."
    if refused := spool.read("counters", {}).get("records_refused"):
        yield f"The server refused {_records(refused)}."
    if reason:
        yield f"Not sending now: {reason}."
    elif is_enrolled and is_running:
        yield "Sending works."


def people_sentence(
    paused_until: str | None, *, measures_people: bool, is_work_time: bool
) -> str | None:
    """Return why nothing about people is measured now; None where it is."""
    if paused_until is not None:
        return f"Paused: what is about people is not measured until {paused_until}."
    if not measures_people:
        why = "on none of the company's networks" if is_work_time else "outside the work hours"
        return f"What is about people is not measured now: it is {why}."
    return None


def configuration_sentences(configuration: Configuration, restrictions: list[str]) -> Iterator[str]:
    """Yield what may be collected, with the names that the company's administrators use."""
    yield f"Configuration {configuration.version} is in force:"
    for name, (about, words) in zip(LABELS, configuration_lines(configuration), strict=True):
        value = configuration.value(name)
        yield f"  {about}: {words} ({name}: {value})"
        if LISTING.get(name) == value:
            yield f"    listed: {', '.join(sorted(configuration.listed(name))) or 'nothing'}"
    if restrictions:
        yield f"Forbidden on this device itself: {', '.join(restrictions)}."
    for announced in configuration.announced:
        yield f"From {announced.starts_at:%Y-%m-%d %H:%M} UTC on:"
        for name, (old, new) in announced.changes.items():
            yield f"  {label(name)}: {said(name, new)} (now: {said(name, old)})"
    if not configuration.announced:
        yield "No change is announced."


def ago(passed: timedelta) -> str:
    """Return how long ago something was; a clock that was set back may put it ahead."""
    minutes = int(passed.total_seconds() // 60)
    if minutes < 0:
        return "at a time that lies ahead: the clock of this device was set back"
    if minutes < 1:
        return "less than a minute ago"
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 2 * 1_440 else f"{minutes // 1_440} days ago"


def _waiting(records: int, batches: int) -> str:
    if not records:
        return "Nothing waits to be sent."
    packed = f", packed in {batches} batch{'es' if batches > 1 else ''}" if batches else ""
    return f"Waiting to be sent: {_records(records)}{packed}."


def _records(number: int) -> str:
    return f"{number} record{'' if number == 1 else 's'}"
