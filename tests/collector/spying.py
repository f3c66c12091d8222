"""Which functions are called: what is off is not read at all."""

from collections.abc import Callable

import pytest


def spy(monkeypatch: pytest.MonkeyPatch, *functions: tuple[object, str]) -> list[str]:
    """Return a list that receives the name of each of the functions when it is called."""
    calls: list[str] = []
    for module, name in functions:
        real = getattr(module, name)

        def watched(
            *args: object, _real: Callable[..., object] = real, _name: str = name
        ) -> object:
            calls.append(_name)
            return _real(*args)

        monkeypatch.setattr(module, name, watched)
    return calls
