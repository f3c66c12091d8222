"""Devices that move to another entity, told to the apps that count by entity."""

from collections.abc import Callable, Sequence

Move = tuple[int, int, int]  # device, entity before, entity now
Hook = Callable[[Sequence[Move]], None]

_hooks: list[Hook] = []


def register(hook: Hook) -> None:
    """Have `hook` called in the transaction of moves; called from an app's `ready()`."""
    _hooks.append(hook)


def tell(moved: Sequence[Move]) -> None:
    """Tell of moves. Cost: that of the hooks, however many devices."""
    for hook in _hooks:
        hook(moved)
