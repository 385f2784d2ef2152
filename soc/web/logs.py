"""Logs: one line an entry, to standard error; readable on a terminal, JSON in production (LOG_JSON).

Text of events never goes into a log. What libraries log through `logging` passes the same way as ours.
"""

import logging
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from soc.web.broker_logs import shorten

_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# soc.web.errors logs failed requests itself, with their reference.
_LOUD_LIBRARIES = {
    "django.request": "CRITICAL",
    "django.security": "ERROR",
    "amqp": "WARNING",
    "kombu": "WARNING",
    "httpx": "WARNING",
    "httpcore": "WARNING",
}


def configure(*, level: str, as_json: bool) -> None:
    """Set logging up for this process; calling it again only changes the settings."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=_ending(as_json)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, quiet in _LOUD_LIBRARIES.items():
        logging.getLogger(name).setLevel(quiet)
    shorten()


def _ending(as_json: bool) -> list[Processor]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_json:  # without the values of local variables: they hold keys, passwords and text of events
        tracebacks = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
        return [drop, tracebacks, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [drop, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
