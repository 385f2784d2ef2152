"""The guide in a real browser: ticked and asked without leaving the alert, by keyboard, and without scripts."""

from playwright.sync_api import expect

from alerts.models import StepDone
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit

KEYS = "details.pivotbox"


def test_steps_are_ticked_in_place_and_searches_opened_by_key(visit: Visit, world: World) -> None:
    alert = world.send([world.perl()])[0]
    visitor = visit("ana")
    page = visitor.open(f"/alerts/{alert.pk}/")
    expect(page.locator("#pn-1")).not_to_be_empty()
    page.keyboard.press("1")
    first = page.locator(KEYS).first
    first.locator(".pivot-foot .link").first.wait_for()
    assert first.get_attribute("open") is not None
    box = page.get_by_role("checkbox", name="Step 1 done")
    box.click()
    page.get_by_role("checkbox", name="Step 1 done", checked=True).wait_for()
    assert "Done by Ana" in page.locator(".step").first.inner_text()
    assert page.locator("#n-guide").inner_text().startswith("1/")
    assert first.get_attribute("open") is not None, "what was open stays open"
    page.keyboard.press("Space")
    page.get_by_role("checkbox", name="Step 1 done", checked=False).wait_for()
    assert not StepDone.objects.exists()
    assert visitor.complaints == []


def test_without_scripts_a_tick_comes_back_to_its_step_and_a_search_is_a_link(visit: Visit, world: World) -> None:
    alert = world.send([world.perl()])[0]
    page = visit("ana", scripts=False).open(f"/alerts/{alert.pk}/")
    page.get_by_role("checkbox", name="Step 2 done").click()
    assert "#step-" in page.url
    assert page.get_by_role("checkbox", name="Step 2 done").get_attribute("aria-checked") == "true"
    page.locator("summary.pivot").first.click()
    page.locator(f"{KEYS}[open] a", has_text="Open in search").click()
    assert "/search/?q=" in page.url
