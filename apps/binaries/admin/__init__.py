"""Administration of binaries, packages and what they did, to look at."""

from apps.binaries.admin import binaries, events, packages

__all__ = ["binaries", "events", "packages"]
