"""How much one settling raises, whose fault it is when settling fails, and what a rule has that comes back."""

from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts import settling
from alerts.evaluation import evaluate_pending, judge_lookbacks
from alerts.joins import indicators, sequences
from alerts.joins.room import Room
from alerts.models import Alert, AlertEvent, Kind, SignalCount
from alerts.settling import settle_due
from engine.joining import order_of
from events.models import Batch
from rules import quarantine, settlings
from rules.exceptions import create_item
from rules.models import CandidateBlock, HeldBack, Lookback, Rule, Settling
from rules.retention import forget_old
from tests.alerts.settling.world import (
    MINUTE,
    NOW,
    PAIR,
    SECOND,
    SOON,
    eql,
    joined_alerts,
    load,
    named,
    on_user,
    settle,
    steps,
    threat_match,
    told,
)
from tests.alerts.world import event, post, work

pytestmark = pytest.mark.django_db
UNTIL = PAIR + '  until [process where process.name == "c"]\n'
MISSING = """
sequence by host.name with maxspan=1m
  [process where process.name == "a"]
  ![process where process.name == "c"]
"""
LEASE = 61 * SECOND


class Killed(BaseException):
    """The worker is gone."""


@pytest.fixture
def little_room(monkeypatch):
    for module in (sequences, indicators):
        monkeypatch.setattr(module, "Room", lambda: Room(3, 100))
    monkeypatch.setattr(sequences, "MOST_MATCHES", 3)


def pairs(count: int) -> list[dict[str, Any]]:
    return [named(name, second, host__name=f"h{second}") for second in range(count) for name in "ab"]


class TestOrderOfWorkers:
    def test_what_arrived_after_a_batch_that_still_waits_is_not_joined_with_what_came_before(self, tmp_path):
        load(tmp_path, eql(UNTIL))
        told(named("a"))
        post([named("c", 1)], now=NOW + SECOND)
        post([named("b", 2)], now=NOW + 2 * SECOND)
        evaluate_pending(now=NOW + 2 * SECOND, worker=uuid4(), only=Batch.objects.latest("pk").pk)
        assert settle_due(now=NOW + 3 * SECOND, worker=uuid4()).alerts == 0
        work(NOW + 10 * SECOND)
        assert settle(NOW + 20 * SECOND) == 0


class TestRoom:
    def test_more_than_there_is_room_for_is_raised_by_the_next_settlings_at_once(self, tmp_path, little_room):
        load(tmp_path, eql(PAIR))
        told(*pairs(10))
        assert settle_due(now=NOW + SOON, worker=uuid4(), only=["joined"]).alerts == 10
        assert [alert.host_name for alert in joined_alerts()] == [f"h{second}" for second in range(10)]
        assert not CandidateBlock.objects.filter(settled=False).exists()

    def test_one_settling_raises_no_more_than_that(self, tmp_path, little_room, monkeypatch):
        load(tmp_path, eql(PAIR))
        told(*pairs(10))
        monkeypatch.setattr(settling, "AT_ONCE", 1)
        assert [settle_due(now=NOW + SOON, worker=uuid4()).alerts for _ in range(5)] == [3, 3, 3, 1, 0]

    def test_a_new_event_before_the_ones_it_is_joined_with_is_not_lost_between_two(self, tmp_path, little_room):
        load(tmp_path, eql(PAIR))
        told(*[named("b", 30, host__name=f"h{number}") for number in range(8)])
        settle(NOW + SOON)
        told(*[named("a", number, host__name=f"h{number}") for number in range(8)], now=NOW + MINUTE)
        assert settle(NOW + 2 * MINUTE) == 8

    def test_hits_over_the_maximum_are_counted_once_each(self, tmp_path, little_room):
        load(tmp_path, eql(PAIR), most=4)
        told(*pairs(10))
        settle()
        counter = SignalCount.objects.get()
        assert (counter.raised, counter.over) == (4, 6)

    def test_events_that_meet_an_indicator_are_raised_in_turns_too(self, tmp_path, little_room):
        load(tmp_path, threat_match())
        indicator = event(NOW, _index="logs-ti_x-default", threat__indicator__ip="198.51.100.7")
        told(indicator, *[{**event(NOW, source__ip="198.51.100.7"), "_id": f"visit{number}"} for number in range(8)])
        assert settle() == 8
        assert not CandidateBlock.objects.filter(settled=False).exists()

    def test_what_becomes_certain_at_different_times_is_told_in_turns(self, tmp_path, little_room):
        load(tmp_path, eql(MISSING))
        told(*[named("a", second, host__name=f"h{second}") for second in range(8)])
        settle(NOW + SOON)
        told(named("x"), now=NOW + MINUTE)
        assert settle(NOW + 5 * MINUTE) == 8

    def test_what_is_missing_counts_over_the_maximum_once_however_often_it_is_settled(self, tmp_path, monkeypatch):
        monkeypatch.setattr("alerts.cap.MAX_OVER_IDS", 0)
        load(tmp_path, eql(MISSING), most=2)
        told(*[named("a", number / 10, host__name=f"h{number}") for number in range(6)])
        for later in range(1, 20):
            told(named("a", 600 + later, host__name="other"), now=NOW + later * 10 * SECOND)
            settle(NOW + later * 10 * SECOND + SOON)
        assert sum(SignalCount.objects.values_list("over", flat=True)) == 4

    def test_events_of_alerts_are_not_read_again(self, tmp_path, monkeypatch):
        load(tmp_path, eql(PAIR))
        told(named("a"), named("b", 1))
        settle()
        CandidateBlock.objects.update(settled=False)
        settlings.note_due(["joined"], now=NOW + MINUTE)
        with CaptureQueriesContext(connection) as queries:
            assert settle_due(now=NOW + 2 * MINUTE, worker=uuid4()).rules == 1
        assert not any("FROM event_block" in query["sql"] for query in queries)

    def test_a_long_sequence_keeps_a_hundred_events_with_a_building_block_each(self, tmp_path):
        load(
            tmp_path,
            eql("""
sequence by host.name with maxspan=10m
  [process where process.name == "a"] with runs=80
  [process where process.name == "b"] with runs=40
"""),
        )
        told(*[named("a", number) for number in range(80)], *[named("b", 100 + number) for number in range(40)])
        assert settle(NOW + 5 * MINUTE) == 1
        (shell,) = joined_alerts()
        assert len(steps(shell)) == 120
        assert AlertEvent.objects.filter(alert=shell).count() == 100
        assert Alert.objects.filter(kind=Kind.BLOCK, shell=shell).count() == 100
        assert AlertEvent.objects.filter(alert=shell).latest("position").time == NOW + 139 * SECOND


class TestWhoseFault:
    def test_a_rule_that_kills_its_workers_takes_no_other_along(self, tmp_path, monkeypatch):
        for rule_id in ("a-killer", "bystander-1", "bystander-2"):
            load(tmp_path, eql(PAIR), rule_id=rule_id)
        told(named("a"), named("b", 1))
        settle_in_peace = settling._settle

        def settle_or_die(claimed, now, worker):
            if claimed.rule_id == "a-killer":
                raise Killed
            return settle_in_peace(claimed, now, worker)

        monkeypatch.setattr(settling, "_settle", settle_or_die)
        for at in range(4):
            with suppress(Killed):
                settle_due(now=NOW + SOON + at * LEASE, worker=uuid4())
        assert [rule.pk for rule in Rule.objects.exclude(quarantined_at=None)] == ["a-killer"]
        assert "did not come back" in Rule.objects.get(pk="a-killer").quarantine_reason
        assert {alert.rule_id for alert in joined_alerts()} == {"bystander-1", "bystander-2"}

    def test_workers_that_die_now_and_then_are_no_fault_of_a_rule_that_settles_in_between(self, tmp_path):
        load(tmp_path, eql(PAIR))
        told(named("a"), named("b", 1))
        Settling.objects.update(attempts=2)
        assert settle() == 1
        assert Settling.objects.get().attempts == 0

    def test_an_error_of_the_machine_only_makes_a_rule_wait_longer_and_longer(self, tmp_path, monkeypatch):
        load(tmp_path, eql(PAIR))
        told(named("a"), named("b", 1))

        def no_disk(**_):
            raise OSError("disk")

        with monkeypatch.context() as broken:
            broken.setattr(settling, "raise_alerts", no_disk)
            at, waits = NOW + SOON, []
            for _ in range(8):
                settle_due(now=at, worker=uuid4())
                due_at = Settling.objects.get().due_at
                assert due_at
                waits.append((due_at - at).total_seconds())
                at = due_at
        assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
        assert Rule.objects.get().quarantined_at is None
        assert Settling.objects.get().error == "OSError: disk"
        assert settle(at) == 1
        assert (Settling.objects.get().failures, Settling.objects.get().error) == (0, "")

    def test_an_error_of_its_own_that_comes_again_and_again_sets_it_aside_and_says_which(self, tmp_path, monkeypatch):
        load(tmp_path, eql(PAIR))
        told(named("a"), named("b", 1))

        def refuse(**_):
            raise ValueError("secret")

        monkeypatch.setattr(settling, "raise_alerts", refuse)
        for at in range(3):
            assert Rule.objects.get().quarantined_at is None
            settle_due(now=NOW + (at + 1) * MINUTE, worker=uuid4())
        assert Rule.objects.get().quarantine_reason == "Joining its events failed 3 times in a row: ValueError."

    def test_what_was_noted_since_the_claim_is_not_dropped_with_it(self, tmp_path):
        load(tmp_path, eql(PAIR))
        told(named("a"))
        worker = uuid4()
        settlings.claim(now=NOW + SOON, worker=worker)
        settlings.note_due(["joined"], now=NOW + SOON)
        settlings.drop("joined", worker=worker)
        row = Settling.objects.get()
        assert (row.lease_by, row.due_at is None, row.waiting_since) == (None, False, NOW)


class TestComingBack:
    @pytest.mark.parametrize("wait", [30 * MINUTE, 180 * MINUTE])
    def test_a_rule_that_settling_set_aside_joins_what_it_had_not_joined(self, tmp_path, wait):
        load(tmp_path, eql(PAIR.replace("1m", "5s")))
        told(named("a"), named("b", 1))
        Settling.objects.update(lease_by=uuid4(), lease_until=NOW + 190 * SECOND, attempts=3, due_at=None)
        settle(NOW + 191 * SECOND)
        assert Rule.objects.get().quarantined_at
        assert Lookback.objects.get(done_at=None).start == NOW
        forget_old(NOW + wait)
        quarantine.release(rule=Rule.objects.get(), actor=None, now=NOW + wait)
        judge_lookbacks(now=NOW + wait, worker=uuid4())
        assert settle(NOW + wait + SOON) == 1

    def test_it_is_due_at_once_for_what_is_kept_still(self, tmp_path):
        load(tmp_path, eql(PAIR))
        told(named("a"), named("b", 1))
        quarantine.quarantine(rule_id="joined", reason="slow", now=NOW + SECOND)
        settle(NOW + SOON)
        assert Settling.objects.get().due_at is None
        quarantine.release(rule=Rule.objects.get(), actor=None, now=NOW + MINUTE)
        assert Settling.objects.get().due_at is not None
        assert settle(NOW + 2 * MINUTE) == 1


class TestExceptionsOfWhatKeepsAlertsAway:
    def test_an_event_that_ended_a_sequence_does_not_once_an_exception_covers_it(self, tmp_path, cast):
        rule = load(tmp_path, eql(UNTIL))
        told(named("a", 0, user__name="ivan"), named("c", 1, user__name="svc-ci"))
        settle(NOW + 8 * SECOND)
        create_item(rule=rule, entries=on_user("svc-ci"), reason="r", name="n", actor=cast.rosa, now=NOW + SOON)
        told(named("b", 2, user__name="ivan"), now=NOW + 20 * SECOND)
        assert settle(NOW + 40 * SECOND) == 1
        assert HeldBack.objects.count() == 1

    def test_one_that_no_exception_covers_still_ends_it(self, tmp_path, cast):
        rule = load(tmp_path, eql(UNTIL))
        told(named("a", 0, user__name="ivan"), named("c", 1, user__name="oleg"))
        settle(NOW + 8 * SECOND)
        create_item(rule=rule, entries=on_user("svc-ci"), reason="r", name="n", actor=cast.rosa, now=NOW + SOON)
        told(named("b", 2, user__name="ivan"), now=NOW + 20 * SECOND)
        assert settle(NOW + 40 * SECOND) == 0

    def test_an_event_that_should_be_missing_is_so_once_an_exception_covers_it(self, tmp_path, cast):
        rule = load(tmp_path, eql(MISSING))
        told(named("a", 0, user__name="ivan"), named("c", 1, user__name="svc-ci"))
        settle(NOW + 8 * SECOND)
        create_item(rule=rule, entries=on_user("svc-ci"), reason="r", name="n", actor=cast.rosa, now=NOW + SOON)
        told(named("c", 65, user__name="oleg"), now=NOW + 70 * SECOND)
        assert settle(NOW + 2 * MINUTE) == 1


def test_a_place_that_is_cut_is_that_of_an_event():
    """Matches with the same newest event stay together, however little room there is."""
    places = [order_of(NOW + second * SECOND, None, (0, b"")) for second in (1, 2, 2, 2, 3)]
    chosen = Room(2, 100).choose(range(5), newest=places.__getitem__, size=lambda _: 1)
    assert (chosen.items, chosen.some_left, chosen.cut) == ([0, 1, 2, 3], True, places[1])
