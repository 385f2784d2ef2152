"""Look-backs: judged once, by one worker, after the batches of older epochs."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.selectors import default_team
from events.models import Batch
from rules import epoch, lookbacks, quarantine
from rules.models import Lookback, Rule
from rules.services import disable
from tests.rules.conftest import NOW, Load, rule_text

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
    lookbacks.finish(claimed, worker=ANA, now=NOW)
    assert lookbacks.relock(claimed, worker=ANA) is None
    assert lookbacks.claim_due(now=NOW + timedelta(hours=1), worker=BEN) == []


def test_one_that_keeps_failing_is_given_up_and_says_why(lookback: Lookback) -> None:
    now = NOW
    for _ in range(lookbacks.MAX_ATTEMPTS):
        [claimed] = lookbacks.claim_due(now=now, worker=ANA)
        given_up = lookbacks.fail(claimed, error="the store does not answer", worker=ANA, now=now)
        now += timedelta(minutes=5)
    assert given_up
    lookback.refresh_from_db()
    assert lookback.done_at is not None
    assert lookback.error == "the store does not answer"


def test_who_lost_the_lease_neither_ends_nor_fails_the_look_back_of_his_successor(lookback: Lookback) -> None:
    [lost] = lookbacks.claim_due(now=NOW, worker=ANA)
    [taken] = lookbacks.claim_due(now=NOW + timedelta(minutes=3), worker=BEN)
    lookbacks.finish(lost, worker=ANA, now=NOW)
    assert not lookbacks.fail(lost, error="late", worker=ANA, now=NOW)
    assert lookbacks.relock(taken, worker=BEN) is not None


def test_one_that_waits_for_a_batch_in_flight_does_not_hold_up_the_others(lookback: Lookback) -> None:
    Batch.objects.create(
        team=default_team(), ingested_at=NOW, days=[NOW.date()], events=1, epoch=epoch.read() - 1, lease_by=BEN
    )
    free = Lookback.objects.create(
        rule=lookback.rule, revision=lookback.revision, start=NOW, end=NOW, after_epoch=1, created_at=NOW
    )
    assert lookbacks.claim_due(now=NOW, worker=ANA) == [free]


class TestQuarantine:
    """A rule that is set aside remembers from when on it misses events."""

    def waiting(self) -> Lookback:
        return Lookback.objects.get(done_at=None)

    def judged(self) -> None:
        Lookback.objects.update(done_at=NOW)

    def test_it_is_not_judged_until_the_rule_is_released(self, rule: Rule) -> None:
        quarantine.quarantine(rule_id=rule.pk, reason="broken", now=NOW)
        assert lookbacks.claim_due(now=NOW, worker=ANA) == []
        quarantine.release(rule=rule, actor=None, now=NOW)
        assert len(lookbacks.claim_due(now=NOW, worker=ANA)) == 1

    def test_released_it_looks_back_to_the_quarantine_when_that_is_longer_ago(self, rule: Rule) -> None:
        self.judged()
        quarantine.quarantine(rule_id=rule.pk, reason="broken", now=NOW)
        quarantine.release(rule=rule, actor=None, now=NOW + timedelta(hours=5))
        assert self.waiting().start == NOW

    def test_it_looks_back_to_the_oldest_batch_that_was_in_flight(self, rule: Rule) -> None:
        self.judged()
        old = NOW - timedelta(hours=1)
        batch = Batch.objects.create(team=default_team(), ingested_at=old, days=[NOW.date()], events=1)
        quarantine.quarantine(rule_id=rule.pk, reason="broken", now=NOW)
        Batch.objects.filter(pk=batch.pk).update(state=Batch.State.DONE)
        quarantine.release(rule=rule, actor=None, now=NOW)
        assert self.waiting().start == old

    def test_loading_that_ends_it_without_touching_the_logic_looks_back_too(self, rule: Rule, load: Load) -> None:
        self.judged()
        quarantine.quarantine(rule_id=rule.pk, reason="broken", now=NOW)
        load(rule_text(note="Better said."), now=NOW + timedelta(hours=5))
        assert Rule.objects.get().quarantined_at is None
        assert self.waiting().start == NOW

    def test_a_rule_that_is_switched_off_meanwhile_judges_nothing(self, rule: Rule) -> None:
        quarantine.quarantine(rule_id=rule.pk, reason="broken", now=NOW)
        disable(rule=rule, actor=None, now=NOW)
        quarantine.release(rule=rule, actor=None, now=NOW)
        assert not Lookback.objects.filter(done_at=None).exists()
