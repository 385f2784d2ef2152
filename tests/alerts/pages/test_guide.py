"""The guide beside an alert: steps that people tick together, and searches that are a key away."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Change
from alerts.guides import done_of, guide_of
from alerts.guides import tick as mark
from alerts.models import Alert, StepDone
from cases.models import Task
from cases.opening import open_case
from rules.exceptions import create_item
from rules.models import ExceptionItem
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import World


@pytest.fixture
def alert(world: World) -> Alert:
    """An alert of the Perl rule."""
    return world.send([world.perl()])[0]


def keys_of(alert: Alert, kind: str = "guide") -> list[str]:
    _, guide = guide_of(Alert.objects.select_related("revision").get(pk=alert.pk))
    return [step.key for step in (guide.steps if kind == "guide" else guide.response_steps)]


def tick(client: Client, alert: Alert, key: str, done: str = "1", kind: str = "guide", **headers: str) -> Any:
    address = reverse("alerts:set_step", args=[alert.pk])
    return client.post(address, {"kind": kind, "key": key, "done": done}, headers=headers)


def page(client: Client, alert: Alert, side: str = "guide") -> str:
    return client.get(reverse("alerts:detail", args=[alert.pk]), {"side": side}).content.decode()


def test_a_tick_without_scripts_leads_back_to_the_step_and_says_who(ana: Client, world: World, alert: Alert) -> None:
    key = keys_of(alert)[0]
    answer = tick(ana, alert, key)
    assert (answer.status_code, answer["Location"]) == (303, f"/alerts/{alert.pk}/#step-{key}")
    shown = page(ana, alert)
    assert "Done by Ana" in shown
    assert re.search(r'Investigate <span class="n" id="n-guide">1/\d', shown)
    assert StepDone.objects.get().by == world.ana


def test_everybody_sees_the_tick_and_may_take_it_back(ana: Client, sign_in: SignIn, world: World, alert: Alert) -> None:
    key = keys_of(alert)[1]
    tick(ana, alert, key)
    rosa = sign_in("rosa")
    assert "Done by Ana" in page(rosa, alert)
    tick(rosa, alert, key)
    assert StepDone.objects.get().by == world.ana, "who was first stays"
    tick(rosa, alert, key, done="0")
    tick(rosa, alert, key, done="0")
    assert not StepDone.objects.exists()
    told = [(c.verb, c.actor_name, c.before.get("key"), c.after.get("key")) for c in Change.objects.filter(
        object_type="alert", object_id=str(alert.pk)).order_by("pk")]  # fmt: skip
    assert told == [("step", "Ana", None, key), ("unstep", "Rosa", key, None)]


def test_for_htmx_only_the_tick_comes_with_who_and_the_number(ana: Client, alert: Alert) -> None:
    key = keys_of(alert)[0]
    answer = tick(ana, alert, key, **HTMX).content.decode()
    assert answer.lstrip().startswith("<form")
    assert 'aria-checked="true"' in answer
    assert re.search(r'id="n-guide" hx-swap-oob="true">1/\d', answer)
    assert f'id="who-{key}" hx-swap-oob="true">Done by Ana' in answer


def test_response_steps_are_ticked_beside_their_own_tab(ana: Client, alert: Alert) -> None:
    tick(ana, alert, keys_of(alert, "response")[0], kind="response")
    shown = page(ana, alert, "respond")
    assert "Done by Ana" in shown
    assert re.search(r'id="n-respond">1/\d', shown)


def test_a_step_that_the_guide_does_not_have_is_refused(ana: Client, alert: Alert) -> None:
    answer = tick(ana, alert, "0" * 32, **HTMX)
    assert answer.status_code == 409
    assert "no such step" in answer.content.decode()
    assert tick(ana, alert, "x", **HTMX).status_code == 422
    assert not StepDone.objects.exists()


def test_who_only_looks_ticks_nothing_and_others_see_nothing(sign_in: SignIn, alert: Alert) -> None:
    assert tick(sign_in("vera"), alert, keys_of(alert)[0]).status_code == 403
    assert tick(sign_in("otto"), alert, keys_of(alert)[0]).status_code == 404
    assert 'class="tick" role="img"' in page(sign_in("vera"), alert)
    assert not StepDone.objects.exists()


def test_the_activity_tells_of_ticks(ana: Client, alert: Alert) -> None:
    key = keys_of(alert)[0]
    tick(ana, alert, key)
    tick(ana, alert, key, done="0")
    shown = page(ana, alert, "activity")
    assert "did the step" in shown
    assert "took back the step" in shown


def test_what_was_done_is_told_in_order(world: World, ana: Client, alert: Alert) -> None:
    first, second, *_ = keys_of(alert)
    tick(ana, alert, second)
    tick(ana, alert, first)
    assert [(one.key, one.by) for one in done_of([alert.pk])[alert.pk]] == [(second, "Ana"), (first, "Ana")]


def test_of_an_alert_in_a_case_a_response_step_can_become_its_task(ana: Client, world: World, alert: Alert) -> None:
    assert "task of" not in page(ana, alert, "respond")
    case = open_case(alert_ids=[alert.pk], team=world.team, actor=world.ana, now=world.now, team_ids=[world.team.pk])
    shown = page(ana, alert, "respond")
    key = re.search(r'name="step" value="([0-9a-f]{32})"', shown)
    assert key is not None
    ana.post(reverse("cases:take_steps", args=[case.pk]), {"step": [key[1]]})
    assert Task.objects.filter(case=case, step=key[1]).exists()
    assert f"Task of {case}</a> · open" in page(ana, alert, "respond")


def excepted(world: World, alert: Alert, value: str, **given: Any) -> ExceptionItem:
    entries = [{"field": "host.name", "type": "match", "operator": "included", "value": value}]
    return create_item(
        rule=alert.rule, name=f"not on {value}", entries=entries, reason="known good", actor=world.rosa, now=world.now,
        **given,
    )  # fmt: skip


def test_beside_the_false_positives_stand_the_rules_exceptions_and_whether_they_fit(
    ana: Client, world: World, alert: Alert
) -> None:
    assert "None yet." in page(ana, alert, "fp")
    excepted(world, alert, "elsewhere")
    excepted(world, alert, str(alert.host_name))
    shown = page(ana, alert, "fp")
    assert shown.count('class="fp-card"') == 2
    assert shown.count("Fits this alert") == 1
    assert shown.index("Fits this alert") < shown.index("elsewhere")
    assert "held back 0 events in 30 days" in shown
    assert "Rosa" in shown


def test_an_exception_that_is_not_read_is_said_not_to_be_applied(ana: Client, world: World, alert: Alert) -> None:
    item = excepted(world, alert, str(alert.host_name))
    ExceptionItem.objects.filter(pk=item.pk).update(not_applied_because="it names a list that is not here")
    shown = page(ana, alert, "fp")
    assert "it names a list that is not here" in shown
    assert "Fits this alert" not in shown


def test_the_rules_page_tells_the_searches_of_each_step_and_how_often_it_is_done(
    ana: Client, world: World, alert: Alert
) -> None:
    address = reverse("rules:detail", args=[alert.rule_id]) + "?tab=guide"
    before = ana.get(address).content.decode()
    assert "Children of {process.name}" in before
    assert "process.parent.entity_id: {process.entity_id}" in before
    assert "Done before closing" not in before
    mark(
        alert_id=alert.pk, kind="guide", key=keys_of(alert)[0], done=True, actor=world.ana, now=world.now,
        team_ids=[world.team.pk],
    )  # fmt: skip
    world.close([alert])
    after = ana.get(address).content.decode()
    assert "1 of 1</span>" in after
    assert "0 of 1</span>" in after
