"""Sequences over what is kept: across batches, in any order, with missing events and today's exceptions."""

from uuid import uuid4

import pytest

from alerts.models import Alert, AlertEvent, Kind
from alerts.settling import settle_due
from rules.exceptions import create_item
from rules.models import CandidateBlock, HeldBack, RuleRun, Settling
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
    told,
)
from tests.alerts.world import other_team, post, work

pytestmark = pytest.mark.django_db
A, B, C = "a", "b", "c"


@pytest.fixture
def pair(tmp_path):
    return load(tmp_path, eql(PAIR))


def test_a_sequence_within_one_batch_is_one_alert_with_its_events(pair):
    told(named(A), named(B, 30))
    assert settle() == 1
    (alert,) = joined_alerts()
    assert alert.kind == Kind.SEQUENCE
    assert steps(alert) == ["0", "30"]
    assert alert.facts["by"] == [{"field": "host.name", "value": "web-1"}]
    assert alert.facts["maxspan_ms"] == 60_000
    roles = AlertEvent.objects.filter(alert=alert).order_by("position").values_list("role", flat=True)
    assert list(roles) == ["step 1", "step 2"]


def test_across_batches_and_settlings(pair):
    told(named(A))
    assert settle() == 0
    told(named(B, 30), now=NOW + 30 * SECOND)
    assert settle(NOW + MINUTE) == 1


def test_batches_that_come_in_reverse(pair):
    told(named(B, 30))
    assert settle() == 0
    told(named(A), now=NOW + 30 * SECOND)
    assert settle(NOW + MINUTE) == 1
    assert steps(joined_alerts()[0]) == ["0", "30"]


def test_events_of_another_key_or_too_far_apart_make_none(pair):
    told(named(A), named(B, 30, host__name="db-1"), named(A, 100, host__name="ci-1"), named(B, 161, host__name="ci-1"))
    assert settle(NOW + 5 * MINUTE) == 0


def test_teams_do_not_join(pair):
    told(named(A))
    post([named(B, 30)], team=other_team())
    work()
    assert settle() == 0


def test_settling_again_raises_nothing_twice(pair):
    told(named(A), named(B, 30))
    settle()
    told(named(A, 5), named(A, 40), now=NOW + MINUTE)
    assert settle(NOW + 2 * MINUTE) == 0
    assert len(joined_alerts()) == 1


def test_it_waits_for_a_second_of_quiet_but_not_for_long(pair):
    told(named(A))
    assert settle_due(now=NOW + SECOND / 2, worker=uuid4()).rules == 0
    for tenths in range(8, 60, 8):
        told(named(A, tenths), now=NOW + tenths * SECOND / 10)
    assert Settling.objects.get().due_at == NOW + 5 * SECOND
    assert settle_due(now=NOW + 5 * SECOND, worker=uuid4()).rules == 1


def test_it_comes_every_five_seconds_at_most(pair):
    told(named(A))
    settle(NOW + 2 * SECOND)
    told(named(B, 3), now=NOW + 3 * SECOND)
    assert settle(NOW + 6 * SECOND) == 0
    assert settle(NOW + 7 * SECOND) == 1


def test_exceptions_come_before_joining(pair, cast):
    create_item(rule=pair, entries=on_user("svc-ci"), reason="r", name="n", actor=None, now=NOW)
    told(named(A, user__name="ivan"), named(B, 10), named(B, 20, user__name="ivan"))
    assert settle() == 1
    assert steps(joined_alerts()[0]) == ["0", "20"]
    assert HeldBack.objects.count() == 1


def test_an_exception_saved_before_settling_takes_its_events_out_and_joins_again(pair, cast):
    told(named(A, user__name="ivan"), named(B, 10), named(B, 20, user__name="ivan"))
    create_item(rule=pair, entries=on_user("svc-ci"), reason="r", name="n", actor=None, now=NOW)
    assert settle() == 1
    assert steps(joined_alerts()[0]) == ["0", "20"]
    assert HeldBack.objects.count() == 1
    assert RuleRun.objects.get(kind=RuleRun.Kind.SETTLING).excepted == 1


def test_an_until_event_ends_what_is_pending(tmp_path):
    load(tmp_path, eql(PAIR + 'until [process where process.name == "c"]'))
    told(named(A), named(C, 10), named(B, 20), named(A, 30), named(B, 40))
    assert settle() == 1
    assert steps(joined_alerts()[0]) == ["30", "40"]


@pytest.fixture
def missing(tmp_path):
    query = """
    sequence by host.name with maxspan=1m
      [process where process.name == "a"]
      ![process where process.name == "b"]
    """
    return load(tmp_path, eql(query))


def test_a_missing_event_is_told_only_when_its_time_is_over(missing):
    told(named(A))
    assert settle() == 0
    assert Settling.objects.get().due_at == NOW + MINUTE
    assert settle(NOW + 59 * SECOND) == 0
    assert settle(NOW + MINUTE) == 1
    assert steps(joined_alerts()[0]) == ["0", None]
    assert settle(NOW + 2 * MINUTE) == 0


def test_an_event_that_came_in_time_is_not_missing(missing):
    told(named(A))
    settle()
    told(named(B, 59), now=NOW + 59 * SECOND)
    assert settle(NOW + 2 * MINUTE) == 0


def test_nothing_is_missing_as_long_as_older_batches_wait(missing):
    told(named(A))
    settle()
    post([named(B, 30)], now=NOW + 30 * SECOND)
    assert settle_due(now=NOW + 2 * MINUTE, worker=uuid4()).alerts == 0
    work(NOW + 2 * MINUTE)
    assert settle(NOW + 3 * MINUTE) == 0
    told(named(A, 200), now=NOW + 200 * SECOND)
    assert settle(NOW + 5 * MINUTE) == 1


def test_runs_of_one_event(tmp_path):
    query = """
    sequence by host.name with maxspan=1m
      [process where process.name == "a"] with runs=3
      [process where process.name == "b"]
    """
    load(tmp_path, eql(query))
    told(named(A), named(A, 1), named(B, 2))
    settle()
    assert not joined_alerts()
    told(named(A, 3), named(B, 4), now=NOW + SOON)
    assert settle(NOW + MINUTE) == 1
    assert steps(joined_alerts()[0]) == ["0", "1", "3", "4"]


def test_a_sample_needs_no_order(tmp_path):
    query = """
    sample by host.name
      [process where process.name == "a"]
      [process where process.name == "b"]
    """
    load(tmp_path, eql(query))
    told(named(B), named(B, 1, host__name="db-1"))
    settle()
    told(named(A, 30), now=NOW + 30 * SECOND)
    assert settle(NOW + MINUTE) == 1
    assert joined_alerts()[0].kind == Kind.SAMPLE


def test_several_values_of_a_key_join_by_each(tmp_path):
    query = """
    sequence with maxspan=1m
      [process where process.name == "a"] by process.entity_id
      [process where process.name == "b"] by process.args
    """
    load(tmp_path, eql(query))
    told(named(A, process__entity_id="x"), named(B, 1, process__args=["w", "x"]))
    assert settle() == 1
    assert joined_alerts()[0].facts["by"] == [{"field": "process.entity_id", "value": "x"}]


def test_without_a_span_the_look_back_bounds_it(tmp_path):
    query = 'sequence by host.name [process where process.name == "a"] [process where process.name == "b"]'
    load(tmp_path, eql(query))
    told(named(A), named(B, 8 * 60), named(A, 0, host__name="db-1"), named(B, 10 * 60, host__name="db-1"))
    assert settle(NOW + 20 * MINUTE) == 1


def test_at_one_instant_the_earlier_step_comes_first_whatever_came_first(pair):
    told(named(B))
    told(named(A), now=NOW + SECOND)
    assert settle() == 1


def test_what_is_joined_is_folded_and_forgotten_in_time(pair):
    for second in range(30):
        told(named(A, second), now=NOW + second * SECOND)
    settle(NOW + MINUTE)
    block = CandidateBlock.objects.get()
    assert (block.count, block.settled) == (30, True)
    told(named(A, 3_600), now=NOW + 60 * MINUTE)
    settle(NOW + 61 * MINUTE)  # what was joined last an hour ago may still have been waited for
    told(named(A, 3_720), now=NOW + 62 * MINUTE)
    settle(NOW + 63 * MINUTE)
    assert [block.count for block in CandidateBlock.objects.all()] == [1, 1]


def test_a_pass_leaves_no_line_and_settling_one_only_when_it_found_something(pair):
    told(named(A))
    settle()
    assert not RuleRun.objects.exists()
    told(named(B, 30), now=NOW + 30 * SECOND)
    settle(NOW + MINUTE)
    run = RuleRun.objects.get()
    assert (run.kind, run.events, run.hits, run.alerts) == (RuleRun.Kind.SETTLING, 1, 1, 1)
    assert Alert.objects.filter(kind="block").count() == 2
