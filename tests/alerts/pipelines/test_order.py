"""Order does not matter: of the same events the same alerts, in whatever order, requests and passes they are judged."""

from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.selectors import default_team
from alerts.evaluation import evaluate_pending
from alerts.models import Alert
from alerts.settling import settle_due
from events.models import Batch
from tests.alerts.pipelines.world import (
    COUNTED,
    MINUTE,
    NOW,
    SECOND,
    alerts,
    curl,
    facts,
    load,
    looks_around,
    seed,
    shell,
)
from tests.alerts.settling.test_order import _Undone
from tests.alerts.settling.world import batches, completed, settle, told
from tests.alerts.test_killed_anywhere import Killed, killed_at
from tests.alerts.world import post, work

pytestmark = pytest.mark.django_db
CAREFUL = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # an example takes a second: shrinking one would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
ROWS = """
FROM logs-* | WHERE process.name == "curl" | INLINE STATS Esql.n = COUNT(*) BY host.name | WHERE Esql.n > 2
"""
MINUTES = """
FROM logs-* | STATS Esql.names = COUNT_DISTINCT(process.name) BY host.name, BUCKET(@timestamp, 1 minute)
| WHERE Esql.names >= 2
"""
COMMANDS = ["grep a", "find b", "curl c", "env d", "whoami", "ls e"]
EVENTS = st.lists(
    st.one_of(
        st.builds(lambda s, h: curl(s, host=h), st.integers(0, 900), st.sampled_from(["web-1", "db-1"])),
        st.builds(lambda c, s, h: shell(c, s, host=h), st.sampled_from(COMMANDS), st.integers(1, 70), st.just("web-1")),
    ),
    min_size=5,
    max_size=40,
    unique_by=lambda one: one["_id"],
)
SIZES = st.lists(st.integers(1, 8), max_size=10)
STORY = [*looks_around(), *[curl(number) for number in range(5)], *looks_around(parent="p-2", commands=COMMANDS[:3])]


@pytest.fixture
def rules(tmp_path):
    default_team()  # made before the examples, so that its number outlives them: events are known by it
    seed()
    load(tmp_path, COUNTED, rule_id="counted")
    load(tmp_path, ROWS, rule_id="rows")
    load(tmp_path, MINUTES, rule_id="minutes")


def at_once(events: list[dict[str, Any]]) -> set[tuple[str, bytes]]:
    with _Undone():
        told(*events, now=NOW + 20 * MINUTE)
        settle(NOW + 40 * MINUTE)
        return completed()


@CAREFUL
@given(EVENTS, st.randoms(use_true_random=False), SIZES)
def test_the_same_events_in_any_order_requests_and_passes_raise_the_same(rules, events, random, sizes):
    events = [*events, *STORY]
    expected = at_once(events)
    with _Undone():
        for some in batches(random.sample(events, len(events)), sizes):
            post(some, now=NOW + 20 * MINUTE)
        numbers = list(Batch.objects.filter(state=Batch.State.PENDING).values_list("pk", flat=True))
        for number in random.sample(numbers, len(numbers)):
            evaluate_pending(now=NOW + 20 * MINUTE, worker=uuid4(), only=number)
        settle(NOW + 40 * MINUTE)
        assert completed() == expected


@CAREFUL
@given(EVENTS, st.randoms(use_true_random=False), SIZES)
def test_workers_may_judge_in_another_order_and_settle_in_between(rules, events, random, sizes):
    events = [*events, *STORY]
    expected = at_once(events)
    with _Undone():
        for some in batches(random.sample(events, len(events)), sizes):
            post(some, now=NOW + 20 * MINUTE)
        numbers = list(Batch.objects.filter(state=Batch.State.PENDING).values_list("pk", flat=True))
        for step, number in enumerate(random.sample(numbers, len(numbers))):
            evaluate_pending(now=NOW + 20 * MINUTE, worker=uuid4(), only=number)
            settle_due(now=NOW + 20 * MINUTE + step * 10 * SECOND, worker=uuid4())
        settle(NOW + 40 * MINUTE)
        assert {rule for rule, _ in completed()} == {rule for rule, _ in expected}
        assert {one for one in completed() if one[0] == "rows"} == {one for one in expected if one[0] == "rows"}
        assert len(alerts("31ca3e19-b904-42e2-9e66-0e3d972ed6cd")) == len(
            [one for one in expected if one[0] not in ("rows", "counted", "minutes")]
        )


@pytest.mark.parametrize("statement", range(2, 44, 3))
def test_a_worker_killed_at_any_statement_loses_and_doubles_nothing(tmp_path, statement):
    load(tmp_path, COUNTED, rule_id="counted")
    load(tmp_path, ROWS, rule_id="rows")
    post([curl(number, host=host) for number in range(4) for host in ("a", "b")], now=NOW)
    with suppress(Killed), killed_at(statement):
        evaluate_pending(now=NOW, worker=uuid4())
    work(NOW + 2 * MINUTE)
    with suppress(Killed), killed_at(statement):
        settle_due(now=NOW + 3 * MINUTE, worker=uuid4())
    settle(NOW + 5 * MINUTE)
    assert {alert.host_name: facts(alert).count for alert in alerts("counted")} == {"a": 4, "b": 4}
    assert len(alerts("rows")) == 8
    assert Alert.objects.count() == 10
