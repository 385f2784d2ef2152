"""What a page needs from the database, read beside the page's own work: the database answers on another processor while
this one goes on, so that a page of several slow reads is there sooner.

Each such read has a thread with a connection of its own. Where none is free, and within a transaction, into which no
other connection sees, it is read at once instead. What is read aside changes nothing.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import tzinfo
from functools import lru_cache
from threading import BoundedSemaphore
from typing import TypeVar

from django.db import close_old_connections, connection
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone, translation

T = TypeVar("T")
MOST = 4
"""So many connections more each process of the web holds at most."""
_free = BoundedSemaphore(MOST)


def read_aside(read: Callable[[], T]) -> Callable[[], T]:
    """Begin to read. What it gives back waits for the answer, gives it as often as it is asked, and raises what reading
    raised. Costs some tenths of a millisecond, so it is for what takes several.
    """
    if connection.in_atomic_block or not _free.acquire(blocking=False):
        found = read()
        return lambda: found
    language, zone, prefix = translation.get_language(), timezone.get_current_timezone(), get_script_prefix()
    try:
        return _threads().submit(_read, read, language, zone, prefix).result
    except BaseException:
        _free.release()
        raise


def _read(read: Callable[[], T], language: str | None, zone: tzinfo, prefix: str) -> T:
    """Read as the page would: in its language, its time zone, and with the addresses of its server."""
    try:
        close_old_connections()  # one that has got old, or that the database has ended
        set_script_prefix(prefix)
        with translation.override(language), timezone.override(zone):
            return read()
    finally:
        _free.release()


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    """Made with the first read: threads do not survive a fork."""
    return ThreadPoolExecutor(MOST, "read-aside")
