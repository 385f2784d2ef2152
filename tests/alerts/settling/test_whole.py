"""Settling as a whole: workers side by side, kills, costs, gaps, look-backs, changes of rules and exceptions."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, connections

from alerts import blame, matching
from alerts.costs import Allowance, TooCostly
from alerts.evaluation import evaluate_pending, judge_lookbacks
from alerts.exceptions import take_back
from alerts.models import Alert
from alerts.settling import settle_due
from events.models import Batch
from rules import quarantine
from rules.exceptions import create_item
from rules.loading import load_rules
from rules.models import CandidateBlock, HeldBack, Lookback, Rule, RuleRun, Settling
from rules.retention import forget_old
from rules.services import disable, enable
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
    threshold,
    told,
)
from tests.alerts.test_killed_anywhere import Killed, killed_at
from tests.alerts.world import event, post, work

LEASE = 61 * SECOND
HOUR = timedelta(hours=1)


def look_back(now=NOW):
    return judge_lookbacks(now=now, worker=uuid4())


@pytest.mark.django_db
class TestKilled:
    @pytest.mark.parametrize("statement", [2, 5, 9, 14, 20, 27, 35])
    def test_at_any_statement_nothing_is_lost_or_doubled(self, tmp_path, statement):
        load(tmp_path, eql(PAIR))
        told(*[named(name, second, host__name=f"h{second % 4}") for second in range(8) for name in "ab"])
        with suppress(Killed), killed_at(statement):
            settle_due(now=NOW + SOON, worker=uuid4())
        settle(NOW + SOON + LEASE)
        assert len(joined_alerts()) == 8
        assert sum(RuleRun.objects.values_list("alerts", flat=True)) == 8
        assert not CandidateBlock.objects.filter(settled=False).exists()

    def test_a_rule_that_kills_its_workers_is_set_aside(self, tmp_path):
        load(tmp_path, eql(PAIR))
        told(named("a"))
        Settling.objects.update(lease_by=uuid4(), lease_until=NOW, attempts=3)
        settle()
        assert "did not come back" in Rule.objects.get().quarantine_reason


@pytest.mark.django_db
class TestCosts:
    def test_a_rule_whose_joining_takes_too_long_is_set_aside_alone(self, tmp_path, monkeypatch):
        load(tmp_path, eql(PAIR), rule_id="slow")
        load(tmp_path, eql(PAIR), rule_id="quick")
        given: list[float] = []

        def allowance(rule_id, seconds):
            given.append(seconds)
            return Allowance(rule_id, -seconds if rule_id == "slow" else seconds)

        monkeypatch.setattr("alerts.settling.Allowance", allowance)
        told(named("a"), named("b", 1))
        settle()
        assert [alert.rule_id for alert in joined_alerts()] == ["quick"]
        assert Rule.objects.get(pk="slow").quarantined_at is None
        settle(NOW + MINUTE)
        settle(NOW + 2 * MINUTE)
        assert "20 seconds" in Rule.objects.get(pk="slow").quarantine_reason
        assert sorted(given) == [5, 5, 10, 20]
        assert Rule.objects.get(pk="quick").quarantined_at is None

    def test_a_rule_that_is_slow_once_is_tried_again_with_more_time(self, tmp_path, monkeypatch):
        rule = load(tmp_path, eql(PAIR))
        monkeypatch.setattr(
            "alerts.settling.Allowance", lambda rule_id, seconds: Allowance(rule_id, seconds if seconds > 5 else -1)
        )
        told(named("a"), named("b", 1))
        assert settle() == 0
        assert settle(NOW + MINUTE) == 1
        rule.refresh_from_db()
        assert rule.quarantined_at is None
        assert Settling.objects.get().failures == 0

    def test_when_it_comes_back_it_joins_what_it_missed(self, tmp_path):
        rule = load(tmp_path, eql(PAIR))
        told(named("a"))
        quarantine.quarantine(rule_id="joined", reason="slow", now=NOW + SECOND)
        told(named("b", 30), now=NOW + 30 * SECOND)
        assert settle(NOW + MINUTE) == 0
        quarantine.release(rule=rule, actor=None, now=NOW + HOUR)
        look_back(NOW + HOUR)
        assert settle(NOW + HOUR + SOON) == 1

    def test_a_rule_that_holds_up_the_pass_is_found_by_judging_it_alone(self, tmp_path, monkeypatch):
        load(tmp_path, eql(PAIR), rule_id="slow")
        load(tmp_path, 'type = "query"\nlanguage = "kuery"\nquery = "process.name:a"', rule_id="quick")
        monkeypatch.setattr(matching, "SECONDS_ALLOWED", -1.0)
        monkeypatch.setattr(matching, "SECONDS_PER_EVENT", 0.0)
        alone = blame._judge_alone

        def judge_alone(rule, rows):
            if rule.id == "slow":
                sum(range(20_000_000))
            alone(rule, rows)

        monkeypatch.setattr(blame, "_judge_alone", judge_alone)
        told(named("a"))
        assert "5 seconds" in Rule.objects.get(pk="slow").quarantine_reason
        assert Rule.objects.get(pk="quick").quarantined_at is None
        assert Alert.objects.get().rule_id == "quick"

    def test_a_pass_that_takes_long_by_nobodys_fault_sets_nobody_aside(self, tmp_path, monkeypatch):
        load(tmp_path, eql(PAIR))
        monkeypatch.setattr(matching, "SECONDS_ALLOWED", -1.0)
        monkeypatch.setattr(matching, "SECONDS_PER_EVENT", 0.0)
        told(named("a"), named("b", 1))
        assert settle() == 1

    def test_a_worker_claims_nothing_that_it_has_no_time_for(self, tmp_path, monkeypatch):
        load(tmp_path, eql(PAIR), rule_id="one")
        load(tmp_path, eql(PAIR), rule_id="two")
        told(named("a"), named("b", 1))
        with monkeypatch.context() as hurried:
            hurried.setattr("alerts.settling.TURN", -1)
            assert settle_due(now=NOW + SOON, worker=uuid4()).alerts == 1
        assert Settling.objects.filter(lease_by=None, attempts=0).count() == 2
        assert settle() == 1

    def test_an_allowance_ends(self):
        with pytest.raises(TooCostly):
            Allowance("joined", -1).check()


@pytest.mark.django_db
class TestGaps:
    def test_after_an_outage_the_settling_covers_all_of_it_and_says_so(self, tmp_path):
        load(tmp_path, eql(PAIR))
        told(named("x"))
        settle(NOW)
        told(named("a", 60), named("b", 90), now=NOW + 2 * MINUTE)
        told(named("a", 3_600), named("b", 3_601), now=NOW + HOUR + MINUTE)
        assert settle(NOW + 2 * HOUR) == 2
        run = RuleRun.objects.get()
        assert (run.kind, run.start, run.end, run.alerts) == (RuleRun.Kind.GAP, NOW + 2 * MINUTE, NOW + 2 * HOUR, 2)

    def test_event_rules_that_judge_late_say_so_too(self, tmp_path):
        load(tmp_path, 'type = "query"\nlanguage = "kuery"\nquery = "process.name:a"')
        post([named("a")])
        work(NOW + HOUR)
        run = RuleRun.objects.get()
        assert (run.kind, run.start, run.alerts) == (RuleRun.Kind.GAP, NOW, 1)

    def test_a_large_backlog_is_joined_piece_by_piece(self, tmp_path, monkeypatch):
        load(tmp_path, eql(PAIR))
        monkeypatch.setattr("alerts.settling.MOST_NEW", 3)
        for second in range(6):
            told(*[named(name, second, host__name=f"h{second}") for name in "ab"])
        assert settle() == 6
        assert not CandidateBlock.objects.filter(settled=False).exists()


@pytest.mark.django_db
class TestLookingBack:
    def test_a_rule_that_is_switched_on_joins_what_is_stored(self, tmp_path):
        rule = load(tmp_path, eql(PAIR), enable=False)
        told(named("a", -30), now=NOW - 30 * SECOND)
        told(named("b"), now=NOW)
        enable(rule=rule, actor=None, now=NOW + SECOND)
        look_back(NOW + SECOND)
        assert settle() == 1

    def test_it_reads_back_as_far_as_its_events_may_lie_apart(self, tmp_path):
        rule = load(tmp_path, eql(PAIR), enable=False)
        told(named("a", -9 * 60 - 20), now=NOW - 9 * MINUTE - 20 * SECOND)
        told(named("b", -9 * 60 + 20), now=NOW - 9 * MINUTE + 20 * SECOND)
        enable(rule=rule, actor=None, now=NOW)
        look_back()
        assert settle() == 1

    def test_what_both_the_look_back_and_a_batch_have_found_counts_once(self, tmp_path):
        rule = load(tmp_path, threshold(5, "host.name"))
        told(*[named("a", second) for second in range(4)])
        settle(NOW + 8 * SECOND)
        disable(rule=rule, actor=None, now=NOW + 10 * SECOND)
        enable(rule=rule, actor=None, now=NOW + 11 * SECOND)
        look_back(NOW + 12 * SECOND)
        assert settle(NOW + MINUTE) == 0

    def test_an_indicator_rule_learns_the_indicators_that_are_stored(self, tmp_path):
        rule = load(tmp_path, threat_match(), enable=False)
        told(
            event(NOW - 240 * HOUR, _index="logs-ti_x-default", threat__indicator__ip="198.51.100.7"),
            now=NOW - 240 * HOUR,
        )
        told(event(NOW, source__ip="198.51.100.7"))
        enable(rule=rule, actor=None, now=NOW + SECOND)
        look_back(NOW + SECOND)
        assert settle() == 1

    def test_another_logic_begins_anew(self, tmp_path):
        load(tmp_path, eql(PAIR))
        told(named("a"), named("c", 30))
        assert settle() == 0
        file = tmp_path / "joined.toml"
        file.write_text(file.read_text().replace('"b"', '"c"'))
        load_rules(paths=[file], source="test", actor=None, now=NOW + MINUTE)
        look_back(NOW + MINUTE)
        assert settle(NOW + 2 * MINUTE) == 1
        assert CandidateBlock.objects.values("logic_hash").distinct().count() == 1

    def test_a_rule_that_is_off_has_nothing_settled_and_nothing_kept_for_long(self, tmp_path):
        rule = load(tmp_path, eql(PAIR))
        told(named("a"), named("b", 1))
        disable(rule=rule, actor=None, now=NOW + SECOND)
        assert settle() == 0
        assert Settling.objects.get().due_at is None
        assert forget_old(NOW + 2 * HOUR).candidate_blocks == 2


@pytest.mark.django_db
class TestTakingBack:
    def test_what_an_exception_held_back_is_joined_when_it_is_taken_back(self, tmp_path, cast):
        rule = load(tmp_path, eql(PAIR))
        item = create_item(rule=rule, entries=on_user("svc-ci"), reason="r", name="n", actor=cast.rosa, now=NOW)
        told(named("a", user__name="ivan"), named("b", 30))
        assert settle() == 0
        much_later = NOW + 30 * HOUR
        told(named("x", 0), now=much_later)
        assert HeldBack.objects.count() == 1
        teams = list(cast.rosa.teams.values_list("pk", flat=True))
        take_back(item=item, actor=cast.rosa, now=much_later, team_ids=teams)
        look_back(much_later + SECOND)
        assert settle(much_later + SOON) == 1
        assert steps(joined_alerts()[0]) == ["0", "30"]
        assert not HeldBack.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestSideBySide:
    @pytest.fixture(autouse=True)
    def _no_events_left(self) -> Iterator[None]:
        yield
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE event, event_block, seen_term, rules_groupmark, rules_teamhistory")

    def test_two_workers_that_judge_and_settle_find_every_sequence_once(self, tmp_path, monkeypatch):
        load(tmp_path, eql(PAIR))
        load(tmp_path, threshold(10, "host.name"), rule_id="count")
        monkeypatch.setattr("events.queue._MOST_BATCHES", 2)
        hosts = range(12)
        for second in range(10):
            name = "b" if second == 5 else "a" if second == 2 else "x"
            post([named(name, second, host__name=f"h{host}") for host in hosts], now=NOW + second * SECOND / 100)
        gate = threading.Barrier(2)

        def drain() -> None:
            try:
                worker = uuid4()
                gate.wait(30)
                for step in range(12):
                    evaluate_pending(now=NOW + SECOND, worker=worker)
                    settle_due(now=NOW + (2 + 6 * step) * SECOND, worker=worker)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(drain), pool.submit(drain)]:
                future.result(60)
        settle(NOW + 5 * MINUTE)
        assert not Batch.objects.filter(state=Batch.State.PENDING).exists()
        found = [(alert.rule_id, alert.host_name) for alert in joined_alerts()]
        assert sorted(found) == sorted((rule, f"h{host}") for rule in ("joined", "count") for host in hosts)
        assert not Lookback.objects.filter(done_at=None).exists()
