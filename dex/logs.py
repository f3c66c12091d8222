"""Logs: one JSON object a line, with the request id. Ids and counts only."""

from typing import Any

import structlog

LEVEL = "INFO"
QUIET = {  # they log addresses, query texts or a line per request
    "django.request": "ERROR",
    "django.security.DisallowedHost": "ERROR",
    "celery.app.trace": "WARNING",
    "celery.beat": "WARNING",
    "django_celery_beat": "WARNING",
}

shared_processors: list[Any] = [
    structlog.contextvars.merge_contextvars,  # request_id, bound by apps.core.request_id
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
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
