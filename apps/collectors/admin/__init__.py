"""Administration of collectors, a module for each noun."""

from apps.collectors.admin import collectors, configurations, keys, refusals

__all__ = ["collectors", "configurations", "keys", "refusals"]
