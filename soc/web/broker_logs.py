"""A broker that is away, said in one line: it is no fault of ours, it comes back, and nothing is lost meanwhile.

Celery prints a traceback of two screens for every bell it cannot ring, several a second. Only what the broker's client
raised is shortened; every other error keeps its traceback.
"""

import logging
from time import monotonic

_AWAY = {
    "kombu.exceptions.OperationalError",
    "redis.exceptions.ConnectionError",
    "redis.exceptions.TimeoutError",
}
_LOGGERS = ("celery.beat", "celery.worker.consumer.consumer")
_PAUSE_SECONDS = 10.0


class BrokerAway(logging.Filter):
    """Lets one line of a broker's absence through every ten seconds, and everything else as it is."""

    def __init__(self) -> None:
        super().__init__()
        self._said: float | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the record, or hold it back."""
        if not record.exc_info or not is_broker_away(record.exc_info[1]):
            return True
        now = monotonic()
        if self._said is not None and now - self._said < _PAUSE_SECONDS:
            return False
        self._said = now
        record.msg, record.args = record.getMessage().splitlines()[0] + " (The broker is away.)", None
        record.exc_info, record.exc_text = None, None
        return True


def is_broker_away(error: BaseException | None) -> bool:
    """Whether the broker's client is what raised it first or last; by name, so that nothing is imported for it."""
    while error is not None:
        if _AWAY & {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}:
            return True
        error = error.__cause__ or error.__context__
    return False


def shorten() -> None:
    """Put the filter where Celery logs the broker's absence; calling it again changes nothing."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, BrokerAway) for known in logger.filters):
            logger.addFilter(BrokerAway())
    logging.getLogger("py.warnings").addFilter(is_news)


def is_news(record: logging.LogRecord) -> bool:
    """False for eight lines on a default of the next Celery, which come with every lost connection."""
    return "CPendingDeprecationWarning" not in record.getMessage()
