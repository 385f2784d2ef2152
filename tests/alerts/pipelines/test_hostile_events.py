"""Events that are made to be dear: they switch no rule off, and what they tell too much of is counted."""

from time import thread_time

import pytest

from alerts.costs import SECONDS
from rules.models import RuleRun
from tests.alerts.pipelines.world import MINUTE, NOW, alerts, curl, load
from tests.alerts.settling.world import settle, told

pytestmark = pytest.mark.django_db


def test_one_event_of_ten_thousand_groups_is_capped(tmp_path):
    rule = load(tmp_path, 'FROM logs-* | WHERE process.name == "curl" | STATS n = COUNT(*) BY process.args', most=100)
    told(curl(1, process__args=[f"a{n}" for n in range(10_050)]), now=NOW + MINUTE)
    settle(now=NOW + 2 * MINUTE)
    rule.refresh_from_db()
    assert rule.quarantined_at is None
    assert len(alerts()) == 100
    run = RuleRun.objects.get(kind=RuleRun.Kind.SETTLING)
    assert run.alerts + run.over_cap == 10_050


def test_events_of_thousands_of_rows_are_judged_in_parts_and_capped(tmp_path):
    query = 'FROM logs-* | WHERE process.name == "curl" | MV_EXPAND process.args | WHERE process.args LIKE "a*"'
    rule = load(tmp_path, query, most=100)
    events = [curl(n / 10, process__args=[f"a{k}" for k in range(5_000)]) for n in range(60)]
    told(*events, now=NOW + MINUTE)
    rule.refresh_from_db()
    assert rule.quarantined_at is None
    assert len(alerts()) == 100


def test_groups_that_share_their_events_are_run_again_together(tmp_path):
    query = 'FROM logs-* | WHERE process.name == "curl" | STATS n = COUNT(*) BY process.args'
    rule = load(tmp_path, query, most=10_000)
    args = [f"a{n}" for n in range(200)]
    told(curl(1, process__args=args), now=NOW)
    settle(now=NOW + MINUTE / 2)
    told(*[curl(361 + n / 50, process__args=[*args, f"u{n}"]) for n in range(50)], now=NOW + 7 * MINUTE)
    started = thread_time()
    settle(now=NOW + 8 * MINUTE)
    assert thread_time() - started < SECONDS
    rule.refresh_from_db()
    assert rule.quarantined_at is None
    assert len(alerts()) == 450
