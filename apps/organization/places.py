"""Entities by where they stand: "France / Paris"; the root and what hangs below it."""

from __future__ import annotations

from collections.abc import Mapping

from apps.organization.models import Entity

SEPARATOR = " / "


class Places:
    """The whole tree, by id and by trail. Cost: 1 query, of every entity.

    The root's own trail is its name; all others begin below it. A name that holds the separator
    is written with it doubled.
    """

    def __init__(self) -> None:
        rows = list(Entity.objects.order_by("path").values_list("pk", "parent_id", "name", "path"))
        self.paths: Mapping[int, str] = {key: path for key, _parent, _name, path in rows}
        self.parents: Mapping[int, int | None] = {key: parent for key, parent, _n, _p in rows}
        self.root_id = next(key for key, parent, _name, _path in rows if parent is None)
        self._steps: dict[int, tuple[str, ...]] = {}
        for key, parent, name, _path in rows:
            is_top = parent is None or parent == self.root_id
            above = () if is_top else self._steps[parent]
            self._steps[key] = (*above, name)
        self.root_name = self._steps[self.root_id][-1]
        below = {steps: key for key, steps in self._steps.items() if key != self.root_id}
        # Names that differ in capital letters alone are told apart where they are written so.
        self._keys = {**{fold(steps): key for steps, key in below.items()}, **below}

    def name(self, entity_id: int) -> str:
        """Return where an entity stands, "" where there is none."""
        return join(self._steps.get(entity_id, ()))

    def steps(self, entity_id: int) -> tuple[str, ...]:
        """Return the names from below the root to the entity."""
        return self._steps[entity_id]

    def find(self, text: str) -> int | None:
        """Return the id of the entity that stands there, None where none does."""
        steps = split(text)
        if self.has(steps):
            return self.key(steps)
        return self.root_id if fold(steps) == fold((self.root_name,)) else None

    def key(self, steps: tuple[str, ...]) -> int:
        """Return the id of the entity that stands there; only where `has` says so."""
        return self._keys.get(steps) or self._keys[fold(steps)]

    def has(self, steps: tuple[str, ...]) -> bool:
        """Return whether an entity stands there."""
        return steps in self._keys or fold(steps) in self._keys


def split(text: str) -> tuple[str, ...]:
    """Return the names of a trail; "/" parts them, "//" is one within a name."""
    parts = [part.replace("\0", "/").strip() for part in text.replace("//", "\0").split("/")]
    return tuple(part for part in parts if part)


def join(steps: tuple[str, ...]) -> str:
    """Return names as a trail."""
    return SEPARATOR.join(step.replace("/", "//") for step in steps)


def fold(steps: tuple[str, ...]) -> tuple[str, ...]:
    """Return names for comparison."""
    return tuple(step.casefold() for step in steps)
