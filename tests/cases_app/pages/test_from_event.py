"""From an event onwards: the alerts that rest on it, an exception that begins there, a note on a case."""

from urllib.parse import urlencode

import orjson

from alerts.models import AlertEvent
from cases.models import Entry
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
