"""The epoch's locks, tried from two connections."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import transaction

from rules import epoch


@pytest.fixture
def elsewhere(database_url: str) -> Iterator[psycopg.Connection]:
    """Another session that gives up at once where it would have to wait. The row is there, as the migration left it."""
    with transaction.atomic():
        epoch.bump()
    with psycopg.connect(database_url, options="-c lock_timeout=50ms") as connection:
        yield connection


def share(connection: psycopg.Connection) -> None:
    connection.execute("SELECT number FROM rules_epoch WHERE id = 1 FOR SHARE")


def bump(connection: psycopg.Connection) -> None:
    connection.execute("UPDATE rules_epoch SET number = number + 1 WHERE id = 1")


def test_a_change_counts_one(transactional_db: None) -> None:
    with transaction.atomic():
        before = epoch.share_lock()
    with transaction.atomic():
        assert epoch.bump() == before + 1
    assert epoch.read() == before + 1


def test_workers_hold_the_epoch_together_and_keep_changes_waiting(elsewhere: psycopg.Connection) -> None:
    with transaction.atomic():
        epoch.share_lock()
        share(elsewhere)
        elsewhere.rollback()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            bump(elsewhere)


def test_a_change_in_progress_keeps_workers_waiting_until_it_is_committed(elsewhere: psycopg.Connection) -> None:
    with transaction.atomic():
        number = epoch.bump()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            share(elsewhere)
        elsewhere.rollback()
    share(elsewhere)
    assert epoch.read() == number
