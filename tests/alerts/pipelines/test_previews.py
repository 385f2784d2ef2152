"""Previews, suggestions and "close what it matches" for alerts of pipelines: exact, over what was kept with them."""

from typing import Any

import pytest

from accounts.selectors import default_team
from alerts.escalation import to_team
from alerts.exceptions import add, preview, suggest
from alerts.models import Alert, Reason, Status
from rules.models import Rule
from rules.overrides import set_overrides
from tests.alerts.pipelines.world import COUNTED, MINUTE, NOW, alerts, curl, load, on
from tests.alerts.settling.world import settle, told
from tests.alerts.world import other_team, people, post, work

pytestmark = pytest.mark.django_db
AT_ONCE = 'FROM logs-* | WHERE process.name == "curl" | EVAL Esql.who = TO_UPPER(user.name)'
MANY = 'FROM logs-* | WHERE process.name == "curl" | STATS n = COUNT(*) BY host.name | WHERE n >= 20'


def silenced(rule: Rule, entries: list[dict[str, Any]]) -> list[int]:
    found = preview(rule=rule, entries=entries, team_ids=[default_team().pk], now=NOW, alert=alerts()[0])
    return [found.total, found.silenced, len(found.misses)]


@pytest.fixture
def grouped(tmp_path):
    rule = load(tmp_path, COUNTED)
    told(*[curl(number) for number in range(4)], *[curl(number, host="db-1", user="olga") for number in range(5, 8)])
    told(curl(4, user="olga"))
    assert settle() == 2
    return rule


def test_what_takes_out_all_events_of_a_group_silences_it(grouped):
    assert silenced(grouped, on("host.name", "web-1")) == [2, 1, 0]


def test_what_leaves_enough_events_does_not(grouped):
    """Nor is the alert at hand called covered since one of its events is."""
    assert silenced(grouped, on("user.name", "olga")) == [2, 1, 1]
    assert silenced(grouped, on("user.name", "ivan")) == [2, 1, 0]
    assert silenced(grouped, on("user.name", "ada")) == [2, 0, 1]


def test_what_names_a_column_of_the_query_is_asked_of_the_kept_row(grouped):
    assert silenced(grouped, on("Esql.count", "5")) == [2, 1, 0]
    assert silenced(grouped, [*on("Esql.users", "olga"), *on("host.name", "db-1")]) == [2, 1, 1]


def test_entries_of_the_suggestion_cover_the_group(grouped):
    entries = suggest(alerts()[0])
    assert {entry["field"] for entry in entries} >= {"process.executable"}
    assert silenced(grouped, entries)[1] >= 1


def test_saving_closes_what_it_covers_and_holds_for_what_comes(grouped):
    rosa = people().rosa
    added = add(
        alert=alerts()[0],
        entries=on("Esql.users", "olga"),
        reason="known",
        name="olga",
        close_matching=Reason.BENIGN_POSITIVE,
        actor=rosa,
        now=NOW + MINUTE,
        team_ids=[default_team().pk],
    )
    assert len(added.closed) == 2
    assert {alert.status for alert in alerts()} == {Status.CLOSED}
    told(*[curl(500 + number, host="x-1", user="olga") for number in range(3)], now=NOW + 9 * MINUTE)
    assert settle(NOW + 10 * MINUTE) == 0


def test_an_event_with_a_row_is_asked_with_the_row_over_it(tmp_path):
    rule = load(tmp_path, AT_ONCE)
    post([curl(0), curl(1, user="olga")], now=NOW)
    work(NOW)
    assert silenced(rule, [*on("Esql.who", "IVAN"), *on("host.name", "web-1")]) == [2, 1, 0]
    assert silenced(rule, on("user.name", "olga")) == [2, 1, 1]
    assert suggest(alerts()[0])


def test_the_query_runs_as_the_rule_is_set_here(tmp_path):
    query = 'FROM logs-* | WHERE process.args == "-c" | STATS n = COUNT(*) BY host.name | WHERE n >= 2'
    rule = load(tmp_path, query, looked_back=False)
    set_overrides(rule=rule, overrides={"multivalue": "any"}, actor=None, now=NOW - MINUTE)
    told(*[curl(number, user="ivan" if number else "olga", process__args=["sh", "-c", "x"]) for number in range(4)])
    assert settle() == 1
    rule = Rule.objects.get()
    assert silenced(rule, on("user.name", "olga")) == [1, 0, 1]
    assert silenced(rule, on("user.name", "ivan")) == [1, 1, 0]


def test_the_query_knows_what_the_kept_events_are_called(tmp_path):
    query = 'FROM logs-* METADATA _id, _index | WHERE process.name == "curl"'
    rule = load(tmp_path, f"{query} | STATS n = COUNT_DISTINCT(_id) BY _index, host.name | WHERE n >= 2")
    told(*[curl(number, user="ivan" if number else "olga") for number in range(4)])
    assert settle() == 1
    assert silenced(rule, on("user.name", "olga")) == [1, 0, 1]
    assert silenced(rule, on("user.name", "ivan")) == [1, 1, 0]


class TestMoreEventsThanWereKept:
    @pytest.fixture
    def large(self, tmp_path):
        """150 events, of which the last 100 were kept, all of them olga's."""
        rule = load(tmp_path, MANY)
        told(*[curl(number / 10 - 20, user="ivan" if number < 50 else "olga") for number in range(150)])
        assert settle() == 1
        return rule

    def test_what_takes_out_all_that_were_kept_is_not_said_to_cover_it(self, large):
        assert silenced(large, on("user.name", "olga")) == [1, 0, 1]

    def test_the_preview_says_that_this_is_all_it_knows_of(self, large):
        Alert.objects.update(status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
        found = preview(
            rule=large, entries=on("user.name", "olga"), team_ids=[default_team().pk], now=NOW, alert=alerts()[0]
        )
        assert (found.source_of_kept, found.matches_source, found.hides_true_positive) == (True, False, False)
        (warning,) = [lint.message for lint in found.lints if lint.code == "of_kept_events"]
        assert "all of the kept events" in warning
        assert "it was a true positive" in warning

    def test_what_names_the_group_covers_it(self, large):
        assert silenced(large, on("host.name", "web-1")) == [1, 1, 0]
        assert silenced(large, [*on("host.name", "web-1"), *on("user.name", "olga")]) == [1, 0, 2]
        not_there = {"field": "host.name", "type": "match", "operator": "excluded", "value": "db-1"}
        assert silenced(large, [not_there])[1] == 0, "an event that is not kept may name both hosts"


def test_groups_of_long_values_are_told_apart_by_the_whole_value(tmp_path):
    query = 'FROM logs-* | WHERE process.name == "curl" | STATS n = COUNT(*) BY process.command_line | WHERE n >= 2'
    rule = load(tmp_path, query)
    long = "curl " + "x" * 25_000
    told(*[curl(number, user="ivan" if number else "olga", process__command_line=long) for number in range(4)])
    assert settle() == 1
    assert silenced(rule, on("user.name", "olga")) == [1, 0, 1]
    assert silenced(rule, on("user.name", "ivan")) == [1, 1, 0]


@pytest.mark.parametrize(
    "query",
    [
        "| INLINE STATS all = COUNT(*) | STATS n = COUNT(*), all = MAX(all) BY host.name | WHERE all >= 4",
        "| SORT @timestamp DESC | LIMIT 4 | STATS n = COUNT(*) BY host.name | WHERE n >= 4",
        "| STATS a = COUNT(*) BY host.name, user.name | WHERE a < 9 | STATS n = SUM(a) BY host.name | WHERE n >= 4",
    ],
)
def test_a_row_that_other_events_may_bring_about_is_not_said_to_be_covered(tmp_path, query):
    rule = load(tmp_path, f'FROM logs-* | WHERE process.name == "curl" {query}')
    told(*[curl(number, user="ivan" if number else "olga") for number in range(4)])
    assert settle() == 1
    assert silenced(rule, on("user.name", "olga")) == [1, 0, 1]
    assert silenced(rule, on("host.name", "web-1")) == [1, 1, 0]


def test_a_group_that_went_to_another_team_is_counted_again_all_the_same(grouped):
    there = other_team()
    first = alerts()[0]
    to_team(alert_ids=[first.pk], team=there, note="Yours.", actor=people().ana, now=NOW, team_ids=[first.team_id])
    found = preview(rule=grouped, entries=on("user.name", "ivan"), team_ids=[there.pk], now=NOW)
    assert (found.total, found.silenced) == (1, 1)
