"""The exception panel: opened from an alert, previewed on every edit, saved with its closes, edited and taken back."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from alerts.bulk_work import work_portion
from alerts.exceptions import Edited, TakenBack, saving
from alerts.models import Alert, BulkAct
from alerts.views.exception_words import changed_words
from rules.models import ExceptionItem, RuleRun
from soc.web import clock
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import World

HOST = {"field": ["host.name"], "operator": ["is"], "value": ["db-2"], "case": [""]}
SAVED = {"reason": "The vendor's menu.", "expires": "90", "close": "1", "close_reason": "benign_positive"}


def panel(alert: Alert) -> str:
    return reverse("alerts:detail", args=[alert.pk]) + "?side=exception"


def preview(alert: Alert) -> str:
    return reverse("alerts:exception_preview", args=[alert.pk])


def add(alert: Alert) -> str:
    return reverse("alerts:exception_add", args=[alert.pk])


@pytest.fixture
def alerts(world: World) -> list[Alert]:
    """Six alerts on three hosts, db-2, db-3, db-1, two each."""
    return world.send([world.perl(number) for number in range(1, 7)])


def test_it_opens_with_suggested_conditions_and_says_what_they_would_silence(ana: Client, alerts: list[Alert]) -> None:
    page = ana.get(panel(alerts[0])).content.decode()
    assert 'id="exception-form"' in page
    assert "of 6 alerts, and no true positive." in page
    assert 'name="field"' in page


def test_it_says_why_it_suggests_nothing(ana: Client, world: World, alerts: list[Alert]) -> None:
    world.close(alerts[:1], "true_positive")
    page = ana.get(panel(alerts[3])).content.decode()
    assert "Nothing is suggested: what is true of this alert would hide a true positive" in page
    assert "Suggested from this alert" not in page


def test_a_clicked_field_becomes_a_condition_with_its_value(ana: Client, alerts: list[Alert]) -> None:
    page = ana.get(panel(alerts[0]) + "&add=process.args").content.decode()
    assert '<option value="one_of" selected>' in page
    assert "exec &quot;/bin/sh&quot;;</textarea>" in page


def test_a_preview_counts_what_is_silenced(ana: Client, alerts: list[Alert]) -> None:
    answer = ana.post(preview(alerts[0]), HOST, headers={**HTMX, "HX-Target": "preview"})
    page = answer.content.decode()
    assert page.lstrip().startswith('<div id="preview"')
    assert "Silences 2 of 6 alerts, and no true positive." in page
    assert "Add exception, close 2" not in page
    answer = ana.post(preview(alerts[0]), HOST | {"close": "1"}, headers={**HTMX, "HX-Target": "preview"})
    assert "Add exception, close 2" in answer.content.decode()


def test_without_javascript_the_preview_is_a_page(ana: Client, alerts: list[Alert]) -> None:
    page = ana.post(preview(alerts[0]), HOST | {"show": "1"}).content.decode()
    assert "<html" in page
    assert "Silences 2 of 6 alerts" in page


def test_a_condition_can_be_added_and_removed_without_javascript(ana: Client, alerts: list[Alert]) -> None:
    page = ana.post(preview(alerts[0]), HOST | {"add": "1"}).content.decode()
    assert page.count('name="operator"') == 2
    page = ana.post(preview(alerts[0]), HOST | {"add_field": "user.name"}).content.decode()
    assert page.count('name="operator"') == 2
    assert "postgres</textarea>" in page
    page = ana.post(preview(alerts[0]), HOST | {"remove": "0"}).content.decode()
    assert "db-2</textarea>" not in page


@pytest.mark.parametrize(
    ("operator", "value", "silenced"),
    [
        ("is", "db-2", 2),
        ("is_not", "db-2", 4),
        ("one_of", "db-1\ndb-2", 4),
        ("not_one_of", "db-1\ndb-2", 2),
        ("matches", "db-*", 6),
        ("not_matches", "db-*", 0),
        ("exists", "", 6),
        ("not_exists", "", 0),
    ],
)
def test_every_operator(ana: Client, alerts: list[Alert], operator: str, value: str, silenced: int) -> None:
    form = HOST | {"operator": [operator], "value": [value]}
    page = ana.post(preview(alerts[0]), form).content.decode()
    assert f"Silences {silenced} of 6 alerts" in page


def test_a_condition_that_cannot_be_read_says_so_at_its_row(ana: Client, alerts: list[Alert]) -> None:
    page = ana.post(preview(alerts[0]), HOST | {"operator": ["one_of"], "value": [""]}).content.decode()
    assert "cond-error" in page


@pytest.mark.parametrize(
    "kept",
    [
        "[" * 100_000,
        '{"a":' * 3_000 + "1" + "}" * 3_000,
        '{"type":"match","operator":"included","field":"a","value":"\\ud800"}',
        '{"type":"match","operator":"included","field":"source.ip","value":"\\ud800"}',
        '{"type":"match","operator":"included","field":"a\\u0000","value":"x"}',
        '{"type":"match","operator":"included","field":"host.name","value":NaN}',
        '{"type":"match","operator":"included","field":"host.name","value":Infinity}',
        '{"type":"nested","field":"a","entries":[{"field":"b","type":"match","operator":"included","value":1e400}]}',
        '{"type":"match","operator":"included","field":"process.pid","value":' + "9" * 400 + "}",
        '{"type":"exists","operator":"included","field":"a","value":' + "9" * 5_000 + "}",
        '{"type":"match","operator":"included","field":"a","value":"x","comments":["\\ud800"]}',
        '{"type":"match","operator":"included","field":"a","value":"x","entries":5}',
        '{"type":"match","operator":"included","field":"a","value":"x","list":1}',
        '{"type":"nested","field":"a","entries":[{"type":"nested","field":"b","entries":[]}]}',
        "no JSON",
    ],
    ids=range(15),
)
def test_a_kept_condition_that_was_tampered_with_is_refused_in_words(
    ana: Client, alerts: list[Alert], kept: str
) -> None:
    form = HOST | SAVED | {"operator": ["kept"], "value": [kept]}
    assert ana.post(preview(alerts[0]), form).status_code == 200
    answer = ana.post(add(alerts[0]), form)
    assert answer.status_code == 422
    assert "cond-error" in answer.content.decode()
    assert not ExceptionItem.objects.exists()


def test_it_says_when_the_alert_at_hand_is_not_covered(ana: Client, alerts: list[Alert]) -> None:
    page = ana.post(preview(alerts[0]), HOST | {"value": ["nowhere"]}).content.decode()
    assert f"This does not match AL-{alerts[0].pk}" in page


def test_saving_adds_it_closes_what_it_matches_and_can_be_undone(
    ana: Client, alerts: list[Alert], world: World
) -> None:
    answer = ana.post(add(alerts[0]), HOST | SAVED)
    assert answer.status_code == 303
    page = ana.get(answer["Location"]).content.decode()
    assert "Exception added, 2 alerts closed." in page
    assert Alert.objects.filter(status="closed", reason="benign_positive").count() == 2
    assert world.send([world.perl(30, host__name="db-2")]) == []
    assert len(world.send([world.perl(31, host__name="db-3")])) == 1
    undo = page.split('action="/alerts/undo/')[1].split('"')[0].replace("&amp;", "&")
    ana.post(f"/alerts/undo/{undo}")
    assert Alert.objects.filter(status="open").count() == 8
    assert not ExceptionItem.objects.filter(removed_at=None).exists()


def test_a_reason_is_needed(ana: Client, alerts: list[Alert]) -> None:
    answer = ana.post(add(alerts[0]), HOST | SAVED | {"reason": " "})
    assert answer.status_code == 422
    assert not ExceptionItem.objects.exists()


def test_without_conditions_it_is_not_saved(ana: Client, alerts: list[Alert]) -> None:
    assert ana.post(add(alerts[0]), SAVED).status_code == 422


def test_the_guard_names_the_true_positive_and_an_analyst_cannot_pass_it(
    ana: Client, alerts: list[Alert], world: World
) -> None:
    world.close([alerts[0]], reason="true_positive")
    page = ana.post(preview(alerts[3]), HOST).content.decode()
    assert "Would have hidden 1 true positive." in page
    assert f"/alerts/{alerts[0].pk}/" in page
    assert "Needs the engineer role." in page
    answer = ana.post(add(alerts[3]), HOST | SAVED | {"override": "I know."})
    assert answer.status_code in {403, 422}
    assert not ExceptionItem.objects.exists()


def test_an_engineer_passes_the_guard_with_a_reason(sign_in: SignIn, alerts: list[Alert], world: World) -> None:
    world.close([alerts[0]], reason="true_positive")
    rosa = sign_in("rosa")
    assert rosa.post(add(alerts[3]), HOST | SAVED).status_code == 422
    assert rosa.post(add(alerts[3]), HOST | SAVED | {"override": "Host is gone."}).status_code == 303


def test_an_end_is_needed_unless_the_role_allows_none(ana: Client, sign_in: SignIn, alerts: list[Alert]) -> None:
    assert ana.post(add(alerts[0]), HOST | SAVED | {"expires": "never"}).status_code == 422
    assert sign_in("rosa").post(add(alerts[0]), HOST | SAVED | {"expires": "never"}).status_code == 303
    assert ExceptionItem.objects.get().expires_at is None


def test_a_viewer_and_the_other_team_may_not(sign_in: SignIn, alerts: list[Alert]) -> None:
    for name, refused in (("vera", 403), ("mona", 403), ("otto", 404)):  # another team's alert is not even known
        assert sign_in(name).post(add(alerts[0]), HOST | SAVED).status_code == refused
        assert sign_in(name).post(preview(alerts[0]), HOST).status_code == refused


def saved(ana: Client, alert: Alert) -> ExceptionItem:
    ana.post(add(alert), HOST | SAVED)
    return ExceptionItem.objects.get()


def edited(item: ExceptionItem, **changes: Any) -> dict[str, Any]:
    return HOST | {"version": item.version, "reason": "Changed.", "expires": "keep", "name": item.name} | changes


def test_editing_replaces_what_it_says(ana: Client, alerts: list[Alert]) -> None:
    item = saved(ana, alerts[0])
    address = reverse("alerts:exception_edit", args=[item.pk])
    assert "db-2</textarea>" in ana.get(address).content.decode()
    answer = ana.post(address, edited(item, value=["db-3"]))
    assert answer.status_code == 303
    item.refresh_from_db()
    assert item.entries[0]["value"] == "db-3"
    assert item.reason == "Changed."


def test_editing_what_somebody_changed_meanwhile_is_a_409(ana: Client, alerts: list[Alert]) -> None:
    item = saved(ana, alerts[0])
    address = reverse("alerts:exception_edit", args=[item.pk])
    ana.post(address, edited(item))
    answer = ana.post(address, edited(item, value=["db-1"]))
    assert answer.status_code == 409
    assert "Somebody changed this exception" in answer.content.decode()


def test_disabling_enabling_and_taking_back(ana: Client, alerts: list[Alert], world: World) -> None:
    item = saved(ana, alerts[0])
    assert world.send([world.perl(40, host__name="db-2")]) == []
    assert ana.post(reverse("alerts:exception_disable", args=[item.pk])).status_code == 303
    assert Alert.objects.count() == 7
    item.refresh_from_db()
    assert not item.enabled
    assert ana.post(reverse("alerts:exception_enable", args=[item.pk])).status_code == 303
    assert ana.post(reverse("alerts:exception_undo", args=[item.pk])).status_code == 303
    assert ana.get(reverse("alerts:exception_edit", args=[item.pk])).status_code == 404


def said_by(client: Client, answer: Any) -> str:
    """The toast on the page that the answer leads to."""
    page = client.get(answer["Location"]).content.decode()
    return " ".join(page[page.index("data-toast") :].split())


def test_taking_back_says_all_that_followed(ana: Client, alerts: list[Alert], world: World) -> None:
    item = saved(ana, alerts[0])
    closed = Alert.objects.filter(status="closed").count()
    world.send([world.perl(number, host__name="db-2") for number in range(40, 43)])
    said = said_by(ana, ana.post(reverse("alerts:exception_undo", args=[item.pk])))
    assert f"Exception taken back. 3 events it held back are alerts now, {closed} alerts it closed are open" in said


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (TakenBack(ExceptionItem(), 0, 0), "Done."),
        (TakenBack(ExceptionItem(), 0, 0, [7]), "Done. 1 alert it closed is open again."),
        (
            Edited(ExceptionItem(), uuid4(), 1, still_held=2),
            "Done. 1 event it held back is an alert now, 2 are still held back.",
        ),
        (
            TakenBack(ExceptionItem(), 20, 1, [], over=5),
            "Done. 20 events it held back are alerts now, 5 went over the rule's maximum, 1 is no longer stored.",
        ),
    ],
)
def test_only_what_happened_is_said(changed: TakenBack | Edited, words: str) -> None:
    assert changed_words("Done.", changed) == words


def test_the_rule_page_counts_an_event_held_back_once(ana: Client, alerts: list[Alert], world: World) -> None:
    item = saved(ana, alerts[0])
    world.send([world.perl(number, host__name="db-2") for number in (40, 41)])
    rule = item.rule
    RuleRun.objects.filter(rule=rule, excepted__gt=0).update(excepted=9)  # a look-back judges them again
    page = ana.get(reverse("rules:detail", args=[rule.pk]), {"tab": "exceptions"}).content.decode()
    assert "2 in all held back" in page


def test_the_rule_page_lists_it(ana: Client, alerts: list[Alert]) -> None:
    item = saved(ana, alerts[0])
    page = ana.get(reverse("rules:detail", args=[item.rule_id]), {"tab": "exceptions"}).content.decode()
    assert "host.name" in page
    assert "The vendor&#x27;s menu." in page
    assert reverse("alerts:exception_edit", args=[item.pk]) in page


def test_what_many_alerts_covered_is_closed_by_a_worker_with_its_progress_and_one_undo_in_the_toast(
    ana: Client, alerts: list[Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "CLOSED_AT_ONCE", 1)
    page = ana.get(ana.post(add(alerts[0]), HOST | SAVED)["Location"]).content.decode()
    act = BulkAct.objects.get()
    assert "Exception added. What it covers is being closed." in page
    assert "Closing what the exception covers: 0 so far." in page
    for name in ("bulk_progress", "bulk_stop", "undo"):
        assert f'"{reverse(f"alerts:{name}", args=[act.pk])}"' in page
    progress = ana.get(reverse("alerts:bulk_progress", args=[act.pk])).content.decode()
    assert "<h1>Closing what an exception covers</h1>" in progress
    assert work_portion(now=clock.now(), worker=uuid4())
    progress = ana.get(reverse("alerts:bulk_progress", args=[act.pk]), headers=HTMX).content.decode()
    assert "Closing what the exception covers is done: 2 alerts." in progress
    answer = ana.post(reverse("alerts:undo", args=[act.pk]))
    assert "Undoing: 0 of 2." in ana.get(answer["Location"]).content.decode()
    assert not ExceptionItem.objects.filter(removed_at=None).exists()
    assert work_portion(now=clock.now(), worker=uuid4())
    assert not Alert.objects.filter(status="closed").exists()


def test_editing_offers_to_close_what_it_matches_unticked(sign_in: SignIn, alerts: list[Alert], world: World) -> None:
    rosa = sign_in("rosa")
    rosa.post(add(alerts[0]), HOST | SAVED | {"close": ""})
    item = ExceptionItem.objects.get()
    edit = reverse("alerts:exception_edit", args=[item.pk])
    page = rosa.get(edit).content.decode()
    assert "Close the 2 open alerts it matches as" in page
    assert "Save exception <kbd>" in page
    form = HOST | SAVED | {"version": item.version, "name": item.name, "expires": "90"}
    page = rosa.post(reverse("alerts:exception_edit_preview", args=[item.pk]), form).content.decode()
    assert "Save exception, close 2" in page
    answer = rosa.post(edit, form)
    assert "2 alerts are closed." in rosa.get(answer["Location"]).content.decode()
    assert Alert.objects.filter(status="closed", closed_by_exception=item).count() == 2
    ExceptionItem.objects.update(enabled=False)
    assert 'name="close"' not in rosa.get(edit).content.decode()
