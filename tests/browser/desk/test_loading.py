"""While a list is on its way: the rows stay, and after 300 ms a bar under the query says that one waits."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from alerts.models import Alert
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit

# What is not there yet is drawn as nothing.
BAR = "() => !/none|rgba\\(0, 0, 0, 0\\)/.test(getComputedStyle(document.querySelector('#filters')).boxShadow)"
# When the list was asked for and when the bar was there, by the page's own clock: how soon a test looks tells nothing.
WATCH = f"""() => {{
  const bar = {BAR}, filters = document.querySelector("#filters"), seen = window.seen = {{}};
  const look = (now) => {{
    if (filters.classList.contains("htmx-request")) seen.asked ??= now;
    if (seen.asked && bar()) seen.shown ??= now;
    if (!seen.shown) requestAnimationFrame(look);
  }};
  requestAnimationFrame(look);
}}"""
LIST = re.compile(r"/alerts/\?")
Ask = Callable[[Page], object]


@pytest.fixture
def alerts(world: World) -> list[Alert]:
    return world.send([world.perl(number) for number in range(1, 5)])


def by_query(page: Page) -> None:
    page.locator("#q").fill("host.name: db-1")
    page.keyboard.press("Enter")


def by_order(page: Page) -> None:
    page.get_by_label("Order").select_option("oldest")


@pytest.mark.parametrize("ask", [by_query, by_order])
def test_a_late_list_shows_a_bar_and_keeps_the_rows(visit: Visit, alerts: list[Alert], ask: Ask) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    ana.settle()
    before, late = page.locator("tr[data-row]").count(), list[Route]()
    page.route(LIST, lambda route: late.append(route))
    page.evaluate(WATCH)
    ask(page)
    page.wait_for_function("() => seen.shown")
    assert page.evaluate("() => seen.shown - seen.asked") > 150
    assert page.evaluate(BAR)
    expect(page.locator("#filters")).to_have_class(re.compile("htmx-request"))
    assert page.locator("tr[data-row]").count() == before
    late[0].continue_()
    page.unroute(LIST)
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.wait_for_function(f"() => !({BAR})()")
    expect(page.locator("#filters")).not_to_have_class(re.compile("htmx-request"))
    assert ana.complaints == []
