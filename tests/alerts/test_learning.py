"""While a team's stored history is shorter than a new-terms rule's, what is new is learnt in one alert."""

from datetime import timedelta

import pytest

from rules.models import TeamHistory
from tests.alerts.world import NOW, event, load, post, raised, terms, work

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def parent(name, at=NOW, **fields):
    return event(at, process__parent__name=name, **fields)


@pytest.fixture
def rule(tmp_path):
    return load(tmp_path, new_terms=["process.parent.name"], history="now-5d", history_known=False)


def test_a_first_run_is_one_alert_that_says_it_is_learning(rule):
    alerts = raised([parent(f"name-{number}") for number in range(30)])
    (alert,) = alerts
    assert alert.learning
    assert alert.facts["learning"]["combinations"] == 30
    assert len(alert.facts["learning"]["examples"]) == 20


def test_later_passes_are_folded_into_the_same(rule):
    (alert,) = raised([parent("cron")])
    assert raised([parent("at", NOW + DAY)], now=NOW + DAY) == []
    alert.refresh_from_db()
    assert alert.facts["learning"]["combinations"] == 2


def test_when_history_is_long_enough_what_is_new_is_an_alert_of_its_own(rule):
    raised([parent("cron")])
    later = NOW + 5 * DAY + timedelta(seconds=1)
    (alert,) = raised([parent("at", later)], now=later)
    assert not alert.learning
    assert terms(alert)["values"] == ["at"]


def test_a_day_of_older_events_that_come_later_ends_the_learning(rule):
    raised([parent("cron")])
    for part in range(4):
        post([event(NOW - 6 * DAY, process__name="ls", _id=f"{part}-{number}") for number in range(25)], now=NOW)
        work()
    history = TeamHistory.objects.get()
    assert (history.since, history.oldest_at.date(), history.early) == (NOW, (NOW - 5 * DAY).date(), {})
    (alert,) = raised([parent("at")])
    assert not alert.learning


def test_one_event_with_a_wrong_clock_does_not(rule):
    raised([parent("cron")])
    post([event(NOW - 29 * DAY, process__name="ls")], now=NOW)
    work()
    assert raised([parent("at")]) == []
    history = TeamHistory.objects.get()
    assert history.oldest_at == NOW
    assert history.early == {(NOW - 29 * DAY).date().isoformat(): 1}


def test_that_old_events_are_dropped_does_not_begin_it_again(rule):
    raised([parent("cron")])
    later = NOW + 30 * DAY
    raised([parent("at", later)], now=later)
    history = TeamHistory.objects.get()
    assert (history.since, history.oldest_at) == (NOW, NOW)
    (alert,) = raised([parent("atd", later)], now=later)
    assert not alert.learning
