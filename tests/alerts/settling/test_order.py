"""Order does not matter: of the same events the same alerts, in whatever order, requests and passes they are judged."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.selectors import default_team
from alerts.evaluation import evaluate_pending
from alerts.settling import settle_due
from events.models import Batch
from tests.alerts.settling.world import (
    MINUTE,
    NOW,
    batches,
    completed,
    eql,
    load,
    named,
    settle,
    threat_match,
    threshold,
    told,
)
from tests.alerts.world import event, post, work

pytestmark = pytest.mark.django_db
CAREFUL = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # an example takes a second: shrinking one would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SEQUENCE = """
sequence by host.name with maxspan=20s
  [process where process.name == "a"]
  [process where process.name == "b"] with runs=2
  [process where process.name in ("a", "c")]
until [process where process.name == "d"]
"""
MISSING = """
sequence by host.name with maxspan=20s
  [process where process.name == "a"]
  ![process where process.name == "d"]
"""
SAMPLE = 'sample by host.name [process where process.name == "a"] [process where process.name == "c"]'
ADDRESSES = ["198.51.100.7", "198.51.100.8"]


def _process(name: str, second: int, host: str) -> dict[str, Any]:
    return named(name, second, host__name=host)


def _visit(address: str, second: int) -> dict[str, Any]:
    return {"_id": f"visit {address} {second}", **event(NOW, source__ip=address, process__name="x")}


def _indicator(address: str, number: int) -> dict[str, Any]:
    fields = {"threat__indicator__ip": address, "_index": "logs-ti_feed-default"}
    return {"_id": f"indicator {address} {number}", **event(NOW, **fields)}


PROCESSES = st.builds(_process, st.sampled_from("abcd"), st.integers(0, 60), st.sampled_from(["web-1", "db-1"]))
OTHERS = st.one_of(
    st.builds(_visit, st.sampled_from(ADDRESSES), st.integers(0, 3)),
    st.builds(_indicator, st.sampled_from(ADDRESSES), st.integers(0, 1)),
)
EVENTS = st.lists(st.one_of(PROCESSES, PROCESSES, OTHERS), min_size=5, max_size=30, unique_by=lambda one: one["_id"])
SIZES = st.lists(st.integers(1, 8), max_size=10)


@pytest.fixture
def rules(tmp_path):
    default_team()  # made before the examples, so that its number outlives them: events are known by it
    load(tmp_path, eql(SEQUENCE), rule_id="sequence")
    load(tmp_path, eql(MISSING), rule_id="missing")
    load(tmp_path, eql(SAMPLE), rule_id="sample")
    load(tmp_path, threshold(4, "host.name", cardinality=("process.name", 2)), rule_id="threshold")
    load(tmp_path, threat_match(), rule_id="indicator")


class _Undone:
    """What an example stores is gone when it ends."""

    def __enter__(self) -> None:
        self._block = transaction.atomic()
        self._block.__enter__()

    def __exit__(self, *error: object) -> None:
        transaction.set_rollback(True)
        self._block.__exit__(None, None, None)


def at_once(events):
    with _Undone():
        told(*events)
        settle(NOW + 5 * MINUTE)
        return completed()


@CAREFUL
@given(EVENTS, st.randoms(use_true_random=False), SIZES)
def test_the_same_events_in_any_order_requests_and_passes_raise_the_same(rules, events, random, sizes):
    expected = at_once(events)
    shuffled = random.sample(events, len(events))
    with _Undone():
        for some in batches(shuffled, sizes):
            post(some, now=NOW)
        numbers = list(Batch.objects.filter(state=Batch.State.PENDING).values_list("pk", flat=True))
        for number in random.sample(numbers, len(numbers)):
            evaluate_pending(now=NOW, worker=uuid4(), only=number)
        settle(NOW + 5 * MINUTE)
        assert completed() == expected


@CAREFUL
@given(EVENTS, st.randoms(use_true_random=False), SIZES)
def test_workers_may_judge_in_another_order_and_settle_in_between(rules, events, random, sizes):
    expected = at_once(events)
    ordered = sorted(events, key=lambda one: one["@timestamp"])
    with _Undone():
        for number, some in enumerate(batches(ordered, sizes)):
            post(some, now=NOW + number * MINUTE / 60)
        later = NOW + MINUTE
        numbers = list(Batch.objects.filter(state=Batch.State.PENDING).values_list("pk", flat=True))
        for step, number in enumerate(random.sample(numbers, len(numbers))):
            evaluate_pending(now=later, worker=uuid4(), only=number)
            settle_due(now=later + step * MINUTE / 6, worker=uuid4())
        work(later)
        settle(NOW + 5 * MINUTE)
        assert {rule for rule, _ in completed()} == {rule for rule, _ in expected}
        assert _without(completed(), "threshold") >= _without(expected, "threshold")


def _without(found: set[tuple[str, bytes]], rule: str) -> set[tuple[str, bytes]]:
    """A count that is settled in between ends with another event; that its group alerts is the same."""
    return {one for one in found if one[0] != rule}


@CAREFUL
@given(EVENTS, st.randoms(use_true_random=False), SIZES)
def test_nothing_is_missed_by_settling_after_every_request_in_any_order(rules, events, random, sizes):
    expected = at_once(events)
    with _Undone():
        for step, some in enumerate(batches(random.sample(events, len(events)), sizes)):
            post(some, now=NOW)
            work()
            settle_due(now=NOW + step * MINUTE / 6, worker=uuid4())
        settle(NOW + 5 * MINUTE)
        missed = {rule for rule, _ in _without(expected, "sample") - completed()}
        assert missed <= {"threshold"}
        assert {rule for rule, _ in expected} <= {rule for rule, _ in completed()}
