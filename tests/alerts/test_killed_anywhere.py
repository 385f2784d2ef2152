"""A worker killed at any statement: afterwards the alerts are what the evaluator says of the events, each once."""

import random
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from accounts.selectors import default_team
from alerts.evaluation import evaluate_pending
from alerts.kept import source_of
from alerts.models import Alert, AlertEvent, SignalCount
from engine import index_matches, matches
from engine.tree import MatchAll
from events.models import Batch
from events.store import Window, scan
from rules.models import HeldBack, RuleRun
from rules.ruleset import current
from tests.alerts.world import NOW, event, load, post, work

pytestmark = pytest.mark.django_db
LEASE_ENDS = timedelta(seconds=61)


class Killed(BaseException):
    """Nothing catches a kill."""


def killed_at(statement: int):
    """A worker that dies before its n-th statement. (The rollback, which the server does by itself, goes through.)"""
    left = [statement]

    def execute(run, sql, params, many, context):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return run(sql, params, many, context)

    return connection.execute_wrapper(execute)


def some_event(rng):
    name = rng.choice(["perl", "curl", "ls"])
    index = rng.choice(["logs-endpoint.events.process-default", "logs-other-default"])
    who = rng.choice(["svc-ci", "ivan"])
    extra = {"_id": str(rng.randrange(40)), "_index": index}
    return event(process__name=name, user__name=who, **extra)


def expected() -> Counter[tuple[str, bytes]]:
    """Rule and uid of every stored event that a rule lets through and no exception covers."""
    window = Window(NOW - timedelta(days=1), NOW + timedelta(days=1))
    stored = scan(tree=MatchAll(), window=window, team_ids=[default_team().pk])
    return Counter(
        (rule.id, one.uid)
        for one in stored
        for rule in current().rules.values()
        if index_matches(rule.definition.indices, one.index)
        and matches(rule.tree, one.document())
        and rule.excepted_by(one.document()) is None
    )


@pytest.mark.parametrize("seed", range(4))
def test_alerts_equal_what_the_evaluator_says(tmp_path, seed):
    rng = random.Random(seed)
    load(tmp_path, most=1_000)
    curl = load(tmp_path, rule_id="curl", query="process.name:curl", most=1_000)
    from rules.exceptions import create_item

    entries = [{"field": "user.name", "type": "match", "operator": "included", "value": "svc-ci"}]
    create_item(rule=curl, entries=entries, reason="r", name="n", actor=None, now=NOW)
    now = NOW
    for _ in range(6):
        now += timedelta(seconds=1)
        post([some_event(rng) for _ in range(8)], now=now)

    for _ in range(2):
        with suppress(Killed), killed_at(rng.randrange(1, 45)):
            evaluate_pending(now=now, worker=uuid4())
        now += LEASE_ENDS
    work(now)

    assert not Batch.objects.exclude(state=Batch.State.DONE).exists()
    found: Counter[tuple[str, bytes]] = Counter()
    for alert in Alert.objects.all():
        kept = source_of(alert)
        assert kept is not None
        found[alert.rule_id, kept.uid] += 1
    assert found == expected()
    assert AlertEvent.objects.count() == Alert.objects.count()
    assert sum(SignalCount.objects.values_list("raised", flat=True)) == Alert.objects.count()
    assert sum(RuleRun.objects.values_list("alerts", flat=True)) == Alert.objects.count()
    assert sum(RuleRun.objects.values_list("excepted", flat=True)) == HeldBack.objects.count()
