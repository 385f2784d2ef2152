"""What makes the queue quick says what the slow way would: columns for documents, and what was found a moment ago."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.models import Alert
from alerts.selectors import QueueFilters, counting, histogram, numbers, over_time, queue, queue_page, view_counts
from alerts.selectors.narrowing import Said
from soc.web.remembered import Remembered
from tests.alerts.world import NOW, event, load, raised

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ALL = QueueFilters()
HOSTS = ("a", "ab", "b", "A", "a*b", "%", "a_b", None, ["a", "b"], ["x", "ab"], "")
TEXTS = (
    "host.name: a",
    "host.name: (a or b)",
    'host.name: "a*b"',
    "host.name: a*",
    "host.name: *b",
    "host.name: *a*",
    "host.name: a*b",
    "host.name: *",
    "host.name: *%*",
    "host.name: a_*",
    "not host.name: a",
    "not host.name: a* and not user.name: root",
    "host.name: a and user.name: root",
    "host.name: b or user.name: r*",
    "not (host.name: a or host.name: b)",
    "host.name: nowhere",
    "host.name: a and process.name: perl",
    "*",
    "kibana.alert.severity: high and host.name: a*",
    "kibana.alert.severity: low or not host.name: a",
    "not (kibana.alert.rule.name: Perl* and host.name: a)",
)


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(numbers, "_longer", Remembered(10.0, 9))
    monkeypatch.setattr(numbers, "_longer_numbers", Remembered(10.0, 9))
    monkeypatch.setattr(over_time, "_known", Remembered(10.0, 9))
    monkeypatch.setattr(over_time, "_too_long", Remembered(10.0, 9))


def shown(user, kql):
    page = queue(user=user, filters=QueueFilters(kql=kql), now=NOW)
    return [row.alert.pk for row in page.rows], str(page.total), page.stopped


def test_columns_tell_what_documents_say(tmp_path, cast, monkeypatch):
    load(tmp_path, most=1_000)
    raised([event(host__name=host, user__name=user) for host in HOSTS for user in ("root", "u1", None)])
    told = {kql: shown(cast.ana, kql) for kql in TEXTS}
    monkeypatch.setattr(Said, "told", None)
    assert told == {kql: shown(cast.ana, kql) for kql in TEXTS}
    monkeypatch.undo()
    monkeypatch.setattr(queue_page, "MOST_ODD", 1)  # more odd alerts than are judged beside columns
    assert told == {kql: shown(cast.ana, kql) for kql in TEXTS}


def test_a_list_beyond_its_ceiling_is_not_counted_again_at_once(tmp_path, cast, monkeypatch):
    monkeypatch.setattr(counting, "OTHERS_CAP", 2)
    monkeypatch.setattr(numbers, "CAP", 2)
    load(tmp_path)
    raised([event() for _ in range(4)])

    def numbers_of(user=cast.ana):
        page = queue(user=user, filters=QueueFilters(), now=NOW)
        return view_counts(user=user, now=NOW)["all"].capped, page.loudest

    assert numbers_of() == (True, ("perl", 3))
    assert not numbers_of(cast.otto)[0]
    Alert.objects.all()[0].delete()
    Alert.objects.all()[0].delete()
    assert numbers_of() == (True, ("perl", 3))
    monkeypatch.setattr(numbers, "_longer", Remembered(10.0, 9))
    monkeypatch.setattr(numbers, "_longer_numbers", Remembered(10.0, 9))
    assert numbers_of() == (False, ("perl", 2))


def test_bars_of_long_ago_are_kept_for_a_while_and_new_ones_are_counted(tmp_path, cast, monkeypatch):
    monkeypatch.setattr(over_time, "MANY", 2)
    load(tmp_path)
    for hours in (5, 3, 1, 0):
        raised([event()], now=NOW - hours * HOUR)
    waiting = QueueFilters(statuses=("open",))

    def bars(filters=ALL, user=cast.ana, now=NOW):
        found = histogram(user=user, filters=filters, now=now)
        step = timedelta(seconds=found.seconds)
        return [(NOW - found.start - at * step) // HOUR for at, one in enumerate(found.counts) if sum(one)]

    before = bars()
    assert (len(before), bars(waiting), bars(user=cast.otto)) == (4, before, [])
    Alert.objects.earliest("created_at").delete()
    raised([event()], now=NOW + timedelta(minutes=20))
    later = NOW + timedelta(minutes=21)
    assert len(bars(now=later)) == 5  # the one that was deleted is still told, and the new one is
    assert len(bars(waiting, now=later)) == 4
    assert len(bars(QueueFilters(since=NOW - 4 * HOUR), now=later)) == 4
    monkeypatch.setattr(over_time, "_known", Remembered(10.0, 9))
    assert len(bars(now=later)) == 4


def test_bars_of_kql_that_columns_tell_are_kept_for_a_while_too(tmp_path, cast):
    load(tmp_path)
    for hours in (5, 3, 1):
        raised([event()], now=NOW - hours * HOUR)

    def bars(filters):
        found = histogram(
            user=cast.ana, filters=filters, now=NOW, spread=queue(user=cast.ana, filters=filters, now=NOW).spread
        )
        assert found.judged
        return sum(map(sum, found.counts))

    asked = QueueFilters(kql="not host.name: nowhere", since=NOW - 6 * HOUR)
    assert bars(asked) == 3
    Alert.objects.filter(created_at__lt=NOW - 2 * HOUR).delete()
    assert bars(asked) == 3
    assert bars(replace(asked, kql="host.name: nowhere")) == 0
    assert bars(replace(asked, since=NOW - 2 * HOUR)) == 1
    assert bars(replace(asked, statuses=("open",))) == 1


def test_bars_of_kql_that_take_too_long_are_drawn_without_it_and_not_tried_again_at_once(tmp_path, cast, monkeypatch):
    load(tmp_path)
    raised([event()], now=NOW - HOUR)
    filters = QueueFilters(kql="not host.name: nowhere", since=NOW - 6 * HOUR)
    spread = queue(user=cast.ana, filters=filters, now=NOW).spread
    slow = spread.alerts.extra(where=["pg_sleep(0.3) IS NOT NULL"])
    monkeypatch.setattr(over_time, "SECONDS", 0.05)
    drawn = histogram(user=cast.ana, filters=filters, now=NOW, spread=replace(spread, alerts=slow))
    assert (sum(map(sum, drawn.counts)), drawn.judged) == (1, False)
    assert not histogram(user=cast.ana, filters=filters, now=NOW, spread=spread).judged


@pytest.fixture
def high_and_low(tmp_path, cast):
    """Ten alerts of two rules on three hosts, two of them high, one of an event with two hosts."""
    load(tmp_path, severity="low", risk=21)
    load(tmp_path, rule_id="curl", name="Curl was started", query="process.name:curl", severity="high", risk=70)
    some = [event(host__name=host) for host in ("a", "b", "c", ["a", "b"]) for _ in range(2)]
    return raised([*some, event(process__name="curl"), event(process__name="curl", host__name=["a", "c"])])


@pytest.fixture
def _few_are_judged(monkeypatch):
    monkeypatch.setattr(queue_page, "BUDGET", 3)
    monkeypatch.setattr(queue_page, "CHUNK", 2)


@pytest.mark.usefixtures("_few_are_judged")
@pytest.mark.parametrize(
    ("kql", "number"),
    [
        ("*", 10),
        ("not *", 0),
        ('kibana.alert.rule.name: "Perl was started"', 8),
        ("kibana.alert.rule.name: Perl*", 8),
        ("kibana.alert.severity: high", 2),
        ("kibana.alert.workflow_status: open and kibana.alert.risk_score < 70.0", 8),
        ("kibana.alert.rule.threat.technique.id: T1059", 10),
        ("kibana.alert.rule.name: Perl* and host.name: a", 4),
        ("kibana.alert.rule.name: Perl* or host.name: c", 9),
    ],
)
def test_more_alerts_than_are_judged_are_told_by_what_they_say_of_themselves(high_and_low, cast, kql, number):
    page = queue(user=cast.ana, filters=QueueFilters(kql=kql), now=NOW)
    assert (page.total.number, page.total.capped, page.stopped, page.examined) == (number, False, False, 0)
    assert len(page.rows) == number


@pytest.mark.usefixtures("_few_are_judged")
def test_of_a_text_about_both_only_the_alerts_are_judged_that_say_their_part(high_and_low, cast):
    mixed = "kibana.alert.severity: high and process.args: exec"
    page = queue(user=cast.ana, filters=QueueFilters(kql=mixed), now=NOW)
    assert (page.total.number, page.stopped, page.examined) == (2, False, 2)
    assert queue(user=cast.ana, filters=QueueFilters(kql="process.args: exec"), now=NOW).stopped


def test_odd_alerts_are_read_only_where_events_are_asked_for(high_and_low, cast, django_assert_num_queries):
    with django_assert_num_queries(1):
        queue_page.asked_of(cast.ana, QueueFilters(kql="* and not kibana.alert.severity: low"), NOW)
    with django_assert_num_queries(3):
        queue_page.asked_of(cast.ana, QueueFilters(kql="host.name: a and kibana.alert.severity: low"), NOW)


def test_an_event_that_pretends_to_a_severity_is_not_found_by_it(tmp_path, cast):
    load(tmp_path, severity="low")
    raised([
        event(kibana__alert__severity="critical", kibana__alert__rule__name="Nothing"),
        event(kibana={"alert": {"severity": "critical"}, "alert.severity": "critical"}),
    ])  # fmt: skip
    for more in ("", " and process.name: perl"):  # by columns, and by documents
        assert len(shown(cast.ana, f"kibana.alert.severity: low{more}")[0]) == 2
        assert shown(cast.ana, f"not kibana.alert.severity: low{more}")[0] == []
        assert shown(cast.ana, f"kibana.alert.severity: critical{more}")[0] == []
        assert shown(cast.ana, f"kibana.alert.rule.name: Nothing{more}")[0] == []
