"""The tree as a file: a line for each entity, by its path, or by its parent and its name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from apps.organization import sheets
from apps.organization.models import NAME_LENGTH, Entity
from apps.organization.places import Places, fold, join, split
from apps.organization.querysets import EntityQuerySet
from apps.organization.sheets import Line, Problem

COLUMNS = ("path", "parent", "name")
DEPTH_LIMIT = 20

Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file would add to the tree; nothing is ever moved or deleted.

    added: by the names from below the root, parents first. known: lines that are there already.
    """

    added: Sequence[Steps] = ()
    known: int = 0
    problems: Sequence[Problem] = ()

    @property
    def added_places(self) -> list[str]:
        """Return what is added, as people write it."""
        return [join(steps) for steps in self.added]


@dataclass
class _Planner:
    places: Places
    added: dict[Steps, Steps] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    seen: dict[Steps, int] = field(default_factory=dict)
    known: int = 0

    def take(self, line: Line) -> None:
        steps = self._steps(line)
        if reason := _problem(steps):
            self.problems.append(Problem(line.number, reason))
        elif fold(steps) in self.seen:
            reason = str(_("It stands in line %d already.")) % self.seen[fold(steps)]
            self.problems.append(Problem(line.number, reason))
        else:
            self.seen[fold(steps)] = line.number
            self.known += self.places.has(steps)
            for depth in range(1, len(steps) + 1):
                above = steps[:depth]
                if not self.places.has(above):
                    self.added.setdefault(fold(above), above)

    def _steps(self, line: Line) -> Steps:
        if line.get("path"):
            return split(line.get("path"))
        parent = split(line.get("parent"))
        is_root = fold(parent) == fold((self.places.root_name,))
        name = line.get("name")
        return (*(() if is_root else parent), *((name,) if name else ()))


def plan(data: bytes | str) -> Plan:
    """Return what a file would do. Cost: 1 query.

    Raises:
        sheets.SheetRefused: it cannot be read at all.
    """
    planner = _Planner(Places())
    for line in sheets.read(data, COLUMNS):
        if line.get("path") and line.get("name"):
            reason = _("Give the path, or parent and name, not both.")
            planner.problems.append(Problem(line.number, reason))
        elif not line.get("path") and not line.get("name"):
            planner.problems.append(Problem(line.number, _("It names no entity.")))
        else:
            planner.take(line)
    return Plan(list(planner.added.values()), planner.known, planner.problems)


def export(entities: EntityQuerySet) -> str:
    """Return the entities of a caller as a file; the root and hidden ancestors are left out.

    Cost: 2 queries.
    """
    rows = list(entities.exclude(parent=None).in_tree_order())
    return sheets.write(["path"], ([trail] for trail in _trails(rows)))


def _trails(rows: Iterable[Entity]) -> list[str]:
    names = {row.pk: row.name for row in rows}
    return [
        join(tuple(names[step] for step in map(int, row.path.split("/")[2:-1]) if step in names))
        for row in rows
    ]


def _problem(steps: Steps) -> str:
    if not steps:
        return str(_("It names no entity."))
    if len(steps) > DEPTH_LIMIT:
        return str(_("It lies deeper than 20 steps."))
    if any(len(name) > NAME_LENGTH for name in steps):
        return str(_("A name is longer than 100 letters."))
    return ""
