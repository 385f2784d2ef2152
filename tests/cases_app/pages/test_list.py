"""The list of cases: the sentence first, overdue before the rest, and every filter in the address."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cases import changing
from cases.headline import headline
from cases.models import Case, Status
from tests.alerts.pages.world import World
from tests.cases_app.pages.conftest import HTMX, OpenCase, SignIn, by


def said(world: World) -> str:
    found = headline(user=world.ana, now=world.now)
    return found.before + found.wrong + found.after


def set_to(case: Case, **values: Any) -> None:
    Case.objects.filter(pk=case.pk).update(**values)


def test_the_headline_says_the_first_thing_that_holds(world: World, open_case: OpenCase) -> None:
    assert said(world) == "No case is in hand."
    one, two = open_case(), open_case()
    assert said(world) == "Two cases are in hand. Nothing is due."
    set_to(two, owner=None)
    assert said(world) == "Two cases are in hand, and one has no owner."
    set_to(two, status=Status.ON_HOLD, wake_at=world.now - timedelta(hours=1))
    assert said(world) == "Two cases are in hand, and one on hold should be looked at again."
    set_to(one, due_at=world.now + timedelta(microseconds=1))
    assert said(world) == "Two cases are in hand, and one is due today."
    set_to(one, due_at=world.now - timedelta(hours=1))
    assert said(world) == "Two cases are in hand, and one is past its date."
    assert headline(user=world.ana, now=world.now).first == one
    assert said_by_otto(world) == "No case is in hand."


def said_by_otto(world: World) -> str:
    return headline(user=world.otto, now=world.now).before


def test_it_is_grouped_by_when_cases_want_attention(ana: Client, world: World, open_case: OpenCase) -> None:
    for title, due in (("Late", -1), ("Far", 24 * 9), ("Undated", None)):
        open_case(title=title, due_at=None if due is None else world.now + timedelta(hours=due))
    held = open_case(title="Held")
    changing.change(
        case_id=held.pk, version=None, changes={"status": "on_hold", "hold_reason": "the image"}, **by(world)
    )
    text = ana.get("/cases/").content.decode()
    order = ["Overdue", "Late", "Later", "Far", "No date", "Undated", "On hold", "Held"]
    table = text.split('<table class="listing caselist">')[1]
    places = [table.index(f">{word}<") for word in order]
    assert places == sorted(places)
    assert "overdue 1 h" in table
    assert "waits: the image" in table


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Mine", "Theirs"]),
        ("?owner=me", ["Mine"]),
        ("?owner=nobody", ["Theirs"]),
        ("?severity=4", ["Theirs"]),
        ("?phase=review", ["Theirs"]),
        ("?tag=bank", ["Theirs"]),
        ("?overdue=1", ["Mine"]),
        ("?q=heir", ["Theirs"]),
        ("?q=CASE-{mine}", ["Mine"]),
        ("?status=on_hold", []),
        ("?owner=nonsense&severity=99", ["Mine", "Theirs"]),
        ("?show=board", ["Mine", "Theirs"]),
        ("?show=board&phase=review", ["Theirs"]),
    ],
)
def test_every_filter_stands_in_the_address(
    ana: Client, world: World, open_case: OpenCase, query: str, found: list[str]
) -> None:
    mine = open_case(title="Mine", due_at=world.now - timedelta(hours=1))
    theirs = open_case(title="Theirs", severity=4, owner=None, tags=["bank"])
    set_to(theirs, phase="review")
    text = ana.get(f"/cases/{query.format(mine=mine.pk)}").content.decode()
    body = text.split('id="list"')[1]
    assert [title for title in ("Mine", "Theirs") if f">{title}<" in body] == found
    if not found:
        assert "No case fits." in body


def test_the_views_carry_their_numbers(ana: Client, world: World, open_case: OpenCase) -> None:
    open_case(due_at=world.now - timedelta(hours=1))
    open_case(owner=None)
    tabs = ana.get("/cases/?owner=me").context["tabs"]
    assert {tab.title: tab.number.number for tab in tabs} == {
        "Current": 2, "Overdue": 1, "Mine": 1, "On hold": 0, "Closed": 0,
    }  # fmt: skip
    assert [tab.title for tab in tabs if tab.current] == ["Mine"]


def test_without_any_case_it_says_what_a_case_is(ana: Client, sign_in: SignIn) -> None:
    assert "Open the first case" in ana.get("/cases/").content.decode()
    seen_by_vera = sign_in("vera").get("/cases/").content.decode()
    assert "No case yet." in seen_by_vera
    assert "Open the first case" not in seen_by_vera


def test_a_case_of_another_team_is_not_in_the_list(sign_in: SignIn, case: Case) -> None:
    text = sign_in("otto").get("/cases/").content.decode()
    assert case.title not in text
    assert "No case yet." in text


def test_long_lists_are_paged_by_key(ana: Client, world: World, open_case: OpenCase) -> None:
    first = open_case(title="Begun")
    Case.objects.bulk_create(
        Case(team=first.team, title=f"Case {n}", severity=2, opened_at=world.now, updated_at=world.now)
        for n in range(60)
    )
    page = ana.get("/cases/")
    rows = page.context["page"].rows
    assert len(rows) == 50
    rest = ana.get("/cases/", {"after": page.context["page"].next_key}).context["page"].rows
    assert len({row.case.pk for row in (*rows, *rest)}) == 61
    assert "no longer valid" in ana.get("/cases/?after=zzz").content.decode()


def test_htmx_gets_the_list_alone(ana: Client, case: Case) -> None:
    answer = ana.get("/cases/?q=&status=&owner=me&severity=", headers=HTMX)
    text = answer.content.decode()
    assert "<html" not in text
    assert answer["HX-Push-Url"] == "/cases/?owner=me"
    assert 'id="tabs"' in text
    assert text.strip().startswith("<section")
    assert case.title in text
