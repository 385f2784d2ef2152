"""All alerts that match, acted on by a worker while the page tells how far it is."""

import pytest
from playwright.sync_api import expect

from alerts.models import Alert, BulkAct
from alerts.views import queue
from cases.models import Case
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit
from tests.browser.desk.hands import press, work

REMEMBERS = """() => {
    const told = document.body.dataset;
    told.said = "";
    wb.announce = (words) => { told.said += `${words}|`; };
}"""


def test_all_that_match_are_closed_with_one_undo(visit: Visit, alerts: list[Alert], world: World, monkeypatch) -> None:
    monkeypatch.setitem(queue._found.__kwdefaults__, "limit", 5)
    ana = visit("ana")
    page = ana.open("/alerts/")
    press(page, " ")
    page.locator("[data-all-matching]").check()
    press(page, "c", "b")
    expect(page.locator(".act")).to_contain_text("Closing: 0 of 12.")
    work()
    expect(page.locator(".act")).to_contain_text("Closing is done: 12 alerts.")
    expect(page.locator("tr[data-row]")).to_have_count(0)
    press(page, "z")
    expect(page.locator(".act")).to_contain_text("Undoing")
    work()
    expect(page.locator(".act")).to_contain_text("Undone: 12 alerts as before.")
    assert Alert.objects.filter(status="open").count() == 12
    assert ana.complaints == []


def test_how_far_it_has_come_is_announced_once_whatever_is_done_meanwhile(
    visit: Visit, alerts: list[Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(queue._found.__kwdefaults__ or {}, "limit", 5)
    page = visit("ana").open("/alerts/")
    page.evaluate(REMEMBERS)
    press(page, " ")
    page.locator("[data-all-matching]").check()
    page.locator("#bulk").get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".act")).to_contain_text("Acknowledging: 0 of 12.")
    with page.expect_response("**/alerts/bulk/*-*/"):  # the page asks how far it is
        page.evaluate("() => wb.sending()")
    page.evaluate("() => wb.sending()")
    assert page.evaluate("() => document.body.dataset.said.split('|')").count("Acknowledging: 0 of 12.") == 1


def test_all_that_match_without_scripts(visit: Visit, alerts: list[Alert], monkeypatch) -> None:
    monkeypatch.setitem(queue._found.__kwdefaults__, "limit", 5)
    page = visit("ana", scripts=False).open("/alerts/")
    page.locator("tr[data-row] input[type=checkbox]").first.check()
    page.locator("[data-all-matching]").check()
    page.locator("#bulk").get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".act")).to_contain_text("Acknowledging: 0 of 12.")
    work()
    done = "Acknowledging is done: 12 alerts."
    expect(page.locator(".act")).to_contain_text(done)  # the page asks again by itself
    page.locator(".act").get_by_role("button", name="Undo").click()
    work()
    expect(page.locator(".act")).to_contain_text("Undone: 12 alerts as before.")
    assert BulkAct.objects.get().undoing


@pytest.mark.parametrize("scripts", [True, False])
def test_all_that_match_go_into_a_new_case(
    visit: Visit, alerts: list[Alert], monkeypatch: pytest.MonkeyPatch, scripts: bool
) -> None:
    monkeypatch.setitem(queue._found.__kwdefaults__ or {}, "limit", 5)
    ana = visit("ana", scripts=scripts)
    page = ana.open("/alerts/")
    page.locator("tr[data-row] input[type=checkbox]").first.check()
    menu = page.locator("#bulk details[data-menu=case]")
    menu.locator("summary").click()
    expect(menu.get_by_role("button", name="New case from all")).to_have_count(0)
    page.locator("[data-all-matching]").check()
    if not menu.evaluate("one => one.open"):
        menu.locator("summary").click()
    menu.get_by_role("button", name="New case from all 12…").click()
    page.wait_for_url("**/cases/new/**")
    expect(page.get_by_role("heading", name="With all 12 alerts that match")).to_be_visible()
    page.get_by_label("Title").fill("A wave")
    page.get_by_role("button", name="Open the case").click()
    expect(page.locator(".act")).to_contain_text("Adding to the case: 0 of 12.")
    work()
    expect(page.locator(".act")).to_contain_text("Adding to the case is done: 12 alerts.")
    case = Case.objects.get(title="A wave")
    assert case.joined.count() == 12
    page.locator(".act").get_by_role("button", name="Undo").click()
    expect(page.locator(".act")).to_contain_text("Undoing")
    work()
    expect(page.locator(".act")).to_contain_text("Undone: 12 alerts as before.")
    assert not case.joined.exists()
    assert ana.complaints == []
