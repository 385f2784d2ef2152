"""The keys of the queue's pages: each belongs to the order that it was cut from, whatever made that order."""

from dataclasses import replace

import pytest

from alerts.selectors import QueueFilters, queue
from alerts.triage import set_status
from tests.alerts.world import NOW, event, load, raised

pytestmark = pytest.mark.django_db


@pytest.fixture
def alerts(tmp_path, cast):
    """Two of a low rule and one of a critical one, and the two are closed."""
    load(tmp_path, severity="low", risk=21)
    load(tmp_path, rule_id="curl", name="Curl was started", query="process.name:curl", severity="critical", risk=99)
    found = raised([event(host__name="a"), event(host__name="b"), event(process__name="curl")])
    ids = [alert.pk for alert in found if alert.rule_id == "perl"]
    set_status(alert_ids=ids, status="closed", reason="duplicate", actor=cast.ana, now=NOW, team_ids=[found[0].team_id])
    return [*found, *raised([event(host__name="d")])]


def test_a_key_that_met_another_filter_is_read_or_refused_and_never_misread(alerts, cast):
    opened, closed = QueueFilters(statuses=("open",)), QueueFilters(statuses=("closed",))
    few = QueueFilters(severities=(1, 2))
    few_closed = replace(few, statuses=("closed",))
    keys = {one: queue(user=cast.ana, filters=one, now=NOW, limit=1).next_key for one in (opened, closed, few)}
    assert all(keys.values())
    for one, key in keys.items():
        for other in (opened, closed, few, few_closed, replace(opened, severities=(4,))):
            page = queue(user=cast.ana, filters=other, now=NOW, after=key, limit=1)
            same = one == other or (one, other) == (closed, few_closed)  # what is closed stands in no segments
            assert page.bad_key == (not same)


def test_a_filter_that_leaves_the_order_as_it_is_keeps_the_place(alerts, cast):
    key = queue(user=cast.ana, filters=QueueFilters(statuses=("open",)), now=NOW, limit=1).next_key
    waiting = QueueFilters(statuses=("open", "acknowledged"), host="d")
    page = queue(user=cast.ana, filters=waiting, now=NOW, after=key)
    assert ([row.alert.pk for row in page.rows], page.bad_key) == ([alerts[-1].pk], False)
