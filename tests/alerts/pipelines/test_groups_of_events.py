"""Pipelines that group events: the shipped rule's story, windows that overlap, late events, exceptions."""

from uuid import uuid4

import pytest

from alerts.evaluation import judge_lookbacks
from alerts.kept import events_of
from alerts.models import Alert, Kind
from alerts.release import release
from rules.exceptions import create_item, remove_item
from rules.models import CandidateBlock, RuleRun
from tests.alerts.pipelines.world import (
    COMMANDS,
    COUNTED,
    MINUTE,
    NOW,
    SECOND,
    alerts,
    curl,
    facts,
    load,
    looks_around,
    on,
    row,
    seed,
    shell,
)
from tests.alerts.settling.world import SOON, settle, told
from tests.alerts.world import other_team, post

pytestmark = pytest.mark.django_db


class TestTheShippedRule:
    def test_it_tells_a_python_process_that_looks_around(self):
        seed()
        told(*looks_around())
        assert settle() == 1
        alert = alerts()[0]
        assert (alert.kind, alert.host_name) == (Kind.GROUP, "web-1")
        found = facts(alert)
        assert found.count == 6
        assert found.by == ["process.parent.entity_id", "agent.id", "host.name", "Esql.time_window_date_trunc"]
        assert row(alert)["Esql.patterns_count_distinct"] == 5
        assert row(alert)["Esql.time_window_date_trunc"] == "2026-11-20T14:06:00.000Z"
        assert [condition.text for condition in found.conditions] == [
            "Esql.process_command_line_count_distinct >= 5",
            "Esql.patterns_count_distinct >= 4",
        ]
        assert [value.value for condition in found.conditions for value in condition.values] == [6, 5]
        assert [(one.role, one.position) for one in events_of(alert)] == [("event", place) for place in range(6)]

    def test_other_is_a_kind_too(self):
        seed()
        told(*looks_around(commands=["grep x", "find y", "curl z", "ls", "ps"]))
        assert settle() == 1

    @pytest.mark.parametrize(
        "events",
        [
            looks_around(commands=COMMANDS[:4]),
            looks_around(commands=["grep a", "grep b", "find c", "find d", "curl e"]),
            looks_around(seconds=57),
            [*looks_around(commands=COMMANDS[:3]), *looks_around(commands=COMMANDS[3:], parent="p-2")],
            [*looks_around(commands=COMMANDS[:3]), *looks_around(commands=COMMANDS[3:], host="web-2")],
            looks_around(of="bash"),
            looks_around(process__args=["sh"]),
        ],
        ids=["four lines", "three kinds", "two minutes", "two processes", "two hosts", "no Python", "no -c"],
    )
    def test_it_is_silent_on_near_misses(self, events):
        seed()
        told(*events)
        assert settle() == 0

    def test_posted_one_by_one_with_settlings_in_between_it_is_told_once(self):
        seed()
        for number, one in enumerate(looks_around()):
            told(one, now=NOW + number * 10 * SECOND)
            settle(NOW + number * 10 * SECOND + 5 * SECOND)
        settle(NOW + 2 * MINUTE)
        assert len(alerts()) == 1


class TestWindows:
    def test_overlapping_windows_do_not_repeat_a_group(self, tmp_path):
        load(tmp_path, COUNTED)
        told(*[curl(second) for second in range(3)])
        assert settle() == 1
        for minute in range(1, 8):
            told(curl(minute * 60, host="db-1", user=f"u{minute}"), now=NOW + minute * MINUTE)
            settle(NOW + minute * MINUTE + SOON)
        assert [alert.host_name for alert in alerts()] == ["web-1", "db-1"]

    def test_later_events_reach_a_group_again_after_an_interval(self, tmp_path):
        load(tmp_path, COUNTED)
        told(*[curl(second) for second in range(3)])
        assert settle() == 1
        told(*[curl(400 + second) for second in range(3)], now=NOW + 7 * MINUTE)
        assert settle(NOW + 8 * MINUTE) == 1
        assert [facts(alert).count for alert in alerts()] == [3, 3]

    def test_a_group_that_is_reached_again_too_soon_waits_for_its_interval_without_new_events(self, tmp_path):
        load(tmp_path, COUNTED)
        told(*[curl(second) for second in range(1, 4)])
        assert settle() == 1
        told(*[curl(100 + second) for second in range(3)], now=NOW + 2 * MINUTE)
        assert settle(NOW + 3 * MINUTE) == 0
        assert settle(NOW + 6 * MINUTE + 10 * SECOND) == 1

    def test_fewer_later_events_do_not_reach_it(self, tmp_path):
        load(tmp_path, COUNTED)
        told(*[curl(second) for second in range(3)])
        settle()
        told(*[curl(400 + second) for second in range(2)], now=NOW + 7 * MINUTE)
        assert settle(NOW + 20 * MINUTE) == 0

    def test_a_late_event_completes_a_group_with_later_ones(self, tmp_path):
        load(tmp_path, COUNTED)
        told(curl(60), curl(120), now=NOW + 3 * MINUTE)
        assert settle(NOW + 4 * MINUTE) == 0
        told(curl(0), now=NOW + 5 * MINUTE)
        assert settle(NOW + 6 * MINUTE) == 1
        assert facts(alerts()[0]).count == 3

    def test_events_further_apart_than_the_look_back_make_no_group(self, tmp_path):
        load(tmp_path, COUNTED)
        told(curl(0), curl(300), curl(620), now=NOW + 12 * MINUTE)
        assert settle(NOW + 13 * MINUTE) == 0

    def test_now_is_the_end_of_the_window(self, tmp_path):
        query = "FROM logs-* | STATS Esql.last = MAX(@timestamp) BY host.name | EVAL Esql.now = NOW()"
        load(tmp_path, query)
        told(curl(61), now=NOW + 3 * MINUTE)
        assert settle(NOW + 30 * MINUTE) == 1
        assert row(alerts()[0])["Esql.now"] == "2026-11-20T14:08:00.000Z"
        window = facts(alerts()[0]).window
        assert window is not None
        assert (window.start, window.end) == ("2026-11-20T13:59:00+00:00", "2026-11-20T14:08:00+00:00")

    def test_a_group_of_null_is_a_group(self, tmp_path):
        load(tmp_path, COUNTED.replace("host.name", "labels.none"))
        told(*[curl(second) for second in range(3)])
        assert settle() == 1
        assert row(alerts()[0])["labels.none"] is None

    def test_statistics_without_groups_are_one_group(self, tmp_path):
        load(tmp_path, "FROM logs-* | STATS Esql.count = COUNT(*) | WHERE Esql.count > 1")
        told(curl(0), curl(1, host="db-1"))
        assert settle() == 1
        assert facts(alerts()[0]).by == []

    def test_more_events_than_are_kept_are_counted(self, tmp_path):
        load(tmp_path, COUNTED)
        told(*[curl(number / 10) for number in range(150)])
        settle()
        assert facts(alerts()[0]).count == 150
        assert len(events_of(alerts()[0])) == 100

    def test_teams_are_apart_and_settling_leaves_a_line(self, tmp_path):
        load(tmp_path, COUNTED)
        told(*[curl(second) for second in range(3)])
        settle()
        run = RuleRun.objects.get(kind=RuleRun.Kind.SETTLING)
        assert (run.hits, run.alerts, run.events) == (1, 1, 3)
        assert not CandidateBlock.objects.filter(settled=False).exists()


class TestExceptions:
    def test_an_exception_about_events_takes_them_out_before_the_pipeline(self, tmp_path):
        rule = load(tmp_path, COUNTED)
        create_item(rule=rule, entries=on("user.name", "ivan"), reason="r", name="n", actor=None, now=NOW)
        told(curl(0), curl(1), curl(2, user="olga"))
        assert settle() == 0

    def test_one_saved_after_the_events_came_counts_when_they_are_settled(self, tmp_path):
        rule = load(tmp_path, COUNTED)
        told(curl(0), curl(1), curl(2, user="olga"), curl(3, user="olga"), curl(4, user="olga"))
        create_item(rule=rule, entries=on("user.name", "ivan"), reason="r", name="n", actor=None, now=NOW)
        assert settle() == 1
        assert row(alerts()[0])["Esql.count"] == 3
        assert row(alerts()[0])["Esql.users"] == "olga"

    def test_one_about_what_the_query_makes_is_asked_of_the_row(self, tmp_path):
        rule = load(tmp_path, COUNTED)
        create_item(rule=rule, entries=on("Esql.users", "olga"), reason="r", name="n", actor=None, now=NOW)
        told(*[curl(second) for second in range(3)], *[curl(3 + s, host="db-1", user="olga") for s in range(3)])
        assert settle() == 1
        assert alerts()[0].host_name == "web-1"

    def test_a_negative_one_about_the_row_takes_no_event_out(self, tmp_path):
        rule = load(tmp_path, COUNTED)
        entries = [{"field": "Esql.users", "type": "match", "operator": "excluded", "value": "ivan"}]
        create_item(rule=rule, entries=entries, reason="r", name="n", actor=None, now=NOW)
        told(*[curl(second) for second in range(3)])
        assert settle() == 1

    def test_a_row_that_is_held_back_comes_back_when_its_exception_is_taken_back(self, tmp_path):
        rule = load(tmp_path, COUNTED)
        item = create_item(rule=rule, entries=on("Esql.users", "ivan"), reason="r", name="n", actor=None, now=NOW)
        told(*[curl(second) for second in range(3)])
        assert settle() == 0
        remove_item(item=item, actor=None, now=NOW + MINUTE)
        release(item=item, now=NOW + MINUTE)
        judge_lookbacks(now=NOW + 2 * MINUTE, worker=uuid4())
        assert settle(NOW + 3 * MINUTE) == 1


def test_an_alert_has_the_row_over_what_its_events_share(tmp_path):
    more = 'rule_name_override = "Esql.label"'
    tables = (
        '[[rule.severity_mapping]]\nfield = "Esql.count"\noperator = "equals"\nseverity = "critical"\nvalue = "3"\n'
    )
    query = COUNTED.replace("| WHERE Esql", '| EVAL Esql.label = CONCAT("Downloads of ", host.name)\n| WHERE Esql')
    load(tmp_path, query, more=more, tables=tables)
    told(*[curl(second) for second in range(3)])
    settle()
    alert = Alert.objects.get()
    assert (alert.name, alert.severity) == ("Downloads of web-1", 4)


def test_late_shells_of_a_told_minute_belong_to_it():
    seed()
    told(*looks_around())
    settle()
    told(shell("ps aux", 4.5), now=NOW + MINUTE)
    assert settle(NOW + 2 * MINUTE) == 0


def test_events_of_two_teams_make_no_group(tmp_path):
    load(tmp_path, COUNTED)
    post([curl(0), curl(1)], now=NOW)
    post([curl(2), curl(3)], now=NOW, team=other_team())
    assert settle() == 0
    post([curl(4)], now=NOW, team=other_team())
    assert settle(NOW + MINUTE) == 1
    assert alerts()[0].team == other_team()


def test_groups_are_suppressed_by_what_their_events_share(tmp_path):
    tables = '[rule.alert_suppression]\ngroup_by = ["user.name"]\nduration = {value = 1, unit = "h"}\n'
    load(tmp_path, COUNTED, tables=tables)
    told(*[curl(second, host=host) for second in range(3) for host in ("a", "b")])
    assert settle() == 1
    alert = alerts()[0]
    assert (alert.suppressed, alert.suppression) == (1, [{"field": "user.name", "value": "ivan"}])
    told(*[curl(400 + second, host="c") for second in range(3)], now=NOW + 7 * MINUTE)
    assert settle(NOW + 8 * MINUTE) == 0
    assert alerts()[0].suppressed == 2
