"""Everything that the queue's filters let through, into a new case or an open one; with scripts and without."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts import bulk_work
from alerts.models import Alert, BulkAct
from cases import changing, joining, todo, writing
from cases.models import Case, CaseAlert
from soc.web import clock
from tests.alerts.pages.world import World
from tests.cases_app.pages.conftest import HTMX, OpenCase, SignIn


@pytest.fixture
def many(world: World) -> list[Alert]:
    """Seven alerts."""
    return world.send([world.perl(number) for number in range(1, 8)])


def seen_now(many: list[Alert]) -> str:
    return f"{max(alert.pk for alert in many)}:{clock.now().isoformat()}"


def work() -> None:
    while bulk_work.work_portion(now=clock.now(), worker=uuid4()):
        pass


NEW = {"title": "A wave", "severity": "3", "next_step": "look"}


def test_new_case_from_all_asks_for_the_form_and_says_how_many_come_along(ana: Client, many: list[Alert]) -> None:
    sent = {"all": "1", "seen": seen_now(many), "from": "q=host.name:*&junk=1", "to": "new", "alert": f"{many[0].pk}:1"}
    for headers in ({}, HTMX):
        answer = ana.post("/cases/add/", sent, headers=headers)
        address = answer["HX-Redirect"] if headers else answer["Location"]
        assert "junk" not in address
    page = ana.get(address).content.decode()
    assert "With all alerts that match" in page
    sent["from"] = "status=open"
    page = ana.get(ana.post("/cases/add/", sent)["Location"]).content.decode()
    assert "With all 7 alerts that match" in page
    assert "Interactive Terminal Spawned via Perl on" in page
    assert "passed over" in page


def test_the_case_is_opened_and_a_worker_adds_all_of_them_with_one_undo(
    ana: Client, world: World, many: list[Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_work, "PORTION", 3)
    seen = seen_now(many)
    late = world.send([world.perl(20)])[0]
    form = NEW | {"all": "1", "seen": seen, "from": "status=open", "team": world.team.pk, "owner": world.ana.pk}
    answer = ana.post("/cases/new/", form)
    case, act = Case.objects.get(), BulkAct.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/alerts/bulk/{act.pk}/")
    page = ana.get(answer["Location"]).content.decode()
    assert "<h1>Into a case</h1>" in page
    assert f'href="/cases/{case.pk}/"' in page
    assert "Adding to the case: 0 of 7." in page
    work()
    assert CaseAlert.objects.filter(case=case).count() == 7
    assert not CaseAlert.objects.filter(alert=late).exists()
    assert set(Alert.objects.filter(in_case__case=case).values_list("status", "assignee")) == {
        ("acknowledged", world.ana.pk)
    }
    ana.post(f"/alerts/undo/{act.pk}/")
    work()
    assert not CaseAlert.objects.exists()
    assert Alert.objects.filter(status="open", assignee=None).count() == Alert.objects.count()
    assert "The case that it opened is closed." in ana.get(f"/alerts/bulk/{act.pk}/").content.decode()
    case.refresh_from_db()
    assert (case.status, case.outcome) == ("closed", "inconclusive")
    assert "taken back" in case.closing_note


@pytest.mark.parametrize("act_of", ["comment", "task", "title", "alert"])
def test_a_case_that_somebody_has_worked_on_stays_when_the_act_is_taken_back(
    ana: Client, world: World, many: list[Alert], act_of: str
) -> None:
    seen = seen_now(many)
    late = world.send([world.perl(20)])[0]
    form = NEW | {"all": "1", "seen": seen, "from": "status=open", "team": world.team.pk, "owner": world.ana.pk}
    ana.post("/cases/new/", form)
    case, act = Case.objects.get(), BulkAct.objects.get()
    work()
    by: dict[str, Any] = {"actor": world.rosa, "now": clock.now(), "team_ids": [world.team.pk], "case_id": case.pk}
    if act_of == "comment":
        writing.write(text="Mine.", kind="comment", **by)
    elif act_of == "task":
        todo.add_task(text="Look", **by)
    elif act_of == "title":
        changing.change(version=None, changes={"title": "Mine"}, **by)
    else:
        joining.add_alerts(alert_ids=[late.pk], **by)
    ana.post(f"/alerts/undo/{act.pk}/")
    work()
    case.refresh_from_db()
    assert case.status != "closed"
    assert set(CaseAlert.objects.values_list("alert_id", flat=True)) == ({late.pk} if act_of == "alert" else set())
    said = "The case stays, without them: somebody has worked on it since."
    assert said in ana.get(f"/alerts/bulk/{act.pk}/").content.decode()


def test_taking_alerts_back_out_of_a_case_that_was_there_before_leaves_it_open(
    ana: Client, many: list[Alert], open_case: OpenCase
) -> None:
    case = open_case([])
    sent = {"all": "1", "seen": seen_now(many), "from": "status=open", "to": "existing", "case": case.pk}
    ana.post("/cases/add/", sent)
    work()
    ana.post(f"/alerts/undo/{BulkAct.objects.get().pk}/")
    work()
    case.refresh_from_db()
    assert (case.status, CaseAlert.objects.count()) != ("closed", 7)
    assert case.status != "closed"


def test_a_form_with_a_mistake_keeps_what_was_meant(ana: Client, world: World, many: list[Alert]) -> None:
    form = {"all": "1", "seen": seen_now(many), "from": "status=open", "team": world.team.pk, "severity": "3"}
    answer = ana.post("/cases/new/", form | {"title": ""})
    assert answer.status_code == 422
    assert 'name="all" value="1"' in answer.content.decode()
    assert not Case.objects.exists()


def test_all_of_them_go_into_an_open_case(ana: Client, many: list[Alert], open_case: OpenCase) -> None:
    case = open_case([])
    sent = {"all": "1", "seen": seen_now(many), "from": "status=open", "to": "existing", "case": case.pk}
    answer = ana.post("/cases/add/", sent)
    act = BulkAct.objects.get()
    assert answer["Location"] == f"/alerts/bulk/{act.pk}/"
    work()
    assert CaseAlert.objects.filter(case=case).count() == 7
    answer = ana.post("/cases/add/", sent, headers={**HTMX, "HX-Target": "list"})
    assert (answer.status_code, BulkAct.objects.count()) == (204, 1)  # nothing is open any more


def test_nothing_goes_into_a_case_that_is_of_another_team_or_that_nobody_chose(
    ana: Client, sign_in: SignIn, world: World, many: list[Alert], open_case: OpenCase
) -> None:
    case = open_case([])
    Case.objects.filter(pk=case.pk).update(team=world.other)
    sent = {"all": "1", "seen": seen_now(many), "from": "status=open", "to": "existing"}
    for chosen in (case.pk, "", "x", "9" * 30):
        answer = ana.post("/cases/add/", sent | {"case": chosen})
        assert "Choose an open case." in ana.get(answer["Location"]).content.decode()
    assert not BulkAct.objects.exists()
    assert sign_in("vera").post("/cases/add/", sent).status_code == 403


@pytest.mark.parametrize("wrong", [{"seen": "x"}, {"seen": "1:2020-01-01T00:00:00+00:00"}, {"from": "q=%28%28"}])
def test_what_cannot_be_understood_leads_back_to_the_queue(ana: Client, many: list[Alert], wrong: Any) -> None:
    sent = {"all": "1", "seen": seen_now(many), "from": "status=open", "to": "new", **wrong}
    answer = ana.post("/cases/add/", sent)
    assert answer["Location"].startswith("/alerts/")
    assert not Case.objects.exists()


def test_the_selection_bar_names_both_where_there_is_more_than_a_page(ana: Client, world: World) -> None:
    world.send([world.perl(number) for number in range(1, 4)])
    assert "New case from all" not in ana.get("/alerts/").content.decode()


def test_a_portion_costs_no_queries_for_each_alert(
    ana: Client, world: World, many: list[Alert], open_case: OpenCase
) -> None:
    case = open_case([])
    sent = {"all": "1", "seen": seen_now(many), "from": "status=open", "to": "existing", "case": case.pk}
    ana.post("/cases/add/", sent)
    with CaptureQueriesContext(connection) as queries:
        bulk_work.work_portion(now=clock.now(), worker=uuid4())
    assert len(queries) < 45, len(queries)
