"""Signs of life: a worker writes its own row every ten seconds from a thread, the clock's is written by what it rings.

A worker that stops on purpose takes its row away; one that was killed leaves it, and is missed.
"""

import os
import socket
import threading
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, InterfaceError, connection

from events.models import Pulse
from soc.web import clock

log = structlog.get_logger(__name__)

EVERY_SECONDS = 10.0
ALIVE_FOR = timedelta(seconds=35)
CLOCK, WORKER = "clock", "worker"
CLOCK_ALIVE_FOR = timedelta(minutes=3)
"""Folding is rung once a minute."""


def beat(*, name: str, kind: str, now: datetime, processes: int = 1) -> None:
    """Say that it lives. One statement on a row of its own."""
    Pulse.objects.bulk_create(
        [Pulse(name=name[:200], kind=kind, processes=processes, started_at=now, seen_at=now)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["kind", "processes", "seen_at"],
    )


class Heart(threading.Thread):
    """Beats for the worker whose main process it runs in, until told to stop."""

    def __init__(self, processes: int) -> None:
        super().__init__(name="heart", daemon=True)
        self.worker = f"{socket.gethostname()}:{os.getpid()}"
        self._processes = processes
        self._stopped = threading.Event()

    def run(self) -> None:
        """Beat, on a connection that is never kept: children of the worker must not inherit one."""
        while not self._stopped.is_set():
            try:
                beat(name=self.worker, kind=WORKER, now=clock.now(), processes=self._processes)
            except (DatabaseError, InterfaceError) as error:
                log.warning("no sign of life could be left", error=type(error.__cause__ or error).__name__)
            finally:
                connection.close()
            self._stopped.wait(EVERY_SECONDS)

    def stop(self) -> None:
        """Take the row away: this is no death."""
        self._stopped.set()
        try:
            Pulse.objects.filter(name=self.worker).delete()
        except (DatabaseError, InterfaceError):
            log.warning("a worker that stopped could not say so")
        finally:
            connection.close()
