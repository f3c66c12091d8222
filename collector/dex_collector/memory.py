"""What the C library keeps of memory that was given back: as little as it can."""

import ctypes
from contextlib import suppress

# Source: mallopt(3), malloc.h of glibc.
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENAS_MAXIMUM = -1, -3, -8
LARGE_BYTES = 65_536  # what is larger goes back to the system at once


def keep_little() -> None:
    """Let one heap serve all threads, and give back what is free; a tenth of what is resident.

    Inventories are read in threads that end at once, and their buffers are large: by default each
    thread leaves a heap of its own behind, and a freed buffer makes the library keep the next one.
    """
    with suppress(AttributeError, OSError):  # another C library
        library = ctypes.CDLL(None)
        library.mallopt(ARENAS_MAXIMUM, 1)
        library.mallopt(MMAP_THRESHOLD, LARGE_BYTES)
        library.mallopt(TRIM_THRESHOLD, LARGE_BYTES)
