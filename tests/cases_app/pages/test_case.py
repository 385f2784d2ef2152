"""The page of one case: what it shows, to whom, and in which state."""

from datetime import timedelta

import pytest
from django.test import Client

from alerts.models import Alert
from cases import changing, closing, writing
from cases.models import Case, Task
from tests.alerts.pages.world import World
from tests.cases_app.pages.conftest import HTMX, OpenCase, SignIn, by


def page(client: Client, case: Case, query: str = "") -> str:
    answer = client.get(f"/cases/{case.pk}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_shows_what_comes_next_what_happened_and_what_it_is_about(
    ana: Client, world: World, case: Case, task: Task, alerts: list[Alert]
) -> None:
    changing.change(
        case_id=case.pk,
        version=None,
        changes={"next_step": "Ask the database owners", "due_at": world.now - timedelta(hours=5)},
        actor=world.ana,
        now=world.now,
        team_ids=[world.team.pk],
    )
    text = page(ana, case)
    for shown in ("Shells on the databases", "Ask the database owners", "5 h ago", "Reset the secrets", "db-2"):
        assert shown in text
    assert "opened the case with 3 alerts" in text
    assert "Execution" in text  # the chain of tactics
    assert f"/alerts/{alerts[0].pk}/" in text


def test_acknowledged_alerts_are_not_called_open(ana: Client, world: World, case: Case, alerts: list[Alert]) -> None:
    assert {alert.status for alert in Alert.objects.filter(in_case__case=case)} == {"acknowledged"}
    assert "3, none closed; closing the case can close them" in page(ana, case)
    Alert.objects.filter(pk=alerts[0].pk).update(status="closed", reason="other")
    assert "3, 2 not closed" in page(ana, case)


def test_the_response_steps_of_its_rules_are_offered(ana: Client, case: Case) -> None:
    text = page(ana, case)
    assert "Response steps of the guides" in text
    assert "Take all" in text
    assert "Response step 1, Interactive Terminal Spawned via Perl" in text


def test_hosts_and_users_lead_to_the_queue_and_the_search(ana: Client, case: Case) -> None:
    text = page(ana, case)
    assert "/alerts/?view=all&amp;host=db-2" in text
    assert "/search/?q=host.name%3A+%22db-2%22" in text


def test_a_case_without_alerts_says_where_they_come_from(ana: Client, open_case: OpenCase) -> None:
    text = page(ana, open_case())
    assert "No alert is in this case." in text
    assert "They are collected from alerts" in text


def test_on_hold_it_says_what_it_waits_for_and_until_when(ana: Client, world: World, case: Case) -> None:
    waits = {"status": "on_hold", "hold_reason": "the provider", "wake_at": world.now + timedelta(days=3)}
    changing.change(case_id=case.pk, version=None, changes=waits, **by(world))
    text = page(ana, case)
    assert 'class="casebar held"' in text
    assert "the provider" in text
    assert "Take it up again" in text


def test_closed_it_can_be_read_and_reopened_but_not_changed(ana: Client, world: World, case: Case) -> None:
    later = by(world) | {"now": world.now + timedelta(hours=2)}
    closing.close(case_id=case.pk, version=None, outcome="true_positive", note="All **rebuilt**", **later)
    text = page(ana, case)
    assert "Open for" in text
    assert "2 h" in text
    assert "<strong>rebuilt</strong>" in text
    assert "Reopen" in text
    for gone in ("Add an update", "/phase/", "/tasks/", "/assign/"):
        assert gone not in text


def test_a_viewer_sees_everything_and_is_told_what_he_lacks(sign_in: SignIn, case: Case, task: Task) -> None:
    text = page(sign_in("vera"), case)
    assert "Reset the secrets" in text
    assert "Needs the analyst role." in text
    assert 'method="post"' not in text.split('id="main"')[1].split('id="announce"')[0]


def test_only_the_page_of_another_teams_case_says_whose_it_is(sign_in: SignIn, case: Case) -> None:
    otto = sign_in("otto")
    assert otto.get(f"/cases/{case.pk}/").status_code == 403
    assert otto.get("/cases/999999/").status_code == 404
    assert otto.post(f"/cases/{case.pk}/entries/", {"text": "hello"}).status_code == 404


def test_the_timeline_is_filtered_and_its_older_part_is_behind_a_link(ana: Client, world: World, case: Case) -> None:
    for number in range(60):
        at = world.now + timedelta(seconds=number)
        writing.write(case_id=case.pk, text=f"word {number}.", actor=world.ana, now=at, team_ids=[world.team.pk])
    writing.write(
        case_id=case.pk, text="A finding", kind="note", actor=world.rosa, now=world.now, team_ids=[world.team.pk]
    )
    newest = ana.get(f"/cases/{case.pk}/")
    assert "word 59." in newest.content.decode()
    assert "word 3." not in newest.content.decode()
    older = newest.context["older"]
    for headers in ({}, HTMX):
        text = ana.get(f"/cases/{case.pk}/", {"before": older}, headers=headers).content.decode()
        assert "word 3." in text
        assert "word 59." not in text
        assert ("<html" in text) is not bool(headers)
    notes = page(ana, case, "?kind=notes")
    assert "A finding" in notes
    assert "word 59." not in notes


def test_a_timeline_key_that_was_tampered_with_leads_to_the_newest(ana: Client, case: Case) -> None:
    assert "no longer valid" in page(ana, case, "?before=zzz")


@pytest.mark.parametrize("kind", ["all", "notes", "comments", "alerts", "tasks", "changes", "nonsense"])
def test_every_filter_of_the_timeline_answers(ana: Client, case: Case, task: Task, kind: str) -> None:
    assert page(ana, case, f"?kind={kind}")


def test_what_people_write_links_what_the_reader_may_see(
    ana: Client, sign_in: SignIn, world: World, case: Case, alerts: list[Alert]
) -> None:
    elsewhere = world.send([world.perl(9)], team=world.other)[0]
    text = f"See AL-{alerts[0].pk} and CASE-{case.pk}, not AL-{elsewhere.pk} nor `AL-{alerts[1].pk}`; ask @rosa. XAL-1"
    writing.write(case_id=case.pk, text=text, actor=world.ana, now=world.now, team_ids=[world.team.pk])
    shown = page(ana, case, "?kind=comments")
    assert f'href="/alerts/{alerts[0].pk}/">AL-{alerts[0].pk}</a>' in shown
    assert f'href="/cases/{case.pk}/">CASE-{case.pk}</a>' in shown
    assert f">AL-{elsewhere.pk}</a>" not in shown
    assert f"<code>AL-{alerts[1].pk}</code>" in shown
    assert '<b class="mention" title="Rosa">@rosa</b>' in shown
