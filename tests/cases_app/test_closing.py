"""A case ends with its alerts, and within ten minutes both can be as before."""

from datetime import timedelta

import pytest

from accounts.models import Change
from alerts import errors as alerts_errors
from alerts.models import Alert
from alerts.triage import set_status
from alerts.undo import undo
from cases.changing import change
from cases.closing import close, reopen
from cases.errors import CaseClosed, FieldRefused, NotClosed, NothingToUndo, OpenTasks, StaleCase, TooLate
from cases.joining import add_alerts
from cases.models import Case, Task
from cases.todo import add_task, change_task
from tests.cases_app.world import MINUTE, NOW, alerts, by, opened

LATER = NOW + timedelta(minutes=5)


def _close(case, person, version=None, now=LATER, outcome="true_positive", **given):
    return close(case_id=case.pk, version=version, outcome=outcome, **by(person, now=now), **given)


def _reopen(case, person, version=None, now=LATER + 2 * MINUTE, **given):
    return reopen(case_id=case.pk, version=version, **by(person, now=now), **given)


def _verdicts():
    return list(Alert.objects.order_by("pk").values_list("status", "reason"))


def test_closing_gives_the_open_alerts_the_outcome_as_their_verdict(people, rule):
    found = alerts(2)
    case = opened(people, found)
    done = _close(case, people.rosa, 1, note="Web shell removed.")
    assert done.alerts == [alert.pk for alert in found]
    case.refresh_from_db()
    assert (case.status, case.outcome, case.closed_at, case.version) == ("closed", "true_positive", LATER, 2)
    assert (case.closing_note, _verdicts()) == ("Web shell removed.", [("closed", "true_positive")] * 2)
    told = Change.objects.filter(object_type="alert", verb="closed")
    assert all(str(case) in change.note for change in told)
    record = Change.objects.get(object_type="case", verb="close")
    assert record.after["closed_alerts"] == done.alerts
    assert {change.group for change in told} == {record.group}


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("benign_positive", "benign_positive"),
        ("false_positive", "false_positive"),
        ("duplicate", "duplicate"),
        ("inconclusive", "other"),
    ],
)
def test_each_outcome_has_its_verdict(people, rule, outcome, reason):
    case = opened(people, alerts(1))
    _close(case, people.ana, outcome=outcome, note="The logs are gone.")
    assert _verdicts() == [("closed", reason)]


def test_inconclusive_needs_a_note_and_an_outcome_has_to_be_known(people):
    case = opened(people)
    for outcome, field in (("inconclusive", "note"), ("", "outcome"), ("other", "outcome")):
        with pytest.raises(FieldRefused) as refused:
            _close(case, people.ana, outcome=outcome)
        assert refused.value.field == field


def test_alerts_with_a_verdict_keep_it_and_those_of_another_team_are_left_alone(people, rule):
    first, second, third = found = alerts(3)
    case = opened(people, found)
    set_status(alert_ids=[first.pk], status="closed", reason="false_positive", **by(people.ana))
    Alert.objects.filter(pk=second.pk).update(team=people.retail)
    assert _close(case, people.ana).alerts == [third.pk]
    assert _verdicts() == [("closed", "false_positive"), ("acknowledged", ""), ("closed", "true_positive")]


def test_alerts_can_stay_open(people, rule):
    case = opened(people, alerts(1))
    assert _close(case, people.ana, close_alerts=False).alerts == []
    assert _verdicts() == [("acknowledged", "")]


def test_closing_with_tasks_left_is_refused_unless_they_are_dropped(people):
    case = opened(people)
    task = add_task(case_id=case.pk, text="Reset the secrets", **by(people.ana))
    with pytest.raises(OpenTasks) as refused:
        _close(case, people.ana)
    assert (refused.value.number, Case.objects.get().status) == (1, "open")
    _close(case, people.rosa, drop_tasks=True)
    task.refresh_from_db()
    assert (task.state, task.settled_by, task.settled_at) == ("dropped", people.rosa, LATER)


def test_closing_twice_and_closing_what_somebody_changed_meanwhile_are_refused(people, rule):
    case = opened(people)
    add_alerts(case_id=case.pk, alert_ids=[alerts(1)[0].pk], **by(people.rosa))
    with pytest.raises(StaleCase) as late:
        _close(case, people.ana, 1)
    assert late.value.what == "added alerts to"
    _close(case, people.ana, 2)
    with pytest.raises(StaleCase) as late:
        _close(case, people.rosa, 2)
    assert (late.value.who, late.value.what) == ("Ana", "closed")
    with pytest.raises(CaseClosed):
        _close(case, people.rosa, 3)


def test_reopening_clears_the_outcome_and_keeps_verdicts_and_history(people, rule):
    case = opened(people, alerts(1))
    _close(case, people.ana, note="Done.")
    _reopen(case, people.rosa, 2, note="It is back.", now=LATER + timedelta(days=2))
    case.refresh_from_db()
    assert (case.status, case.outcome, case.closed_at, case.closing_note) == ("in_progress", "", None, "")
    assert _verdicts() == [("closed", "true_positive")]
    record = Change.objects.filter(object_type="case", object_id=str(case.pk)).order_by("pk")
    assert [entry.verb for entry in record] == ["open", "close", "reopen"]
    assert record[1].after["closing_note"] == "Done."
    assert record[2].note == "It is back."
    with pytest.raises(NotClosed):
        _reopen(case, people.rosa)


def test_taken_back_within_ten_minutes_everything_stands_as_before(people, rule):
    found = alerts(2)
    case = opened(people, found)
    change(
        case_id=case.pk, version=1, changes={"status": "on_hold", "hold_reason": "image", "wake_at": NOW},
        **by(people.ana),
    )  # fmt: skip
    task = add_task(case_id=case.pk, text="Look", owner=people.rosa, **by(people.ana))
    before: dict[str, object] = dict(**Case.objects.values().get())
    _close(case, people.ana, drop_tasks=True)
    done = _reopen(case, people.rosa, 3, undo=True)
    assert done.alerts == [alert.pk for alert in found]
    assert _verdicts() == [("acknowledged", "")] * 2
    after: dict[str, object] = dict(**Case.objects.values().get())
    moved = {name for name in after if after[name] != before[name]}
    assert moved == {"version", "updated_at"}
    task.refresh_from_db()
    assert (task.state, task.settled_by, task.settled_at, task.owner) == ("open", None, None, people.rosa)
    undone = Change.objects.get(object_type="case", verb="reopen")
    assert undone.undoes is not None
    assert (undone.undoes.verb, undone.after["reopened_alerts"]) == ("close", done.alerts)


def test_what_somebody_did_since_is_not_overwritten_by_taking_back(people, rule):
    first, second = found = alerts(2)
    case = opened(people, found)
    task = add_task(case_id=case.pk, text="Look", **by(people.ana))
    _close(case, people.ana, drop_tasks=True)
    set_status(alert_ids=[first.pk], status="closed", reason="duplicate", **by(people.rosa))
    assert _reopen(case, people.ana, undo=True).alerts == [second.pk]
    assert _verdicts() == [("closed", "duplicate"), ("acknowledged", "")]
    task.refresh_from_db()
    assert task.state == "open"


def test_the_alerts_of_a_closed_case_are_not_opened_again_behind_its_back(people, rule):
    case = opened(people, alerts(1))
    _close(case, people.ana)
    group = Change.objects.get(object_type="case", verb="close").group
    assert group
    with pytest.raises(alerts_errors.NothingToUndo):
        undo(group=group, **by(people.ana, now=LATER + MINUTE))
    assert _verdicts() == [("closed", "true_positive")]


def test_after_ten_minutes_it_is_too_late_and_a_second_undo_finds_nothing(people):
    case = opened(people)
    _close(case, people.ana)
    with pytest.raises(TooLate):
        _reopen(case, people.ana, undo=True, now=LATER + 11 * MINUTE)
    _reopen(case, people.ana, undo=True)
    with pytest.raises(NotClosed):
        _reopen(case, people.ana, undo=True)
    assert Task.objects.count() == 0


def test_a_closure_before_the_last_is_not_taken_back(people):
    case = opened(people)
    _close(case, people.ana)
    Case.objects.filter(pk=case.pk).update(version=9)
    with pytest.raises(NothingToUndo):
        _reopen(case, people.ana, undo=True)


def test_tasks_of_a_closed_case_are_read_only(people):
    case = opened(people)
    task = add_task(case_id=case.pk, text="Look", **by(people.ana))
    _close(case, people.ana, drop_tasks=True)
    with pytest.raises(CaseClosed):
        change_task(task_id=task.pk, version=2, changes={"state": "done"}, **by(people.ana))
    with pytest.raises(CaseClosed):
        add_task(case_id=case.pk, text="More", **by(people.ana))
