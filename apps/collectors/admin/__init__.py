"""Administration of collectors, a module for each noun."""

from apps.collectors.admin import collectors, configurations, jobs, keys, refusals, reports

__all__ = ["collectors", "configurations", "jobs", "keys", "refusals", "reports"]
