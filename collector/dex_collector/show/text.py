"""`show` as text, and as one static page."""

import html
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

Line = dict[str, Any]
NOTHING = "nothing lately that you may see"
BATCHES = {"waiting": "waits", "next": "goes next", "sent": "sent"}
EVENTS = "What the collector told of itself, newest first"
UNSUPPORTED = "What this machine cannot tell"
EXTENTS = {"unsupported": "not at all", "polled": "only what lasts, or happens when it looks"}


def text_lines(lines: Iterable[Line]) -> Iterator[str]:
    """Yield a head and its batches for a terminal; batches are the exact JSON."""
    for line in lines:
        if "batch" in line:
            yield from ["", f"{batch_title(line)}:", _json(line["content"])]
            continue
        yield from line["sentences"]
        yield from ["", f"What may be collected (configuration {line['configuration_version']}):"]
        yield from (f"  {label}: {said}" for label, said in line["configuration"])
        if line["local_restrictions"]:
            yield f"  forbidden on this device itself: {', '.join(line['local_restrictions'])}"
        if line["probes"]:
            yield from ["", "What is read:"]
        for probe in line["probes"]:
            yield f"  {probe_title(probe)}"
            yield f"    last: {probe['last'] or NOTHING}"
        if line["events"]:
            yield from ["", f"{EVENTS}:", *(f"  {at}: {what}" for at, what in own_events(line))]
        if line["unsupported"]:
            yield from ["", f"{UNSUPPORTED}:", *(f"  {n}: {e}" for n, e in lacks(line))]
        if line["waiting"]:
            yield from ["", "Measured, in no batch yet:"]
            yield from (_json(record) for record in line["waiting"])


def own_events(line: Line) -> Iterator[tuple[str, str]]:
    """Yield when something happened to the collector, and what: a gap has its reason here."""
    for event in line["events"]:
        number = event.get("number_of_records")
        said = event.get("details") or ("" if number is None else f"{number} records")
        what = event["type"].replace("_", " ")
        yield event["at"], f"{what}: {said}" if said else what


def lacks(line: Line) -> Iterator[tuple[str, str]]:
    """Yield what the machine cannot tell, and how far, from the words that the server is told."""
    for word in line["unsupported"]:
        name, _, extent = word.partition(".")
        yield name.replace("_", " "), EXTENTS.get(extent, extent)


def interval(seconds: float) -> str:
    """Return an interval for people."""
    for size, unit in ((3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def probe_title(probe: Line) -> str:
    """Return name, source and interval of a probe."""
    state = "" if probe["is_on"] else ", switched off: not read"
    people = ", about people" if probe["is_about_people"] else ""
    every = interval(probe["every_seconds"])
    return f"{probe['name']} from {probe['source']}, every {every}{people}{state}"


def batch_title(line: Line) -> str:
    """Return what a batch is, when it went and what of it is not shown."""
    content = line["content"]
    when = f" {line['sent_at']}" if "sent_at" in line else ""
    state = BATCHES[line["batch"]]
    title = f"Batch {content['sequence']} ({state}{when}, {line['bytes']} bytes packed)"
    others: Counter[str] = Counter(content.get("others", {}))
    if not others:
        return title
    told = ", ".join(f"{kind}: {number}" for kind, number in sorted(others.items()))
    return f"{title}, without rows of other people ({told})"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  background: Canvas; color: CanvasText; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid GrayText; }
pre { overflow: auto; padding: .6rem; border: 1px solid GrayText; white-space: pre-wrap; overflow-wrap: anywhere; }
"""


def html_parts(lines: Iterable[Line]) -> Iterator[str]:
    """Yield one page that needs nothing else: no script, no picture, no other file."""
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'\">"
        f"<title>What is measured about me</title><style>{STYLE}</style></head><body><main>\n"
        "<h1>What is measured about me</h1>\n"
    )
    for line in lines:
        if "batch" in line:
            title, content = html.escape(batch_title(line)), html.escape(_json(line["content"]))
            yield f"<details><summary>{title}</summary><pre>{content}</pre></details>\n"
        else:
            yield from _html_head(line)
    yield "</main></body></html>\n"


def _html_head(line: Line) -> Iterator[str]:
    yield from (f"<p>{html.escape(sentence)}</p>\n" for sentence in line["sentences"])
    if "configuration" not in line:  # nobody answers: that is all there is to say
        return
    yield "<h2>What may be collected</h2>\n"
    yield _table(("what", "how"), line["configuration"])
    if line["local_restrictions"]:
        yield f"<p>Forbidden on this device itself: {html.escape(', '.join(line['local_restrictions']))}</p>\n"
    yield "<h2>What is read</h2>\n"
    rows = [(probe_title(probe), probe["last"] or NOTHING) for probe in line["probes"]]
    yield _table(("probe", "last value"), rows)
    if line["events"]:
        yield f"<h2>{EVENTS}</h2>\n{_table(('when', 'what'), own_events(line))}"
    if line["unsupported"]:
        yield f"<h2>{UNSUPPORTED}</h2>\n{_table(('what', 'how far'), lacks(line))}"
    yield f"<h2>Measured, in no batch yet</h2>\n<pre>{html.escape(_json(line['waiting']))}</pre>\n"
    yield "<h2>Batches that wait, and that were sent in the last 7 days</h2>\n"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th scope="col">{html.escape(one)}</th>' for one in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>\n" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>\n"
