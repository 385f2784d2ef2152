"""From an event onwards: the alerts that rest on it, an exception that begins there, a note on a case."""

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
