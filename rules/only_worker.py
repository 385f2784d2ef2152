"""Work that one process does at a time, so that of several workers others are always left to judge what comes in."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection


class Chore(IntEnum):
    """What is done by one process at a time; the number is the second of its lock, beside that of epoch.py."""

    LOOKING_BACK = 2
    SETTLING = 3
    REVIEWING = 4
    TRYING = 5


_TRY = "SELECT pg_try_advisory_lock(1702911336, %s)"
_FREE = "SELECT pg_advisory_unlock(1702911336, %s)"


@contextmanager
def only_worker(chore: Chore) -> Iterator[bool]:
    """Whether this process is the one that may do the chore now.

    Held by the connection to the database, so it ends with the process.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TRY, [chore])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute(_FREE, [chore])
