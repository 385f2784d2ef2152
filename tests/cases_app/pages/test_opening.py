"""A case begins: from nothing, from alerts in the address, from the queue and from an alert's page."""

import pytest
from django.test import Client

from alerts.models import Alert
from cases import todo
from cases.models import Case, CaseAlert, Task
from tests.alerts.pages.world import World
from tests.cases_app.pages.conftest import HTMX, OpenCase, SignIn


def test_an_empty_case_needs_a_title(ana: Client, world: World) -> None:
    assert ana.get("/cases/new/").status_code == 200
    form = {"title": " ", "severity": "2", "team": world.team.pk, "next_step": "kept"}
    answer = ana.post("/cases/new/", form)
    assert answer.status_code == 422
    assert "Give it a title." in answer.content.decode()
    assert 'value="kept"' in answer.content.decode()
    answer = ana.post("/cases/new/", form | {"title": "A call", "due_at": "2026-12-01T16:00", "tags": "bank"})
    case = Case.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/cases/{case.pk}/")
    assert (case.title, case.severity, case.tags, case.opened_by) == ("A call", 2, ["bank"], world.ana)
    assert f"Opened CASE-{case.pk}." in ana.get(f"/cases/{case.pk}/").content.decode()


def test_alerts_suggest_title_severity_and_steps(ana: Client, alerts: list[Alert]) -> None:
    numbers = ",".join(str(alert.pk) for alert in alerts)
    text = ana.get(f"/cases/new/?alert={numbers}").content.decode()
    assert "With 3 alerts" in text
    assert "Interactive Terminal Spawned via Perl on db-" in text
    assert '<option value="3" selected>High</option>' in text
    assert "Take these response steps as tasks" in text
    repeated = ana.get("/cases/new/?" + "&".join(f"alert={alert.pk}" for alert in alerts)).content.decode()
    assert "With 3 alerts" in repeated


def test_the_ticked_steps_become_tasks_of_the_new_case(
    ana: Client, world: World, open_case: OpenCase, alerts: list[Alert]
) -> None:
    offered = todo.offered_steps(open_case(alerts[:1]))
    form = {"title": "", "severity": "3", "team": world.team.pk, "owner": world.ana.pk}
    steps = [offered[0].key, offered[2].key]
    ana.post("/cases/new/", form | {"alert": [alerts[1].pk, alerts[2].pk], "step": steps})
    case = Case.objects.latest("pk")
    assert case.title.startswith("Interactive Terminal Spawned via Perl on")
    assert [task.text for task in Task.objects.filter(case=case).order_by("pk")] == [offered[0].text, offered[2].text]
    assert CaseAlert.objects.filter(case=case).count() == 2
    alerts[1].refresh_from_db()
    assert (alerts[1].status, alerts[1].assignee) == ("acknowledged", world.ana)


def test_what_cannot_come_along_is_said(sign_in: SignIn, world: World, case: Case, alerts: list[Alert]) -> None:
    mine = world.send([world.perl(7)])[0]
    theirs = world.send([world.perl(9)], team=world.other)[0]
    address = f"/cases/new/?alert={alerts[0].pk},{mine.pk},{theirs.pk},99999"
    seen_by_adam = sign_in("adam").get(address).content.decode()
    assert f"AL-{alerts[0].pk} is in CASE-{case.pk} already and is left out." in seen_by_adam
    assert "of another team and is left out" in seen_by_adam
    assert "1 alert is not there." in seen_by_adam
    seen_by_ana = sign_in("ana").get(address).content.decode()
    assert "of another team" not in seen_by_ana  # nor does she learn that it exists
    assert "2 alerts are not there." in seen_by_ana


@pytest.mark.parametrize("address", ["?alert=x", "?alert=", "?alert=999999999999999999999", "?alert=1%00", "?team=7"])
def test_a_mangled_address_opens_an_empty_form_or_says_no(ana: Client, address: str) -> None:
    assert ana.get(f"/cases/new/{address}").status_code in (200, 400)


def test_too_many_alerts_are_refused_in_a_sentence(ana: Client) -> None:
    answer = ana.get("/cases/new/?alert=" + ",".join(str(number) for number in range(1, 300)))
    assert answer.status_code == 400
    assert "at most 200 alerts" in answer.content.decode()


def test_the_queues_selection_goes_to_the_form_of_a_new_case(ana: Client, alerts: list[Alert]) -> None:
    ticked = {"alert": [f"{alert.pk}:{alert.version}" for alert in alerts], "to": "new", "from": "view=mine"}
    address = f"/cases/new/?alert={','.join(str(alert.pk) for alert in alerts)}"
    assert ana.post("/cases/add/", ticked)["Location"] == address
    by_htmx = ana.post("/cases/add/", ticked, headers=HTMX)
    assert (by_htmx.status_code, by_htmx["HX-Redirect"]) == (204, address)


def test_the_queues_selection_goes_into_an_open_case_and_back_to_the_queue(
    ana: Client, open_case: OpenCase, alerts: list[Alert]
) -> None:
    case = open_case()
    ticked = {
        "alert": [f"{alert.pk}:1" for alert in alerts[:2]],
        "to": "existing",
        "case": case.pk,
        "from": "view=mine",
    }
    answer = ana.post("/cases/add/", ticked)
    assert (answer.status_code, answer["Location"]) == (303, "/alerts/?view=mine")
    assert CaseAlert.objects.filter(case=case).count() == 2
    text = ana.get("/alerts/?view=mine").content.decode()
    assert f'Added 2 alerts. <a href="/cases/{case.pk}/">CASE-{case.pk}</a>' in text
    again = ana.post("/cases/add/", ticked, headers=HTMX)
    assert again["HX-Redirect"] == "/alerts/?view=mine"
    assert "the case has them already" in ana.get("/alerts/").content.decode()


def test_an_alerts_own_page_leads_back_to_it(ana: Client, open_case: OpenCase, alerts: list[Alert]) -> None:
    form = {"alert": alerts[0].pk, "from_alert": alerts[0].pk, "to": "existing", "case": open_case().pk}
    assert ana.post("/cases/add/", form)["Location"] == f"/alerts/{alerts[0].pk}/"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Select between 1 and 200 alerts"),
        ({"alert": "1", "to": "existing"}, "Choose a case."),
        ({"alert": "1", "to": "existing", "case": "999999"}, "There is no case CASE-999999"),
        ({"alert": "1", "to": "existing", "case": "9" * 30}, "Choose a case."),
        ({"alert": "1", "to": "existing", "case": "1", "from": "//evil.example/"}, "There is no"),
    ],
)
def test_what_is_wrong_with_it_is_said_in_the_queue(
    ana: Client, world: World, fields: dict[str, str], sentence: str
) -> None:
    answer = ana.post("/cases/add/", fields)
    assert (answer.status_code, answer["Location"]) == (303, "/alerts/")
    assert sentence in ana.get("/rules/").content.decode()


def test_an_alert_that_another_case_has_is_named_with_it(
    ana: Client, open_case: OpenCase, case: Case, alerts: list[Alert]
) -> None:
    form = {"alert": alerts[0].pk, "to": "existing", "case": open_case(title="Another").pk}
    ana.post("/cases/add/", form)
    text = ana.get("/rules/").content.decode()
    assert f"AL-{alerts[0].pk} is in CASE-{case.pk} already" in text
    assert f'<a href="/cases/{case.pk}/">CASE-{case.pk}</a>' in text


def test_who_may_not_work_on_cases_opens_none(sign_in: SignIn, world: World) -> None:
    assert sign_in("vera").get("/cases/new/").status_code == 403
    assert sign_in("vera").post("/cases/new/", {"title": "x", "severity": "1"}).status_code == 403
    assert not Case.objects.exists()
