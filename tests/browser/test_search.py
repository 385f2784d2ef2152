"""Search by keyboard in a real browser: rows open and close, the histogram is brushed, fields are found."""

import re

from playwright.sync_api import expect

from tests.alerts.pages.world import World
from tests.browser.conftest import Visit


def test_search_by_keyboard_alone(visit: Visit, world: World) -> None:
    world.send([world.perl(number) for number in range(1, 4)])
    ana = visit("ana")
    page = ana.open("/search/")
    page.locator("#find-field").wait_for()
    row = page.locator(".ev-row").nth(1)
    for key in ("j", "j", "ArrowRight"):
        page.keyboard.press(key)
    expect(row.locator(".expanded")).to_be_visible()
    expect(row.locator(".twist")).to_be_focused()
    expect(page.locator("[data-row].cursor")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".expanded")).to_have_count(0)
    expect(row.locator("[data-row]")).to_have_class("cursor")
    page.keyboard.press("b")
    expect(page.locator("[data-brush-range=from]")).to_be_focused()
    for key in (*["ArrowRight"] * 30, "Enter"):
        page.keyboard.press(key)
    page.wait_for_url(re.compile("from=20"))
    ana.settle()
    page.locator("#find-field").press_sequentially("host")
    expect(page.locator("#field-list")).to_contain_text("with host")
    expect(page.locator("#find-field")).to_be_focused()
    page.locator(".fld-open", has_text="host.name").click()
    page.locator(".tops a").first.focus()
    page.keyboard.press("-")
    page.wait_for_url(re.compile(r"q=not\+host\.name"))
    assert ana.complaints == []
