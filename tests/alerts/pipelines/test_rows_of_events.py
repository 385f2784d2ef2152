"""Pipelines whose rows are events: judged as they come, or over a window; and those that read alerts."""

from uuid import uuid4

import pytest

from alerts.evaluation import evaluate_pending, judge_lookbacks
from alerts.kept import events_of
from alerts.models import Alert, Kind, SignalCount
from alerts.release import release
from engine import Document
from engine.tree import MatchAll
from events.store import Window, scan
from rules.exceptions import create_item, remove_item
from rules.models import CandidateBlock, HeldBack, RuleRun
from rules.services import enable
from tests.alerts.pipelines.world import MINUTE, NOW, SECOND, alerts, curl, facts, load, on, row
from tests.alerts.settling.world import settle, told
from tests.alerts.world import event, post, work
from tests.alerts.world import load as load_query

pytestmark = pytest.mark.django_db
AT_ONCE = """
FROM logs-endpoint.events.* METADATA _id
| WHERE process.name == "curl"
| EVAL Esql.who = TO_UPPER(user.name), Esql.long = LENGTH(process.command_line)
| WHERE Esql.who != "ROOT"
| KEEP _id, host.name, user.name, process.args, Esql.*
"""
EXPANDED = """
FROM logs-* METADATA _id
| MV_EXPAND process.args
| WHERE process.args LIKE "http*"
| KEEP _id, process.args
"""
INLINE = """
FROM logs-*
| INLINE STATS Esql.most = COUNT(*) BY host.name
| WHERE Esql.most >= 3 AND process.name == "curl"
"""
NEWEST = 'FROM logs-* | WHERE process.name == "curl" | SORT @timestamp DESC | LIMIT 2 | KEEP @timestamp, host.name'


class TestAtOnce:
    def test_each_event_is_judged_by_the_pass_that_sees_it(self, tmp_path):
        load(tmp_path, AT_ONCE)
        post([curl(0), curl(1, user="root"), curl(2, user="olga")], now=NOW)
        work(NOW)
        found = alerts()
        assert [row(alert)["Esql.who"] for alert in found] == ["IVAN", "OLGA"]
        assert {alert.kind for alert in found} == {Kind.ROW}
        assert (facts(found[0]).window, facts(found[0]).by, facts(found[0]).count) == (None, [], 1)
        assert not CandidateBlock.objects.exists()

    def test_it_tells_the_event_and_what_was_asked_of_it(self, tmp_path):
        load(tmp_path, AT_ONCE)
        post([curl(0)], now=NOW)
        work(NOW)
        alert = alerts()[0]
        assert [(one.role, one.event.index) for one in events_of(alert)] == [
            ("source", "logs-endpoint.events.process-default")
        ]
        condition = facts(alert).conditions[0]
        assert condition.text == 'Esql.who != "ROOT"'
        assert [(value.name, value.value) for value in condition.values] == [("Esql.who", "IVAN")]
        assert row(alert)["_id"] == events_of(alert)[0].event.uid.hex()

    def test_judging_again_raises_nothing_twice(self, tmp_path):
        rule = load(tmp_path, AT_ONCE)
        post([curl(0)], now=NOW)
        work(NOW)
        rule.enabled = False
        rule.save()
        enable(rule=rule, actor=None, now=NOW + MINUTE)
        judge_lookbacks(now=NOW + 2 * MINUTE, worker=uuid4())
        assert len(alerts()) == 1

    def test_a_look_back_judges_what_is_stored_and_nothing_before_it(self, tmp_path):
        post([curl(-700)], now=NOW - 11 * MINUTE)
        post([curl(0)], now=NOW)
        work(NOW)
        load(tmp_path, AT_ONCE, now=NOW + MINUTE)
        assert [alert.event_time for alert in alerts()] == [NOW]

    def test_a_field_that_is_expanded_makes_an_alert_for_each_different_value(self, tmp_path):
        load(tmp_path, EXPANDED)
        args = ["curl", "http://a.test", "http://b.test", "http://a.test"]
        post([curl(0, process__args=args)], now=NOW)
        work(NOW)
        assert sorted(row(alert)["process.args"] for alert in alerts()) == ["http://a.test", "http://b.test"]
        post([{**curl(0, process__args=args), "_id": "again"}], now=NOW)
        work(NOW)
        assert len(alerts()) == 4

    def test_exceptions_about_events_and_about_rows_count_and_are_held_back(self, tmp_path):
        rule = load(tmp_path, AT_ONCE)
        create_item(rule=rule, entries=on("user.name", "ivan"), reason="r", name="n", actor=None, now=NOW)
        create_item(rule=rule, entries=on("Esql.who", "OLGA"), reason="r", name="n", actor=None, now=NOW)
        post([curl(0), curl(1, user="olga"), curl(2, user="ada")], now=NOW)
        work(NOW)
        assert [row(alert)["Esql.who"] for alert in alerts()] == ["ADA"]
        assert HeldBack.objects.count() == 2
        run = RuleRun.objects.get(kind=RuleRun.Kind.BATCH)
        assert (run.hits, run.alerts, run.excepted) == (3, 1, 2)

    def test_hits_over_the_maximum_are_counted(self, tmp_path):
        load(tmp_path, AT_ONCE, most=2)
        post([curl(number) for number in range(5)], now=NOW)
        work(NOW)
        counter = SignalCount.objects.get()
        assert (counter.raised, counter.over) == (2, 3)

    def test_suppression_folds_by_what_the_query_made(self, tmp_path):
        load(tmp_path, AT_ONCE, tables='[rule.alert_suppression]\ngroup_by = ["Esql.who"]\n')
        post([curl(number) for number in range(4)] + [curl(9, user="olga")], now=NOW)
        work(NOW)
        assert [alert.suppressed for alert in alerts()] == [3, 0]
        assert alerts()[0].suppression == [{"field": "Esql.who", "value": "IVAN"}]


class TestOverWindows:
    def test_a_row_that_others_let_out_is_an_alert_on_its_event_once(self, tmp_path):
        load(tmp_path, INLINE)
        told(curl(0), curl(1))
        assert settle() == 0
        told(event(NOW + 2 * SECOND), now=NOW + MINUTE)
        assert settle(NOW + 2 * MINUTE) == 2
        assert [(alert.kind, row(alert)["Esql.most"]) for alert in alerts()] == [(Kind.ROW, 3)] * 2
        told(curl(60), now=NOW + 2 * MINUTE)
        assert settle(NOW + 3 * MINUTE) == 1

    def test_only_as_many_as_the_query_asks_for_come_of_a_window(self, tmp_path):
        load(tmp_path, NEWEST)
        told(*[curl(number) for number in range(1, 6)])
        assert settle() == 2
        assert [alert.event_time for alert in alerts()] == [NOW + 4 * SECOND, NOW + 5 * SECOND]

    def test_exceptions_of_both_kinds_count(self, tmp_path):
        rule = load(tmp_path, INLINE)
        create_item(rule=rule, entries=on("Esql.most", "3"), reason="r", name="n", actor=None, now=NOW)
        told(curl(0), curl(1), curl(2))
        assert settle() == 0
        told(curl(3), now=NOW + MINUTE)
        assert settle(NOW + 2 * MINUTE) == 4
        create_item(rule=rule, entries=on("user.name", "olga"), reason="r", name="n", actor=None, now=NOW)
        told(curl(4, user="olga"), now=NOW + 2 * MINUTE)
        assert settle(NOW + 3 * MINUTE) == 0


class TestHigherOrder:
    QUERY = """
    FROM .alerts-security.*
    | WHERE kibana.alert.rule.name IS NOT NULL
    | STATS Esql.rules = COUNT_DISTINCT(kibana.alert.rule.rule_id), Esql.alerts = COUNT(*) BY host.name
    | WHERE Esql.rules >= 2
    """

    def test_a_pipeline_reads_alerts_of_other_rules(self, tmp_path):
        load(tmp_path, self.QUERY)
        load_query(tmp_path)
        load(tmp_path, AT_ONCE, rule_id="rows-2")
        post([event(), curl(0)], now=NOW)
        work(NOW)
        evaluate_pending(now=NOW + SECOND, worker=uuid4())
        assert settle(NOW + MINUTE) == 1
        alert = alerts("rows")[0]
        assert (alert.kind, alert.depth, alert.host_name) == (Kind.GROUP, 2, "web-1")
        assert row(alert)["Esql.rules"] == 2

    def test_what_a_query_made_is_a_field_of_the_alert_as_an_event(self, tmp_path):
        load(tmp_path, AT_ONCE)
        post([curl(0)], now=NOW)
        work(NOW)
        window = Window(NOW - MINUTE, NOW + MINUTE)
        team = Alert.objects.get().team_id
        stored = list(scan(tree=MatchAll(), window=window, team_ids=[team], indices=[".alerts-security.*"]))
        document = stored[0].document()
        assert isinstance(document, Document)
        assert document.values("Esql.who") == ("IVAN",)
        assert document.values("process.args") == ("perl", "-e", "exec")
        assert document.values("kibana.alert.rule.type") == ("esql",)

    def test_a_pipeline_that_reads_its_own_alerts_goes_round_no_circle(self, tmp_path):
        load(tmp_path, "FROM .alerts-security.*, logs-* | STATS Esql.count = COUNT(*) BY host.name")
        told(curl(0))
        now = NOW
        for _ in range(8):
            now += 6 * MINUTE
            settle(now)
        assert len(alerts()) == 1


def test_a_row_that_is_held_back_comes_back_when_its_exception_is_taken_back(tmp_path):
    rule = load(tmp_path, AT_ONCE)
    item = create_item(rule=rule, entries=on("Esql.who", "IVAN"), reason="r", name="n", actor=None, now=NOW)
    post([curl(0)], now=NOW)
    work(NOW)
    assert alerts() == []
    remove_item(item=item, actor=None, now=NOW + MINUTE)
    assert release(item=item, now=NOW + MINUTE).alerts == 1
    assert row(alerts()[0])["Esql.who"] == "IVAN"


def test_a_row_that_another_exception_holds_back_is_told_as_held(tmp_path):
    rule = load(tmp_path, AT_ONCE)
    items = [
        create_item(rule=rule, entries=on("Esql.who", "IVAN", other), reason="r", name=other, actor=None, now=NOW)
        for other in ("a", "b")
    ]
    post([curl(0)], now=NOW)
    work(NOW)
    remove_item(item=items[0], actor=None, now=NOW + MINUTE)
    released = release(item=items[0], now=NOW + MINUTE)
    assert (released.alerts, released.still_held) == (0, 1)


RENAMED = """
FROM logs-*
| WHERE process.name == "curl"
| MV_EXPAND process.args
| EVAL Esql.arg = TO_LOWER(process.args)
| KEEP @timestamp, Esql.arg
"""
EXPANDED_IN_ORDER = """
FROM logs-*
| WHERE process.name == "curl"
| INLINE STATS Esql.most = COUNT(*) BY host.name
| MV_EXPAND process.args
| EVAL Esql.arg = TO_LOWER(process.args), Esql.share = 1.0 / Esql.most, Esql.now = NOW()
| SORT Esql.arg
| LIMIT 100
"""


class TestSeveralRowsOfOneEvent:
    ARGS = ("A", "b", "c")

    @pytest.mark.parametrize("query", [RENAMED, EXPANDED_IN_ORDER, EXPANDED_IN_ORDER + "| DROP process.args"])
    def test_each_different_one_is_an_alert_once_whatever_its_columns_are_called(self, tmp_path, query):
        load(tmp_path, query)
        told(curl(0, process__args=self.ARGS), now=NOW + SECOND)
        settle(now=NOW + MINUTE)
        assert sorted(row(alert)["Esql.arg"] for alert in alerts()) == ["a", "b", "c"]
        told(curl(90, process__args=["d"]), now=NOW + 91 * SECOND)
        settle(now=NOW + 3 * MINUTE)
        assert sorted(row(alert)["Esql.arg"] for alert in alerts()) == ["a", "b", "c", "d"]

    @pytest.mark.parametrize("query", [RENAMED, EXPANDED_IN_ORDER, EXPANDED_IN_ORDER + "| DROP process.args"])
    def test_an_exception_about_one_of_them_says_nothing_of_the_others(self, tmp_path, query):
        rule = load(tmp_path, query)
        create_item(rule=rule, entries=on("Esql.arg", "a"), reason="r", name="n", actor=None, now=NOW)
        told(curl(0, process__args=self.ARGS), now=NOW + SECOND)
        settle(now=NOW + MINUTE)
        assert sorted(row(alert)["Esql.arg"] for alert in alerts()) == ["b", "c"]


ONE_BY_ONE = """
FROM logs-*
| WHERE process.name == "curl"
| MV_EXPAND process.args
| KEEP @timestamp, process.args
"""


@pytest.mark.parametrize("query", [ONE_BY_ONE, ONE_BY_ONE + "| SORT process.args | LIMIT 100"])
def test_an_exception_about_a_value_that_rows_are_made_of_takes_that_row_alone(tmp_path, query):
    rule = load(tmp_path, query)
    create_item(rule=rule, entries=on("process.args", "a"), reason="r", name="n", actor=None, now=NOW)
    told(curl(0, process__args=["a", "b", "c"]), curl(1, user="eve", process__args=["a"]), now=NOW + SECOND)
    settle(now=NOW + MINUTE)
    assert sorted(row(alert)["process.args"] for alert in alerts()) == ["b", "c"]


def test_an_exception_about_a_value_that_groups_are_told_apart_by_takes_that_group_alone(tmp_path):
    query = 'FROM logs-* | WHERE process.name == "curl" | MV_EXPAND process.args | STATS n = COUNT(*) BY process.args'
    rule = load(tmp_path, query)
    create_item(rule=rule, entries=on("process.args", "a"), reason="r", name="n", actor=None, now=NOW)
    told(*[curl(1 + number, process__args=["a", "b"]) for number in range(3)], now=NOW + 4 * SECOND)
    settle(now=NOW + MINUTE)
    assert [row(alert) for alert in alerts()] == [{"n": 3, "process.args": "b"}]


def test_what_an_early_alert_of_a_large_group_rests_on_is_known(tmp_path):
    load(tmp_path, 'FROM logs-* | WHERE user.name == "root"', rule_id="single")
    load(
        tmp_path, "FROM .alerts-security.*, logs-* | STATS n = COUNT(*) BY host.name | WHERE n > 120", rule_id="higher"
    )
    told(curl(0, user="root"), now=NOW)
    work(NOW + SECOND)
    told(*[curl(1 + number / 10) for number in range(130)], now=NOW + 15 * SECOND)
    settle(now=NOW + MINUTE)
    told_of = alerts("higher")[0]
    assert facts(told_of).count == 132
    assert len(events_of(told_of)) == 100
    assert told_of.depth == 2
    window = Window(NOW - MINUTE, NOW + 5 * MINUTE)
    stored = scan(tree=MatchAll(), window=window, team_ids=[told_of.team_id], indices=[".alerts-security.*"])
    higher = [one.document() for one in stored if one.document().values("kibana.alert.rule.name") == ("higher",)]
    assert "single" in higher[0].values("kibana.alert.ancestors.rule")


class TestItsOwnAlerts:
    GROUPED = "FROM .alerts-security.* | STATS n = COUNT(*) BY host.name | WHERE n >= 3"

    def test_a_rule_that_counts_alerts_leaves_its_own_out_and_alerts_again(self, tmp_path):
        load(tmp_path, 'FROM logs-* | WHERE process.name == "curl"', rule_id="single")
        load(tmp_path, self.GROUPED, rule_id="higher")
        told(*[curl(number) for number in range(3)], now=NOW)
        settle(now=NOW + 20 * SECOND)
        assert [facts(alert).count for alert in alerts("higher")] == [3]
        told(*[curl(360 + number) for number in range(4)], now=NOW + 6 * MINUTE)
        for step in range(6):
            work(NOW + 6 * MINUTE + 20 * SECOND + step * 30 * SECOND)
            settle(now=NOW + 6 * MINUTE + 20 * SECOND + step * 30 * SECOND)
        assert len(alerts("single")) == 7
        assert [facts(alert).count for alert in alerts("higher")] == [3, 4]
