"""The bell: tells the workers that there is work, after it has been committed.

It is rung from a thread of its own, so that a slow or dead broker never holds up a request, and a flood of requests
rings it some tens of times a second instead of once each. A bell that is lost costs a second: beat rings as well.
The task is named, not imported: it lives in a package above.
"""

import os
import threading
from functools import cache
from time import sleep

import structlog
from celery import Celery
from django.conf import settings
from kombu.exceptions import KombuError

log = structlog.get_logger(__name__)

TASK = "alerts.evaluate_pending"
_BETWEEN_SECONDS = 0.02
_TIMEOUT_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
_EXPIRES_SECONDS = 5


def ring() -> None:
    """Say that there is work. Returns at once; a failure is logged, never raised."""
    if settings.BROKER_URL:
        ringer = _ringer(os.getpid(), settings.BROKER_URL)
        ringer.wanted.set()
        if not ringer.is_alive():
            _ringer.cache_clear()  # it met an error that nobody foresaw; the next request gets a new one


class _Ringer(threading.Thread):
    """Rings once for all that was wanted since the last time; waits longer and longer while the broker is dead."""

    def __init__(self, url: str) -> None:
        super().__init__(name="bell", daemon=True)
        self.wanted = threading.Event()
        self._app = Celery("bell", broker=url, set_as_current=False)
        self._app.conf.update(
            task_publish_retry=False,
            task_ignore_result=True,
            broker_transport_options={
                "socket_timeout": _TIMEOUT_SECONDS,
                "socket_connect_timeout": _TIMEOUT_SECONDS,
                "max_retries": 0,
            },
        )
        self._pause = _BETWEEN_SECONDS

    def run(self) -> None:
        """Ring for as long as the process lives."""
        while True:
            self.wanted.wait()
            self.wanted.clear()
            self._ring()
            sleep(self._pause)

    def _ring(self) -> None:
        try:
            self._app.send_task(TASK, expires=_EXPIRES_SECONDS, retry=False, ignore_result=True)
            self._pause = _BETWEEN_SECONDS
        except (KombuError, OSError) as error:
            self._pause = min(max(self._pause * 4, 0.2), _LONGEST_PAUSE_SECONDS)
            log.warning("the bell was not heard", error=type(error).__name__, again_after_seconds=self._pause)


@cache
def _ringer(_pid: int, url: str) -> _Ringer:
    """One thread for each process: threads do not survive a fork."""
    ringer = _Ringer(url)
    ringer.start()
    return ringer
