"""Batches are judged once: a dead worker's come back, a poisonous event is found, and nothing else waits for it."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from events import queue
from events.models import Batch
from events.store import read_batch, read_batches
from tests.events.conftest import Put, batch_of

pytestmark = pytest.mark.django_db
ONE, OTHER = uuid4(), uuid4()
State = Batch.State


def claim(now: datetime, worker: UUID = ONE, limit: int = 10_000, epoch: int = 1) -> list[Batch]:
    return queue.claim(now=now, worker=worker, limit=limit, epoch=epoch)


def test_the_oldest_come_first_and_about_as_many_as_asked_for(put: Put, now: datetime) -> None:
    batches = [batch_of(put({}, {}, {})) for _ in range(5)]
    assert claim(now, limit=5) == batches[:2]
    assert claim(now, OTHER, limit=1) == [batches[2]]
    assert claim(now, OTHER) == batches[3:]
    assert claim(now) == []


def test_a_finished_batch_leaves_the_queue(put: Put, now: datetime) -> None:
    put({}, {})
    assert queue.backlog(now + timedelta(seconds=9)) == queue.Backlog(1, 2, 9.0)
    with transaction.atomic():
        queue.finish(queue.relock(claim(now), ONE), 7, now)
    batch = Batch.objects.get()
    assert (batch.state, batch.epoch, batch.lease_by) == (State.DONE, 7, None)
    assert batch.done_at is not None
    assert now <= batch.done_at < now + timedelta(minutes=1)  # and what the transaction took
    assert queue.backlog(now) == queue.Backlog(0, 0, 0.0)


def test_a_dead_workers_batch_is_free_when_its_lease_runs_out(put: Put, now: datetime) -> None:
    put({})
    [batch] = claim(now)
    assert claim(now + timedelta(seconds=59), OTHER) == []
    assert claim(now + timedelta(seconds=61), OTHER) == [batch]
    assert queue.relock([batch], ONE) == []
    assert queue.relock([batch], OTHER) == [batch]


def test_a_failed_batch_waits_a_little_and_is_tried_with_others_then_alone(put: Put, now: datetime) -> None:
    good, bad = batch_of(put({}, {})), batch_of(put({}, {}))
    for attempt in range(3):
        assert claim(now) == [good, bad]
        queue.fail([good, bad], "boom", now, worker=ONE)
        assert claim(now) == [], attempt
        now += timedelta(seconds=10)
    assert claim(now) == [good]
    queue.finish([good], 1, now)
    assert claim(now) == [bad]


def test_the_event_that_fails_is_found_and_everything_else_is_judged(put: Put, now: datetime) -> None:
    root = batch_of(put(*({"_id": str(number), "poison": number == 5} for number in range(11))))
    judged: list[bytes] = []
    for _ in range(60):
        now += timedelta(seconds=20)
        for batch in claim(now):
            events = read_batch(batch)
            if any(b'"poison":true' in event.raw for event in events):
                queue.fail([batch], "boom", now, worker=ONE)
            else:
                judged += [event.uid for event in events]
                queue.finish([batch], 1, now)
    [quarantined] = Batch.objects.filter(state=State.QUARANTINED)
    assert (quarantined.first, quarantined.last, quarantined.error) == (5, 6, "boom")
    assert b'"poison":true' in read_batch(quarantined)[0].raw
    assert quarantined.parent_id == root.pk
    assert len(judged) == len(set(judged)) == 10
    assert not Batch.objects.filter(state=State.PENDING).exists()


def test_a_batch_that_kills_its_workers_ends_in_quarantine(put: Put, now: datetime) -> None:
    put({})
    for _ in range(12):
        now += timedelta(seconds=90)
        claim(now)
    assert Batch.objects.get().state == State.QUARANTINED


def test_giving_back_costs_no_attempt(put: Put, now: datetime) -> None:
    put({})
    queue.free(claim(now), ONE)
    [batch] = claim(now)
    assert batch.attempts == 1


def test_an_older_epoch_is_known_to_be_in_flight(put: Put, now: datetime) -> None:
    put({})
    assert queue.oldest_epoch_in_flight() is None
    batches = claim(now, epoch=4)
    assert queue.oldest_epoch_in_flight() == 4
    queue.finish(batches, 5, now)
    assert queue.oldest_epoch_in_flight() is None


def test_many_batches_are_read_in_one_query(put: Put, now: datetime, django_assert_num_queries: object) -> None:
    batches = [batch_of(put({"_id": f"{number}"}, {"_id": f"{number}b"})) for number in range(4)]
    with django_assert_num_queries(1):  # type: ignore[operator]
        events = read_batches(batches)
    assert [len(events[batch.pk]) for batch in batches] == [2, 2, 2, 2]


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_another_worker_locks_is_passed_over(put: Put, now: datetime, database_url: str) -> None:
    import psycopg

    first, second = batch_of(put({})), batch_of(put({}))
    with psycopg.connect(database_url) as other:
        other.execute("SELECT 1 FROM events_batch WHERE id = %s FOR UPDATE", [first.pk])
        assert claim(now) == [second]
    assert claim(now, OTHER) == [first]
    assert connection.in_atomic_block is False


def test_one_batch_can_be_asked_for_and_all_others_stay_free(put: Put, now: datetime) -> None:
    first, wanted, last = [batch_of(put({})) for _ in range(3)]
    assert queue.claim(now=now, worker=ONE, only=wanted.pk) == [wanted]
    assert queue.claim(now=now, worker=ONE, only=wanted.pk) == []
    assert claim(now, OTHER) == [first, last]
