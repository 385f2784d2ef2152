"""Whatever people do to a case in whatever order, it stays sound and its record tells how it stands."""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Change
from cases.changing import change
from cases.closing import close, reopen
from cases.errors import CaseError
from cases.machine import IN_HAND, MOVES, Act
from cases.models import Case, Status, Task
from cases.todo import add_task, change_task
from cases.workflow import STATE_VERBS, CaseState
from cases.writing import write
from tests.cases_app.world import NOW, by, opened

_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from([*Status.values, "gone"]),
        "hold_reason": st.sampled_from(["", "the image"]),
        "wake_at": st.sampled_from([None, NOW]),
        "phase": st.sampled_from(["contain", "review"]),
        "title": st.sampled_from(["", "A", "B"]),
        "tags": st.sampled_from([[], ["a"]]),
    },
)
_ACTS = st.one_of(
    st.tuples(st.just("change"), _CHANGES),
    st.tuples(st.just("close"), st.sampled_from(["true_positive", "inconclusive", "nonsense"])),
    st.tuples(st.just("reopen"), st.booleans()),
    st.tuples(st.just("write"), st.just("seen")),
    st.tuples(st.just("add_task"), st.just("look")),
    st.tuples(st.just("tick"), st.sampled_from(["done", "dropped", "open"])),
    st.tuples(st.just("wait"), st.integers(1, 20)),
)


def may_move(act, old, new):
    """Whether the act leads from the one status to the other."""
    return Status(new) in MOVES[act].get(Status(old), frozenset())


def test_the_table_leads_nowhere_that_does_not_exist_and_every_status_can_be_left():
    for moves in MOVES.values():
        for old, news in moves.items():
            assert old not in news
    assert {old for moves in MOVES.values() for old in moves} == set(Status)
    assert may_move(Act.CLOSE, "on_hold", "closed")
    assert not may_move(Act.CHANGE, "closed", "open")
    assert "closed" not in IN_HAND


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(_ACTS, max_size=12))
def test_random_acts_leave_a_sound_case_and_a_record_that_replays_to_it(people, acts):
    case, now = opened(people), NOW
    for act, given_value in acts:
        before = Case.objects.get(pk=case.pk)
        if act == "wait":
            now += timedelta(minutes=given_value)
            continue
        with suppress(CaseError):
            _do(act, given_value, before, by(people.ana, now=now))
        _check(before, Case.objects.get(pk=case.pk))


def _do(act, value, case, who):
    if act == "change":
        change(case_id=case.pk, version=case.version, changes=value, **who)
    elif act == "close":
        close(case_id=case.pk, version=case.version, outcome=value, note="why", drop_tasks=True, **who)
    elif act == "reopen":
        reopen(case_id=case.pk, version=case.version, undo=value, **who)
    elif act == "write":
        write(case_id=case.pk, text=value, **who)
    elif act == "add_task":
        add_task(case_id=case.pk, text=value, **who)
    elif task := Task.objects.filter(case=case).first():
        change_task(task_id=task.pk, version=task.version, changes={"state": value}, **who)


def _check(before, case):
    closed = case.status == Status.CLOSED
    assert closed == bool(case.outcome) == (case.closed_at is not None)
    assert bool(case.hold_reason) == (case.status == Status.ON_HOLD)
    assert before.status == case.status or any(may_move(act, before.status, case.status) for act in Act)
    record = Change.objects.filter(object_type="case", object_id=str(case.pk))
    states = list(record.filter(verb__in=STATE_VERBS).order_by("pk"))
    assert [change.after["version"] for change in states] == list(range(1, case.version + 1))
    told = CaseState.of(case).to_json() | {"version": case.version}
    assert {name: states[-1].after[name] for name in told} == told
    for earlier, later in pairwise(states):
        assert all(earlier.after[name] == later.before[name] for name in told)
    for task in Task.objects.filter(case=case):
        assert (task.state == "open") == (task.settled_at is None) == (task.settled_by_id is None)
        last = record.filter(after__task=task.pk).latest("pk").after
        assert (last["version"], last["state"], last["text"]) == (task.version, task.state, task.text)
