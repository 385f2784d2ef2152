"""The query is completed while one types it, and the histogram narrows it."""

import re

from playwright.sync_api import expect

from alerts.models import Alert
from tests.browser.conftest import Visit
from tests.browser.desk.hands import press


def test_tab_leaves_the_query_whatever_is_offered(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/")
    press(page, "/")
    page.keyboard.type("host.na")
    option = page.locator("#complete [role=option]").first
    expect(option).to_be_visible()
    box, shown = page.locator("#q").bounding_box(), option.bounding_box()
    assert box
    assert shown
    assert shown["y"] >= box["y"] + box["height"]  # under what is typed, not over it
    press(page, "Tab")
    expect(page.locator("#q")).to_have_value("host.na")
    expect(page.locator("#q")).not_to_be_focused()


def test_the_query_is_offered_every_value_that_fits(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/")
    press(page, "/")
    page.keyboard.type("host.name: node-0")
    expect(page.locator("#complete [role=option]")).to_have_count(9)
    expect(page.locator("#complete [role=option]").first).to_contain_text("seen once lately")


def test_the_query_is_completed_and_the_histogram_brushed(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    press(page, "/")
    page.keyboard.type("host.na")
    expect(page.locator("#complete [role=option]").first).to_be_visible()
    press(page, "ArrowDown", "Enter")
    expect(page.locator("#q")).to_have_value(re.compile(r"^host\.name"))
    press(page, "Escape", "Escape")
    page.locator("#q").fill("")
    ana.settle()
    box = page.locator("svg[data-brush]").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.95, box["y"] + 10, steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile("since=.*until="))
    assert ana.complaints == []
