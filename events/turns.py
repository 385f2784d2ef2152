"""How many dear searches run at once, over all processes.

A pipeline over millions of events keeps a core busy for seconds and holds values in memory, and the processes that run
it also answer everybody else. So there are few turns; whoever finds none waits a little and is then told to try again.
A turn is a lock of the database's session: a process that dies gives it back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from django.conf import settings
from django.db import connection

from events.errors import Busy

_LOCK = 0x77627075  # any number that nobody else takes
_PATIENCE_SECONDS = 2.0
_PAUSE_SECONDS = 0.1


@contextmanager
def turn(patience_seconds: float | None = None) -> Iterator[None]:
    """One of the turns, while the block runs. Raises: Busy."""
    number = _taken(monotonic() + (_PATIENCE_SECONDS if patience_seconds is None else patience_seconds))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, number])


def _taken(until: float) -> int:
    while (number := _free()) is None:
        if monotonic() > until:
            raise Busy
        sleep(_PAUSE_SECONDS)
    return number


def _free() -> int | None:
    """The number of a turn that is ours now."""
    with connection.cursor() as cursor:
        for number in range(settings.PIPELINES_AT_ONCE):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, number])
            if cursor.fetchone() == (True,):
                return number
    return None
