"""Decoders of JSON, each made once in a process and by one thread at a time.

msgspec works out the members of a struct when it first meets it. A thread that meets the struct in
the middle of that takes what is not finished, and the process dies (msgspec 0.22.0, whose decoders
are safe once they are made). The first requests of a web process come at once.
"""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import msgspec

P = ParamSpec("P")
T = TypeVar("T")

_lock = threading.RLock()  # one for all: structs share their members' types


def made_once(make: Callable[P, T]) -> Callable[P, T]:
    """Keep what `make` returns for each set of arguments; no two threads make anything at once."""
    made: dict[Any, T] = {}

    @wraps(make)
    def kept(*args: P.args, **kwargs: P.kwargs) -> T:
        key = (args, *kwargs.items())
        if key not in made:
            with _lock:
                if key not in made:
                    made[key] = make(*args, **kwargs)
        return made[key]

    return kept


@made_once
def decoder_of(form: Any) -> msgspec.json.Decoder[Any]:
    """Return the decoder of JSON of this form."""
    return msgspec.json.Decoder(form)
