"""What a benchmark prints: one JSON line per figure, with its budget."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    case: acceptance case of a spec that it shows, "" for none. budget: at least this much, or
    with `at_most` no more than this; None where the figure only informs.
    """

    name: str
    case: str
    value: float
    unit: str
    budget: float | None = None
    at_most: bool = False

    @property
    def ok(self) -> bool:
        """Return whether the budget is met."""
        if self.budget is None:
            return True
        return self.value <= self.budget if self.at_most else self.value >= self.budget


def emit(row: Row) -> Row:
    """Print a row and return it."""
    line = {**asdict(row), "value": round(row.value, 4), "ok": row.ok}
    del line["at_most"]  # `ok` says it; the members of a line are a contract
    print(json.dumps(line), flush=True)  # noqa: T201
    return row
