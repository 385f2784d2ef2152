"""The health page opens with the most urgent sentence that is true."""

from datetime import timedelta

import pytest
from django.test import Client

from events.models import Batch
from rules.models import Rule
from soc.health import health_of
from tests.people import NOON, sign_in


def _batch(people, age=timedelta(), team=None, **fields):
    told = {"state": Batch.State.DONE, "days": [NOON.date()], "events": 3} | fields
    return Batch.objects.create(team=team or people.core, ingested_at=NOON - age, **told)


def _sentence(people):
    return health_of(team_ids=[people.core.pk], now=NOON).sentence


def test_before_the_first_event(people):
    assert _sentence(people) == "No event has arrived yet."


def test_when_all_is_well(people):
    _batch(people)
    health = health_of(team_ids=[people.core.pk], now=NOON)
    assert (health.sentence, health.events_last_hour, health.troubled) == ("Events arrive and are judged.", 3, False)


def test_when_agents_fall_silent(people):
    _batch(people, timedelta(hours=3))
    assert _sentence(people) == "No event for 3 h."


def test_when_evaluation_is_behind(people):
    _batch(people, timedelta(minutes=3), state=Batch.State.PENDING, events=12_000)
    assert _sentence(people) == "Evaluation is behind: 12,000 events wait, the oldest for 3 m."


def test_when_something_was_set_aside(people):
    _batch(people, state=Batch.State.QUARANTINED)
    assert _sentence(people) == "Could not be judged and set aside: 1 batch of events."
    Batch.objects.all().delete()
    told = {"severity": "low", "risk_score": 1, "created_at": NOON, "updated_at": NOON, "quarantined_at": NOON}
    Rule.objects.create(id="r", name="r", type="query", **told)
    assert _sentence(people) == "Set aside because of repeated failures: 1 rule."


def test_events_of_another_team_do_not_show(people):
    _batch(people, team=people.retail)
    assert _sentence(people) == "No event has arrived yet."


def test_the_page_shows_it(people):
    _batch(people)
    answer = sign_in(people.vera).get("/health/")
    assert answer.status_code == 200
    assert b"Events arrive and are judged." in answer.content or b"No event for" in answer.content


@pytest.mark.django_db
def test_a_supervisor_may_ask_without_signing_in():
    assert Client().get("/health/ready/").status_code == 204
