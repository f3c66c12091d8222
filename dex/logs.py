"""Logs: one JSON object a line, with the request id. Ids and counts only."""

import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

Entry = MutableMapping[str, Any]

LEVEL = "INFO"
QUIET = {  # they log addresses, query texts or a line per request
    "django.request": "ERROR",
    "django.security.DisallowedHost": "ERROR",
    "celery.app.trace": "WARNING",
    "celery.beat": "WARNING",
    "celery.worker.strategy": "WARNING",
    "django_celery_beat": "WARNING",
}

PLAIN = (str, int, float, bool, dict, list, tuple, type(None))
ADDED_BY_CELERY = "data"  # arguments, results and tracebacks of a task


def without_values(_logger: Any, _method: str, entry: Entry) -> Entry:
    """Take out what may hold names: requests, arguments of tasks, texts of exceptions.

    An exception becomes its type and the places it passed through; its text may quote a row.
    """
    record = entry.get("_record")
    if (error := _exception(entry.pop("exc_info", None))) is not None:
        entry["error"] = f"{type(error).__module__}.{type(error).__qualname__}"
        entry["places"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
    if (data := entry.pop(ADDED_BY_CELERY, None)) and isinstance(data, dict):
        entry.update(event="Task failed", task=data.get("name"), task_id=data.get("id"))
    if record is not None and record.name == "django.request":
        match = getattr(entry.get("request"), "resolver_match", None)
        entry.update(event="Request failed", route=getattr(match, "route", ""))
    ours = ("_record", "_from_structlog")
    for name in [name for name, value in entry.items() if not isinstance(value, PLAIN)]:
        if name not in ours:
            del entry[name]
    return entry


def _exception(found: Any) -> BaseException | None:
    """Return the exception of `exc_info`, in each of the shapes that logging knows."""
    if found is True:
        return sys.exc_info()[1]
    if isinstance(found, tuple):
        return found[1] if isinstance(found[1], BaseException) else None
    return found if isinstance(found, BaseException) else None


shared_processors: list[Any] = [
    structlog.contextvars.merge_contextvars,  # request_id, bound by apps.core.request_id
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    without_values,
]

structlog.configure(
    processors=[*shared_processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)


def configuration() -> dict[str, Any]:
    """Return Django's LOGGING: every logger writes JSON lines on the standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
                "foreign_pre_chain": shared_processors,
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["console"], "level": LEVEL},
        "loggers": {name: {"level": level} for name, level in QUIET.items()}
        | {"django": {"handlers": [], "level": LEVEL, "propagate": True}},
    }
