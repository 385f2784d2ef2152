"""Tasks: people's own, and the response steps of the guides, each offered once."""

from datetime import timedelta

import pytest

from accounts.models import Change, Notice
from alerts.models import Alert
from cases.errors import CaseNotFound, FieldRefused, StaleTask, TaskNotFound
from cases.joining import add_alerts
from cases.models import Task
from cases.selectors import offered_steps, task_for, tasks_of
from cases.selectors.steps import step_key
from cases.todo import add_task, change_task, take_steps
from tests.cases_app import world
from tests.cases_app.world import NOW, alerts, by, opened


def _add(case, person, text="Reset the secrets", **given):
    return add_task(case_id=case.pk, text=text, **by(person), **given)


def _change(task, person, version=None, case_id=None, now=NOW, **changes):
    return change_task(task_id=task.pk, version=version, changes=changes, case_id=case_id, **by(person, now=now))


def test_a_task_says_who_ticked_it_and_when(people):
    task = _add(opened(people), people.ana)
    done = _change(task, people.rosa, 1, state="done", now=NOW + timedelta(hours=1))
    assert (done.state, done.settled_by_id, done.settled_at) == ("done", people.rosa.pk, NOW + timedelta(hours=1))
    again = _change(task, people.ana, 2, state="open")
    assert (again.state, again.settled_by_id, again.settled_at, again.version) == ("open", None, None, 3)
    dropped = _change(task, people.mona, 3, state="dropped")
    assert (dropped.state, dropped.settled_by_id) == ("dropped", people.mona.pk)
    record = Change.objects.filter(verb="task_change").order_by("pk")
    assert [(one.before["state"], one.after["state"]) for one in record] == [
        ("open", "done"), ("done", "open"), ("open", "dropped"),
    ]  # fmt: skip


def test_ticking_twice_records_once_and_a_stale_tick_says_who_was_first(people):
    task = _add(opened(people), people.ana)
    _change(task, people.rosa, 1, state="done")
    assert _change(task, people.rosa, 2, state="done").version == 2
    with pytest.raises(StaleTask) as late:
        _change(task, people.ana, 1, state="done")
    assert (late.value.who, late.value.what) == ("Rosa", "finished")


def test_whoever_is_given_a_task_is_told(people):
    case = opened(people)
    task = _add(case, people.ana, owner=people.rosa)
    _change(task, people.ana, text="Reset them all", due_at=NOW)
    assert Notice.objects.count() == 1
    _change(task, people.ana, owner=people.mona)
    _change(task, people.mona, owner=None)
    assert [notice.user for notice in Notice.objects.order_by("pk")] == [people.rosa, people.mona]


def test_what_does_not_fit_is_refused(people):
    case = opened(people)
    task = _add(case, people.ana)
    for changes in ({"text": " "}, {"text": "x" * 501}, {"state": "late"}, {"owner": people.otto}, {"due_at": "noon"}):
        with pytest.raises(FieldRefused) as refused:
            _change(task, people.ana, **changes)
        assert refused.value.field == next(iter(changes))
    with pytest.raises(FieldRefused):
        _change(task, people.ana, settled_by=people.ana)


def test_tasks_of_other_cases_and_teams_are_not_found(people):
    case, other = opened(people), opened(people)
    task = _add(case, people.ana)
    with pytest.raises(TaskNotFound):
        _change(task, people.ana, case_id=other.pk, state="done")
    with pytest.raises(TaskNotFound):
        _change(task, people.otto, state="done")
    with pytest.raises(TaskNotFound):
        task_for(other, task.pk)
    with pytest.raises(CaseNotFound):
        _add(case, people.otto)
    assert task_for(case, task.pk) == task


def test_open_tasks_stand_first_those_with_the_nearest_date_before_the_rest(people):
    case = opened(people)
    for text, due in (("undated", None), ("later", NOW + timedelta(days=2)), ("soon", NOW + timedelta(days=1))):
        _add(case, people.ana, text, due_at=due)
    _change(_add(case, people.ana, "done", due_at=NOW), people.ana, state="done")
    assert [task.text for task in tasks_of(case)] == ["soon", "later", "undated", "done"]


def test_the_guides_response_steps_are_offered_and_taken_in_one_act(people, rule):
    case = opened(people, alerts(2))
    first, second = offered_steps(case)
    assert (first.text, first.origin) == (
        "Isolate the involved host from the network.", "Response step 1, Perl was started",
    )  # fmt: skip
    taken = take_steps(
        case_id=case.pk, keys=[second.key, first.key, "no-such-key"], owner=people.rosa, **by(people.ana)
    )
    assert [task.text for task in taken] == [first.text, second.text]
    assert {task.origin for task in taken} == {first.origin, second.origin}
    assert offered_steps(case) == []
    assert take_steps(case_id=case.pk, keys=[first.key], **by(people.rosa)) == []
    added = Change.objects.filter(verb="task_add")
    assert len({change.group for change in added}) == 1
    assert len(added) == 2


def test_a_step_keeps_its_key_when_the_guide_is_revised_around_it(people, rule):
    case = opened(people, alerts(1))
    take_steps(case_id=case.pk, keys=[offered_steps(case)[0].key], **by(people.ana))
    world.load(rule, note=world.GUIDE.replace("- Isolate", "- Call the owner.\n- Isolate"))
    world.load(rule, rule_id="other", name="Other rule", query="process.name:perl")
    found = world.alerts(1, host__name="web-2")
    add_alerts(case_id=case.pk, alert_ids=[alert.pk for alert in found], **by(people.ana))
    assert Alert.objects.count() == 3
    # Both rules have these steps; each is offered once, by the first of them, and the one that was taken not at all.
    assert [(step.text, step.rule_name) for step in offered_steps(case)] == [
        ("Reset every secret that the process can read.", "Other rule"),
        ("Call the owner.", "Perl was started"),
    ]


def test_a_step_dropped_is_not_offered_again_and_own_tasks_of_the_same_words_count(people, rule):
    case = opened(people, alerts(1))
    _add(case, people.ana, "isolate the involved host  from the network.")
    (left,) = offered_steps(case)
    (task,) = take_steps(case_id=case.pk, keys=[left.key], **by(people.ana))
    _change(task, people.ana, state="dropped")
    assert offered_steps(case) == []


def test_keys_fit_their_column_and_differ_by_rule():
    assert step_key("a", "Do it") == step_key("a", " do  it ")
    assert step_key("a", "Do it") != step_key("b", "Do it")
    assert len(step_key("a" * 64, "x" * 5_000)) <= 40


def test_a_case_has_a_bounded_number_of_tasks(people):
    case = opened(people)
    Task.objects.bulk_create(Task(case=case, text="x", created_at=NOW) for _ in range(200))
    with pytest.raises(FieldRefused):
        _add(case, people.ana)
