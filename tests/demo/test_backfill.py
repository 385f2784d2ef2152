"""Laying the demo's past again, late, or beside what real agents send."""

from datetime import timedelta

import pytest

from accounts.keys import create_key
from accounts.selectors import default_team
from alerts.models import Alert
from events.ingest import ingest
from events.models import Batch, Event
from soc.demo.purge import purge
from soc.web.sample import SAMPLE_EVENT
from tests.demo.laying import NOW, demo_key, equipped, lay
from tests.kept import laid_once


@pytest.fixture(scope="module")
def _laid(django_db_setup, django_db_blocker):
    with laid_once(equipped, django_db_blocker) as copy:
        yield copy


@pytest.fixture
def demo(_laid, db):
    return _laid()


def _all_of_it():
    """What the demo is, without the numbers that the database gave."""
    alerts = Alert.objects.order_by("created_at", "name", "event_time")
    told = alerts.values_list("name", "created_at", "event_time", "status", "reason", "closed_at")
    return set(Event.objects.values_list("uid", flat=True)), list(told)


def _interrupt(share):
    if share > 0.5:
        raise KeyboardInterrupt


def test_who_was_interrupted_goes_on_later_and_ends_with_the_past_of_one_go(demo):
    later = NOW + timedelta(minutes=5)  # nothing that a rule has to learn happens on the day before in these
    with pytest.raises(KeyboardInterrupt):
        lay(demo, days=1, progress=_interrupt)
    half = Event.objects.count()
    assert half
    lay(demo, days=1, now=later)
    assert not Batch.objects.filter(state=Batch.State.PENDING).exists()
    resumed = _all_of_it()
    assert len(resumed[0]) > half
    first = purge()
    assert lay(demo_key(), days=1, now=later).alerts
    whole = _all_of_it()
    # What happened in the five minutes that lie before the later start was laid by the first alone.
    assert whole[0] <= resumed[0]
    assert first.events - len(whole[0]) < 50
    assert [one for one in resumed[1] if one[1] >= later - timedelta(days=1)] == whole[1]


def test_laying_the_past_leaves_what_real_agents_sent_to_its_own_time(demo):
    real, _ = create_key(name="Real", team=default_team(), actor=None, now=NOW)
    sent = ingest(
        key=real, body=SAMPLE_EVENT.encode(), content_type="application/x-ndjson", content_encoding="",
        idempotency_key=None, now=NOW,
    )  # fmt: skip
    lay(demo, days=1)
    assert list(Batch.objects.filter(state=Batch.State.PENDING).values_list("pk", flat=True)) == [sent.batch_id]
