"""Alerts handed to another team: they wait there unowned, the team is told, and it can be taken back."""

from datetime import timedelta

import pytest

from accounts.models import Change, Notice
from accounts.selectors import default_team
from alerts.errors import AlertNotFound, EscalationRefused, NoteNeeded, StaleAlert
from alerts.escalation import to_team
from alerts.models import Alert, Status
from alerts.notes import comment
from alerts.selectors import alert_for, alert_page
from alerts.triage import assign, close_in_case, set_status
from alerts.undo import undo
from alerts.workflow import Workflow
from tests.alerts.world import NOW, event, load, other_team, raised

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=3)


@pytest.fixture
def alerts(tmp_path, cast):
    load(tmp_path)
    return raised([event(), event(), event()])


@pytest.fixture
def ours(cast):
    return [default_team().pk]


def escalate(alerts, actor, ours, note="Core runs this host.", **given):
    ids = [alert.pk for alert in alerts]
    return to_team(alert_ids=ids, team=other_team(), note=note, actor=actor, now=LATER, team_ids=ours, **given)


def test_it_waits_unowned_and_open_with_the_other_team(alerts, cast, ours):
    assign(alert_ids=[alerts[0].pk], assignee=cast.ana, actor=cast.ana, now=NOW, team_ids=ours)
    set_status(alert_ids=[alerts[0].pk], status=Status.ACKNOWLEDGED, actor=cast.ana, now=NOW, team_ids=ours)
    escalate(alerts[:1], cast.ana, ours)
    alert = alert_for(cast.otto, alerts[0].pk)
    assert (alert.team, alert.status, alert.assignee, alert.acknowledged_at) == (other_team(), Status.OPEN, None, NOW)
    with pytest.raises(AlertNotFound):
        alert_for(cast.ana, alert.pk)
    change = Change.objects.get(verb="escalated")
    assert (change.before["team_id"], change.after["team_id"]) == (ours[0], other_team().pk)
    assert (change.team_id, change.note) == (ours[0], "Core runs this host.")


def test_its_triagers_are_told_once_for_all_of_them(alerts, cast, ours):
    escalate(alerts, cast.ana, ours)
    notice = Notice.objects.get(kind="escalated")
    assert notice.user == cast.otto
    assert notice.text == "Ana escalated 3 alerts to Other: Core runs this host."


def test_who_no_longer_sees_the_team_can_take_it_back(alerts, cast, ours):
    group = escalate(alerts, cast.ana, ours).group
    assert undo(group=group, actor=cast.ana, now=LATER, team_ids=ours).alerts == [alert.pk for alert in alerts]
    assert {alert.team_id for alert in Alert.objects.all()} == set(ours)


def test_what_the_other_team_did_since_is_not_overwritten_and_nobody_there_is_named(alerts, cast, ours):
    group = escalate(alerts[:1], cast.ana, ours).group
    assign(alert_ids=[alerts[0].pk], assignee=cast.otto, actor=cast.otto, now=LATER, team_ids=[other_team().pk])
    with pytest.raises(StaleAlert, match="Team Other changed"):
        undo(group=group, actor=cast.ana, now=LATER, team_ids=ours)


def test_refusals(alerts, cast, ours):
    with pytest.raises(NoteNeeded):
        escalate(alerts, cast.ana, ours, note=" ")
    with pytest.raises(EscalationRefused):
        to_team(alert_ids=[alerts[0].pk], team=default_team(), note="x", actor=cast.ana, now=NOW, team_ids=ours)
    with pytest.raises(StaleAlert):
        escalate(alerts, cast.ana, ours, versions={alerts[1].pk: 7})
    set_status(alert_ids=[alerts[2].pk], status="closed", reason="duplicate", actor=cast.ana, now=NOW, team_ids=ours)
    with pytest.raises(EscalationRefused, match="is closed"):
        escalate(alerts, cast.ana, ours)
    assert not Alert.objects.filter(team=other_team()).exists()


def test_the_other_team_sees_what_the_alert_keeps_and_nothing_of_the_events_around(tmp_path, cast, ours):
    load(tmp_path)
    ours_only = [event(process__entity_id="child", process__parent__entity_id="parent", process__pid=2)]
    parent = event(process__name="bash", process__entity_id="parent", process__pid=1, process__command_line="secret")
    (alert,) = raised([parent, *ours_only])
    escalate([alert], cast.ana, ours)
    page = alert_page(alert=alert_for(cast.otto, alert.pk), user=cast.otto, now=LATER)
    assert "perl -e exec" in page.raw
    assert "secret" not in str(page.process_tree)
    assert page.events_of == "Default"
    assert page.related.same_host == []


def test_undo_of_an_act_from_before_alerts_could_move(alerts, cast, ours):
    group = set_status(
        alert_ids=[alerts[0].pk], status=Status.ACKNOWLEDGED, actor=cast.ana, now=NOW, team_ids=ours
    ).group
    assert group is not None
    old = {"status": "open", "reason": "", "assignee_id": None, "acknowledged_at": None, "closed_at": None}
    state = Workflow.from_json(old | {"closed_by_exception_id": None}, team_id=ours[0])
    assert state.team_id == ours[0]
    assert undo(group=group, actor=cast.ana, now=LATER, team_ids=ours).alerts == [alerts[0].pk]


def test_a_case_closes_what_is_open_and_leaves_other_verdicts(alerts, cast, ours):
    set_status(alert_ids=[alerts[0].pk], status="closed", reason="duplicate", actor=cast.ana, now=NOW, team_ids=ours)
    group = Change.objects.latest("pk").group
    assert group is not None
    ids = [alert.pk for alert in alerts]
    outcome = close_in_case(
        alert_ids=ids, reason="other", note="", case_label="CASE-7", actor=cast.ana, now=LATER, team_ids=ours,
        door=Change.Door.PAGE, group=group,
    )  # fmt: skip
    assert (outcome.changed, outcome.group) == (ids[1:], group)
    assert Change.objects.filter(note="CASE-7", group=group).count() == 2
    assert Alert.objects.get(pk=ids[0]).reason == "duplicate"


class TestNotices:
    def test_a_bulk_assign_is_one_notice_and_none_to_oneself(self, alerts, cast, ours):
        ids = [alert.pk for alert in alerts]
        assign(alert_ids=ids, assignee=cast.rosa, actor=cast.ana, now=NOW, team_ids=ours)
        assign(alert_ids=ids, assignee=cast.ana, actor=cast.ana, now=NOW, team_ids=ours)
        notice = Notice.objects.get()
        assert (notice.user, notice.text) == (cast.rosa, "Ana assigned 3 alerts to you")

    def test_a_comment_calls_who_sees_the_alert(self, alerts, cast, ours):
        comment(alert_id=alerts[0].pk, text="@rosa @otto look", actor=cast.ana, now=NOW, team_ids=ours)
        notice = Notice.objects.get()
        assert (notice.user, notice.kind) == (cast.rosa, "mentioned")
        entry = alert_page(alert=alert_for(cast.ana, alerts[0].pk), user=cast.ana, now=LATER).activity[0]
        assert entry.called == frozenset({"rosa"})
