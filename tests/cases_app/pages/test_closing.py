"""A case ends, with or without its alerts and tasks; it can be taken back for ten minutes, and reopened ever after."""

from datetime import timedelta

from django.test import Client

from alerts.models import Alert
from cases import changing, closing
from cases.models import Case, Task
from tests.alerts.pages.world import World
from tests.cases_app.pages.conftest import SignIn, by

CLOSE = {"version": 1, "outcome": "true_positive", "note": "Rebuilt.", "close_alerts": "on"}


def test_it_asks_for_the_outcome_and_shows_what_is_open(ana: Client, case: Case, task: Task) -> None:
    text = ana.get(f"/cases/{case.pk}/close/").content.decode()
    assert "Close its 3 open alerts with it" in text
    assert 'name="close_alerts" checked' in text
    assert "1 task is open" in text
    assert "Reset the secrets" in text
    for outcome in ("True positive", "Benign positive", "False positive", "Duplicate", "Inconclusive"):
        assert outcome in text


def test_it_closes_its_alerts_with_the_same_verdict_and_all_of_it_can_be_taken_back(
    ana: Client, case: Case, alerts: list[Alert]
) -> None:
    answer = ana.post(f"/cases/{case.pk}/close/", CLOSE)
    assert (answer.status_code, answer["Location"]) == (303, f"/cases/{case.pk}/")
    assert set(Alert.objects.values_list("status", "reason")) == {("closed", "true_positive")}
    text = ana.get(f"/cases/{case.pk}/").content.decode()
    assert f"Closed CASE-{case.pk} and its 3 open alerts as true positive." in text
    assert f'action="/cases/{case.pk}/reopen/?undo=1"' in text
    ana.post(f"/cases/{case.pk}/reopen/?undo=1")
    case.refresh_from_db()
    assert case.status == "open"
    assert set(Alert.objects.values_list("status", flat=True)) == {"acknowledged"}
    assert "are as they were before" in ana.get(f"/cases/{case.pk}/").content.decode()


def test_its_alerts_stay_open_where_that_is_wanted(ana: Client, case: Case) -> None:
    ana.post(f"/cases/{case.pk}/close/", {"version": 1, "outcome": "duplicate"})
    assert set(Alert.objects.values_list("status", flat=True)) == {"acknowledged"}
    case.refresh_from_db()
    assert case.outcome == "duplicate"


def test_open_tasks_are_finished_or_marked_as_not_needed(ana: Client, case: Case, task: Task) -> None:
    answer = ana.post(f"/cases/{case.pk}/close/", CLOSE)
    assert answer.status_code == 422
    assert "still open in" in answer.content.decode()
    assert "Rebuilt.</textarea>" in answer.content.decode()
    assert ana.post(f"/cases/{case.pk}/close/", CLOSE | {"drop_tasks": "on"}).status_code == 303
    task.refresh_from_db()
    assert task.state == "dropped"


def test_an_outcome_is_needed_and_an_inconclusive_one_says_why(ana: Client, case: Case) -> None:
    answer = ana.post(f"/cases/{case.pk}/close/", {"version": 1})
    assert answer.status_code == 422
    assert "Choose what it turned out to be." in answer.content.decode()
    answer = ana.post(f"/cases/{case.pk}/close/", {"version": 1, "outcome": "inconclusive"})
    assert answer.status_code == 422
    assert 'id="id_note_error"' in answer.content.decode()


def test_who_changed_it_meanwhile_is_said_and_nothing_typed_is_lost(ana: Client, world: World, case: Case) -> None:
    changing.change(case_id=case.pk, version=None, changes={"severity": 4}, **by(world, "rosa"))
    answer = ana.post(f"/cases/{case.pk}/close/", CLOSE)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Rosa</b> changed" in text
    assert "Rebuilt.</textarea>" in text
    assert "Close it anyway" in text
    assert ana.post(f"/cases/{case.pk}/close/", CLOSE | {"version": 2}).status_code == 303


def test_it_is_reopened_later_with_a_reason_and_its_alerts_keep_their_verdicts(
    sign_in: SignIn, world: World, case: Case
) -> None:
    an_hour_ago = world.now - timedelta(hours=1)
    closing.close(
        case_id=case.pk, version=1, outcome="true_positive", actor=world.ana, now=an_hour_ago, team_ids=[world.team.pk]
    )
    rosa = sign_in("rosa")
    too_late = rosa.post(f"/cases/{case.pk}/reopen/?undo=1")
    assert too_late.status_code == 409
    assert "more than ten minutes ago" in too_late.content.decode()
    rosa.post(f"/cases/{case.pk}/reopen/", {"version": 2, "note": "It came back"})
    case.refresh_from_db()
    assert case.status == "in_progress"
    assert set(Alert.objects.values_list("status", flat=True)) == {"closed"}
    assert "It came back" in rosa.get(f"/cases/{case.pk}/").content.decode()
    again = rosa.post(f"/cases/{case.pk}/reopen/")
    assert again.status_code == 409
    assert "is not closed" in again.content.decode()


def test_a_case_that_is_closed_already_is_shown_instead_of_asked_about(ana: Client, case: Case) -> None:
    ana.post(f"/cases/{case.pk}/close/", CLOSE)
    assert ana.get(f"/cases/{case.pk}/close/")["Location"] == f"/cases/{case.pk}/"
    assert ana.post(f"/cases/{case.pk}/close/", CLOSE).status_code == 303


def test_the_report_is_a_file_to_take_along_and_a_page_to_read(ana: Client, case: Case) -> None:
    file = ana.get(f"/cases/{case.pk}/report/")
    assert file["Content-Type"] == "text/markdown; charset=utf-8"
    assert file["Content-Disposition"] == f'attachment; filename="CASE-{case.pk}.md"'
    assert "Shells on the databases" in file.content.decode()
    page = ana.get(f"/cases/{case.pk}/report/?show=1").content.decode()
    assert "<h1>Report</h1>" in page
    assert "Shells on the databases" in page
