"""Administration of collectors, a module for each noun."""

from apps.collectors.admin import collectors, configurations, epochs, jobs, keys, refusals, reports

__all__ = ["collectors", "configurations", "epochs", "jobs", "keys", "refusals", "reports"]
