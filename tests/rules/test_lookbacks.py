"""Look-backs: judged once, by one worker, after the batches of older epochs."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.selectors import default_team
from events.models import Batch
from rules import epoch, lookbacks
from rules.models import Lookback, Rule
from tests.rules.conftest import NOW

ANA, BEN = uuid4(), uuid4()


@pytest.fixture
def lookback(rule: Rule) -> Lookback:
    return Lookback.objects.get(done_at=None)


def test_a_look_back_is_claimed_by_one_worker_up_to_the_claim(lookback: Lookback) -> None:
    later = NOW + timedelta(seconds=3)
    [claimed] = lookbacks.claim_due(now=later, worker=ANA)
    assert (claimed.start, claimed.end) == (NOW - timedelta(minutes=9), later)
    assert lookbacks.claim_due(now=later, worker=BEN) == []
    assert lookbacks.relock(claimed, worker=BEN) is None
    assert lookbacks.relock(claimed, worker=ANA) == claimed


def test_the_lease_of_a_worker_that_died_runs_out(lookback: Lookback) -> None:
    lookbacks.claim_due(now=NOW, worker=ANA)
    [again] = lookbacks.claim_due(now=NOW + timedelta(minutes=3), worker=BEN)
    assert lookbacks.relock(again, worker=ANA) is None


def test_it_waits_for_batches_that_were_claimed_under_an_older_epoch(lookback: Lookback) -> None:
    batch = Batch.objects.create(
        team=default_team(), ingested_at=NOW, days=[NOW.date()], events=1, epoch=epoch.read() - 1, lease_by=BEN
    )
    assert lookbacks.claim_due(now=NOW, worker=ANA) == []
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.DONE)
    assert len(lookbacks.claim_due(now=NOW, worker=ANA)) == 1


def test_a_finished_look_back_is_not_judged_again(lookback: Lookback) -> None:
    [claimed] = lookbacks.claim_due(now=NOW, worker=ANA)
    lookbacks.finish(claimed, now=NOW)
    assert lookbacks.relock(claimed, worker=ANA) is None
    assert lookbacks.claim_due(now=NOW + timedelta(hours=1), worker=BEN) == []


def test_one_that_keeps_failing_is_given_up_and_says_why(lookback: Lookback) -> None:
    now = NOW
    for _ in range(lookbacks.MAX_ATTEMPTS):
        [claimed] = lookbacks.claim_due(now=now, worker=ANA)
        given_up = lookbacks.fail(claimed, error="the store does not answer", now=now)
        now += timedelta(minutes=5)
    assert given_up
    lookback.refresh_from_db()
    assert lookback.done_at is not None
    assert lookback.error == "the store does not answer"
