"""New events judged: alerts with their evidence, each once, whatever is repeated and in whatever order."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.selectors import default_team
from alerts import evidence_line
from alerts.evaluation import evaluate_pending
from alerts.kept import source_of
from alerts.models import Alert, Severity, Status
from events import queue
from events.models import Batch
from rules.models import RuleRun
from rules.services import disable
from tests.alerts.world import NOW, demo_key, event, load, other_team, post, raised, work

pytestmark = pytest.mark.django_db


def test_an_event_that_a_rule_lets_through_becomes_an_alert_with_its_evidence(tmp_path):
    rule = load(tmp_path)
    (alert,) = raised([event(), event(process__name="ls")])

    assert (alert.rule_id, alert.revision_id, alert.name) == ("perl", rule.revision_id, "Perl was started")
    assert (alert.severity, alert.risk_score, alert.status) == (Severity.HIGH, 73, Status.OPEN)
    assert (alert.host_name, alert.user_name, alert.team) == ("web-1", "svc-ci", default_team())
    assert alert.techniques == ["T1059", "T1059.006"]
    assert alert.tags == ["OS: Linux", "Test"]
    assert (alert.event_time, alert.created_at) == (NOW, NOW)
    kept = source_of(alert)
    assert kept is not None
    assert kept.document().values("process.command_line") == ("perl -e exec",)
    assert not alert.demo


def test_the_evidence_line_marks_what_the_rule_asked_for(tmp_path):
    load(tmp_path)
    (alert,) = raised([event()])

    assert evidence_line.without_marks(alert.evidence).startswith("bash → perl -e exec")
    assert "\ue000perl\ue001" in alert.evidence


def test_marks_in_the_event_itself_are_taken_out(tmp_path):
    load(tmp_path)
    (alert,) = raised([event(process__command_line="perl \ue000evil\ue001")])

    assert alert.evidence.count("\ue000") == alert.evidence.count("\ue001") == 1


def test_nothing_is_raised_by_an_event_of_a_foreign_index(tmp_path):
    load(tmp_path)
    assert raised([event(_index="logs-aws.cloudtrail-default")]) == []


def test_judging_the_same_batch_again_doubles_nothing(tmp_path):
    load(tmp_path)
    assert len(raised([event(), event()])) == 2

    Batch.objects.update(state=Batch.State.PENDING, attempts=0)
    assert work().alerts == 0
    assert Alert.objects.count() == 2


def test_a_batch_without_rules_is_done(tmp_path):
    post([event()])
    assert work().events == 1
    assert queue.backlog(NOW).batches == 0


def test_a_disabled_rule_raises_nothing(tmp_path):
    rule = load(tmp_path)
    disable(rule=rule, actor=None, now=NOW)
    assert raised([event()]) == []


def test_a_rule_of_a_team_judges_only_that_teams_events(tmp_path):
    load(tmp_path, team=other_team())
    assert raised([event()]) == []
    (alert,) = raised([event()], team=other_team(), now=NOW + timedelta(seconds=1))
    assert alert.team == other_team()


def test_a_rule_of_all_teams_raises_in_the_team_of_the_event(tmp_path):
    load(tmp_path)
    post([event()])
    post([event()], team=other_team())
    work()
    assert set(Alert.objects.values_list("team__slug", flat=True)) == {default_team().slug, "other"}


def test_alerts_of_a_demo_key_are_marked(tmp_path):
    load(tmp_path)
    (alert,) = raised([event()], key=demo_key())
    assert alert.demo


def test_what_a_pass_meant_for_a_rule_is_recorded_and_a_pass_without_hits_leaves_no_row(tmp_path):
    load(tmp_path)
    load(tmp_path, rule_id="quiet", query="process.name:never")
    raised([event(), event(), event(process__name="ls")])

    (run,) = RuleRun.objects.all()
    assert (run.rule_id, run.kind, run.events, run.hits, run.alerts) == ("perl", RuleRun.Kind.BATCH, 3, 2, 2)


def test_a_building_block_is_kept_apart(tmp_path):
    rule = load(tmp_path)
    path = tmp_path / "perl.toml"
    path.write_text(path.read_text().replace("max_signals", 'building_block_type = "default"\nmax_signals'))
    from rules.loading import load_rules

    load_rules(paths=[path], source="test", actor=None, now=NOW)
    (alert,) = raised([event()])
    assert alert.building_block
    assert alert.revision_id != rule.revision_id


class TestTheCap:
    def test_hits_beyond_the_maximum_are_counted_and_their_events_kept_by_id(self, tmp_path):
        from alerts.models import SignalCount

        load(tmp_path, most=3)
        assert len(raised([event(NOW + timedelta(seconds=number)) for number in range(5)])) == 3

        (count,) = SignalCount.objects.all()
        assert (count.raised, count.over, len(count.over_uids)) == (3, 2, 2)
        assert RuleRun.objects.get().over_cap == 2

    def test_the_oldest_are_raised(self, tmp_path):
        load(tmp_path, most=1)
        times = [NOW - timedelta(seconds=number) for number in range(3)]
        (alert,) = raised([event(at) for at in times])
        assert alert.event_time == min(times)

    def test_it_counts_over_batches_of_one_interval_and_anew_in_the_next(self, tmp_path):
        load(tmp_path, most=1)
        assert len(raised([event()])) == 1
        assert len(raised([event()], now=NOW + timedelta(seconds=30))) == 0
        assert len(raised([event()], now=NOW + timedelta(minutes=5))) == 1

    def test_judging_again_neither_counts_nor_lets_more_through(self, tmp_path):
        from alerts.models import SignalCount

        load(tmp_path, most=2)
        raised([event() for _ in range(3)])
        Batch.objects.update(state=Batch.State.PENDING, attempts=0)
        work()
        (count,) = SignalCount.objects.all()
        assert (Alert.objects.count(), count.raised, count.over) == (2, 2, 1)


class TestWhatGoesWrong:
    def test_a_rule_that_raises_is_set_aside_and_the_others_go_on(self, tmp_path, monkeypatch):
        load(tmp_path)
        load(tmp_path, rule_id="broken", name="Broken")
        from rules.models import Rule
        from rules.ruleset import ActiveRule

        honest = ActiveRule.excepted_by

        def failing(self, document):
            if self.id == "broken":
                raise ZeroDivisionError
            return honest(self, document)

        monkeypatch.setattr(ActiveRule, "excepted_by", failing)
        (alert,) = raised([event()])

        assert alert.rule_id == "perl"
        broken = Rule.objects.get(pk="broken")
        assert broken.quarantined_at == NOW
        assert "ZeroDivisionError" in broken.quarantine_reason

    def test_a_rule_that_breaks_the_one_pass_is_found_and_set_aside(self, tmp_path, monkeypatch):
        load(tmp_path)
        load(tmp_path, rule_id="broken", name="Broken")
        from engine import Matcher
        from rules.models import Rule

        honest = Matcher.rows

        def failing(self, rows, **given):
            if any(expression.key.startswith("broken") for expression in self._expressions):
                raise RecursionError
            return honest(self, rows, **given)

        monkeypatch.setattr(Matcher, "rows", failing)
        (alert,) = raised([event()])
        assert alert.rule_id == "perl"
        assert Rule.objects.get(pk="broken").quarantined_at

    def test_a_failing_batch_goes_back_to_the_queue_with_its_error(self, tmp_path, monkeypatch):
        load(tmp_path)
        post([event()])
        monkeypatch.setattr("alerts.evaluation.judge", lambda *_, **__: 1 / 0)
        report = evaluate_pending(now=NOW, worker=uuid4())

        assert report.failed
        batch = Batch.objects.get()
        assert (batch.state, batch.lease_by) == (Batch.State.PENDING, None)
        assert "ZeroDivisionError" in batch.error
        assert not Alert.objects.exists()

    def test_what_a_killed_worker_held_is_judged_when_its_lease_ends(self, tmp_path):
        load(tmp_path)
        post([event()])
        assert queue.claim(now=NOW, worker=uuid4())
        assert work().alerts == 0
        assert work(NOW + timedelta(seconds=61)).alerts == 1


def test_who_judges_one_batch_leaves_the_others_to_their_own_time(tmp_path):
    load(tmp_path)
    post([event()])
    post([event(NOW - timedelta(days=3))], now=NOW - timedelta(days=3))
    past = Batch.objects.order_by("pk").last()
    assert past is not None
    assert evaluate_pending(now=NOW - timedelta(days=3), worker=uuid4(), only=past.pk).alerts == 1
    assert queue.backlog(NOW).batches == 1
    work()
    assert list(Alert.objects.order_by("pk").values_list("created_at", flat=True)) == [NOW - timedelta(days=3), NOW]
