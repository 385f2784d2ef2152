"""The list of cases, by when they want attention, in pages that neither repeat nor lose a case."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.changing import change
from cases.closing import close
from cases.errors import CaseNotFound
from cases.models import Case
from cases.selectors import CaseFilters, case_for, listing, open_cases
from cases.selectors.listing import one_line
from cases.todo import add_task, change_task
from tests.cases_app.world import NOW, alerts, by, opened

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _listed(person, now=NOW, after=None, limit=50, **filters):
    return listing(user=person, filters=CaseFilters(**filters), after=after, limit=limit, now=now)


def _told(page):
    return {group.key: [row.case.title for row in group.rows] for group in page.groups}


def _hold(case, people, wake_at=None, reason="the image"):
    changes = {"status": "on_hold", "hold_reason": reason, "wake_at": wake_at}
    return change(case_id=case.pk, version=None, changes=changes, **by(people.ana))


def _close(case, people, at=NOW, outcome="duplicate"):
    return close(case_id=case.pk, version=None, outcome=outcome, **by(people.ana, now=at))


@pytest.fixture
def some(people):
    """A case of each kind, and a second overdue one."""
    for title, due in (
        ("late", NOW - HOUR), ("later still", NOW - DAY), ("soon", NOW + HOUR), ("next week", NOW + 5 * DAY),
        ("whenever", None), ("held", NOW - HOUR), ("done", NOW - HOUR), ("done long ago", None),
    ):  # fmt: skip
        opened(people, title=title, due_at=due, now=NOW - 30 * DAY)
    by_title = {case.title: case for case in Case.objects.all()}
    _hold(by_title["held"], people)
    _close(by_title["done"], people, NOW - 2 * DAY)
    _close(by_title["done long ago"], people, NOW - 8 * DAY)
    return by_title


def test_what_is_overdue_stands_first_and_what_is_done_last(people, some):
    page = _listed(people.ana)
    assert list(_told(page).items()) == [
        ("overdue", ["later still", "late"]),
        ("today", ["soon"]),
        ("later", ["next week"]),
        ("undated", ["whenever"]),
        ("on_hold", ["held"]),
        ("closed", ["done"]),
    ]
    assert [str(group.total) for group in page.groups] == ["2", "1", "1", "1", "1", "1"]
    assert {name: str(count) for name, count in page.counts.items()} == {
        "current": "6", "mine": "0", "on_hold": "1", "overdue": "2", "closed": "2",
    }  # fmt: skip
    assert (str(page.total), page.next_key) == ("7", None)


def test_today_ends_with_the_day_where_the_person_is(people):
    opened(people, title="tonight", due_at=datetime(2026, 11, 20, 22, 0, tzinfo=UTC))
    assert _told(_listed(people.ana)) == {"today": ["tonight"]}
    people.ana.time_zone = "Asia/Tokyo"
    assert _told(_listed(people.ana)) == {"later": ["tonight"]}
    people.ana.time_zone = "Atlantis/Capital"
    assert _told(_listed(people.ana)) == {"today": ["tonight"]}


def test_undated_cases_stand_by_severity_and_waiting_ones_by_when_they_wake(people):
    for severity in (1, 4, 2, 4):
        opened(people, title=str(severity), severity=severity)
    for number, wake in enumerate((None, NOW + DAY, NOW)):
        _hold(opened(people, title=f"held {number}"), people, wake)
    told = _told(_listed(people.ana))
    assert told["undated"] == ["4", "4", "2", "1"]
    assert told["on_hold"] == ["held 2", "held 1", "held 0"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_neither_repeat_nor_lose_a_case_even_when_due_dates_pass_in_between(people, some, limit):
    seen, after, now = [], None, NOW
    for _ in range(20):
        page = _listed(people.ana, now=now, after=after, limit=limit)
        seen += [(group.key, row.case.title) for group in page.groups for row in group.rows]
        after, now = page.next_key, now + HOUR
        if after is None:
            break
    whole = [(group.key, row.case.title) for group in _listed(people.ana).groups for row in group.rows]
    assert seen == whole


def test_pages_by_key_also_where_everything_sorts_the_same(people):
    for _ in range(7):
        opened(people, due_at=NOW)
        opened(people)
    seen, after = [], None
    while True:
        page = _listed(people.ana, after=after, limit=3)
        seen += [row.case.pk for row in page.rows]
        if (after := page.next_key) is None:
            break
    assert sorted(seen) == sorted(Case.objects.values_list("pk", flat=True))
    assert len(seen) == len(set(seen))


def test_a_key_that_was_cut_leads_to_the_first_page_with_a_notice(people, some):
    page = _listed(people.ana, after="abc")
    assert page.notice
    assert _told(page)["overdue"] == ["later still", "late"]


def test_filters_narrow_the_list(people, some):
    change(
        case_id=some["soon"].pk, version=None,
        changes={"owner": people.rosa, "severity": 4, "tags": ["phish"], "phase": "recover"}, **by(people.ana),
    )  # fmt: skip
    for filters in (
        {"owner": "me"}, {"owner": str(people.rosa.pk)}, {"severities": (4, 1)}, {"tag": "phish"}, {"phase": "recover"},
        {"text": "SOON"}, {"text": f"case-{some['soon'].pk}"}, {"text": f"{some['soon'].pk}"},
    ):  # fmt: skip
        assert _told(_listed(people.rosa, **filters)) == {"today": ["soon"]}, filters
    assert "soon" not in [row.case.title for row in _listed(people.rosa, owner="nobody").rows]
    assert _told(_listed(people.ana, overdue=True)) == {"overdue": ["later still", "late"]}
    assert _told(_listed(people.ana, statuses=("on_hold",))) == {"on_hold": ["held"]}
    assert _told(_listed(people.ana, statuses=("closed",))) == {"closed": ["done", "done long ago"]}
    assert _told(_listed(people.ana, statuses=("closed",), closed_since=NOW - 3 * DAY)) == {"closed": ["done"]}
    assert _listed(people.ana, team_id=people.retail.pk).rows == []
    for nonsense in ({"owner": "ⅷ"}, {"owner": "9" * 30}, {"tag": "\x01"}, {"text": "%_\x00"}, {"phase": "lunch"}):
        assert _listed(people.ana, **nonsense).rows == []


def test_overdue_alone_leaves_out_what_waits_or_is_not_due_yet(people, some):
    page = _listed(people.ana, overdue=True)
    assert (str(page.total), [group.key for group in page.groups]) == ("2", ["overdue"])


def test_rows_count_tasks_and_alerts_and_say_what_a_case_is_about(people, rule):
    case = opened(people, alerts(3), summary="# Head\n\nThe upload came at 20:58.\nMore.")
    for number, state in enumerate(("open", "done", "dropped")):
        task = add_task(case_id=case.pk, text=str(number), **by(people.ana))
        change_task(task_id=task.pk, version=None, changes={"state": state}, **by(people.ana))
    (row,) = _listed(people.ana).rows
    assert (row.tasks_done, row.tasks_total, row.alerts, row.line) == (1, 2, 3, "Head")
    _hold(case, people, reason="the disk image")
    assert _listed(people.ana).rows[0].line == "waits: the disk image"


def test_a_closed_row_says_how_long_it_was_open(people):
    _close(opened(people), people, NOW + 3 * HOUR)
    assert _listed(people.ana, now=NOW + 4 * HOUR).rows[0].open_for == 3 * HOUR


def test_a_long_line_is_cut(people):
    assert len(one_line(Case(summary="x" * 5_000))) == 160
    assert one_line(Case(summary="***\n\n- \n")) == ""


def test_other_teams_see_nothing_of_it(people, some):
    assert _listed(people.otto).rows == []
    assert str(_listed(people.otto).counts["current"]) == "0"
    assert open_cases(people.otto) == []
    for number in (some["soon"].pk, 0, 2**70):
        with pytest.raises(CaseNotFound):
            case_for(people.otto, number)
    assert case_for(people.vera, some["soon"].pk) == some["soon"]


def test_choices_are_the_cases_in_hand_newest_first(people, some):
    titles = [title for _, title in open_cases(people.ana)]
    assert titles[0].endswith("· held")
    assert len(titles) == 6
    assert open_cases(people.adam, team_ids=[people.retail.pk]) == []


def test_a_page_costs_a_dozen_queries_however_many_cases_there_are(people, some):
    with CaptureQueriesContext(connection) as few:
        _listed(people.ana)
    Case.objects.bulk_create(
        Case(
            team=people.core,
            title=f"case {n}",
            severity=n % 4 + 1,
            opened_at=NOW,
            updated_at=NOW,
            due_at=NOW + n * HOUR,
        )
        for n in range(60)
    )
    with CaptureQueriesContext(connection) as many:
        _listed(people.ana)
    assert len(many) <= len(few) <= 13
