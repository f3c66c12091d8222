"""Devices that move to another entity, told to the apps that count by entity."""

from collections.abc import Callable

Hook = Callable[[int, int, int], None]  # device, entity before, entity now

_hooks: list[Hook] = []


def register(hook: Hook) -> None:
    """Have `hook` called in the transaction of each move; called from an app's `ready()`."""
    _hooks.append(hook)


def tell(*, device_id: int, before: int, now: int) -> None:
    """Tell of a move. Cost: that of the hooks."""
    for hook in _hooks:
        hook(device_id, before, now)
