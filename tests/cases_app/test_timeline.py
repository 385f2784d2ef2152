"""What happened to a case, newest first, from what people wrote and from the record."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from cases.changing import change
from cases.closing import close, reopen
from cases.joining import add_alerts, remove_alert
from cases.models import Case
from cases.selectors import offered_steps, timeline, timeline_counts, timeline_page
from cases.todo import add_task, change_task, take_steps
from cases.writing import write
from tests.cases_app.world import MINUTE, NOW, alerts, by, opened


def _change(case, person, at, note="", **changes):
    return change(case_id=case.pk, version=None, changes=changes, note=note, **by(person, now=NOW + at * MINUTE))


def _marks(moments):
    return [(moment.kind, moment.entry_id, moment.change_id) for moment in moments]


@pytest.fixture
def story(people, rule):
    """A case in which everything has happened once, a minute apart."""
    found = alerts(14)
    case = opened(people, found[:1])
    numbers = [alert.pk for alert in found]
    add_alerts(case_id=case.pk, alert_ids=numbers[1:13], **by(people.rosa, now=NOW + MINUTE))
    write(case_id=case.pk, text="**Look**", **by(people.ana, now=NOW + 2 * MINUTE))
    write(case_id=case.pk, text="It came by mail.", kind="note", **by(people.rosa, now=NOW + 3 * MINUTE))
    _change(case, people.ana, 4, phase="investigate", note="Host isolated.")
    task = add_task(case_id=case.pk, text="Reset", **by(people.ana, now=NOW + 5 * MINUTE))
    change_task(task_id=task.pk, version=1, changes={"state": "done"}, **by(people.rosa, now=NOW + 6 * MINUTE))
    take_steps(case_id=case.pk, keys=[offered_steps(case)[0].key], **by(people.ana, now=NOW + 7 * MINUTE))
    remove_alert(case_id=case.pk, alert_id=numbers[0], **by(people.ana, now=NOW + 8 * MINUTE))
    _change(case, people.ana, 9, owner=people.rosa)
    _change(case, people.ana, 10, status="on_hold", hold_reason="the image", wake_at=NOW)
    close(
        case_id=case.pk, version=None, outcome="true_positive", note="Gone.", drop_tasks=True,
        **by(people.rosa, now=NOW + 11 * MINUTE),
    )  # fmt: skip
    reopen(case_id=case.pk, version=None, undo=True, **by(people.rosa, now=NOW + 12 * MINUTE))
    return Case.objects.get(pk=case.pk)


def test_each_moment_says_who_did_what(story):
    told = [(moment.actor, moment.kind, moment.words) for moment in timeline(story)[::-1]]
    numbers = [alert.pk for alert in Alert.objects.order_by("pk")]
    assert told == [
        ("Ana", "open", "opened the case with 1 alert"),
        ("Rosa", "join", "added 12 alerts"),
        ("Ana", "comment", "commented"),
        ("Rosa", "note", "added a note"),
        ("Ana", "change", "moved the case from Contain to Investigate"),
        ("Ana", "task_add", "added the task"),
        ("Rosa", "task_change", "finished the task"),
        ("Ana", "task_add", "took a response step as task"),
        ("Ana", "leave", f"took AL-{numbers[0]} out"),
        ("Ana", "change", "gave the case to Rosa"),
        ("Ana", "change", "put the case on hold"),
        ("Rosa", "task_change", "marked the task as not needed"),
        ("Rosa", "close", "closed the case as true positive and 12 alerts with it"),
        ("Rosa", "task_change", "opened the task again"),
        ("Rosa", "reopen", "took back that the case was closed"),
    ]


def test_moments_carry_their_texts_alerts_and_changed_fields(story):
    by_words = {moment.words: moment for moment in timeline(story)}
    joined = by_words["added 12 alerts"]
    assert (len(joined.alerts), len(joined.alert_numbers), joined.more_alerts) == (10, 12, 2)
    assert joined.alerts[0].name == "Perl was started"
    assert by_words["commented"].text == "**Look**"
    assert by_words["finished the task"].task == "Reset"
    moved = by_words["moved the case from Contain to Investigate"]
    assert moved.text == "Host isolated."
    assert ("Phase", "Contain", "Investigate") in [(one.label, one.old, one.new) for one in moved.changes]
    held = by_words["put the case on hold"]
    assert {one.label: one.new for one in held.changes} == {
        "Status": "On hold", "Waits for": "the image", "Look again": "2026-11-20 14:06 UTC",
    }  # fmt: skip
    assert by_words["gave the case to Rosa"].changes[0].old == ""


def test_each_filter_shows_its_kind_and_says_how_many_there_are(story):
    counts = timeline_counts(story)
    for kind, number in counts.items():
        assert len(timeline(story, kind=kind)) == number, kind
    assert counts == {"all": 15, "notes": 1, "comments": 1, "alerts": 3, "changes": 6, "tasks": 5}
    assert len(timeline(story, kind="gossip")) == 15


def test_an_empty_opening_is_no_moment_about_alerts(people):
    case = opened(people)
    assert timeline(case, kind="alerts") == []
    assert timeline_counts(case)["alerts"] == 0


@pytest.mark.parametrize("limit", [1, 2, 4, 7])
@pytest.mark.parametrize("kind", ["all", "tasks"])
def test_pages_by_key_make_the_whole(story, limit, kind):
    seen, before = [], None
    for _ in range(20):
        page = timeline_page(story, kind=kind, before=before, limit=limit)
        seen += page.items
        if (before := page.next_key) is None:
            break
    assert _marks(seen) == _marks(timeline(story, kind=kind))


def test_moments_of_the_same_instant_are_neither_repeated_nor_lost(people):
    case = opened(people)
    for number in range(5):
        write(case_id=case.pk, text=str(number), **by(people.ana))
        add_task(case_id=case.pk, text=str(number), **by(people.ana))
    seen, before = [], None
    while True:
        page = timeline_page(case, before=before, limit=2)
        seen += page.items
        if (before := page.next_key) is None:
            break
    assert len(seen) == len(set(_marks(seen))) == 11
    assert _marks(seen) == _marks(timeline(case))
    assert _marks(timeline(case, before=seen[3].key)) == _marks(seen[4:])


def test_a_key_of_another_case_leads_to_the_first_page(people, story):
    other = opened(people)
    page = timeline_page(other, before=timeline(story)[3].key)
    assert page.notice
    assert len(page.items) == 1


def test_alerts_that_moved_to_another_team_are_told_by_their_number_alone(people, story):
    Alert.objects.update(team=people.retail)
    joined = next(moment for moment in timeline(story) if moment.kind == "join")
    assert (joined.alerts, len(joined.alert_numbers)) == ((), 12)


def test_who_was_renamed_stays_in_the_record_as_he_was(people, story):
    people.rosa.first_name = "Rosalind"
    people.rosa.save()
    told = timeline(story)[::-1]
    assert told[1].actor == "Rosa"
    assert told[9].words == "gave the case to Rosalind"


def test_the_words_of_several_changes_name_their_fields(people):
    case = opened(people)
    _change(case, people.ana, 1, title="A", severity=1, due_at=NOW, status="in_progress")
    _change(case, people.ana, 2, due_at=None)
    _change(case, people.ana, 3, owner=people.rosa, tags=["a"])
    _change(case, people.ana, 4, owner=None)
    _change(case, people.ana, 5, severity=4)
    _change(case, people.ana, 6, summary="long " * 200)
    _change(case, people.ana, 7, status="open")
    _change(case, people.ana, 8, next_step="Ask")
    assert [moment.words for moment in timeline(case, kind="changes")[::-1][1:]] == [
        "changed title, severity and due",
        "took the due date off",
        "changed owner and tags",
        "took the owner off",
        "changed the severity from low to critical",
        "changed the summary",
        "set the case to open",
        "changed the next step",
    ]


def test_a_page_costs_five_queries_however_much_happened(people, story):
    with CaptureQueriesContext(connection) as queries:
        timeline(story)
    assert len(queries) <= 5


def test_durations_do_not_matter_to_order(people):
    case = opened(people, now=NOW)
    write(case_id=case.pk, text="later", **by(people.ana, now=NOW + timedelta(days=400)))
    assert [moment.kind for moment in timeline(case)] == ["comment", "open"]
