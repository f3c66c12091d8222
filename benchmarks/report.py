"""What a benchmark prints: one JSON line per figure, with its budget."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    case: acceptance case of a spec that it shows, "" for none. budget: at least this much, None
    where the figure only informs.
    """

    name: str
    case: str
    value: float
    unit: str
    budget: float | None = None

    @property
    def ok(self) -> bool:
        """Return whether the budget is met."""
        return self.budget is None or self.value >= self.budget


def emit(row: Row) -> Row:
    """Print a row and return it."""
    line = {**asdict(row), "value": round(row.value, 4), "ok": row.ok}
    print(json.dumps(line), flush=True)  # noqa: T201
    return row
