"""The epoch's locks, tried from several connections."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic

import psycopg
import pytest
from django.db import connection, transaction

from rules import epoch


@pytest.fixture
def elsewhere(database_url: str) -> Iterator[psycopg.Connection]:
    """Another session that gives up at once where it would have to wait."""
    with psycopg.connect(database_url, options="-c lock_timeout=50ms") as other:
        yield other


def share(other: psycopg.Connection) -> None:
    other.execute(epoch._SHARE)


def hold(other: psycopg.Connection) -> None:
    other.execute(epoch._HOLD)


def test_a_change_counts_one(transactional_db: None) -> None:
    with transaction.atomic():
        before = epoch.share_lock()
    with transaction.atomic():
        assert epoch.bump() == before + 1
    assert epoch.read() == before + 1


def test_workers_hold_the_epoch_together_and_keep_changes_waiting(
    transactional_db: None, elsewhere: psycopg.Connection
) -> None:
    with transaction.atomic():
        epoch.share_lock()
        share(elsewhere)
        elsewhere.rollback()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            hold(elsewhere)


def test_a_change_in_progress_keeps_workers_waiting_until_it_is_committed(
    transactional_db: None, elsewhere: psycopg.Connection
) -> None:
    with transaction.atomic():
        number = epoch.bump()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            share(elsewhere)
        elsewhere.rollback()
    share(elsewhere)
    assert epoch.read() == number


def test_a_change_may_be_of_many_parts(transactional_db: None) -> None:
    with transaction.atomic():
        first = epoch.bump()
        assert epoch.bump() == first + 1
        assert epoch.share_lock() == first + 1


def test_workers_that_overlap_do_not_keep_a_change_waiting(transactional_db: None, database_url: str) -> None:
    """Each of two workers holds the epoch for 200 ms, again and again, and never both have let go of it."""
    stop = Event()
    with ThreadPoolExecutor(2) as workers:
        for delay in (0.0, 0.1):
            workers.submit(_hold_again_and_again, database_url, stop, delay)
        try:
            _wait_for_holders()
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '3s'")
                began = monotonic()
                epoch.bump()
                waited = monotonic() - began
        finally:
            stop.set()
    assert waited < 2


def _hold_again_and_again(database_url: str, stop: Event, delay: float) -> None:
    with psycopg.connect(database_url, autocommit=True) as worker:
        stop.wait(delay)
        while not stop.is_set():
            with worker.transaction():
                share(worker)
                stop.wait(0.2)


def _wait_for_holders() -> None:
    with connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted"
            )
            if cursor.fetchone() == (2,):
                return
            Event().wait(0.01)
