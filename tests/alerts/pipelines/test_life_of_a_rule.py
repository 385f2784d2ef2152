"""A pipeline's rule switched on, changed, set beside its file, too dear, and without what it needs."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from alerts.evaluation import evaluate_pending, judge_lookbacks
from alerts.models import Alert
from alerts.pipelines import kept, settling
from events.models import Batch
from rules import quarantine
from rules.models import CandidateBlock, Lookback, Rule, RuleRun
from rules.overrides import overrides_of, set_overrides
from rules.ruleset import current
from tests.alerts.pipelines.world import (
    COUNTED,
    MINUTE,
    NOW,
    SECOND,
    alerts,
    curl,
    facts,
    load,
    looks_around,
    row,
    seed,
)
from tests.alerts.settling.world import SOON, named, settle, told
from tests.alerts.world import post, work

pytestmark = pytest.mark.django_db
STARTED = 'FROM logs-* | WHERE event.type == "start" | STATS Esql.count = COUNT(*) BY host.name | WHERE Esql.count >= 2'


class TestLookBack:
    def test_a_rule_that_is_switched_on_tells_what_is_stored(self, tmp_path):
        told(*[curl(number) for number in range(3)])
        load(tmp_path, COUNTED, now=NOW + MINUTE)
        assert settle(NOW + 2 * MINUTE) == 1
        assert facts(alerts()[0]).count == 3

    def test_events_before_its_look_back_complete_a_group_with_those_after(self, tmp_path):
        told(curl(-400), now=NOW - 400 * SECOND)
        told(curl(100), curl(101), now=NOW + 2 * MINUTE)
        load(tmp_path, COUNTED, now=NOW + 4 * MINUTE)
        assert settle(NOW + 5 * MINUTE) == 1

    def test_a_change_of_the_query_begins_anew_and_tells_what_is_stored(self, tmp_path):
        load(tmp_path, COUNTED.replace(">= 3", ">= 4"))
        told(*[curl(number) for number in range(3)])
        assert settle() == 0
        load(tmp_path, COUNTED, now=NOW + MINUTE)
        assert settle(NOW + 2 * MINUTE) == 1
        assert CandidateBlock.objects.values("logic_hash").distinct().count() == 1

    def test_many_rules_look_back_together(self, tmp_path):
        told(*[curl(number) for number in range(3)], *looks_around())
        for number in range(6):
            load(tmp_path, COUNTED, rule_id=f"rows-{number}", now=NOW + MINUTE, looked_back=False)
        judge_lookbacks(now=NOW + MINUTE, worker=uuid4())
        assert settle(NOW + 2 * MINUTE) == 6

    def test_what_waited_through_an_outage_is_told_as_a_gap(self, tmp_path):
        load(tmp_path, COUNTED)
        told(*[curl(number) for number in range(3)])
        assert settle(NOW + 30 * MINUTE) == 1
        assert RuleRun.objects.filter(kind=RuleRun.Kind.GAP, alerts=1).exists()


class TestSeveralValues:
    def both(self) -> list[dict[str, Any]]:
        return [named("a", second, event__type=["start", "info"]) for second in range(2)]

    def test_a_field_with_several_values_compares_to_nothing(self, tmp_path):
        load(tmp_path, STARTED)
        told(*self.both())
        assert settle() == 0

    def test_set_to_any_here_the_rule_looks_back_and_tells_what_it_missed(self, tmp_path):
        rule = load(tmp_path, STARTED)
        told(*self.both())
        settle()
        before = current().rules[rule.pk].logic_hash
        set_overrides(rule=rule, overrides={"multivalue": "any"}, actor=None, now=NOW + MINUTE)
        assert current().rules[rule.pk].logic_hash != before
        judge_lookbacks(now=NOW + 2 * MINUTE, worker=uuid4())
        assert not Lookback.objects.filter(done_at=None).exists()
        assert settle(NOW + 3 * MINUTE) == 1
        shown = overrides_of(Rule.objects.select_related("revision").get(pk=rule.pk))
        assert [(one.key, one.value, one.upstream) for one in shown] == [("multivalue", "any", "strict")]

    def test_new_events_are_judged_so_too_and_taking_it_back_ends_it(self, tmp_path):
        rule = load(tmp_path, STARTED)
        rule = set_overrides(rule=rule, overrides={"multivalue": "any"}, actor=None, now=NOW)
        judge_lookbacks(now=NOW, worker=uuid4())
        told(*self.both(), now=NOW + SECOND)
        assert settle(NOW + MINUTE) == 1
        set_overrides(rule=rule, overrides={"multivalue": None}, actor=None, now=NOW + MINUTE)
        judge_lookbacks(now=NOW + 2 * MINUTE, worker=uuid4())
        told(*[{**one, "_id": f"{number}"} for number, one in enumerate(self.both())], now=NOW + 10 * MINUTE)
        assert settle(NOW + 20 * MINUTE) == 0

    def test_a_file_may_say_so_itself(self, tmp_path):
        load(tmp_path, STARTED, more='multivalue = "any"')
        told(*self.both())
        assert settle() == 1


class TestBounds:
    def test_a_rule_whose_window_holds_too_much_is_set_aside_alone_with_the_reason(self, tmp_path, monkeypatch):
        monkeypatch.setattr(kept, "MOST_KEPT", 10)
        load(tmp_path, COUNTED)
        load(tmp_path, COUNTED.replace("curl", "wget"), rule_id="other")
        told(*[curl(number / 10) for number in range(11)], *[named("wget", number) for number in range(3)])
        assert settle() == 1
        assert alerts()[0].rule_id == "other"
        rule = Rule.objects.get(pk="rows")
        assert rule.quarantine_reason == "Its query was stopped: more than 10 events lie within its look-back."

    def test_one_that_is_released_tells_what_it_missed(self, tmp_path, monkeypatch):
        with monkeypatch.context() as patched:
            patched.setattr(kept, "MOST_KEPT", 2)
            rule = load(tmp_path, COUNTED)
            told(*[curl(number / 10) for number in range(3)])
            settle()
        quarantine.release(rule=rule, actor=None, now=NOW + MINUTE)
        judge_lookbacks(now=NOW + 2 * MINUTE, worker=uuid4())
        assert settle(NOW + 3 * MINUTE) == 1

    def test_what_one_settling_has_no_room_for_is_told_by_the_next(self, tmp_path, monkeypatch):
        little = settling._Room(windows=2)
        monkeypatch.setattr(settling, "_Room", lambda: replace(little))
        load(tmp_path, COUNTED)
        events = [curl(minute * 60 + second, host=f"h{minute}") for minute in range(8) for second in range(3)]
        told(*events, now=NOW + 10 * MINUTE)
        assert settle(NOW + 11 * MINUTE) == 8
        assert not CandidateBlock.objects.filter(settled=False).exists()

    def test_rules_that_read_any_query_fail_alone(self, tmp_path):
        load(tmp_path, 'FROM logs-* | EVAL a = TO_IP(host.name), b = DATE_PARSE("yyyy", user.name) | KEEP a, b')
        load(tmp_path, COUNTED, rule_id="other")
        told(*[curl(number) for number in range(3)])
        assert settle() == 1
        assert not Rule.objects.exclude(quarantined_at=None).exists()


def test_a_rule_that_asks_a_model_is_shown_and_not_judged(tmp_path):
    query = 'FROM logs-* | COMPLETION Esql.answer = "hello" WITH {"inference_id": "m"}'
    with pytest.raises(AssertionError, match="model"):
        load(tmp_path, query)
    rule = Rule.objects.get(pk="rows")
    assert not rule.evaluated
    assert "needs a model" in rule.not_evaluated_because
    post([curl(0)], now=NOW)
    work(NOW)
    assert not Alert.objects.exists()


def test_full_text_questions_are_answered_when_the_event_passes(tmp_path):
    query = """
    FROM logs-*
    | WHERE KQL("process.name:curl and user.name:(ivan or olga)") AND MATCH(message, "Done")
    | STATS Esql.count = COUNT(*) BY host.name
    | WHERE Esql.count >= 2
    """
    load(tmp_path, query)
    told(*[curl(number, user=user, message="all is done") for number, user in enumerate(["ivan", "olga", "ada"])])
    told(curl(9))
    assert settle() == 1
    assert facts(alerts()[0]).count == 2


def test_what_an_event_is_called_needs_no_room_and_is_there(tmp_path):
    load(tmp_path, "FROM logs-* METADATA _id, _index | STATS Esql.ids = COUNT_DISTINCT(_id) BY _index")
    told(curl(0), curl(1))
    assert settle() == 1
    assert row(alerts()[0]) == {"Esql.ids": 2, "_index": "logs-endpoint.events.process-default"}


def test_batches_that_are_claimed_by_two_workers_come_to_the_same(tmp_path):
    seed()
    for one in looks_around():
        post([one], now=NOW)
    numbers = list(Batch.objects.values_list("pk", flat=True))
    for number in reversed(numbers):
        evaluate_pending(now=NOW + SECOND, worker=uuid4(), only=number)
    assert settle(NOW + SOON) == 1


def test_what_a_sender_hides_in_base64_breaks_nothing(tmp_path):
    query = """
    FROM logs-*
    | EVAL Esql.text = FROM_BASE64(user.name)
    | STATS Esql.texts = VALUES(Esql.text) BY Esql.text
    """
    load(tmp_path, query)
    load(tmp_path, "FROM logs-* | EVAL Esql.text = FROM_BASE64(user.name)", rule_id="at-once")
    told(*[curl(number, user=user) for number, user in enumerate(["AGEA", "7aCA", "/////w==", "YQ=="])])
    settle()
    assert not Rule.objects.exclude(quarantined_at=None).exists()
    assert len(alerts("at-once")) == 4
    assert len(alerts("rows")) >= 2
