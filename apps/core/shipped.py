"""Rows and rights that every instance has: made after each migration, and after a flush.

The registry turns the layers round: `core` hangs on Django's signal, upper apps say what to make.
"""

from collections.abc import Callable
from typing import Any

from django.apps import AppConfig, apps

_makers: dict[str, Callable[[], None]] = {}


def register(name: str, make: Callable[[], None]) -> None:
    """Have `make` called after each migration, in the order of registration, lower apps first.

    make: creates what is missing, changes nothing that an administrator may have changed, and
    may run at any time, any number of times.
    """
    if name in _makers:
        raise ValueError(f"{name} is registered already")
    _makers[name] = make


def make_all(sender: AppConfig, **_signal: Any) -> None:
    """Receive `post_migrate`: once, for the last app, when all permissions exist."""
    last = [config for config in apps.get_app_configs() if config.models_module][-1]
    if sender is last:
        for make in _makers.values():
            make()
