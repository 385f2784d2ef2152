"""The queue: filters, orders, pages by key, counts, and KQL over source event and kibana.alert.*."""

from copy import copy
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from alerts.models import Alert, Reason, Status
from alerts.selectors import (
    QueueFilters,
    histogram,
    neighbours,
    new_since,
    past_verdicts,
    queue,
    view_counts,
)
from alerts.selectors.figures import figures_of
from alerts.selectors.prior import prior_verdicts
from alerts.selectors.searching import CHUNK
from alerts.templatetags.queue_parts import queue_histogram
from alerts.triage import assign, set_status
from engine import LanguageError
from rules.models import ExceptionItem
from tests.alerts.world import NOW, event, load, other_team, raised

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ALL = QueueFilters()


@pytest.fixture
def alerts(tmp_path, cast):
    """Two of a low rule, three hours apart, and one of a critical one, by other people on other hosts."""
    load(tmp_path, severity="low", risk=21)
    load(tmp_path, rule_id="curl", name="Curl was started", query="process.name:curl", severity="critical", risk=99)
    first = raised([event(host__name="a", user__name="u1")], now=NOW - 6 * HOUR)
    second = raised([event(host__name="b", user__name="u2")], now=NOW - 3 * HOUR)
    third = raised([event(host__name="c", user__name="u3", process__name="curl")], now=NOW)
    return [*first, *second, *third]


def shown(user, filters=ALL, **given):
    return [row.alert.pk for row in queue(user=user, filters=filters, now=NOW, **given).rows]


def ids(*alerts):
    return [alert.pk for alert in alerts]


def test_most_urgent_first_then_the_newest(alerts, cast):
    low_old, low_new, critical = alerts
    assert shown(cast.ana) == ids(critical, low_new, low_old)
    assert shown(cast.ana, QueueFilters(sort="newest")) == ids(critical, low_new, low_old)
    assert shown(cast.ana, QueueFilters(sort="oldest")) == ids(low_old, low_new, critical)


FILTERS = [
    (QueueFilters(severities=(4,)), [2]),
    (QueueFilters(rule_id="perl"), [1, 0]),
    (QueueFilters(host="a"), [0]),
    (QueueFilters(user_name="u2"), [1]),
    (QueueFilters(technique="T1059.006"), [2, 1, 0]),
    (QueueFilters(technique="T1003"), []),
    (QueueFilters(tag="OS: Linux"), [2, 1, 0]),
    (QueueFilters(since=NOW - 4 * HOUR), [2, 1]),
    (QueueFilters(until=NOW - 4 * HOUR), [0]),
    (QueueFilters(statuses=("closed",)), []),
    (QueueFilters(assignee="nobody"), [2, 1, 0]),
    (QueueFilters(assignee="me"), []),
    (QueueFilters(assignee="not a number"), []),
]


def test_filters(alerts, cast):
    for filters, expected in FILTERS:
        assert shown(cast.ana, filters) == ids(*(alerts[number] for number in expected)), filters


def test_status_owner_and_time_of_closing(alerts, cast):
    team_ids = [alerts[0].team_id]
    assign(alert_ids=ids(alerts[0]), assignee=cast.ana, actor=cast.ana, now=NOW, team_ids=team_ids)
    set_status(
        alert_ids=ids(alerts[1]), status="closed", reason="duplicate", actor=cast.ana, now=NOW, team_ids=team_ids
    )
    assert shown(cast.ana, QueueFilters(assignee="me")) == ids(alerts[0])
    assert shown(cast.rosa, QueueFilters(assignee=str(cast.ana.pk))) == ids(alerts[0])
    assert shown(cast.ana, QueueFilters(statuses=("open", "acknowledged"))) == ids(alerts[2], alerts[0])
    assert shown(cast.ana, QueueFilters(closed_since=NOW)) == ids(alerts[1])
    counts = {name: count.number for name, count in view_counts(user=cast.ana, now=NOW).items()}
    assert counts == {"triage": 2, "mine": 1, "urgent": 1, "closed": 1, "all": 3}


def test_other_teams_alerts_are_not_shown(alerts, cast):
    (theirs,) = raised([event()], team=other_team(), now=NOW)
    assert shown(cast.otto) == ids(theirs)
    assert theirs.pk not in shown(cast.ana)


def test_building_blocks_are_hidden_unless_asked_for(alerts, cast):
    Alert.objects.filter(pk=alerts[0].pk).update(building_block=True)
    assert shown(cast.ana) == ids(alerts[2], alerts[1])
    assert len(shown(cast.ana, QueueFilters(building_blocks=True))) == 3


class TestPaging:
    @pytest.mark.parametrize("sort", ["urgent", "newest", "oldest"])
    def test_pages_hold_every_alert_once(self, tmp_path, cast, sort):
        load(tmp_path)
        for number in range(3):
            raised([event(host__name=f"h{number}") for _ in range(3)], now=NOW + number * HOUR)
        filters, after, seen = QueueFilters(sort=sort), None, []
        while True:
            page = queue(user=cast.ana, filters=filters, now=NOW, after=after, limit=4)
            seen += [row.alert.pk for row in page.rows]
            assert page.total.number == 9
            after = page.next_key
            if after is None:
                break
        assert len(seen) == len(set(seen)) == 9
        assert seen == sorted(seen, reverse=sort != "oldest")

    def test_a_broken_key_leads_to_the_first_page_and_says_so(self, alerts, cast):
        page = queue(user=cast.ana, filters=ALL, now=NOW, after="nonsense")
        assert (len(page.rows), page.bad_key) == (3, True)

    def test_the_key_of_another_order_is_no_key(self, alerts, cast):
        key = queue(user=cast.ana, filters=ALL, now=NOW, limit=1).next_key
        assert queue(user=cast.ana, filters=QueueFilters(sort="newest"), now=NOW, after=key).bad_key


KQL = [
    ("process.name:curl", [2]),
    ("host.name:(a or b)", [1, 0]),
    ("not process.name:curl and user.name:u*", [1, 0]),
    ('kibana.alert.rule.name:"Curl was started"', [2]),
    ("kibana.alert.severity:low", [1, 0]),
    ("kibana.alert.risk_score >= 50", [2]),
    ("kibana.alert.workflow_status:open", [2, 1, 0]),
    ('kibana.alert.workflow_reason:"true_positive"', []),
    ("kibana.alert.rule.threat.technique.id:T1059.006", [2, 1, 0]),
    ("kibana.alert.rule.tags:Test and kibana.alert.rule.type:query", [2, 1, 0]),
    ("@timestamp > now-1h", [2, 1, 0]),
]


class TestKql:
    def test_over_source_event_and_alert(self, alerts, cast):
        for kql, expected in KQL:
            page = queue(user=cast.ana, filters=QueueFilters(kql=kql), now=NOW)
            assert [row.alert.pk for row in page.rows] == ids(*(alerts[number] for number in expected)), kql
            assert (page.total.number, page.total.capped, page.stopped) == (len(expected), False, False)

    def test_it_is_refined_by_filters(self, alerts, cast):
        assert shown(cast.ana, QueueFilters(kql="user.name:*", rule_id="curl")) == ids(alerts[2])

    def test_an_error_carries_its_place(self, alerts, cast):
        with pytest.raises(LanguageError) as refused:
            shown(cast.ana, QueueFilters(kql="host.name:("))
        assert refused.value.line == 1

    def test_pages_and_counts_go_beyond_one_chunk(self, tmp_path, cast):
        load(tmp_path, most=1_000)
        number = CHUNK + 30
        raised([event(host__name="even" if at % 2 else "odd") for at in range(number)])
        filters = QueueFilters(kql="host.name:even")
        page = queue(user=cast.ana, filters=filters, now=NOW, limit=100)
        rest = queue(user=cast.ana, filters=filters, now=NOW, limit=100, after=page.next_key)
        assert (len(page.rows), len(rest.rows), page.total.number) == (100, number // 2 - 100, number // 2)
        assert not {row.alert.pk for row in page.rows} & {row.alert.pk for row in rest.rows}

    def test_it_stops_at_its_budget_and_says_so(self, alerts, cast, monkeypatch):
        monkeypatch.setattr("alerts.selectors.queue_page.CHUNK", 1)
        monkeypatch.setattr("alerts.selectors.queue_page.BUDGET", 1)
        page = queue(user=cast.ana, filters=QueueFilters(kql="process.name:nothing"), now=NOW)
        assert page.stopped
        assert not page.late
        assert page.total.capped

    def test_it_stops_when_its_seconds_are_over_and_says_so(self, alerts, cast, monkeypatch):
        monkeypatch.setattr("alerts.selectors.queue_page.SECONDS", -1)
        page = queue(user=cast.ana, filters=QueueFilters(kql="process.name:*"), now=NOW)
        assert (page.rows, page.examined) == ([], 0)
        assert (page.stopped, page.late, page.total.capped) == (True, True, True)
        assert new_since(user=cast.ana, filters=QueueFilters(kql="process.name:*"), since_id=0, now=NOW).capped


def test_everything_that_matches_is_listed(alerts, cast):
    for filters, wanted in (
        (QueueFilters(rule_id="perl"), [alerts[1], alerts[0]]),
        (QueueFilters(kql="host.name:c"), [alerts[2]]),
    ):
        page = queue(user=cast.ana, filters=filters, now=NOW)
        assert [row.alert.pk for row in page.rows] == ids(*wanted)


def test_neighbours_follow_the_queues_order(alerts, cast):
    low_old, low_new, critical = alerts
    found = neighbours(user=cast.ana, filters=ALL, alert=low_new, now=NOW)
    assert (found.previous_id, found.next_id) == (critical.pk, low_old.pk)
    found = neighbours(user=cast.ana, filters=replace(ALL, kql="process.name:perl"), alert=low_new, now=NOW)
    assert (found.previous_id, found.next_id) == (None, low_old.pk)


def test_what_came_since_the_list_was_made(alerts, cast):
    assert new_since(user=cast.ana, filters=ALL, since_id=alerts[0].pk, now=NOW).number == 2
    kql = QueueFilters(kql="process.name:curl")
    assert new_since(user=cast.ana, filters=kql, since_id=alerts[0].pk, now=NOW).number == 1


def test_the_histogram_counts_by_severity(alerts, cast):
    found = histogram(user=cast.ana, filters=ALL, now=NOW, buckets=24)
    assert found.seconds == 3_600
    assert sum(low for low, _, _, _ in found.counts) == 2
    assert found.counts[-1] == (0, 0, 0, 1)


def test_past_verdicts_and_counts_of_rules(alerts, cast):
    set_status(
        alert_ids=ids(alerts[0]),
        status=Status.CLOSED,
        reason=Reason.TRUE_POSITIVE,
        actor=cast.ana,
        now=NOW,
        team_ids=[alerts[0].team_id],
    )
    verdicts = past_verdicts(["perl", "curl"], [alerts[0].team_id])
    assert (verdicts["perl"].true_positive, verdicts["perl"].total, verdicts["curl"].total) == (1, 1, 0)
    assert verdicts["perl"].few


def test_a_page_costs_the_same_queries_however_many_rows(alerts, cast, django_assert_num_queries):
    with django_assert_num_queries(8):
        shown(cast.ana)
    raised([event() for _ in range(20)], now=NOW + HOUR)
    with django_assert_num_queries(8):
        shown(cast.ana)


def test_columns_narrow_without_losing_an_alert(tmp_path, cast):
    load(tmp_path)
    raised([event(host__name=["x", "a"]), event(host__name="a"), event(host__name="b"), event(host__name=None)])
    for kql, number in (
        ("host.name:a", 2),
        ("host.name:(a or b)", 3),
        ("host.name:a*", 2),
        ("not host.name:a", 2),
        ("host.name:a or process.name:perl", 4),
        ("host.name:a and user.name:nobody", 0),
        ("host.name:a and kibana.alert.severity:high", 2),
    ):
        assert len(shown(cast.ana, QueueFilters(kql=kql))) == number, kql


def test_what_an_exception_closed_is_no_verdict(alerts, cast):
    set_status(
        alert_ids=ids(*alerts[:2]),
        status=Status.CLOSED,
        reason=Reason.BENIGN_POSITIVE,
        actor=cast.ana,
        now=NOW,
        team_ids=[alerts[0].team_id],
    )
    covering = ExceptionItem.objects.create(
        rule=alerts[0].rule, name="Nightly backup", reason="known", entries=[], created_at=NOW, updated_at=NOW
    )
    Alert.objects.filter(pk=alerts[0].pk).update(closed_by_exception=covering)
    assert past_verdicts(["perl"], [alerts[0].team_id])["perl"].total == 1


def test_closed_today_is_the_persons_own_day(alerts, cast):
    close_at = NOW.replace(hour=2)
    set_status(
        alert_ids=ids(alerts[0]),
        status=Status.CLOSED,
        reason=Reason.TRUE_POSITIVE,
        actor=cast.ana,
        now=close_at,
        team_ids=[alerts[0].team_id],
    )
    for zone, number in (("UTC", 1), ("America/New_York", 0), ("Asia/Tokyo", 1)):
        cast.ana.time_zone = zone
        assert view_counts(user=cast.ana, now=NOW)["closed"].number == number, zone


def test_a_team_narrows_the_queue_and_a_foreign_one_finds_nothing(alerts, cast):
    [theirs] = raised([event(host__name="z")], team=other_team(), now=NOW)
    cast.ana.teams.add(other_team())
    assert shown(cast.ana, QueueFilters(team_id=theirs.team_id)) == ids(theirs)
    assert theirs.pk not in shown(cast.ana, QueueFilters(team_id=alerts[0].team_id))
    assert shown(cast.otto, QueueFilters(team_id=alerts[0].team_id)) == []


def bars_of(cast, filters):
    page = queue(user=cast.ana, filters=filters, now=NOW)
    return histogram(user=cast.ana, filters=filters, now=NOW, spread=page.spread)


@pytest.mark.parametrize(
    ("kql", "number"),
    [("host.name: *", 3), ("not host.name: *", 0), ("process.name: perl", 2), ("process.name: nowhere", 0)],
)
def test_the_bars_are_those_of_what_kql_lets_through(alerts, cast, kql, number):
    filters = replace(ALL, kql=kql)
    found = bars_of(cast, filters)
    assert (sum(map(sum, found.counts)), found.judged) == (number, True)
    assert number == queue(user=cast.ana, filters=filters, now=NOW).total.number


def test_bars_of_a_search_that_did_not_end_say_that_they_are_without_it(alerts, cast, monkeypatch):
    monkeypatch.setattr("alerts.selectors.queue_page.BUDGET", 1)
    found = bars_of(cast, replace(ALL, kql="process.name: perl"))
    assert (sum(map(sum, found.counts)), found.judged) == (3, False)
    assert "Without the query." in queue_histogram(found, "")


def test_without_a_start_the_bars_begin_with_the_oldest_alert_that_is_listed(alerts, cast):
    Alert.objects.filter(pk=alerts[0].pk).update(created_at=NOW - 35 * 24 * HOUR)
    for filters in (ALL, replace(ALL, kql="process.name: *"), replace(ALL, kql="host.name: *")):
        found = bars_of(cast, filters)
        assert found.start <= NOW - 35 * 24 * HOUR
        assert sum(map(sum, found.counts)) == 3
        assert "3 alerts over 35 days" in queue_histogram(found, "")
    found = bars_of(cast, replace(ALL, since=NOW - 24 * HOUR))
    assert NOW - found.start < 25 * HOUR


def judged(alert, reason, number=1):
    """So many alerts like it, and it among them, that were judged so."""
    Alert.objects.filter(pk=alert.pk).update(status=Status.CLOSED, reason=reason)
    one = Alert.objects.get(pk=alert.pk)
    copies = [copy(one) for _ in range(number - 1)]
    for other in copies:
        other.pk, other.identity = None, uuid4().bytes
    Alert.objects.bulk_create(copies)


@pytest.mark.parametrize(("number", "told"), [(499, (1, 499, False)), (500, (0, 500, True))])
def test_verdicts_are_said_to_be_the_newest_only_where_there_are_older_ones(alerts, cast, number, told):
    judged(alerts[0], Reason.TRUE_POSITIVE)
    judged(alerts[1], Reason.BENIGN_POSITIVE, number)
    [asks] = raised([event(host__name="elsewhere")], now=NOW)
    prior = prior_verdicts([asks], [asks.team_id])[asks.pk]
    assert prior.of == "rule"
    for found in (prior.verdicts, figures_of(asks, None, [asks.team_id]).verdicts):
        assert (found.true_positive, found.benign_positive, found.newest) == told
