"""The page opens with the most urgent sentence that is true, and shows what it rests on."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from accounts.models import Change, Team
from events import lag
from events.models import Batch, DeadLetter, Pulse, ValuesLearnt
from rules.models import Lookback, Rule, RuleRevision
from soc.health import charts, figures, stores
from soc.health.sentence import Facts, headline
from soc.health.state import Health, health_of
from soc.web import clock
from soc.web.counts import Count
from tests.health.conftest import NOW, alive, judged, send
from tests.people import People, sign_in

pytestmark = pytest.mark.usefixtures("broker")
MINUTE = timedelta(minutes=1)
WELL = Facts(
    set_aside=Count(0), broker_there=True, workers_alive=1, waiting_events=0, behind=timedelta(0), rules_aside=0,
    silent=0, known=212, refused_share=0.001, room_days=46.0, arrived=True,
)  # fmt: skip


def state(people: People, now: Any = NOW, teams: Any = None) -> Health:
    return health_of(team_ids=teams or [people.core.pk], now=now)


def rule(people: People, name: str = "DNS tunnel", team: Team | None = None, **more: Any) -> Rule:
    told: dict[str, Any] = {"severity": "low", "risk_score": 1, "created_at": NOW, "updated_at": NOW, "type": "query"}
    return Rule.objects.create(id=name, name=name, team=team, enabled=True, **told | more)


ORDER: list[tuple[dict[str, Any], str]] = [
    ({"room_days": 3.0}, "The disk has room for 3 days."),
    ({"refused_share": 0.02}, "2.0 % of what was sent in 24 hours was refused."),
    ({"rules_aside": 1}, "1 rule is quarantined."),
    ({"silent": 2}, "2 of 212 hosts have gone silent and 1 rule is quarantined."),
    (
        {"behind": timedelta(seconds=90), "waiting_events": 12_000},
        "Detection is 90 seconds behind: 12,000 events wait.",
    ),
    ({"workers_alive": 0}, "No worker is alive: 12,000 events wait, and nothing is lost."),
    ({"broker_there": False}, "The broker does not answer: accepting, not judging; nothing is lost."),
    ({"set_aside": Count(1)}, "1 batch of events could not be judged."),
]


def test_the_most_urgent_sentence_wins() -> None:
    assert headline(WELL).rest == "Everything that was accepted was judged."
    assert headline(WELL).wrong == ""
    facts = WELL
    for change, sentence in ORDER:  # each is more urgent than all before it
        facts = replace(facts, **change)
        assert headline(facts).wrong == sentence


def test_before_the_first_event(people: People) -> None:
    found = state(people).headline
    assert (found.wrong, found.rest) == ("", "No event has arrived yet.")


def test_when_all_is_well(people: People) -> None:
    alive(NOW)
    send(people.key, NOW - 4 * MINUTE, *["web-1"] * 30)
    judged(NOW)
    found = state(people)
    assert found.headline.rest == "Everything that was accepted was judged."
    told = {figure.title: (figure.value, figure.below) for figure in figures.figures(found)}
    assert told["Events a second"] == ("0.1", "30 in 24 h")
    assert told["Behind, now"][0] == "0.0"
    assert told["Refused events"] == ("0", "0.00 % of 24 h")


def test_events_of_another_team_do_not_show(people: People) -> None:
    send(people.key, NOW - MINUTE, "web-1", body=b"refused")
    judged(NOW)
    found = state(people, teams=[people.retail.pk])
    assert found.headline.rest == "No event has arrived yet."
    assert (found.flow.events, found.flow.refused, found.letters, found.agents) == (0, 0, [], [])


def test_lag_is_everybodys(people: People) -> None:
    alive(NOW)
    send(people.key, NOW - 3 * MINUTE, "web-1", "web-2")
    found = state(people, teams=[people.retail.pk])
    assert found.headline.wrong == "Detection is 3 m behind: 2 events wait."


def test_no_worker_is_said_only_when_something_waits(people: People) -> None:
    send(people.key, NOW - MINUTE, "web-1")
    assert state(people).headline.wrong == "No worker is alive: 1 event waits, and nothing is lost."
    alive(NOW - timedelta(seconds=60))  # and died
    assert state(people).workers.missing == 1
    assert state(people).headline.wrong.startswith("No worker is alive")
    judged(NOW)
    assert state(people).headline.wrong == ""


def test_a_broker_that_is_away_is_said_within_a_second_or_two(people: People, settings: Settings) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    now = clock.now()
    text = sign_in(people.vera).get("/health/").content.decode()
    assert "accepting, not judging; nothing is lost" in text
    assert clock.now() - now < timedelta(seconds=10)  # on a busy machine
    settings.BROKER_URL = ""
    assert not stores.broker().there


def test_a_quarantined_rule_is_shown_with_its_error_and_what_waits_and_can_be_tried_again(people: People) -> None:
    now = clock.now()
    aside = rule(people, '<b>"DNS tunnel"', quarantined_at=now - 9 * MINUTE, quarantine_reason="line 4: <i>no column")
    rule(people, "secret rule", people.retail, quarantined_at=now)
    send(people.key, now - 5 * MINUTE, *["web-1"] * 7)
    judged(now)
    text = sign_in(people.rosa).get("/health/").content.decode()
    assert "2 rules are quarantined" in text
    assert "&lt;b&gt;&quot;DNS tunnel&quot;" in text
    assert "line 4: &lt;i&gt;no column" in text
    assert "7 events wait for it" in text
    assert "secret rule" not in text
    again = f"/health/rules/{aside.pk}/again/".replace('"', "%22")
    assert sign_in(people.otto).post("/health/rules/nothing/again/").status_code == 404
    assert sign_in(people.ana).post(again).status_code == 403
    answer = sign_in(people.rosa).post(again, follow=True)
    assert "is judged again" in answer.content.decode()
    assert Rule.objects.get(pk=aside.pk).quarantined_at is None
    assert sign_in(people.rosa).post(again).status_code == 404


def test_a_rule_of_another_team_cannot_be_tried_again(people: People) -> None:
    theirs = rule(people, "theirs", people.retail, quarantined_at=NOW)
    assert sign_in(people.rosa).post(f"/health/rules/{theirs.pk}/again/").status_code == 404
    assert sign_in(people.otto).post(f"/health/rules/{theirs.pk}/again/").status_code == 303


def test_events_that_were_set_aside_can_be_tried_again(people: People) -> None:
    told: dict[str, Any] = {"days": [], "events": 1, "ingested_at": NOW, "state": "quarantined", "done_at": NOW}
    ours = Batch.objects.create(team=people.core, error="ValueError: <b>", **told)
    Batch.objects.create(team=people.retail, error="not for us", **told)
    text = sign_in(people.rosa).get("/health/").content.decode()
    assert "2 batches of events could not be judged." in text
    assert "ValueError: &lt;b&gt;" in text
    assert "not for us" not in text
    answer = sign_in(people.rosa).post(f"/health/batches/{ours.pk}/again/", follow=True)
    assert "These events are judged again." in answer.content.decode()
    assert Change.objects.filter(object_type="batch", object_id=str(ours.pk), verb="try_again").exists()


def test_runs_that_failed_are_listed(people: People) -> None:
    found = rule(people)
    revision = RuleRevision.objects.create(
        rule=found, number=1, definition={}, source_text="", compiler_version=1, logic_hash=b"x" * 16, created_at=NOW
    )
    told: dict[str, Any] = {"rule": found, "revision": revision, "start": NOW, "end": NOW, "after_epoch": 1}
    for error in ("superseded by a newer look-back", "the rule was disabled", "", "DataError: gave up"):
        Lookback.objects.create(created_at=NOW, done_at=NOW, error=error, attempts=5, **told)
    send(people.key, NOW, "web-1", "web-2")
    whole = Batch.objects.get()
    Batch.objects.create(team=people.core, ingested_at=NOW, days=[], events=1, parent=whole, alone=True)
    trouble = state(people).trouble
    assert [run.error for run in trouble.runs] == ["DataError: gave up"]
    assert trouble.halved == 1


def test_dead_letters_are_told_by_reason_with_where_they_mostly_come_from(people: People) -> None:
    now = clock.now()
    for _ in range(3):
        send(people.key, now - MINUTE, "ok-1", body=b'{"host":{"name":"web-3"}')
    send(people.key, now - MINUTE, body=b'{"@timestamp":"1999-01-01T00:00:00Z","host":{"name":"old"}}')
    rosa = sign_in(people.rosa)
    text = rosa.get("/health/").content.decode()
    assert "Not JSON" in text
    assert "web-3" in text
    assert "Older than the retention" in text
    rosa.post("/search/dead-letters/again/", {"reason": "not_json", "within": "24h"})
    assert DeadLetter.objects.filter(reason="not_json").count() == 3
    assert "Look inside" not in sign_in(people.vera).get("/health/").content.decode()


def test_storage_is_told_by_day_and_what_goes_next(people: People, settings: Settings) -> None:
    now = clock.now()
    send(people.key, now - timedelta(days=2), "web-1")
    send(people.key, now, "web-1")
    judged(now)
    kept = state(people, now).storage
    assert kept.days[-1][0] == now.date()
    assert kept.next_day == kept.days[0][0]
    assert kept.next_at is not None
    assert kept.next_at - now > timedelta(days=settings.RETENTION_DAYS - 3)
    assert kept.events_bytes < kept.database_bytes
    settings.DATABASES["default"]["HOST"], host = "db.example.net", settings.DATABASES["default"]["HOST"]
    try:
        found = state(people, now)
        assert found.storage.disk is None
        assert "another machine" in {figure.title: figure.below for figure in figures.figures(found)}["Room for"]
    finally:
        settings.DATABASES["default"]["HOST"] = host


@pytest.mark.parametrize("value", [0, 0.004, 0.7, 1, 3, 9.9, 36, 1_234, 987_654])
def test_an_axis_ends_at_a_round_number_that_is_not_too_high(value: float) -> None:
    assert value <= charts.round_up(value) <= max(value * 2.6, 0.011 if value else 1)


def test_a_page_of_a_day_without_anything_and_of_a_wild_one_is_drawn(people: People) -> None:
    for told in (state(people).flow, _wild(people)):
        text = str(charts.flow_chart(told))
        assert text.startswith('<svg class="chart"')
        assert "nan" not in text.lower()
        assert "inf" not in text.lower()


def _wild(people: People) -> Any:
    for hours in range(30):
        at = NOW - timedelta(hours=hours)
        send(people.key, at, *["web-1"] * (hours % 5 + 1))
        judged(at, timedelta(seconds=7 * hours))
        lag.keep_minutes(at + 8 * MINUTE)
    return state(people).flow


def test_who_may_not_operate_sees_why(people: People) -> None:
    rule(people, quarantined_at=clock.now(), quarantine_reason="x")
    text = sign_in(people.ana).get("/health/").content.decode()
    assert "Needs the engineer role." in text


def test_nothing_is_asked_of_the_partitions_themselves(people: People) -> None:
    send(people.key, NOW, "web-1")
    with CaptureQueriesContext(connection) as queries:
        state(people)
    assert not [
        query["sql"] for query in queries if "FROM event " in query["sql"] or "FROM event_block" in query["sql"]
    ]
    assert not Pulse.objects.exists()


@pytest.mark.parametrize(
    ("behind", "said"),
    [(None, "none yet of how common"), (MINUTE, "how common values are, until"), (9 * MINUTE, "was noted until")],
)
def test_it_says_up_to_when_values_were_noted(people: People, behind: timedelta | None, said: str) -> None:
    if behind is not None:
        ValuesLearnt.objects.create(pk=1, at=clock.now() - behind)
    page = sign_in(people.mona).get("/health/").content.decode()
    assert said in page
    assert ("alerts say so" in page) == (behind == 9 * MINUTE)
