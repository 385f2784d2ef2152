"""Previews, suggestions and "close what it matches" for alerts of pipelines: exact, over what was kept with them."""

from typing import Any

import pytest

from accounts.selectors import default_team
from alerts.exceptions import add, preview, suggest
from alerts.models import Reason, Status
from rules.models import Rule
from tests.alerts.pipelines.world import COUNTED, MINUTE, NOW, alerts, curl, load, on
from tests.alerts.settling.world import settle, told
from tests.alerts.world import people, post, work

pytestmark = pytest.mark.django_db
AT_ONCE = 'FROM logs-* | WHERE process.name == "curl" | EVAL Esql.who = TO_UPPER(user.name)'


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
    assert silenced(grouped, on("user.name", "olga")) == [2, 1, 0]
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
