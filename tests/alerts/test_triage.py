"""What people do with alerts: every act checked, recorded, grouped, and refused when somebody was faster."""

from datetime import timedelta

import pytest

from accounts.errors import NotAllowed
from accounts.models import Change
from alerts.errors import (
    AlertNotFound,
    AssigneeRefused,
    FaultRefused,
    NoteNeeded,
    NothingToUndo,
    ReasonNeeded,
    StaleAlert,
    TextRefused,
    TooLate,
)
from alerts.models import Alert, Comment, Fault, Reason, Status
from alerts.notes import comment
from alerts.triage import assign, set_status
from alerts.undo import undo
from alerts.workflow import Workflow
from tests.alerts.world import NOW, event, load, other_team, raised

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=3)


@pytest.fixture
def alerts(tmp_path, cast):
    load(tmp_path)
    return raised([event(), event(), event()])


def teams(*alerts):
    return [alert.team_id for alert in alerts]


def act(function, alerts, actor, *, now=LATER, **given):
    ids = [alert.pk for alert in alerts]
    return function(alert_ids=ids, actor=actor, now=now, team_ids=teams(*alerts), **given)


def close(alerts, actor, reason=Reason.BENIGN_POSITIVE, **given):
    return act(set_status, alerts, actor, status=Status.CLOSED, reason=reason, **given)


def again(alert):
    return Alert.objects.get(pk=alert.pk)


class TestStatus:
    def test_acknowledging_is_the_first_human_act(self, alerts, cast):
        act(set_status, alerts[:1], cast.ana, status=Status.ACKNOWLEDGED)
        alert = again(alerts[0])
        assert (alert.status, alert.acknowledged_at, alert.version) == (Status.ACKNOWLEDGED, LATER, 2)

    def test_who_acknowledges_what_nobody_owns_takes_it_in_one_entry_and_one_undo(self, alerts, cast):
        act(assign, alerts[1:2], cast.mona, assignee=cast.rosa)
        outcome = act(set_status, alerts[:2], cast.ana, status=Status.ACKNOWLEDGED)
        assert (outcome.taken, Change.objects.filter(group=outcome.group).count()) == (1, 2)
        assert [again(alert).assignee for alert in alerts] == [cast.ana, cast.rosa, None]
        undo(group=outcome.group, actor=cast.ana, now=LATER, team_ids=teams(*alerts))
        assert [again(alert).assignee for alert in alerts] == [None, cast.rosa, None]

    def test_closing_keeps_the_moment_of_the_first_human_act(self, alerts, cast):
        act(set_status, alerts[:1], cast.ana, status=Status.ACKNOWLEDGED)
        close(alerts[:1], cast.ana, now=LATER + timedelta(hours=1))
        alert = again(alerts[0])
        assert (alert.acknowledged_at, alert.closed_at) == (LATER, LATER + timedelta(hours=1))
        assert alert.reason == Reason.BENIGN_POSITIVE

    def test_reopening_clears_the_verdict_and_keeps_the_history(self, alerts, cast):
        close(alerts[:1], cast.ana)
        act(set_status, alerts[:1], cast.rosa, status=Status.OPEN)
        alert = again(alerts[0])
        assert (alert.status, alert.reason, alert.closed_at, alert.acknowledged_at) == (Status.OPEN, "", None, LATER)
        assert Change.objects.filter(object_type="alert", object_id=str(alert.pk)).count() == 2

    def test_many_at_once_are_one_group_in_the_record(self, alerts, cast):
        outcome = close(alerts, cast.ana, note="CI smoke test")
        changes = Change.objects.filter(group=outcome.group)
        assert outcome.changed == [alert.pk for alert in alerts]
        assert changes.count() == 3
        assert {(one.verb, one.note, one.actor_name) for one in changes} == {("closed", "CI smoke test", "Ana")}

    def test_what_is_so_already_is_left_alone(self, alerts, cast):
        act(set_status, alerts[:1], cast.ana, status=Status.ACKNOWLEDGED)
        outcome = act(set_status, alerts[:1], cast.rosa, status=Status.ACKNOWLEDGED)
        assert (outcome.changed, outcome.group, again(alerts[0]).version) == ([], None, 2)

    def test_another_reason_for_a_closed_alert_is_a_change(self, alerts, cast):
        close(alerts[:1], cast.ana)
        close(alerts[:1], cast.rosa, Reason.TRUE_POSITIVE)
        assert again(alerts[0]).reason == Reason.TRUE_POSITIVE

    def test_a_false_positive_may_say_where_the_fault_lay(self, alerts, cast):
        close(alerts[:1], cast.ana, Reason.FALSE_POSITIVE, fault=Fault.DATA_WRONG)
        close(alerts[1:2], cast.ana, Reason.FALSE_POSITIVE)
        assert [(again(alert).reason, again(alert).fault) for alert in alerts] == [
            ("false_positive", "data_wrong"), ("false_positive", ""), ("", ""),
        ]  # fmt: skip

    def test_a_fault_may_be_said_later_and_is_not_unsaid_by_saying_nothing(self, alerts, cast):
        close(alerts[:1], cast.ana, Reason.FALSE_POSITIVE)
        assert close(alerts[:1], cast.rosa, Reason.FALSE_POSITIVE, fault=Fault.RULE_LOGIC).changed
        assert not close(alerts[:1], cast.ana, Reason.FALSE_POSITIVE).changed
        assert again(alerts[0]).fault == Fault.RULE_LOGIC

    def test_reopening_clears_the_fault_and_another_reason_does_and_the_record_keeps_it(self, alerts, cast):
        close(alerts[:2], cast.ana, Reason.FALSE_POSITIVE, fault=Fault.RULE_LOGIC)
        act(set_status, alerts[:1], cast.rosa, status=Status.OPEN)
        close(alerts[1:2], cast.rosa, Reason.TRUE_POSITIVE)
        assert [again(alert).fault for alert in alerts[:2]] == ["", ""]
        kept = Change.objects.filter(object_type="alert", verb="closed", after__fault="rule_logic")
        assert kept.count() == 2

    @pytest.mark.parametrize(
        "said",
        [
            {"status": "closed", "reason": "true_positive", "fault": "rule_logic"},
            {"status": "closed", "reason": "duplicate", "fault": "data_wrong"},
            {"status": "closed", "reason": "false_positive", "fault": "the moon"},
            {"status": "acknowledged", "fault": "rule_logic"},
            {"status": "open", "reason": "false_positive", "fault": "rule_logic"},
        ],
    )
    def test_nothing_but_a_false_positive_has_a_fault_and_of_two_kinds(self, alerts, cast, said):
        with pytest.raises(FaultRefused):
            act(set_status, alerts, cast.ana, **said)
        assert again(alerts[0]).version == 1

    def test_closing_needs_a_reason(self, alerts, cast):
        with pytest.raises(ReasonNeeded):
            close(alerts, cast.ana, "")

    def test_other_needs_a_note(self, alerts, cast):
        with pytest.raises(NoteNeeded):
            close(alerts, cast.ana, Reason.OTHER)

    def test_a_viewer_may_not(self, alerts, cast):
        with pytest.raises(NotAllowed):
            close(alerts, cast.vera)

    def test_an_alert_of_another_team_is_not_found_and_nothing_changes(self, alerts, cast):
        with pytest.raises(AlertNotFound):
            set_status(
                alert_ids=[alert.pk for alert in alerts],
                status=Status.ACKNOWLEDGED,
                actor=cast.otto,
                now=LATER,
                team_ids=[other_team().pk],
            )
        assert again(alerts[0]).version == 1


class TestFaultUndone:
    def test_undo_brings_back_the_fault_that_was_said_before(self, alerts, cast):
        close(alerts[:1], cast.ana, Reason.FALSE_POSITIVE, fault=Fault.RULE_LOGIC)
        later = close(alerts[:1], cast.ana, Reason.FALSE_POSITIVE, fault=Fault.DATA_WRONG)
        undo(group=later.group, actor=cast.ana, now=LATER, team_ids=teams(*alerts))
        assert again(alerts[0]).fault == Fault.RULE_LOGIC

    def test_an_entry_from_before_there_were_faults_is_read_as_one_without(self, alerts):
        before = Workflow.of(alerts[0])
        kept = before.to_json()
        del kept["fault"]
        assert Workflow.from_json(kept, team_id=before.team_id) == before


class TestStale:
    def test_a_stale_act_says_who_did_what_when(self, alerts, cast):
        close(alerts[1:2], cast.rosa)
        versions = {alert.pk: 1 for alert in alerts}
        with pytest.raises(StaleAlert) as refused:
            act(set_status, alerts, cast.ana, status=Status.ACKNOWLEDGED, versions=versions)
        error = refused.value
        assert (error.alert_id, error.who, error.what, error.when) == (alerts[1].pk, "Rosa", "closed", LATER)
        assert again(alerts[0]).status == Status.OPEN

    def test_a_comment_makes_nothing_stale(self, alerts, cast):
        comment(alert_id=alerts[0].pk, text="hm", actor=cast.rosa, now=LATER, team_ids=teams(alerts[0]))
        act(set_status, alerts[:1], cast.ana, status=Status.ACKNOWLEDGED, versions={alerts[0].pk: 1})
        assert again(alerts[0]).status == Status.ACKNOWLEDGED


class TestAssignAndComment:
    def test_the_first_owner_is_the_first_human_act(self, alerts, cast):
        act(assign, alerts[:1], cast.ana, assignee=cast.rosa)
        alert = again(alerts[0])
        assert (alert.assignee, alert.acknowledged_at, alert.status) == (cast.rosa, LATER, Status.OPEN)

    def test_taking_the_owner_off_is_none(self, alerts, cast):
        act(assign, alerts[:1], cast.ana, assignee=None)
        assert again(alerts[0]).acknowledged_at is None

    def test_only_to_somebody_who_can_work_on_it(self, alerts, cast):
        for person in (cast.vera, cast.otto):
            with pytest.raises(AssigneeRefused):
                act(assign, alerts[:1], cast.ana, assignee=person)

    def test_a_comment_is_kept_and_recorded(self, alerts, cast):
        comment(alert_id=alerts[0].pk, text="  asked the owner ", actor=cast.ana, now=LATER, team_ids=teams(alerts[0]))
        written = Comment.objects.get()
        assert (written.text, written.author, written.at) == ("asked the owner", cast.ana, LATER)
        assert Change.objects.get(verb="commented").object_id == str(alerts[0].pk)

    def test_an_empty_or_endless_comment_is_refused(self, alerts, cast):
        for text in (" \x00 ", "x" * 20_000):
            with pytest.raises(TextRefused):
                comment(alert_id=alerts[0].pk, text=text, actor=cast.ana, now=LATER, team_ids=teams(alerts[0]))


class TestUndo:
    def take_back(self, group, actor, alerts, now=LATER):
        return undo(group=group, actor=actor, now=now, team_ids=teams(*alerts))

    def test_a_bulk_act_is_taken_back_whole(self, alerts, cast):
        act(assign, alerts[:1], cast.rosa, assignee=cast.rosa)
        group = close(alerts, cast.ana, now=LATER + timedelta(minutes=1)).group
        undone = self.take_back(group, cast.ana, alerts, LATER + timedelta(minutes=2))
        assert undone.alerts == [alert.pk for alert in alerts]
        first, second = again(alerts[0]), again(alerts[1])
        assert (first.status, first.assignee, first.acknowledged_at) == (Status.OPEN, cast.rosa, LATER)
        assert (second.reason, second.closed_at, second.acknowledged_at, second.version) == ("", None, None, 3)

    def test_it_is_recorded_and_works_once(self, alerts, cast):
        group = close(alerts, cast.ana).group
        self.take_back(group, cast.ana, alerts)
        assert Change.objects.filter(verb="undid", undoes__group=group).count() == 3
        with pytest.raises(NothingToUndo):
            self.take_back(group, cast.ana, alerts)

    def test_an_undo_is_not_undone(self, alerts, cast):
        self.take_back(close(alerts, cast.ana).group, cast.ana, alerts)
        group = Change.objects.filter(verb="undid").earliest("pk").group
        with pytest.raises(NothingToUndo):
            self.take_back(group, cast.ana, alerts)

    def test_not_after_ten_minutes(self, alerts, cast):
        group = close(alerts, cast.ana).group
        with pytest.raises(TooLate):
            self.take_back(group, cast.ana, alerts, LATER + timedelta(minutes=10, seconds=1))

    def test_not_when_somebody_has_worked_on_one_since(self, alerts, cast):
        group = close(alerts, cast.ana).group
        act(set_status, alerts[2:], cast.rosa, status=Status.OPEN)
        with pytest.raises(StaleAlert) as refused:
            self.take_back(group, cast.ana, alerts)
        assert (refused.value.who, refused.value.what) == ("Rosa", "reopened")
        assert again(alerts[0]).status == Status.CLOSED

    def test_not_by_who_may_not_triage_or_is_of_another_team(self, alerts, cast):
        group = close(alerts, cast.ana).group
        with pytest.raises(NotAllowed):
            self.take_back(group, cast.vera, alerts)
        with pytest.raises(AlertNotFound):
            undo(group=group, actor=cast.otto, now=LATER, team_ids=[other_team().pk])
