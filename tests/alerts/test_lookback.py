"""A rule that is switched on judges what is stored; a new-terms rule learns its history first."""

from datetime import timedelta
from uuid import uuid4

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from accounts.keys import create_key
from accounts.selectors import default_team
from alerts import lookback
from alerts.evaluation import judge_lookbacks
from alerts.exceptions import take_back
from alerts.models import Alert
from alerts.newness import Newness
from events.models import Batch
from rules import lookbacks, quarantine
from rules.exceptions import create_item, edit_item, expire_due
from rules.loading import load_rules
from rules.models import ExceptionItem, HeldBack, Lookback, Rule, RuleRun
from rules.services import disable, enable
from tests.alerts.world import NOW, demo_key, event, load, other_team, post, raised, terms, work

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def switch_on(rule_id="perl", now=NOW):
    return enable(rule=Rule.objects.get(pk=rule_id), actor=None, now=now)


def look_back(now=NOW):
    return judge_lookbacks(now=now, worker=uuid4())


def store(*events, now=NOW, **given):
    post(events, now=now, **given)
    work(now)


def test_it_judges_what_arrived_within_the_look_back(tmp_path):
    load(tmp_path, enable=False)
    store(event(), now=NOW - 10 * MINUTE)
    store(event(user__name="inside"), event(process__name="ls"), now=NOW - 5 * MINUTE)
    switch_on()

    assert look_back() == 1
    assert Alert.objects.get().user_name == "inside"
    assert Lookback.objects.get().done_at == NOW
    assert RuleRun.objects.get().kind == RuleRun.Kind.LOOKBACK


def test_it_raises_nothing_twice(tmp_path):
    rule = load(tmp_path)
    raised([event()])
    disable(rule=rule, actor=None, now=NOW)
    switch_on()
    assert look_back() == 0
    assert Alert.objects.count() == 1


def test_it_waits_for_batches_in_flight(tmp_path):
    from events import queue

    load(tmp_path, enable=False)
    post([event()])
    queue.claim(now=NOW, worker=uuid4(), epoch=1)
    switch_on()
    assert look_back() == 0
    assert Lookback.objects.get().done_at is None
    work(NOW + 2 * MINUTE)
    look_back(NOW + 2 * MINUTE)
    assert Alert.objects.count() == 1


def test_it_is_dropped_when_the_rule_is_switched_off_again(tmp_path):
    load(tmp_path, enable=False)
    store(event())
    disable(rule=switch_on(), actor=None, now=NOW)
    assert look_back() == 0


def test_demo_telemetry_stays_marked(tmp_path):
    load(tmp_path, enable=False)
    store(event(), key=demo_key())
    switch_on()
    look_back()
    assert Alert.objects.get().demo


def test_demo_telemetry_stays_marked_when_its_batch_is_gone(tmp_path):
    load(tmp_path, enable=False)
    store(event(), key=demo_key())
    store(event(), team=other_team())
    Batch.objects.all().delete()
    switch_on()
    look_back()
    assert list(Alert.objects.filter(demo=True).values_list("team_id", flat=True)) == [default_team().pk]


def test_in_a_team_with_other_keys_what_cannot_be_told_is_no_demo(tmp_path):
    load(tmp_path, enable=False)
    store(event(), key=demo_key())
    create_key(name="agents", team=default_team(), **by_nobody())
    Batch.objects.all().delete()
    switch_on()
    look_back()
    assert not Alert.objects.get().demo


def test_a_new_terms_rule_learns_its_history_first(tmp_path):
    load(tmp_path, new_terms=["process.parent.name"], history="now-5d", enable=False)
    store(event(NOW - 2 * DAY, process__parent__name="cron"), now=NOW - 2 * DAY)
    store(event(process__parent__name="cron"), event(process__parent__name="at"), now=NOW - MINUTE)
    switch_on()

    assert look_back() == 1
    assert terms(Alert.objects.get())["values"] == ["at"]


def test_until_it_has_learnt_batches_leave_its_matches_to_the_look_back(tmp_path):
    load(tmp_path, new_terms=["process.parent.name"], history="now-5d", enable=False)
    store(event(NOW - 2 * DAY, process__parent__name="cron"), now=NOW - 2 * DAY)
    switch_on()
    store(event(process__parent__name="cron"), event(process__parent__name="at"), now=NOW + MINUTE)
    assert not Alert.objects.exists()

    assert look_back(NOW + 2 * MINUTE) == 1
    assert terms(Alert.objects.get())["values"] == ["at"]
    assert len(raised([event(process__parent__name="atd")], now=NOW + 3 * MINUTE)) == 1


def test_what_an_exception_covers_is_not_learnt(tmp_path):
    rule = load(tmp_path, new_terms=["process.parent.name"], history="now-5d", enable=False)
    entries = [{"field": "user.name", "type": "match", "operator": "included", "value": "svc-backup"}]
    create_item(rule=rule, entries=entries, reason="r", name="n", actor=None, now=NOW)
    store(event(NOW - 2 * DAY, user__name="svc-backup"), now=NOW - 2 * DAY)
    switch_on()
    look_back()
    assert len(raised([event()], now=NOW + MINUTE)) == 1


def test_a_look_back_that_fails_is_tried_again(tmp_path, monkeypatch):
    load(tmp_path, enable=False)
    store(event())
    switch_on()
    with monkeypatch.context() as broken:
        broken.setattr("alerts.lookback.judge", lambda *_, **__: 1 / 0)
        assert look_back() == 0
    assert "ZeroDivisionError" in Lookback.objects.get().error
    assert look_back(NOW + MINUTE) == 1


def test_a_look_back_with_injected_time_before_its_own_start_is_done_at_once(tmp_path):
    load(tmp_path, enable=False)
    switch_on()
    look_back(NOW - 16 * DAY)
    assert Lookback.objects.get().done_at is not None


def test_past_days_that_are_told_anew_are_judged_as_they_come(tmp_path):
    load(tmp_path, new_terms=["process.parent.name"], history="now-5d", enable=False)
    switch_on()
    past = NOW - 3 * DAY
    assert len(raised([event(past)], now=past)) == 1
    assert raised([event(past + DAY)], now=past + DAY) == []
    assert look_back(NOW + MINUTE) == 0


def quarantined(now, rule_id="perl"):
    quarantine.quarantine(rule_id=rule_id, reason="Judging by it failed.", now=now)


def released(now=NOW, rule_id="perl"):
    return quarantine.release(rule=Rule.objects.get(pk=rule_id), actor=None, now=now)


def test_a_rule_that_leaves_quarantine_judges_what_it_missed(tmp_path):
    load(tmp_path)
    quarantined(NOW - 60 * MINUTE)
    store(event(user__name="during"), now=NOW - 50 * MINUTE)
    assert look_back() == 0
    released()
    assert look_back() == 1


def test_a_new_terms_rule_that_was_quarantined_while_it_learnt_learns_afterwards(tmp_path):
    load(tmp_path, new_terms=["user.name"], enable=False)
    store(event(NOW - 2 * DAY, user__name="svc-ci"), now=NOW - 2 * DAY)
    switch_on(now=NOW - 2 * MINUTE)
    quarantined(NOW - 2 * MINUTE)
    assert look_back(NOW - MINUTE) == 0
    released()
    look_back()
    assert raised([event(user__name="svc-ci")]) == []


def test_a_rule_that_fails_in_its_look_back_keeps_it_for_its_release(tmp_path, monkeypatch):
    load(tmp_path, enable=False)
    store(event())
    switch_on()
    with monkeypatch.context() as broken:
        broken.setattr("alerts.judging.HITS_BY_TYPE", {"query": lambda *_: 1 / 0})
        assert look_back() == 0
    assert Rule.objects.get().quarantined_at == NOW
    released(NOW + 60 * MINUTE)
    assert look_back(NOW + 60 * MINUTE) == 1


def test_who_wakes_up_after_his_lease_does_not_end_the_look_back_of_his_successor(tmp_path):
    load(tmp_path, enable=False)
    store(event())
    switch_on()
    late, successor, later = uuid4(), uuid4(), NOW + 4 * MINUTE
    [lost] = lookbacks.claim_due(now=NOW, worker=late)
    [taken] = lookbacks.claim_due(now=later, worker=successor)
    assert lookback._judge_or_fail(lost, now=NOW, worker=late) == 0
    assert lookback._judge_or_fail(taken, now=later, worker=successor) == 1


def test_a_new_terms_rule_of_another_logic_judges_the_backlog_that_is_older_than_its_look_back(tmp_path):
    load(tmp_path, new_terms=["user.name"])
    post([event(NOW - 30 * MINUTE, user__name="intruder")], now=NOW - 30 * MINUTE)
    file = tmp_path / "perl.toml"
    file.write_text(file.read_text().replace("process.name:perl", "process.name:(perl or perl5)"))
    load_rules(paths=[file], source="test", actor=None, now=NOW)
    work()
    look_back()
    assert Alert.objects.get().user_name == "intruder"


def test_what_was_committed_after_the_scan_is_judged_with_the_rest(tmp_path, monkeypatch):
    load(tmp_path, new_terms=["user.name"], enable=False)
    store(event(NOW - 2 * MINUTE, user__name="early"), now=NOW - 2 * MINUTE)
    switch_on(now=NOW - MINUTE)
    judge_rest = lookback._judge_rest

    def late(progress):
        store(event(NOW - 2 * SECOND, user__name="late"), now=NOW - 2 * SECOND)
        return judge_rest(progress)

    monkeypatch.setattr("alerts.lookback._judge_rest", late)
    assert look_back() == 2
    assert [run.hits for run in RuleRun.objects.order_by("pk")] == [1, 1]


def test_one_that_is_interrupted_goes_on_where_it_was(tmp_path, monkeypatch):
    file = load(tmp_path, enable=False, most=1_000)
    path = tmp_path / f"{file.pk}.toml"
    path.write_text(path.read_text().replace("now-9m", "now-2h"))
    load_rules(paths=[path], source="test", actor=None, now=NOW - DAY)
    for minutes in (90, 60, 30):
        store(event(number=minutes), now=NOW - minutes * MINUTE)
    switch_on()
    monkeypatch.setattr("alerts.lookback.CHUNK", 1)
    judge_chunk = lookback._judge_chunk

    def interrupted(progress, events):
        if Alert.objects.count() == 2:
            raise SoftTimeLimitExceeded
        return judge_chunk(progress, events)

    with monkeypatch.context() as slow:
        slow.setattr("alerts.lookback._judge_chunk", interrupted)
        with pytest.raises(SoftTimeLimitExceeded):
            look_back()
    waiting = Lookback.objects.get(done_at=None)
    assert (waiting.start, waiting.attempts) == (NOW - 60 * MINUTE, 1)
    assert look_back(NOW + MINUTE) == 1


def test_learning_that_is_interrupted_goes_on_where_it_was(tmp_path, monkeypatch):
    load(tmp_path, new_terms=["user.name"], enable=False)
    for day in (3, 2, 1):
        store(event(NOW - day * DAY, user__name=f"known-{day}"), now=NOW - day * DAY)
    switch_on()
    monkeypatch.setattr("alerts.lookback.CHUNK", 1)
    keep_new = Newness.keep_new
    learnt: list[object] = []

    def interrupted(self, rule, events):
        if len(learnt) == 2:
            raise SoftTimeLimitExceeded
        learnt.append(events[0].document)
        return keep_new(self, rule, events)

    with monkeypatch.context() as slow:
        slow.setattr("alerts.lookback.Newness.keep_new", interrupted)
        with pytest.raises(SoftTimeLimitExceeded):
            look_back()
    assert Lookback.objects.get().learnt_until == NOW - 2 * DAY
    assert look_back(NOW + MINUTE) == 0
    known = [event(user__name=f"known-{day}") for day in (3, 2, 1)]
    assert raised(known, now=NOW + 2 * MINUTE) == []


def on(name, value):
    return [{"field": name, "type": "match", "operator": "included", "value": value}]


class TestHeldBack:
    """What exceptions held back, when they were taken back while their rule was off."""

    @pytest.fixture
    def item(self, tmp_path):
        item = create_item(rule=load(tmp_path), entries=on("process.name", "perl"), reason="r", name="n", **by_nobody())
        store(event(user__name="ann"), event(user__name="ben"))
        assert HeldBack.objects.count() == 2
        disable(rule=item.rule, **by_nobody(NOW + MINUTE))
        return item

    def test_it_is_raised_when_the_rule_is_switched_on_again(self, item, cast):
        taken = take_back(item=item, actor=cast.rosa, now=NOW + 20 * MINUTE, team_ids=[default_team().pk])
        assert (taken.released, taken.still_held) == (0, 2)
        switch_on(now=NOW + 30 * MINUTE)
        assert look_back(NOW + 30 * MINUTE) == 2
        assert not HeldBack.objects.exists()

    def test_what_a_narrower_edit_covers_stays_held_back(self, item):
        narrow = {"entries": on("user.name", "ben"), "reason": "r", "name": "n"}
        edit_item(item=item, version=item.version, **narrow, **by_nobody(NOW + 20 * MINUTE))
        switch_on(now=NOW + 30 * MINUTE)
        assert look_back(NOW + 30 * MINUTE) == 1
        assert Alert.objects.get().user_name == "ann"
        assert HeldBack.objects.count() == 1

    def test_what_one_that_is_in_force_or_has_expired_holds_back_stays_held_back(self, item):
        switch_on(now=NOW + 30 * MINUTE)
        assert look_back(NOW + 30 * MINUTE) == 0
        ExceptionItem.objects.update(expires_at=NOW + 31 * MINUTE)
        expire_due(NOW + 31 * MINUTE)
        disable(rule=item.rule, **by_nobody(NOW + 40 * MINUTE))
        switch_on(now=NOW + 50 * MINUTE)
        assert look_back(NOW + 50 * MINUTE) == 0
        assert HeldBack.objects.count() == 2


def by_nobody(now=NOW):
    return {"actor": None, "now": now}
