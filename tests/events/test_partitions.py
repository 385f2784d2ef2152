"""Days are made when they are needed and dropped whole when they are past; no writer waits and nothing is lost."""

import threading
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.db.utils import IntegrityError

from events import partitions
from events.models import Batch
from tests.events.conftest import Put, batch_of

pytestmark = pytest.mark.django_db


def test_the_coming_days_are_made_ahead(now: datetime) -> None:
    partitions.keep(now)
    days = [now.date() + timedelta(days=ahead) for ahead in (-1, 0, 1, 2, 3)]
    assert partitions.stored_days() == days
    partitions.keep(now)
    assert partitions.stored_days() == days


def test_there_is_no_default_partition(put: Put, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "ensure_days", lambda _days: None)
    with pytest.raises(IntegrityError, match="no partition"):
        put({})


def test_days_past_retention_go_and_what_waits_keeps_its_day(put: Put, now: datetime, settings: Any) -> None:
    old = batch_of(put({}, at=now - timedelta(days=40)))
    waiting = batch_of(put({}, at=now - timedelta(days=35)))
    kept = put({}, at=now - timedelta(days=29))
    Batch.objects.filter(pk=old.pk).update(state=Batch.State.DONE)
    assert partitions.keep(now) == [(now - timedelta(days=40)).date()]
    assert not Batch.objects.filter(pk=old.pk).exists()
    assert Batch.objects.filter(pk__in=[waiting.pk, kept.batch_id]).count() == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM event")
        assert cursor.fetchone() == (2,)


def test_judged_batches_go_after_two_days(put: Put, now: datetime) -> None:
    put({})
    Batch.objects.update(state=Batch.State.DONE)
    partitions.keep(now + timedelta(days=1))
    assert Batch.objects.exists()
    partitions.keep(now + timedelta(days=3))
    assert not Batch.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_may_make_the_same_day_at_once(now: datetime) -> None:
    day = date(2031, 5, 17)
    errors: list[BaseException] = []

    def make() -> None:
        try:
            partitions.ensure_days([day, day + timedelta(days=1)])
        except BaseException as error:  # handed to the test's own thread
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert {day, day + timedelta(days=1)} <= set(partitions.stored_days())
    with connection.cursor() as cursor:
        for made in (day, day + timedelta(days=1)):
            for table in partitions.TABLES:
                cursor.execute(f"DROP TABLE {table}_{made:%Y%m%d}")
