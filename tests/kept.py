"""What all tests of a module begin with is laid once; each of them is rolled back to it.

pytest-django wraps a test in a transaction. Here another one is around all of a module's, so that the test's own is a
savepoint in it. What the tests are given must be a copy: a person whom one of them changed is not changed for the next.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from threading import Barrier
from typing import TypeVar

from django.db import connections, transaction
from pytest_django import DjangoDbBlocker

Laid = TypeVar("Laid")


@contextmanager
def laid_once(build: Callable[[], Laid], blocker: DjangoDbBlocker) -> Iterator[Callable[[], Laid]]:
    """Build in a transaction that ends, undone, with the block; yields what makes a copy of what was built."""
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]  # as Django's own: it is no place to be durable in
    with blocker.unblock():
        forget_all()
        around.__enter__()
        try:
            built = build()
        except BaseException:
            _undo(around)
            raise
    try:
        yield lambda: deepcopy(built)
    finally:
        with blocker.unblock():
            _undo(around)


def _undo(around: transaction.Atomic) -> None:
    transaction.set_rollback(True)
    around.__exit__(None, None, None)
    forget_all()


def forget_all() -> None:
    """What the process remembers of rules, days and choices is of another state of the database."""
    from alerts.views import filter_choices
    from events.partitions import forget_days
    from rules.ruleset import forget

    filter_choices.forget()
    forget()
    forget_days()


def end_reads_aside() -> None:
    """Close the connections of the threads that read aside, if there are any."""
    from soc.web import read_aside

    together = Barrier(read_aside.MOST)

    def close(_: int) -> None:
        together.wait(10)  # so that each thread takes one
        connections.close_all()

    if read_aside._threads.cache_info().currsize:
        list(read_aside._threads().map(close, range(read_aside.MOST)))
