"""`python -m benchmarks [PART]`: run all parts, or one; exit 1 if a budget is missed."""

import importlib
import os
import sys

from benchmarks.surroundings import Surroundings

PARTS = ("ingest", "storage", "pages", "start", "collector")


def main(arguments: list[str]) -> int:
    """Run the parts that `arguments` name, all without; return the exit status."""
    wanted = arguments or list(PARTS)
    if unknown := [part for part in wanted if part not in PARTS]:
        print(f"There is no benchmark {unknown[0]}: {', '.join(PARTS)}.", file=sys.stderr)  # noqa: T201
        return 2
    scale = int(os.environ.get("SCALE", "1"))
    with Surroundings() as surroundings:
        rows = [
            row
            for part in wanted
            for row in importlib.import_module(f"benchmarks.{part}").run(surroundings, scale)
        ]
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
