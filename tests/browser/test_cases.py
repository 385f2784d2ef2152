"""A case in a real browser: from alerts to closure, by mouse and by keys, with and without scripts."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from alerts.models import Alert
from cases import changing, opening
from cases.models import Case, Entry, Task
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit


def begun(world: World) -> Case:
    """A case of three alerts that Ana has."""
    alerts = world.send([world.perl(number) for number in (1, 2, 3)])
    return opening.open_case(
        title="Shells on the databases",
        severity=3,
        owner=world.ana,
        team=world.team,
        alert_ids=[alert.pk for alert in alerts],
        actor=world.ana,
        now=world.now,
        team_ids=[world.team.pk],
    )


def open_from_alerts(page: Page) -> None:
    """Fill in and send the form of a new case, with one step of the guide."""
    page.get_by_label("Next step").fill("Ask the owners")
    page.get_by_label("Isolate the host", exact=False).check()
    page.get_by_role("button", name="Open the case").click()
    page.wait_for_url("**/cases/*/")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_from_three_alerts_of_the_queue_to_a_closed_case(visit: Visit, world: World, scripts: bool) -> None:
    world.send([world.perl(number) for number in (1, 2, 3)])
    ana = visit("ana", scripts=scripts)
    page = ana.open("/alerts/")
    for box in page.locator("tbody input[type=checkbox]").all():
        box.check()
    page.locator("#bulk details[data-menu=case] summary").click()
    page.get_by_role("button", name="New case").click()
    page.wait_for_url("**/cases/new/**")
    open_from_alerts(page)
    expect(page.locator("#tasks")).to_contain_text("0 of 1 done")
    page.get_by_role("button", name="Done: Isolate the host", exact=False).click()
    expect(page.locator("#tasks")).to_contain_text("1 of 1 done")
    page.get_by_role("link", name="Close case", exact=False).click()
    page.get_by_label("True positive").check()
    page.get_by_label("What happened", exact=False).fill("Rebuilt.")
    page.get_by_role("button", name="Close the case", exact=False).click()
    page.wait_for_url("**/cases/*/")
    expect(page.locator(".toast")).to_contain_text("its 3 open alerts as true positive")
    assert set(Alert.objects.values_list("status", "reason")) == {("closed", "true_positive")}
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("3 alerts are as they were before")
    assert set(Alert.objects.values_list("status", flat=True)) == {"acknowledged"}
    assert ana.complaints == []


def test_the_ticked_alerts_go_into_an_open_case_and_the_queue_says_so(visit: Visit, world: World) -> None:
    case = begun(world)
    world.send([world.perl(9)])
    ana = visit("ana")
    page = ana.open("/alerts/?view=all")
    page.get_by_role("row").filter(has_not_text="Acknowledged").get_by_role("checkbox").last.check()
    page.keyboard.press("e")
    page.locator("#bulk").get_by_role("button", name="Add to this case").click()
    expect(page.locator(".toast")).to_contain_text(f"Added 1 alert. CASE-{case.pk}")
    assert "view=all" in page.url
    assert case.joined.count() == 4
    assert ana.complaints == []


def test_an_act_keeps_what_is_being_typed_and_the_focus(visit: Visit, world: World) -> None:
    case = begun(world)
    ana = visit("ana")
    page = ana.open(f"/cases/{case.pk}/")
    page.keyboard.press("n")
    page.keyboard.type("half a sentence")
    page.get_by_role("button", name="Recover").first.click()
    expect(page.locator(".steps4 li[aria-current]")).to_have_text("Recover")
    expect(page.locator("#up")).to_have_value("half a sentence")
    assert page.evaluate("document.activeElement.id") == "bar-recover"
    expect(page.locator("#announce")).to_have_text("The phase is Recover now.")
    page.locator("#up").press("Control+Enter")
    expect(page.locator("#up")).to_have_value("")
    expect(page.locator("#timeline")).to_contain_text("half a sentence")
    assert Entry.objects.get().text == "half a sentence"
    assert ana.complaints == []


def test_it_is_worked_on_by_keys(visit: Visit, world: World) -> None:
    case = begun(world)
    ana = visit("ana")
    page = ana.open(f"/cases/{case.pk}/")
    page.keyboard.press("t")
    expect(page.locator(".addtask input[name=text]")).to_be_focused()
    page.keyboard.type("Reset the secrets")
    page.keyboard.press("Enter")
    expect(page.locator("#tasks")).to_contain_text("Reset the secrets")
    page.keyboard.press("n")
    page.keyboard.type("Host isolated")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    page.keyboard.press("2")
    expect(page.locator(".steps4 li[aria-current]")).to_have_text("Investigate")
    expect(page.locator("#timeline")).to_contain_text("Host isolated")
    page.keyboard.press("s")
    expect(page.locator("#bar-owner")).to_be_focused()
    page.locator("#bar-owner").select_option(label="Rosa")
    page.locator("#bar-owner").press("Control+Enter")
    expect(page.locator(".owner")).to_contain_text("Rosa")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.wait_for_url("**/close/")
    assert Task.objects.get().text == "Reset the secrets"
    assert ana.complaints == []


def test_who_was_first_is_said_and_what_was_typed_can_be_applied_anyway(visit: Visit, world: World) -> None:
    case = begun(world)
    ana = visit("ana")
    page = ana.open(f"/cases/{case.pk}/")
    first: dict[str, Any] = {"actor": world.rosa, "now": world.now, "team_ids": [world.team.pk]}
    changing.change(case_id=case.pk, version=None, changes={"next_step": "Rosa's"}, **first)
    page.locator("#edit-step").click()
    expect(page.get_by_label("Next step", exact=True)).to_be_focused()
    page.keyboard.type("Ana's own step")
    page.keyboard.press("Enter")
    expect(page.locator(".stale")).to_contain_text("Rosa changed")
    expect(page.locator(".stale")).to_contain_text("Ana's own step")
    page.get_by_role("button", name="Apply anyway").click()
    expect(page.locator(".casebar .next")).to_contain_text("Ana's own step")
    expect(page.locator(".stale")).to_have_count(0)


def test_the_list_is_walked_by_keys_and_its_filters_stand_in_the_address(visit: Visit, world: World) -> None:
    case = begun(world)
    ana = visit("ana")
    page = ana.open("/cases/")
    page.get_by_label("Owner").select_option("nobody")
    expect(page.locator("#list")).to_contain_text("No case fits.")
    page.wait_for_url("**owner=nobody**")
    page.get_by_label("Owner").select_option("me")
    expect(page.locator("#list")).to_contain_text("Shells on the databases")
    page.locator("body").press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.wait_for_url(f"**/cases/{case.pk}/")
    page.keyboard.press("u")
    page.wait_for_url("**/cases/")
    assert ana.complaints == []
