"""Acts on all that match: in portions, killed anywhere, stopped, taken back, and never over what others did."""

import random
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from accounts.errors import NotAllowed
from accounts.models import Change
from accounts.roles import Role
from alerts import bulk, bulk_work, triage, undo
from alerts.bulk_filters import from_json, to_json
from alerts.errors import (
    ActNotFound,
    FaultRefused,
    LookAgain,
    NothingMatches,
    NothingToUndo,
    ReasonNeeded,
    TooLate,
    UndoNotWhole,
)
from alerts.models import Alert, BulkAct, Status
from alerts.seen import OLDEST, Seen
from alerts.selectors.shapes import QueueFilters
from cases.models import CaseAlert
from cases.opening import open_case
from tests.alerts.world import NOW, event, load, other_team, raised

pytestmark = pytest.mark.django_db
PRESSED = NOW + timedelta(minutes=3)
WAITING = QueueFilters(statuses=("open", "acknowledged"))
CLOSE = {"reason": "benign_positive", "note": ""}


class Killed(BaseException):
    """Nothing catches a kill."""


def killed_at(statement: int):
    """A worker that dies before its n-th statement. (The rollback, which the server does by itself, goes through.)"""
    left = [statement]

    def execute(run, sql, params, many, context):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return run(sql, params, many, context)

    return connection.execute_wrapper(execute)


@pytest.fixture
def alerts(tmp_path, cast):
    load(tmp_path, most=1_000)
    return raised([event(user__name=f"u{number % 4}") for number in range(24)])


@pytest.fixture(autouse=True)
def _small_portions(monkeypatch):
    monkeypatch.setattr(bulk_work, "PORTION", 5)


def press(cast, verb="close", filters=WAITING, now=PRESSED, by=None, **more):
    arguments = more.pop("arguments", CLOSE if verb == "close" else {})
    return bulk.start(verb=verb, arguments=arguments, filters=filters, query="", actor=by or cast.ana, now=now, **more)


def work(now=PRESSED + timedelta(seconds=1)):
    """All that is to be done; returns the moment after it."""
    worker = uuid4()
    while bulk_work.work_portion(now=now, worker=worker):
        now += timedelta(seconds=1)
    return now


def states():
    return dict(Alert.objects.order_by("pk").values_list("pk", "status"))


def again(act):
    return BulkAct.objects.get(pk=act.pk)


def test_everything_that_matches_is_closed_with_its_fault_and_taken_back_without(alerts, cast):
    act = press(cast, arguments={"reason": "false_positive", "note": "", "fault": "data_wrong", "duplicate_of": None})
    now = work()
    assert set(Alert.objects.values_list("reason", "fault")) == {("false_positive", "data_wrong")}
    bulk.take_back(act_id=act.pk, actor=cast.ana, now=now, team_ids=[alerts[0].team_id])
    work(now)
    assert set(Alert.objects.values_list("status", "reason", "fault")) == {("open", "", "")}


def test_a_fault_of_what_is_no_false_positive_is_refused_before_it_begins(alerts, cast):
    with pytest.raises(FaultRefused):
        press(cast, arguments=CLOSE | {"fault": "rule_logic"})
    assert not BulkAct.objects.exists()


def test_everything_that_matches_is_closed_as_one_act(alerts, cast):
    act = press(cast)
    assert (act.total, act.state) == (24, BulkAct.State.RUNNING)
    work()
    act = again(act)
    assert (act.state, act.done, act.skipped) == (BulkAct.State.DONE, 24, 0)
    assert set(states().values()) == {Status.CLOSED}
    assert Change.objects.filter(group=act.pk, verb="closed").count() == 24


def test_kql_narrows_it_and_the_total_is_known_at_the_end(alerts, cast):
    act = press(cast, filters=QueueFilters(statuses=("open",), kql="user.name:u1"))
    assert act.total == bulk.UNKNOWN
    work()
    act = again(act)
    assert (act.done, act.total) == (6, 6)
    assert set(Alert.objects.filter(status=Status.CLOSED).values_list("user_name", flat=True)) == {"u1"}


def test_what_others_changed_meanwhile_is_passed_over_and_counted(alerts, cast):
    act = press(cast)
    taken, closed = alerts[10], alerts[20]
    by = {"actor": cast.rosa, "now": PRESSED + timedelta(milliseconds=1), "team_ids": [taken.team_id]}
    triage.assign(alert_ids=[taken.pk], assignee=cast.rosa, **by)
    triage.set_status(alert_ids=[closed.pk], status="closed", reason="true_positive", **by)
    work()
    act = again(act)
    assert (act.done, act.skipped) == (22, 2)
    assert (again_alert(taken).status, again_alert(closed).reason) == (Status.OPEN, "true_positive")


def again_alert(alert):
    return Alert.objects.get(pk=alert.pk)


def test_what_comes_later_is_left_alone(alerts, cast):
    press(cast)
    late = raised([event()], now=NOW + timedelta(minutes=4))
    work()
    assert again_alert(late[0]).status == Status.OPEN


def test_other_teams_alerts_are_never_touched(alerts, cast, tmp_path):
    theirs = raised([event()], team=other_team())
    press(cast)
    work()
    assert again_alert(theirs[0]).status == Status.OPEN


def test_who_lost_the_right_meanwhile_ends_the_act(alerts, cast):
    act = press(cast)
    bulk_work.work_portion(now=PRESSED, worker=uuid4())
    type(cast.ana).objects.filter(pk=cast.ana.pk).update(role=Role.VIEWER)
    work()
    act = again(act)
    assert (act.state, act.done, act.error) == (BulkAct.State.FAILED, 5, bulk_work.NOT_ALLOWED)


def test_who_left_the_team_meanwhile_changes_nothing_more(alerts, cast):
    press(cast)
    bulk_work.work_portion(now=PRESSED, worker=uuid4())
    cast.ana.teams.clear()
    work()
    assert list(states().values()).count(Status.CLOSED) == 5


def test_stopped_it_leaves_off_and_what_was_done_can_be_undone(alerts, cast):
    act = press(cast)
    bulk_work.work_portion(now=PRESSED, worker=uuid4())
    bulk.stop(act_id=act.pk, actor=cast.ana, now=PRESSED)
    now = work()
    assert (again(act).state, again(act).done) == (BulkAct.State.STOPPED, 5)
    undo.undo(group=act.pk, actor=cast.ana, now=now, team_ids=[alerts[0].team_id])
    work(now)
    assert set(states().values()) == {Status.OPEN}


def test_one_undo_takes_all_of_it_back_but_for_what_moved_on(alerts, cast):
    act = press(cast)
    now = work()
    team_ids = [alerts[0].team_id]
    triage.set_status(alert_ids=[alerts[3].pk], status="open", actor=cast.rosa, now=now, team_ids=team_ids)
    triage.assign(alert_ids=[alerts[3].pk], assignee=cast.rosa, actor=cast.rosa, now=now, team_ids=team_ids)
    undone = undo.undo(group=act.pk, actor=cast.ana, now=now, team_ids=team_ids)
    assert undone.act == act
    work(now)
    act = again(act)
    assert (act.state, act.undoing, act.done, act.skipped) == (BulkAct.State.DONE, True, 23, 1)
    assert set(states().values()) == {Status.OPEN}
    assert again_alert(alerts[3]).assignee == cast.rosa
    with pytest.raises(NothingToUndo):
        undo.undo(group=act.pk, actor=cast.ana, now=now, team_ids=team_ids)


def test_undo_ends_after_ten_minutes_and_needs_every_team(alerts, cast):
    act = press(cast)
    now = work()
    with pytest.raises(UndoNotWhole):
        undo.undo(group=act.pk, actor=cast.otto, now=now, team_ids=[other_team().pk])
    with pytest.raises(TooLate):
        undo.undo(group=act.pk, actor=cast.ana, now=now + timedelta(minutes=11), team_ids=[alerts[0].team_id])


def test_it_is_checked_before_it_begins(alerts, cast):
    with pytest.raises(NotAllowed):
        press(cast, by=cast.vera)
    with pytest.raises(ReasonNeeded):
        press(cast, arguments={"reason": "", "note": ""})
    with pytest.raises(NothingMatches):
        press(cast, filters=QueueFilters(statuses=("open",), host="nowhere"))
    act = press(cast)
    with pytest.raises(ActNotFound):
        bulk.stop(act_id=act.pk, actor=cast.rosa, now=PRESSED)


def test_folds_narrow_it_to_their_open_members(alerts, cast):
    Alert.objects.filter(pk__in=[alert.pk for alert in alerts[:7]]).update(fold=b"f" * 16)
    triage.set_status(
        alert_ids=[alerts[0].pk], status="closed", reason="duplicate", actor=cast.rosa, now=NOW,
        team_ids=[alerts[0].team_id],
    )  # fmt: skip
    act = press(cast, filters=QueueFilters(), folds=[b"f" * 16])
    work()
    assert again(act).done == 6


def test_assigning_passes_over_alerts_of_teams_the_owner_is_not_in(alerts, cast):
    theirs = raised([event()], team=other_team())
    cast.ana.teams.add(other_team())
    act = press(cast, "assign", arguments={"assignee": cast.rosa.pk})
    work()
    assert (again(act).done, again(act).skipped) == (24, 1)
    assert again_alert(theirs[0]).assignee is None


def test_into_a_case_and_out_of_it_again(alerts, cast):
    team = alerts[0].team
    case = open_case(title="It", severity=2, team=team, actor=cast.ana, now=NOW, team_ids=[team.pk])
    triage.set_status(alert_ids=[alerts[1].pk], status="acknowledged", actor=cast.ana, now=NOW, team_ids=[team.pk])
    act = press(cast, "case", arguments={"case": case.pk})
    now = work()
    assert CaseAlert.objects.filter(case=case).count() == 24
    assert again(act).done == 24
    undo.undo(group=act.pk, actor=cast.ana, now=now, team_ids=[team.pk])
    work(now)
    assert not CaseAlert.objects.exists()
    assert list(states().values()).count(Status.OPEN) == 23


def test_filters_come_back_as_they_were():
    filters = QueueFilters(statuses=("open",), severities=(3, 4), since=NOW, kql="a:b", past_target=True)
    assert from_json(to_json(filters)) == filters
    with pytest.raises(ValueError, match="unknown"):
        from_json({"mood": "calm"})


@pytest.mark.parametrize("seed", range(6))
def test_a_worker_killed_at_any_statement_loses_and_doubles_nothing(alerts, cast, seed):
    rng = random.Random(seed)
    act = press(cast)
    now = PRESSED
    for _ in range(3):
        with suppress(Killed), killed_at(rng.randrange(1, 60)):
            work(now)
        now += bulk_work.LEASE * 1.1
    now = work(now)
    act = again(act)
    assert (act.state, act.done, act.skipped) == (BulkAct.State.DONE, 24, 0)
    assert Change.objects.filter(group=act.pk).count() == 24
    assert set(Alert.objects.values_list("version", flat=True)) == {2}
    undo.undo(group=act.pk, actor=cast.ana, now=now, team_ids=[alerts[0].team_id])
    for _ in range(3):
        with suppress(Killed), killed_at(rng.randrange(1, 60)):
            work(now)
        now += bulk_work.LEASE * 1.1
    work(now)
    assert set(states().values()) == {Status.OPEN}
    assert set(Alert.objects.values_list("version", flat=True)) == {3}


def test_workers_that_never_come_back_end_the_act(alerts, cast):
    act = press(cast)
    now = PRESSED
    for _ in range(bulk_work.MOST_ATTEMPTS):
        with suppress(Killed), killed_at(8):
            bulk_work.work_portion(now=now, worker=uuid4())
        now += bulk_work.LEASE * 1.1
    work(now)
    assert (again(act).state, again(act).error) == (BulkAct.State.FAILED, bulk_work.NEVER_CAME_BACK)


def test_workers_that_never_come_back_from_the_undo_leave_the_rest_to_another_press(alerts, cast):
    act = press(cast)
    now = work()
    team_ids = [alerts[0].team_id]
    undo.undo(group=act.pk, actor=cast.ana, now=now, team_ids=team_ids)
    bulk_work.work_portion(now=now, worker=uuid4())
    for _ in range(bulk_work.MOST_ATTEMPTS):
        with suppress(Killed), killed_at(8):
            bulk_work.work_portion(now=now, worker=uuid4())
        now += bulk_work.LEASE * 1.1
    work(now)
    failed = again(act)
    assert (failed.state, failed.error, failed.done) == (BulkAct.State.FAILED, bulk_work.UNDO_NEVER_CAME_BACK, 5)
    assert bulk.progress_of(failed, now).undoable
    undo.undo(group=act.pk, actor=cast.ana, now=now, team_ids=team_ids)
    with pytest.raises(NothingToUndo):
        undo.undo(group=act.pk, actor=cast.ana, now=now, team_ids=team_ids)
    work(now)
    assert (again(act).state, again(act).done, again(act).error) == (BulkAct.State.DONE, 24, "")
    assert set(states().values()) == {Status.OPEN}
    assert set(Alert.objects.values_list("version", flat=True)) == {3}


def test_what_a_colleague_had_begun_before_the_press_and_ended_after_it_is_passed_over(alerts, cast):
    act = press(cast)
    begun = PRESSED - timedelta(milliseconds=50)
    triage.assign(
        alert_ids=[alerts[0].pk], assignee=cast.rosa, actor=cast.rosa, now=begun, team_ids=[alerts[0].team_id]
    )
    work()
    assert (again(act).done, again(act).skipped) == (23, 1)
    assert again_alert(alerts[0]).status == Status.OPEN


def test_what_one_has_done_oneself_just_before_is_not_passed_over(alerts, cast):
    by = {"actor": cast.ana, "now": PRESSED - timedelta(seconds=5), "team_ids": [alerts[0].team_id]}
    triage.set_status(alert_ids=[alerts[0].pk], status="acknowledged", **by)
    act = press(cast)
    work()
    assert (again(act).done, again(act).skipped) == (24, 0)


def test_what_one_has_judged_oneself_since_the_list_was_drawn_keeps_its_verdict(alerts, cast):
    drawn, closed = PRESSED - timedelta(minutes=2), alerts[0]
    by = {"actor": cast.ana, "now": drawn + timedelta(seconds=40), "team_ids": [closed.team_id]}
    triage.set_status(alert_ids=[closed.pk], status="closed", reason="true_positive", **by)
    act = press(cast, filters=QueueFilters(), seen=Seen(alerts[-1].pk, drawn))
    work()
    assert (again(act).done, again(act).skipped) == (23, 1)
    assert again_alert(closed).reason == "true_positive"


def test_what_came_or_others_changed_after_the_list_was_drawn_is_left_alone(alerts, cast):
    drawn = PRESSED - timedelta(minutes=2)
    seen = Seen(alerts[-2].pk, drawn)
    at, team_ids = drawn + timedelta(seconds=40), [alerts[0].team_id]
    for alert, who in ((alerts[0], cast.rosa), (alerts[1], cast.ana)):
        triage.set_status(alert_ids=[alert.pk], status="acknowledged", actor=who, now=at, team_ids=team_ids)
    act = press(cast, seen=seen)
    work()
    assert (again(act).done, again(act).skipped) == (22, 1)
    assert [again_alert(one).status for one in (alerts[0], alerts[-1])] == [Status.ACKNOWLEDGED, Status.OPEN]


def test_on_a_list_that_was_drawn_long_ago_nothing_is_done(alerts, cast):
    with pytest.raises(LookAgain):
        press(cast, seen=Seen(alerts[-1].pk, PRESSED - OLDEST - timedelta(seconds=1)))
    act = press(cast, seen=Seen(alerts[-1].pk, PRESSED + timedelta(days=1)))
    assert act.as_of == PRESSED
