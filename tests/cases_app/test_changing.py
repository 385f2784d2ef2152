"""A case is changed field by field; who comes late is told who was first."""

from datetime import timedelta

import pytest

from accounts.errors import NotAllowed
from accounts.models import Change, Notice
from cases.changing import change
from cases.closing import close
from cases.errors import CaseClosed, CaseNotFound, FieldRefused, StaleCase
from tests.cases_app.world import NOW, by, opened, verbs


def _change(case, person, version=None, now=NOW, note="", **changes):
    return change(case_id=case.pk, version=version, changes=changes, note=note, **by(person, now=now))


def test_what_is_named_changes_and_the_rest_stays(people):
    case = opened(people, summary="Seen by the proxy.", tags=["old"])
    due = NOW + timedelta(hours=3)
    _change(case, people.rosa, 1, title="Perl on web-1", severity=4, phase="recover", due_at=due, tags=["new", "b"])
    case.refresh_from_db()
    assert (case.title, case.severity, case.phase, case.due_at) == ("Perl on web-1", 4, "recover", due)
    assert (case.tags, case.summary, case.version) == (["new", "b"], "Seen by the proxy.", 2)


def test_the_first_change_puts_an_open_case_in_progress(people):
    case = opened(people)
    assert _change(case, people.ana, next_step="Ask the owner").status == "in_progress"


def test_a_change_that_names_the_status_is_taken_at_its_word(people):
    case = opened(people)
    assert _change(case, people.ana, next_step="Ask", status="open").status == "open"


def test_nothing_is_recorded_when_nothing_changes(people):
    case = opened(people)
    assert _change(case, people.ana, 1, title="Perl everywhere", severity=3).version == 1
    assert verbs(case) == ["open"]


def test_who_comes_late_is_told_who_did_what_and_when(people):
    case = opened(people)
    _change(case, people.rosa, 1, next_step="Ask", owner=people.rosa, status="open")
    with pytest.raises(StaleCase) as refused:
        _change(case, people.ana, 1, title="Mine")
    late = refused.value
    assert (late.who, late.what, late.when) == ("Rosa", "changed the owner and the next step of", NOW)
    assert late.message == f"Rosa changed the owner and the next step of CASE-{case.pk} first."


def test_a_case_on_hold_says_what_it_waits_for(people):
    case = opened(people)
    with pytest.raises(FieldRefused) as refused:
        _change(case, people.ana, status="on_hold", hold_reason="  ")
    assert refused.value.field == "hold_reason"
    wake = NOW + timedelta(days=3)
    held = _change(case, people.ana, status="on_hold", hold_reason="the disk image", wake_at=wake)
    assert (held.status, held.hold_reason, held.wake_at) == ("on_hold", "the disk image", wake)
    assert _change(case, people.ana, next_step="Search it").status == "on_hold"
    with pytest.raises(FieldRefused):
        _change(case, people.ana, hold_reason="")
    resumed = _change(case, people.rosa, status="in_progress")
    assert (resumed.hold_reason, resumed.wake_at) == ("", None)


def test_nobody_sets_a_case_to_closed_or_writes_what_is_not_his_to_write(people):
    case = opened(people)
    for changes in (
        {"status": "closed"},
        {"outcome": "duplicate"},
        {"team": people.retail},
        {"demo": 1},
    ):
        with pytest.raises(FieldRefused) as refused:
            _change(case, people.ana, **changes)
        assert refused.value.field == next(iter(changes))


def test_a_new_owner_is_told_and_taking_a_case_oneself_tells_nobody(people):
    case = opened(people)
    given = _change(case, people.ana, owner=people.rosa)
    assert given.owner == people.rosa
    assert [notice.user for notice in Notice.objects.all()] == [people.rosa]
    _change(case, people.ana, owner=people.ana)
    assert _change(case, people.ana, owner=None).owner is None
    assert Notice.objects.count() == 1
    _change(case, people.ana, owner=people.rosa)
    assert Notice.objects.count() == 2


def test_an_owner_of_another_team_is_refused(people):
    with pytest.raises(FieldRefused):
        _change(opened(people), people.ana, owner=people.otto)


def test_a_closed_case_is_read_only(people):
    case = opened(people)
    close(case_id=case.pk, version=1, outcome="duplicate", **by(people.ana))
    with pytest.raises(CaseClosed):
        _change(case, people.ana, title="x")


def test_other_teams_and_viewers_change_nothing(people):
    case = opened(people)
    with pytest.raises(CaseNotFound):
        _change(case, people.otto, title="x")
    with pytest.raises(NotAllowed):
        _change(case, people.vera, title="x")
    for number in (0, -1, 2**70):
        with pytest.raises(CaseNotFound):
            change(case_id=number, version=1, changes={}, **by(people.ana))


def test_the_record_holds_the_whole_state_before_and_after_and_the_note(people):
    case = opened(people, owner=people.rosa, due_at=NOW)
    _change(case, people.ana, phase="investigate", note="Host isolated at 21:26.")
    record = Change.objects.get(object_type="case", verb="change")
    assert (record.before["phase"], record.after["phase"]) == ("contain", "investigate")
    assert (record.before["version"], record.after["version"]) == (1, 2)
    assert (record.before["status"], record.after["status"]) == ("open", "in_progress")
    assert (record.note, record.team, record.after["owner_id"]) == (
        "Host isolated at 21:26.",
        people.core,
        people.rosa.pk,
    )
