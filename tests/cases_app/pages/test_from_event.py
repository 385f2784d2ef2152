"""From an event onwards: the alerts that rest on it, an exception that begins there, a note on a case."""

from typing import Any
from urllib.parse import urlencode

import orjson
from django.test import Client

from alerts.models import AlertEvent
from cases.models import Case, Entry
from tests.alerts.pages.world import World
from tests.cases_app.pages.conftest import HTMX, OpenCase, SignIn

HOSTILE = "perl -e '`<script>alert(1)</script>`'"


def event_of(world: World) -> tuple[int, str]:
    """An alert and the event that it rests on."""
    [alert] = world.send([world.perl(1, process__command_line=HOSTILE)])
    return alert.pk, bytes(AlertEvent.objects.get(alert=alert).uid).hex()


def test_an_event_leads_to_its_alerts(world: World, sign_in: SignIn) -> None:
    number, uid = event_of(world)
    ana = sign_in("ana")
    line = ana.get(f"/alerts/of-event/{uid}/", headers=HTMX).content.decode()
    assert f"AL-{number}" in line
    assert "<html" not in line
    assert "alert rests on" not in line
    assert "No alert rests" in sign_in("otto").get(f"/alerts/of-event/{uid}/").content.decode()
    answer = ana.get(f"/alerts/of-event/{uid}/", {"add": "process.args&x=1"})
    assert answer.headers["Location"] == f"/alerts/{number}/?side=exception&add=process.args%26x%3D1"
    assert ana.get("/alerts/of-event/made-up/").status_code == 404


def test_an_event_is_noted_on_a_case_of_its_team(world: World, sign_in: SignIn, open_case: OpenCase) -> None:
    _, uid = event_of(world)
    case = open_case()
    ana = sign_in("ana")
    form = ana.get(f"/cases/note-event/{uid}/")
    text = form.context["form"]["text"].value()
    assert f"/search/event/{uid}/" in text
    assert "process.command_line" in text
    answer = ana.post(f"/cases/note-event/{uid}/", {"case": case.pk, "text": text})
    assert answer.status_code == 302
    assert Entry.objects.get(case=case, kind="note").text.startswith("Event of")
    page = ana.get(f"/cases/{case.pk}/").content.decode()
    assert "<script>alert" not in page
    assert ana.post(f"/cases/note-event/{uid}/", {"case": 999_999, "text": "x"}).status_code == 422
    assert sign_in("otto").get(f"/cases/note-event/{uid}/").status_code == 404


def test_a_row_of_a_search_is_noted_with_its_query(world: World, sign_in: SignIn, open_case: OpenCase) -> None:
    case, ana = open_case(), sign_in("ana")
    query = "FROM * | STATS n = COUNT(*) BY process.command_line // ```"
    row = orjson.dumps([["3"], [HOSTILE, "second"], []]).decode()
    told = {"lang": "esql", "q": query, "columns": '["n","# [x](javascript:alert(1))","c"]', "row": row}
    form = ana.get("/cases/note-row/", told)
    text = form.context["form"]["text"].value()
    assert text.startswith("Row of a search between ")
    assert "- n: `3`\n" in text
    assert "- c: null\n" in text
    assert query in text
    assert "<script>alert" not in form.content.decode()
    address = f"/cases/note-row/?{urlencode(told)}"
    assert ana.post(address, {"case": case.pk, "text": text}).status_code == 302
    page = ana.get(f"/cases/{case.pk}/").content.decode()
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "STATS n = COUNT(*)" in page
    assert ana.post(address, {"case": 999_999, "text": "x"}).status_code == 422
    assert sign_in("vera").get("/cases/note-row/", told).status_code == 403
    assert f"CASE-{case.pk}" not in sign_in("otto").get("/cases/note-row/", told).content.decode()


def test_a_note_of_a_row_is_bounded(sign_in: SignIn) -> None:
    told = {"lang": "esql", "q": "ROW a = 1 // " + "q" * 9_900, "columns": '["a"]', "row": f'[["{"v" * 9_000}"]]'}
    assert len(sign_in("ana").get("/cases/note-row/", told).context["form"]["text"].value()) < 9_000
    nothing = sign_in("ana").get("/cases/note-row/", {"columns": "[" * 5_000, "row": "[]", "from": "never"})
    assert nothing.status_code == 200


def chosen(client: Client, uid: str) -> Any:
    """The case that the form has chosen beforehand."""
    return client.get(f"/cases/note-event/{uid}/").context["form"]["case"].value()


def event_on(world: World, host: str, user: str) -> str:
    """An event of nobody's case."""
    [alert] = world.send([world.perl(5, host__name=host, user__name=user)])
    return bytes(AlertEvent.objects.get(alert=alert).uid).hex()


def test_the_case_about_the_same_host_or_user_is_chosen_beforehand(
    world: World, ana: Client, open_case: OpenCase
) -> None:
    on_nas = open_case(world.send([world.perl(1, host__name="nas-01", user__name="root")]))
    of_pat = open_case(world.send([world.perl(2, host__name="ws-oryan", user__name="pat")]))
    both = open_case(world.send([world.perl(3, host__name="nas-01", user__name="pat")]))
    open_case()
    assert chosen(ana, event_on(world, "nas-01", "kim")) == both.pk
    assert chosen(ana, event_on(world, "ws-oryan", "kim")) == of_pat.pk
    assert chosen(ana, event_on(world, "web-1", "pat")) == both.pk
    Case.objects.filter(pk=both.pk).update(status="closed")
    assert chosen(ana, event_on(world, "nas-01", "kim")) == on_nas.pk
    assert chosen(ana, event_on(world, "web-1", "pat")) == of_pat.pk


def test_an_account_that_every_machine_has_chooses_no_case(world: World, ana: Client, open_case: OpenCase) -> None:
    open_case(world.send([world.perl(1, host__name="ws-oryan", user__name="root")]))
    assert chosen(ana, event_on(world, "web-stage-01", "root")) is None
    assert chosen(ana, event_on(world, "web-stage-01", "NT AUTHORITY\\SYSTEM")) is None


def test_without_a_case_about_it_the_person_has_to_choose(world: World, ana: Client, open_case: OpenCase) -> None:
    case, uid = open_case(), event_on(world, "nas-01", "kim")
    page = ana.get(f"/cases/note-event/{uid}/").content.decode()
    assert '<option value="" selected>Choose a case</option>' in page
    answer = ana.post(f"/cases/note-event/{uid}/", {"case": "", "text": "x"})
    assert answer.status_code == 422
    assert "Choose a case." in answer.content.decode()
    assert not Entry.objects.filter(case=case, kind="note").exists()


def test_a_note_on_a_case_is_told_on_its_page(world: World, ana: Client, open_case: OpenCase) -> None:
    case, uid = open_case(), event_on(world, "nas-01", "kim")
    page = ana.post(f"/cases/note-event/{uid}/", {"case": case.pk, "text": "x"}, follow=True).content.decode()
    assert f"Noted on CASE-{case.pk}." in page


def test_a_new_case_is_opened_with_the_note_as_it_was_changed(world: World, ana: Client, sign_in: SignIn) -> None:
    uid = event_on(world, "nas-01", "kim")
    assert "New case with this note" in ana.get(f"/cases/note-event/{uid}/").content.decode()
    answer = ana.post(f"/cases/note-event/{uid}/", {"case": "", "text": "Ask kim.", "to": "new"}, follow=True)
    case = Case.objects.get()
    assert (case.title, case.team, case.owner) == ("perl on nas-01", world.team, world.ana)
    assert Entry.objects.get(case=case, kind="note").text == "Ask kim."
    assert f"Opened CASE-{case.pk} with the note." in answer.content.decode()
    assert ana.post(f"/cases/note-event/{uid}/", {"text": " ", "to": "new"}).status_code == 422
    assert sign_in("vera").post(f"/cases/note-event/{uid}/", {"text": "x", "to": "new"}).status_code == 403
    assert Case.objects.count() == 1
