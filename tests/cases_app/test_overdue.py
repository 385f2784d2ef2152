"""Dates that have passed are told to whom it concerns, once each."""

from datetime import timedelta

from accounts.models import Notice
from accounts.roles import Role
from cases.changing import change
from cases.closing import close
from cases.overdue import notice_overdue
from cases.tasks import notice_overdue as task
from cases.todo import add_task
from soc.celery import app
from tests.cases_app.world import NOW, by, opened

HOUR = timedelta(hours=1)
LATER = NOW + 2 * HOUR


def _told(kind="past_target"):
    return list(Notice.objects.filter(kind=kind).order_by("pk").values_list("user__username", "text"))


def test_the_owner_of_a_case_past_its_date_is_told_once(people):
    case = opened(people, owner=people.rosa, due_at=NOW + HOUR)
    assert notice_overdue(now=NOW) == 0
    assert notice_overdue(now=LATER) == 1
    assert notice_overdue(now=LATER + HOUR) == 0
    assert _told() == [("rosa", f"{case} is past its date: Perl everywhere")]


def test_a_new_date_is_told_again_when_it_passes(people):
    case = opened(people, owner=people.rosa, due_at=NOW)
    notice_overdue(now=NOW)
    change(case_id=case.pk, version=None, changes={"due_at": NOW + HOUR}, **by(people.rosa))
    assert notice_overdue(now=NOW) == 0
    assert notice_overdue(now=LATER) == 1
    assert len(_told()) == 2


def test_a_case_without_an_owner_is_the_managers_affair(people):
    opened(people, due_at=NOW)
    notice_overdue(now=NOW)
    assert [name for name, _ in _told()] == ["mona"]


def test_who_was_deactivated_is_not_told_but_his_managers(people):
    opened(people, owner=people.rosa, due_at=NOW)
    people.rosa.is_active = False
    people.rosa.save()
    notice_overdue(now=NOW)
    assert [name for name, _ in _told()] == ["mona"]


def test_who_left_the_team_is_not_told_of_its_cases_but_its_managers(people):
    case = opened(people, owner=people.rosa, due_at=NOW)
    add_task(case_id=case.pk, text="Rosa's", owner=people.rosa, due_at=NOW, **by(people.ana))
    held = opened(people, owner=people.rosa)
    wait = {"status": "on_hold", "hold_reason": "a secret", "wake_at": NOW + HOUR}
    change(case_id=held.pk, version=None, changes=wait, **by(people.ana))
    Notice.objects.all().delete()
    people.rosa.teams.set([people.retail])
    assert notice_overdue(now=LATER) == 3
    assert [name for name, _ in _told()] == ["mona"] * 3


def test_a_task_of_somebody_who_left_is_told_to_the_owner_of_the_case(people):
    case = opened(people, owner=people.rosa)
    add_task(case_id=case.pk, text="Ana's", owner=people.ana, due_at=NOW, **by(people.rosa))
    people.ana.teams.clear()
    notice_overdue(now=NOW)
    assert [name for name, _ in _told()] == ["rosa"]


def test_a_team_without_a_manager_is_the_administrators_affair(people):
    opened(people, owner=people.rosa, due_at=NOW)
    for person in (people.rosa, people.mona):
        person.teams.set([people.retail])
    people.adam.teams.clear()
    notice_overdue(now=NOW)
    assert [name for name, _ in _told()] == ["adam"]


def test_who_may_no_longer_work_on_cases_is_not_told(people):
    opened(people, owner=people.rosa, due_at=NOW)
    people.rosa.role = Role.VIEWER
    people.rosa.save()
    notice_overdue(now=NOW)
    assert [name for name, _ in _told()] == ["mona"]


def test_a_case_on_hold_waits_until_it_wakes(people):
    case = opened(people, owner=people.rosa, due_at=NOW)
    held = {"status": "on_hold", "hold_reason": "the image", "wake_at": NOW + HOUR}
    change(case_id=case.pk, version=None, changes=held, **by(people.rosa))
    assert notice_overdue(now=NOW) == 0
    assert notice_overdue(now=LATER) == 1
    assert notice_overdue(now=LATER) == 0
    assert _told()[0][1] == f"{case} wants to be looked at again; it waits for: the image"


def test_a_closed_case_and_its_tasks_are_told_no_more(people):
    case = opened(people, owner=people.rosa, due_at=NOW)
    add_task(case_id=case.pk, text="Look", due_at=NOW, **by(people.ana))
    close(case_id=case.pk, version=None, outcome="duplicate", drop_tasks=True, **by(people.ana))
    assert notice_overdue(now=LATER) == 0


def test_a_task_past_its_date_is_told_to_its_owner_or_the_cases(people):
    case = opened(people, owner=people.rosa)
    add_task(case_id=case.pk, text="Mine", owner=people.ana, due_at=NOW, **by(people.ana))
    add_task(case_id=case.pk, text="Somebody's", due_at=NOW + HOUR, **by(people.ana))
    assert notice_overdue(now=LATER) == 2
    assert notice_overdue(now=LATER) == 0
    assert _told() == [
        ("ana", f"A task in {case} is past its date: Mine"),
        ("rosa", f"A task in {case} is past its date: Somebody's"),
    ]


def test_telling_counts_no_version_up(people):
    case = opened(people, owner=people.rosa, due_at=NOW)
    notice_overdue(now=LATER)
    case.refresh_from_db()
    assert (case.version, case.told_due_at) == (1, NOW)


def test_beat_rings_for_it_every_minute(people):
    entry = next(one for one in app.conf.beat_schedule.values() if one["task"] == task.name)
    assert entry["schedule"] == 60.0
    task()
