"""Many rules switched on at once look back together, and find what each would have found alone."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from alerts import lookbacks_together
from alerts.evaluation import judge_lookbacks
from alerts.judging import HITS_BY_TYPE
from alerts.models import Alert
from alerts.settling import settle_due
from rules import ruleset
from rules.exceptions import create_item
from rules.models import Lookback, Rule, RuleRun
from rules.services import disable, enable
from tests.alerts.settling import world as joining
from tests.alerts.test_killed_anywhere import Killed, killed_at
from tests.alerts.world import NOW, event, load, other_team, post, work

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
LEASE_ENDS = timedelta(seconds=151)
NAMES = ("perl", "curl", "ls", "nc")


def look_back(now=NOW, **given):
    return judge_lookbacks(now=now, worker=uuid4(), **given)


def store(*events, now=NOW, **given):
    post(events, now=now, **given)
    work(now)


def rules_of_every_kind(folder, count):
    """Rules that are off; a third of them learn, and two join."""
    for number in range(count):
        name = NAMES[number % len(NAMES)]
        query = f"process.name:{name} and host.name:*{number % 3}"
        more: dict[str, Any] = {"new_terms": ["user.name"], "history": "now-5d"} if number % 3 == 0 else {}
        load(folder, rule_id=f"rule-{number:03}", query=query, enable=False, most=1_000, **more)
    joining.load(folder, joining.eql(joining.PAIR.replace('"a"', '"perl"').replace('"b"', '"curl"')), enable=False)
    joining.load(folder, joining.threshold(3, "host.name"), rule_id="counts", enable=False)
    Rule.objects.filter(pk="rule-004").update(team=other_team())


def some_events():
    """Days of history, what came before the look-back, and what it is about; of two teams."""
    for day in (4, 2, 8):
        at = NOW - day * DAY
        store(*[event(at, process__name=name, host__name=f"web-{n}") for n in range(3) for name in NAMES], now=at)
    for minutes in (12, 8, 6, 3, 1):
        at = NOW - minutes * MINUTE
        some = [
            event(at, process__name=name, host__name=f"web-{n}", user__name=f"u{minutes % 4}")
            for n in range(3)
            for name in NAMES
        ]
        store(*some, now=at)
        store(*some[:4], now=at, team=other_team())


def switch_on(now=NOW):
    for rule in Rule.objects.order_by("pk"):
        enable(rule=rule, actor=None, now=now)


def undone(act):
    """What comes of it, in a world that is afterwards as it was before."""
    with transaction.atomic():
        found = act()
        transaction.set_rollback(True)
    ruleset.forget()
    return found


def found_alone(monkeypatch):
    """What the rules raise when each looks back by itself."""

    def act():
        with monkeypatch.context() as alone:
            alone.setattr("alerts.lookback.FEW", 1_000)
            switch_on()
            look_back()
        return told()

    return undone(act)


def told():
    while settle_due(now=NOW + 10 * SECOND, worker=uuid4()).rules:
        pass
    return Counter((rule_id, bytes(identity)) for rule_id, identity in Alert.objects.values_list("rule_id", "identity"))


def simple_rules(folder, count):
    for number in range(count):
        load(folder, rule_id=f"rule-{number:03}", query=f"process.name:{NAMES[number % 4]}", enable=False)


def all_done():
    return not Lookback.objects.filter(done_at=None).exists()


def test_sixty_rules_raise_what_each_would_alone(tmp_path, monkeypatch):
    rules_of_every_kind(tmp_path, 60)
    some_events()
    one_by_one = found_alone(monkeypatch)
    monkeypatch.setattr("alerts.lookbacks_together.CHUNK", 7)
    switch_on()
    look_back()
    assert all_done()
    assert told() == one_by_one
    assert len({rule_id for rule_id, _ in one_by_one}) > 40
    assert set(one_by_one.values()) == {1}


def queries_of(folder, count):
    simple_rules(folder, count)
    switch_on()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        look_back()
    assert all_done()
    return len(captured)


def test_queries_do_not_grow_with_rules(tmp_path):
    store(*[event(process__name=name) for name in NAMES], now=NOW - MINUTE)
    few = undone(lambda: queries_of(tmp_path, 8))
    assert queries_of(tmp_path, 40) <= few


def test_a_broken_rule_among_them_is_set_aside_alone(tmp_path, monkeypatch):
    simple_rules(tmp_path, 8)
    store(*[event(process__name=name) for name in NAMES], now=NOW - MINUTE)
    switch_on()
    every_event = HITS_BY_TYPE["query"]

    def broken(rule, events, newness):
        return 1 / 0 if rule.id == "rule-002" else every_event(rule, events, newness)

    monkeypatch.setattr("alerts.judging.HITS_BY_TYPE", {"query": broken})
    assert look_back() == 7
    assert list(Rule.objects.exclude(quarantined_at=None).values_list("pk", flat=True)) == ["rule-002"]
    assert list(Lookback.objects.filter(done_at=None).values_list("rule_id", flat=True)) == ["rule-002"]


def test_a_rule_that_was_switched_off_meanwhile_does_not_hold_up_the_others(tmp_path, monkeypatch):
    simple_rules(tmp_path, 8)
    store(*[event(process__name=name) for name in NAMES], now=NOW - MINUTE)
    switch_on()
    judge_stored = lookbacks_together._Group._judge_stored

    def off(group):
        disable(rule=Rule.objects.get(pk="rule-003"), actor=None, now=NOW)
        judge_stored(group)

    monkeypatch.setattr(lookbacks_together._Group, "_judge_stored", off)
    assert look_back() == 7
    assert all_done()


def test_interrupted_in_the_middle_they_go_on_where_they_were(tmp_path, monkeypatch):
    simple_rules(tmp_path, 8)
    for minutes in (8, 7, 6):
        store(*[event(process__name=name, number=minutes) for name in NAMES], now=NOW - minutes * MINUTE)
    switch_on()
    monkeypatch.setattr("alerts.lookbacks_together.CHUNK", 4)
    judge_chunk = lookbacks_together._Group._judge_chunk

    def interrupted(group, events, starts, **given):
        if Alert.objects.count() == 16:
            raise SoftTimeLimitExceeded
        judge_chunk(group, events, starts, **given)

    with monkeypatch.context() as slow:
        slow.setattr(lookbacks_together._Group, "_judge_chunk", interrupted)
        with pytest.raises(SoftTimeLimitExceeded):
            look_back()
    waiting = Lookback.objects.filter(done_at=None)
    assert set(waiting.values_list("start", "attempts")) == {(NOW - 7 * MINUTE, 1)}
    assert look_back(NOW + MINUTE) == 8
    assert all_done()


def test_they_give_way_and_go_on_without_waiting(tmp_path, monkeypatch):
    rules_of_every_kind(tmp_path, 9)
    some_events()
    undisturbed = found_alone(monkeypatch)
    monkeypatch.setattr("alerts.lookbacks_together.CHUNK", 3)
    switch_on()
    turns = 0
    while not all_done():
        look_back(stop=lambda: True)
        turns += 1
    assert turns > 5
    assert told() == undisturbed


@pytest.mark.parametrize("statement", [4, 12, 20, 28, 36, 44, 60])
def test_killed_at_any_statement_they_lose_and_double_nothing(tmp_path, statement):
    simple_rules(tmp_path, 5)
    load(tmp_path, rule_id="new", query="process.name:*", new_terms=["user.name"], history="now-5d", enable=False)
    store(event(NOW - 2 * DAY, user__name="known"), now=NOW - 2 * DAY)
    store(*[event(process__name=name, user__name="known") for name in NAMES], now=NOW - 6 * MINUTE)
    store(event(process__name="perl", user__name="intruder"), now=NOW - MINUTE)
    switch_on()
    with suppress(Killed), killed_at(statement):
        look_back()
    look_back(NOW + LEASE_ENDS)
    assert all_done()
    assert Counter(Alert.objects.values_list("rule_id", flat=True)) == {
        "rule-000": 2, "rule-001": 1, "rule-002": 1, "rule-003": 1, "rule-004": 2, "new": 1,
    }  # fmt: skip


def test_what_was_committed_meanwhile_is_judged_with_the_rest(tmp_path, monkeypatch):
    simple_rules(tmp_path, 4)
    load(tmp_path, rule_id="new", query="process.name:*", new_terms=["user.name"], enable=False)
    switch_on(now=NOW - MINUTE)
    judge_late = lookbacks_together._Group._judge_late

    def late(group):
        store(event(NOW - 2 * SECOND, user__name="late"), now=NOW - 2 * SECOND)
        judge_late(group)

    monkeypatch.setattr(lookbacks_together._Group, "_judge_late", late)
    look_back()
    assert Alert.objects.filter(rule_id="new").count() == 1


def test_what_an_exception_covers_is_not_learnt(tmp_path):
    simple_rules(tmp_path, 4)
    rule = load(tmp_path, rule_id="new", query="process.name:*", new_terms=["process.parent.name"], enable=False)
    entries = [{"field": "user.name", "type": "match", "operator": "included", "value": "svc-backup"}]
    create_item(rule=rule, entries=entries, reason="r", name="n", actor=None, now=NOW)
    store(event(NOW - 2 * DAY, user__name="svc-backup"), now=NOW - 2 * DAY)
    store(event(), now=NOW - MINUTE)
    switch_on()
    look_back()
    assert Alert.objects.filter(rule_id="new").count() == 1


def test_what_fails_together_by_nobodys_fault_is_tried_again_and_then_alone(tmp_path, monkeypatch):
    simple_rules(tmp_path, 5)
    store(event(), now=NOW - MINUTE)
    switch_on()
    monkeypatch.setattr("alerts.lookbacks_together.match", lambda *_: 1 / 0)
    assert look_back() == 0
    assert look_back(NOW + MINUTE) == 0
    assert "ZeroDivisionError" in Lookback.objects.filter(done_at=None)[0].error
    assert look_back(NOW + 2 * MINUTE) == 2
    assert all_done()


def test_each_run_tells_of_the_rules_own_window(tmp_path):
    simple_rules(tmp_path, 4)
    store(event(), now=NOW - MINUTE)
    switch_on(now=NOW - 2 * MINUTE)
    Lookback.objects.filter(rule_id="rule-000").update(start=NOW - 5 * MINUTE)
    look_back()
    assert RuleRun.objects.get().start == NOW - 5 * MINUTE
