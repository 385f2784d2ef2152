"""Alerts among events are searched as they are today; rules go on judging what was written."""

import orjson
import pytest

from accounts.models import Team, User
from alerts.models import Alert
from engine import parse_kql
from engine.languages.eql import parse_eql
from events import store
from events.pipelines import prepare, run
from events.searching import Window
from events.sequences import find, piped
from tests.alerts.raising.test_as_events import _read_alerts
from tests.alerts.raising.world import INDEX_OF_ALERTS, NOW, alerts, at, hit, raising, rule, suppressing
from tests.alerts.world import work

pytestmark = pytest.mark.django_db
WHOLE = Window(NOW.replace(hour=0), NOW.replace(hour=23))
ALERTS = (INDEX_OF_ALERTS,)


@pytest.fixture
def teams(tmp_path) -> list[int]:
    """Of three alerts two were worked on since: one is closed, one taken."""
    active = rule(tmp_path)
    raising(*(hit(active, at(second)) for second in range(3)))
    closed, taken, _ = alerts()
    ana = User.objects.create(username="ana", first_name="Ana", last_name="Alvarez")
    Alert.objects.filter(pk=closed.pk).update(
        status="closed", reason="false_positive", acknowledged_at=NOW, closed_at=NOW, assignee=ana
    )
    Alert.objects.filter(pk=taken.pk).update(status="acknowledged", acknowledged_at=NOW, assignee=ana)
    return [closed.team_id]


def _found(text: str, teams: list[int]) -> int:
    tree = parse_kql(text)
    page = store.search(tree=tree, window=WHOLE, team_ids=teams, indices=ALERTS, limit=10)
    for counted in (store.count, store.histogram):
        told = counted(tree=tree, window=WHOLE, team_ids=teams, indices=ALERTS)
        assert getattr(told, "total", told).number == len(page.events)
    return len(page.events)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kibana.alert.workflow_status: open", 1),
        ("kibana.alert.workflow_status: closed", 1),
        ("not kibana.alert.workflow_status: open", 2),
        ("kibana.alert.workflow_reason: *", 1),
        ("kibana.alert.workflow_reason: false_positive", 1),
        ('kibana.alert.workflow_assignee_ids: "Ana Alvarez"', 2),
        ("kibana.alert.workflow_status_updated_at: *", 2),
        ("signal.status: acknowledged", 1),
        ("signal.status: open and host.name: web-1", 1),
    ],
)
def test_a_query_in_kql_asks_for_what_alerts_are_today(text: str, expected: int, teams: list[int]) -> None:
    assert _found(text, teams) == expected


def test_eql_joins_and_gives_alerts_as_they_are_today(teams: list[int]) -> None:
    query = parse_eql(
        "sample by kibana.alert.workflow_assignee_ids "
        '[any where signal.status == "acknowledged"] [any where kibana.alert.workflow_status == "closed"]'
    )
    (found,) = find(query, window=WHOLE, team_ids=teams, now=WHOLE.end, indices=ALERTS).matches
    assert found.key == (("kibana.alert.workflow_assignee_ids", "Ana Alvarez"),)
    told = [step.event.document().values("signal.status") for step in found.steps if step.event]
    assert told == [("acknowledged",), ("closed",)]
    tail = parse_eql('any where kibana.alert.workflow_status == "closed" | tail 5')
    assert len(piped(tail, window=WHOLE, team_ids=teams, indices=ALERTS)[0]) == 1


def test_so_does_a_pipeline(teams: list[int]) -> None:
    text = (
        "FROM .alerts-security.* | STATS n = COUNT(*) BY kibana.alert.workflow_status "
        "| SORT kibana.alert.workflow_status"
    )
    rows = run(prepare(text, limit=10), window=WHOLE, team_ids=teams, now=WHOLE.end)
    assert rows.rows == [(1, "acknowledged"), (1, "closed"), (1, "open")]
    led = 'FROM .alerts-security.* | WHERE kibana.alert.workflow_status == "open" | KEEP kibana.alert.workflow_status'
    assert run(prepare(led, limit=10), window=WHOLE, team_ids=teams, now=WHOLE.end).rows == [("open",)]


def test_the_file_of_a_search_has_what_alerts_are_today(teams: list[int]) -> None:
    page = store.search(tree=parse_kql("*"), window=WHOLE, team_ids=teams, indices=ALERTS, limit=10)
    told = sorted(orjson.loads(event.raw)["kibana"]["alert"]["workflow_status"] for event in page.events)
    assert told == ["acknowledged", "closed", "open"]


def test_hits_that_were_counted_later_are_told(tmp_path) -> None:
    active = rule(tmp_path, more=suppressing("host.name", minutes=60))
    raising(hit(active, at(0)))
    raising(hit(active, at(5)))
    raising(hit(active, at(9)))
    (alert,) = alerts()
    page = store.search(
        tree=parse_kql("kibana.alert.suppression.docs_count >= 2"),
        window=WHOLE,
        team_ids=[alert.team_id],
        indices=ALERTS,
        limit=10,
    )
    (document,) = [orjson.loads(event.raw) for event in page.events]
    told = document["kibana"]["alert"]["suppression"]
    assert (told["docs_count"], told["terms"][0]["field"], told["end"][17:19]) == (2, "host.name", "09")


def test_rules_judge_alerts_as_they_were_written(tmp_path, teams: list[int]) -> None:
    rule(tmp_path, rule_id="higher", name="Open ones", query="kibana.alert.workflow_status: open")
    _read_alerts("higher")
    kept = store.scan(
        tree=parse_kql("kibana.alert.workflow_status: open"), window=WHOLE, team_ids=teams, indices=ALERTS, by="time"
    )
    assert len(list(kept)) == 3
    work()
    assert Alert.objects.filter(rule_id="higher").count() == 3


def test_what_another_team_does_with_an_alert_is_not_told_at_home(teams: list[int]) -> None:
    other = Team.objects.create(name="Blue", slug="blue")
    bob = User.objects.create(username="bob", first_name="Bob", last_name="Blue")
    Alert.objects.update(
        team=other, status="closed", reason="true_positive", assignee=bob, acknowledged_at=NOW, closed_at=NOW
    )
    both = [*teams, other.pk]
    for text in ('kibana.alert.workflow_assignee_ids: "Bob Blue"', "kibana.alert.workflow_status: closed"):
        assert _found(text, both) == 0
    assert _found("kibana.alert.workflow_status: open", teams) == 3
    owned = parse_eql("sample by kibana.alert.workflow_assignee_ids [any where true] [any where true]")
    assert find(owned, window=WHOLE, team_ids=both, now=WHOLE.end, indices=ALERTS).matches == []
    text = "FROM .alerts-security.* | STATS n = COUNT(*) BY kibana.alert.workflow_status, kibana.alert.workflow_reason"
    assert run(prepare(text, limit=10), window=WHOLE, team_ids=both, now=WHOLE.end).rows == [(3, "open", None)]
    page = store.search(tree=parse_kql("*"), window=WHOLE, team_ids=both, indices=ALERTS, limit=10)
    assert not [event for event in page.events if b"Bob Blue" in event.raw]


def test_alerts_that_nobody_touched_cost_no_parsing(teams: list[int]) -> None:
    from events.overlaying import today

    page = store.scan(tree=parse_kql("*"), window=WHOLE, team_ids=teams, indices=ALERTS, by="time")
    written = {event.uid: event for event in page}
    now = {event.uid: event for event in today(written.values())}
    untouched = Alert.objects.get(status="open")
    assert now[bytes(untouched.identity)] is written[bytes(untouched.identity)]
    assert Team.objects.count() == 1
