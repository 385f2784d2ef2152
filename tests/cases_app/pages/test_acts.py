"""What people do on the page of a case, with and without scripts; what is refused, and what is kept then."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from alerts.models import Alert
from cases import changing, todo
from cases.models import Case, CaseAlert, Entry, Status, Task
from tests.alerts.pages.world import World
from tests.cases_app.pages.conftest import HTMX, OpenCase, SignIn, by


def send(client: Client, case: Case, verb: str, htmx: bool = False, **fields: Any) -> Any:
    return client.post(f"/cases/{case.pk}/{verb}/", fields, headers=HTMX if htmx else {})


def changed(world: World, case: Case, **changes: Any) -> Case:
    """Rosa is first."""
    return changing.change(case_id=case.pk, version=None, changes=changes, **by(world, "rosa"))


def fields_of(case: Case, person: User) -> list[tuple[str, dict[str, Any], str, Any]]:
    version = {"version": case.version}
    return [
        ("step", {"next_step": "Look at the logs", **version}, "next_step", "Look at the logs"),
        ("phase", {"phase": "recover", **version}, "phase", "recover"),
        ("status", {"status": "on_hold", "hold_reason": "the image", **version}, "status", "on_hold"),
        ("assign", {"owner": person.pk, **version}, "owner_id", person.pk),
    ]


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
@pytest.mark.parametrize("act", range(4), ids=["step", "phase", "status", "assign"])
def test_a_change_in_place_is_stored_and_said(ana: Client, world: World, case: Case, act: int, htmx: bool) -> None:
    verb, fields, column, value = fields_of(case, world.rosa)[act]
    answer = send(ana, case, verb, htmx, **fields)
    case.refresh_from_db()
    assert getattr(case, column) == value
    if not htmx:
        assert (answer.status_code, answer["Location"]) == (303, f"/cases/{case.pk}/")
        return
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in text
    for part in ("case-head", "timeline", "case-side"):
        assert f'id="{part}" hx-swap-oob="true"' in text
    assert f'id="update-version" value="{case.version}"' in text


def test_the_due_date_is_read_in_the_persons_time_zone(ana: Client, world: World, case: Case) -> None:
    User.objects.filter(pk=world.ana.pk).update(time_zone="Europe/Berlin")
    send(ana, case, "step", version=case.version, due_at="2026-12-01T16:00")
    case.refresh_from_db()
    assert case.due_at is not None
    assert case.due_at.isoformat() == "2026-12-01T15:00:00+00:00"
    assert case.next_step == ""


@pytest.mark.parametrize(
    ("verb", "fields", "sentence"),
    [
        ("step", {"due_at": "0001-01-01T00:00"}, "Choose a year"),
        ("step", {"next_step": "x" * 301}, "at most 300"),
        ("phase", {"phase": "panic"}, "panic"),
        ("status", {"status": "on_hold"}, "Say what it waits for."),
        ("status", {"status": "closed"}, "closed"),
        ("assign", {"owner": "999999"}, "valid choice"),
        ("entries", {"text": "  "}, "Write something first."),
        ("tasks", {"text": ""}, "Say what is to be done."),
        ("steps", {}, "required"),
        ("alerts/remove", {"alert": "x"}, "Say which alert."),
    ],
)
@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_what_does_not_hold_is_shown_again_with_the_reason(
    ana: Client, case: Case, verb: str, fields: dict[str, str], sentence: str, htmx: bool
) -> None:
    answer = send(ana, case, verb, htmx, version=case.version, **fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    case.refresh_from_db()
    assert case.version == 1


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_who_was_first_is_said_and_what_was_typed_is_kept(ana: Client, world: World, case: Case, htmx: bool) -> None:
    changed(world, case, next_step="Rosa's step")
    answer = send(ana, case, "step", htmx, version=1, next_step="My own long sentence")
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Rosa</b> changed" in text
    assert "My own long sentence" in text
    assert "Apply anyway" in text
    assert 'name="version" value="2"' in text
    case.refresh_from_db()
    assert case.next_step == "Rosa's step"
    assert send(ana, case, "step", version=2, next_step="My own long sentence").status_code == 303


def test_a_reason_for_a_change_of_phase_survives_that_somebody_was_first(ana: Client, world: World, case: Case) -> None:
    changed(world, case, severity=4)
    text = send(ana, case, "phase", version=1, phase="recover", text="Clean since noon").content.decode()
    assert '<input type="hidden" name="note" value="Clean since noon">' in text


def test_two_people_writing_at_once_are_both_kept(ana: Client, sign_in: SignIn, case: Case) -> None:
    send(ana, case, "entries", text="one", version=1)
    send(sign_in("rosa"), case, "entries", text="two", version=1)
    assert set(Entry.objects.values_list("text", flat=True)) == {"one", "two"}


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_an_update_is_a_comment_or_a_note_for_the_findings(ana: Client, case: Case, htmx: bool) -> None:
    answer = send(ana, case, "entries", htmx, text="A comment")
    if htmx:
        assert '<form class="update" id="update" hx-swap-oob="true"' in answer.content.decode()
        assert "A comment</textarea>" not in answer.content.decode()
    send(ana, case, "entries", htmx, text="A finding", kind="note")
    assert list(Entry.objects.order_by("pk").values_list("text", "kind")) == [
        ("A comment", "comment"),
        ("A finding", "note"),
    ]


def test_what_stands_in_the_update_box_is_the_reason_of_a_change_of_phase(ana: Client, case: Case) -> None:
    send(ana, case, "phase", phase="investigate", text="Host isolated 21:26", version=1)
    text = ana.get(f"/cases/{case.pk}/").content.decode()
    assert "moved the case from Contain to Investigate" in text
    assert "Host isolated 21:26" in text


def test_a_task_is_added_with_owner_and_date(ana: Client, world: World, case: Case) -> None:
    send(ana, case, "tasks", text="Pull the image", owner=world.rosa.pk, due_at="2026-12-01T16:00")
    task = Task.objects.get()
    assert (task.text, task.owner, task.due_at is not None) == ("Pull the image", world.rosa, True)


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_a_task_is_ticked_and_the_tick_taken_back(
    ana: Client, world: World, case: Case, task: Task, htmx: bool
) -> None:
    send(ana, case, f"tasks/{task.pk}", htmx, state="done", version=1)
    task.refresh_from_db()
    assert (task.state, task.settled_by) == ("done", world.ana)
    send(ana, case, f"tasks/{task.pk}", htmx, state="open", version=2)
    task.refresh_from_db()
    assert (task.state, task.settled_by, task.text) == ("open", None, "Reset the secrets")


def test_a_tick_says_nothing_of_the_owner_and_an_edit_nothing_of_the_state(
    ana: Client, world: World, case: Case, task: Task
) -> None:
    todo.change_task(
        task_id=task.pk,
        version=1,
        changes={"owner": world.rosa, "due_at": world.now + timedelta(days=1)},
        actor=world.ana,
        now=world.now,
        team_ids=[world.team.pk],
    )
    send(ana, case, f"tasks/{task.pk}", state="dropped", version=2)
    task.refresh_from_db()
    assert (task.state, task.owner, task.due_at is None) == ("dropped", world.rosa, False)
    send(ana, case, f"tasks/{task.pk}", text="Better words", owner="", due_at="", version=3)
    task.refresh_from_db()
    assert (task.state, task.text, task.owner, task.due_at) == ("dropped", "Better words", None, None)


def test_who_ticked_a_task_first_is_said(ana: Client, world: World, case: Case, task: Task) -> None:
    todo.change_task(task_id=task.pk, version=1, changes={"state": "done"}, **by(world, "rosa"))
    answer = send(ana, case, f"tasks/{task.pk}", state="dropped", version=1)
    assert answer.status_code == 409
    assert "Rosa</b> finished" in answer.content.decode()
    assert 'name="version" value="2"' in answer.content.decode()


def test_a_task_of_another_case_is_not_changed_through_this_one(
    ana: Client, open_case: OpenCase, case: Case, task: Task
) -> None:
    other = open_case(title="Another")
    assert send(ana, other, f"tasks/{task.pk}", state="done", version=1).status_code == 404
    task.refresh_from_db()
    assert task.state == "open"


def test_an_offered_step_becomes_a_task_once(ana: Client, case: Case) -> None:
    offered = todo.offered_steps(case)
    send(ana, case, "steps", step=offered[0].key)
    assert list(Task.objects.values_list("text", flat=True)) == [offered[0].text]
    assert send(ana, case, "steps", step=offered[0].key).status_code == 422
    send(ana, case, "steps", step=[step.key for step in todo.offered_steps(case)])
    assert Task.objects.count() == len(offered)


def test_alerts_are_found_by_number_or_kql_and_added(
    ana: Client, world: World, open_case: OpenCase, alerts: list[Alert]
) -> None:
    case = open_case()
    assert "3 alerts" not in ana.get(f"/cases/{case.pk}/").content.decode()
    by_number = ana.get(f"/cases/{case.pk}/alerts/", {"q": f"AL-{alerts[0].pk}"}).content.decode()
    assert by_number.count('name="alert"') == 1
    by_kql = ana.get(f"/cases/{case.pk}/alerts/", {"q": "host.name: db-2"}).content.decode()
    assert by_kql.count('name="alert"') == 2
    answer = ana.post(f"/cases/{case.pk}/alerts/", {"alert": [alert.pk for alert in alerts[:2]]})
    assert answer.status_code == 303
    assert CaseAlert.objects.filter(case=case).count() == 2
    assert "Added 2 alerts." in ana.get(f"/cases/{case.pk}/").content.decode()


@pytest.mark.parametrize(
    ("query", "sentence"), [("host.name: (", "column"), ("host.name: nowhere", "No open alert"), ("999999", "No open")]
)
def test_a_search_that_finds_nothing_says_why(ana: Client, case: Case, query: str, sentence: str) -> None:
    text = ana.get(f"/cases/{case.pk}/alerts/", {"q": query}).content.decode()
    assert sentence in text or "tk-err" in text


def test_an_alert_of_another_case_is_refused_by_name(
    ana: Client, open_case: OpenCase, case: Case, alerts: list[Alert]
) -> None:
    other = open_case(title="Another")
    answer = ana.post(f"/cases/{other.pk}/alerts/", {"alert": alerts[0].pk})
    assert answer.status_code == 409
    assert f"AL-{alerts[0].pk} is in CASE-{case.pk} already" in answer.content.decode()


def test_alerts_of_another_team_are_neither_shown_nor_taken(ana: Client, world: World, case: Case) -> None:
    foreign = world.send([world.perl(9)], team=world.other)[0]
    assert 'name="alert"' not in ana.get(f"/cases/{case.pk}/alerts/", {"q": str(foreign.pk)}).content.decode()
    assert ana.post(f"/cases/{case.pk}/alerts/", {"alert": foreign.pk}).status_code == 422
    assert not CaseAlert.objects.filter(alert=foreign).exists()


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_an_alert_is_taken_out_and_a_second_time_says_so(
    ana: Client, case: Case, alerts: list[Alert], htmx: bool
) -> None:
    send(ana, case, "alerts/remove", htmx, alert=alerts[0].pk)
    assert CaseAlert.objects.filter(case=case).count() == 2
    again = send(ana, case, "alerts/remove", htmx, alert=alerts[0].pk)
    assert again.status_code == 409
    assert "is not in this case any more" in again.content.decode()


def test_everything_is_edited_on_one_form(ana: Client, world: World, case: Case) -> None:
    form = {
        "version": case.version, "title": "New title", "severity": "4", "owner": world.rosa.pk, "next_step": "Next",
        "due_at": "2026-12-01T16:00", "tags": "web, retail, web", "summary": "What *we* know",
    }  # fmt: skip
    assert ana.get(f"/cases/{case.pk}/edit/").status_code == 200
    assert ana.post(f"/cases/{case.pk}/edit/", form)["Location"] == f"/cases/{case.pk}/"
    case.refresh_from_db()
    assert (case.title, case.severity, case.owner, case.tags) == ("New title", 4, world.rosa, ["web", "retail"])


def test_an_edit_that_came_second_keeps_every_word_and_can_be_applied(ana: Client, world: World, case: Case) -> None:
    changed(world, case, title="Rosa's title")
    form = {"version": 1, "title": "Ana's title", "severity": "3", "summary": "Ana's words", "tags": "", "owner": ""}
    answer = ana.post(f"/cases/{case.pk}/edit/", form)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Rosa</b> changed the title" in text
    assert "Ana&#x27;s title" in text
    assert "Ana&#x27;s words" in text
    assert "Apply anyway" in text
    assert ana.post(f"/cases/{case.pk}/edit/", form | {"version": 2}).status_code == 303


def test_an_edit_that_does_not_hold_says_so_beside_the_field(ana: Client, case: Case) -> None:
    answer = ana.post(f"/cases/{case.pk}/edit/", {"version": 1, "title": " ", "severity": "3", "tags": "x" * 61})
    assert answer.status_code == 422
    assert 'id="id_title_error"' in answer.content.decode()
    assert "A tag has at most 60 characters." in answer.content.decode()


def test_nothing_is_done_on_a_closed_case(ana: Client, case: Case, task: Task) -> None:
    Case.objects.filter(pk=case.pk).update(status=Status.CLOSED)
    for verb in ("entries", "phase", "tasks"):
        answer = send(ana, case, verb, version=1, text="x", phase="review")
        assert answer.status_code == 409
        assert "is closed. Reopen it to go on." in answer.content.decode()
    for page in ("edit", "alerts", "close"):
        assert ana.get(f"/cases/{case.pk}/{page}/").status_code == 303
