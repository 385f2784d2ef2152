"""The tasks: they judge what waits until nothing is left, by the names that bell and beat use."""

from datetime import timedelta

import pytest

from alerts.models import Alert
from alerts.tasks import evaluate_pending, judge_due_lookbacks, settle_due
from events import queue
from rules.models import Lookback
from soc.celery import app
from soc.web import clock
from tests.alerts.world import event, load, post

pytestmark = pytest.mark.django_db


def test_they_go_by_the_names_that_bell_and_beat_ring():
    app.loader.import_default_modules()
    beat = {entry["task"] for entry in app.conf.beat_schedule.values()}
    for task in (evaluate_pending, judge_due_lookbacks, settle_due):
        assert task.name in beat
        assert task.name in app.tasks


def test_a_task_drains_the_queue_claim_by_claim(tmp_path, monkeypatch):
    load(tmp_path)
    monkeypatch.setattr("events.queue._MOST_BATCHES", 2)
    now = clock.now()
    for number in range(5):
        post([event(now)], now=now + timedelta(microseconds=number))
    evaluate_pending()
    assert Alert.objects.count() == 5
    assert queue.backlog(now).batches == 0


def test_it_leaves_off_in_time_for_its_limit(tmp_path, monkeypatch):
    load(tmp_path)
    monkeypatch.setattr("alerts.tasks.DRAIN_SECONDS", -1)
    post([event(clock.now())], now=clock.now())
    evaluate_pending()
    assert not Alert.objects.exists()


def test_look_backs_are_judged(tmp_path):
    load(tmp_path, learnt=False)
    judge_due_lookbacks()
    assert Lookback.objects.get().done_at is not None
