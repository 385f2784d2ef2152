"""A list of several pages by keyboard: it ends where the last alert is, and the cursor is found again however deep."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from alerts.models import Alert
from tests.alerts.pages.test_folds import like
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit
from tests.browser.desk.hands import at, press

NUMBERS = "rows => rows.map(row => Number(row.dataset.id))"
MOST = 112


@pytest.fixture
def many(world: World) -> list[Alert]:
    """Newest first; each is of another host."""
    pattern, minute = world.send([world.perl(1, host__name="first")])[0], timedelta(minutes=1)
    copies = [
        like(pattern, n, fold=None, host_name=f"n-{n:03d}", created_at=pattern.created_at - n * minute)
        for n in range(1, MOST)
    ]
    Alert.objects.bulk_create(copies)
    return list(Alert.objects.order_by("-created_at"))


def numbers(page: Page) -> list[int]:
    return list(page.locator("tr[data-row]").evaluate_all(NUMBERS))


def walk(page: Page, key: str, expected: list[int]) -> None:
    """One key for each row, each as soon as the one before it has been seen to."""
    for number in expected:
        press(page, key)
        expect(page.locator("tr.cursor")).to_have_attribute("data-id", str(number))


@pytest.mark.parametrize("density", ["evidence", "compact"])
@pytest.mark.parametrize("height", [900, 768])
def test_the_cursor_walks_from_page_to_page_down_to_the_last_alert(
    visit: Visit, many: list[Alert], height: int, density: str
) -> None:
    ana = visit("ana")
    ana.context.add_cookies([{"name": "density", "value": density, "url": ana.base}])
    ana.page.set_viewport_size({"width": 1440 if height == 900 else 1366, "height": height})
    page = ana.open("/alerts/?sort=newest")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "after=" in one.url else None)
    everything = [alert.pk for alert in many]
    page.locator("tr[data-row]").nth(40).evaluate("row => wb.moveTo(row)")
    walk(page, "j", everything[41:])
    assert numbers(page) == everything
    press(page, "j", "j")
    assert at(page) == str(everything[-1])
    ana.settle()
    assert len(set(asked)) == 2
    assert len(asked) <= 4  # one may be asked for while it is on its way
    expect(page.locator("tr.cursor")).to_be_in_viewport(ratio=0.9)
    assert ana.complaints == []


def test_a_step_from_the_last_row_waits_for_the_next_and_selects_as_it_goes(visit: Visit, many: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?sort=newest")

    def late(route: Route) -> None:
        page.wait_for_timeout(700)
        route.continue_()

    page.route("**/alerts/?*after=*", late)
    page.locator("tr[data-row]").nth(47).evaluate("row => wb.moveTo(row)")
    press(page, "Shift+J", "Shift+J", "Shift+J")
    expect(page.locator("tr.cursor")).to_have_attribute("data-id", str(many[50].pk))
    press(page, "Shift+J")
    expect(page.locator("[data-selected-rows]")).to_have_text("5")
    ticked = page.locator("tr[data-row]:has(input:checked)").evaluate_all(NUMBERS)
    assert ticked == [alert.pk for alert in many[47:52]]
    ana.settle()
    page.unroute_all(behavior="ignoreErrors")
    assert ana.complaints == []


def test_while_further_rows_do_not_come_nothing_is_asked_for_over_and_over(visit: Visit, many: list[Alert]) -> None:
    page = visit("ana").open("/alerts/?sort=newest")
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=500)

    page.route("**/alerts/?*after=*", refuse)
    page.locator("tr[data-row]").nth(49).evaluate("row => wb.moveTo(row)")
    page.wait_for_timeout(300)
    before = len(asked)
    press(page, "j")
    page.wait_for_timeout(900)
    assert len(asked) <= before + 1
    assert at(page) == str(many[49].pk)
    page.unroute_all(behavior="ignoreErrors")
    press(page, "j")
    expect(page.locator("tr.cursor")).to_have_attribute("data-id", str(many[50].pk))
