"""A list of several pages by keyboard: it ends where the last alert is, and the cursor is found again however deep."""

import json
import re
from collections.abc import Sequence
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
CLEAR = """() => document.querySelector("tr.cursor").getBoundingClientRect().bottom
    <= document.querySelector(".tabbar").getBoundingClientRect().top"""


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


def fifty_more(page: Page) -> None:
    """The end of the list comes into view, which asks for the next page.

    It is no click: the scroll before it asks already, and a click that comes late finds the next page's way to go on.
    """
    page.locator("#more").evaluate("row => row.scrollIntoView()")
    expect(page.locator("tr[data-row]")).to_have_count(100)


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


def closed_and_back(page: Page, back: str) -> None:
    """From the alert under the cursor, which is closed on its page, to the queue again."""
    press(page, "o")
    page.wait_for_url(re.compile(r"/alerts/\d+/"))
    press(page, "c", "b")
    page.locator("[data-toast]").wait_for()
    if back == "u":
        press(page, "u")
    else:
        page.locator(".crumbs a[data-key=u]").click()
    page.wait_for_url(re.compile(r"/alerts/\?"))


@pytest.mark.parametrize("back", ["u", "crumb"])
def test_after_closing_an_alert_on_its_page_the_cursor_is_on_the_row_behind_it(
    visit: Visit, many: list[Alert], back: str
) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?sort=newest")
    press(page, "j", "j", "j", "j", "j", "j")
    assert at(page) == str(many[6].pk)
    closed_and_back(page, back)
    expect(page.locator("tr.cursor")).to_have_attribute("data-id", str(many[7].pk))
    expect(page.locator(f"#peek [data-peeked='{many[7].pk}']")).to_be_visible()
    ana.settle()
    assert ana.complaints == []


def test_a_row_of_a_further_page_is_come_back_to_and_seen(visit: Visit, many: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/?sort=newest&at={many[64].pk}")
    expect(page.locator("tr.cursor")).to_be_in_viewport(ratio=0.9)
    assert at(page) == str(many[64].pk)
    press(page, "o")
    page.wait_for_url(re.compile(r"/alerts/\d+/"))
    page.go_back()
    expect(page.locator("tr.cursor")).to_have_attribute("data-id", str(many[64].pk))
    closed_and_back(page, "u")
    expect(page.locator("tr.cursor")).to_have_attribute("data-id", str(many[65].pk))
    expect(page.locator("tr.cursor")).to_be_in_viewport(ratio=0.9)
    assert numbers(page) == [alert.pk for alert in [*many[:64], *many[65:101]]]
    press(page, "c", "b")  # and what is done there leaves the list as it is
    expect(page.locator("tr.cursor")).to_have_attribute("data-id", str(many[66].pk))
    page.wait_for_function("() => wb.busy() === 0")
    assert numbers(page)[:64] == [alert.pk for alert in many[:64]]
    ana.settle()
    assert ana.complaints == []


@pytest.mark.parametrize("scripts", [True, False])
def test_on_a_phone_the_arrow_and_the_browser_lead_back_to_the_row_that_was_tapped(
    visit: Visit, many: list[Alert], scripts: bool
) -> None:
    ana = visit("ana", phone=True, scripts=scripts)
    page = ana.open("/alerts/?sort=newest")
    page.locator(f"#alert-{many[12].pk} a").first.tap()
    page.wait_for_url(re.compile(r"/alerts/\d+/"))
    page.get_by_role("link", name="Back to the queue").tap()
    expect(page.locator("tr.cursor")).to_have_attribute("data-id", str(many[12].pk))
    if not scripts:
        return  # the browser itself keeps where it was
    assert page.evaluate(CLEAR)
    page.locator(f"#alert-{many[14].pk} a").first.tap()
    page.wait_for_url(re.compile(r"/alerts/\d+/"))
    page.go_back()
    expect(page.locator("tr.cursor")).to_have_attribute("data-id", str(many[14].pk))
    ana.settle()
    assert ana.complaints == []


def test_an_alert_that_is_folded_leads_back_to_the_row_of_its_fold(visit: Visit, world: World) -> None:
    same = world.send([world.perl(number, host__name="same") for number in range(1, 4)])
    world.send([world.perl(10 + number, host__name=f"other-{number}") for number in range(4)])
    page = visit("ana").open(f"/alerts/{same[-1].pk}/")
    press(page, "u")
    expect(page.locator("tr.cursor")).to_have_attribute("data-fold", bytes(same[0].fold or b"").hex())


def test_fifty_further_rows_are_looked_over_once_and_not_for_every_row(visit: Visit, many: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?sort=newest")
    page.evaluate("""() => {
      const was = wb.showSelection;
      window.looks = 0;
      wb.showSelection = () => { window.looks += 1; return was(); };
    }""")
    fifty_more(page)
    ana.settle()
    assert page.evaluate("window.looks") == 1


def test_a_click_asks_for_fifty_further_rows_without_waiting_to_come_into_view(visit: Visit, many: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?sort=newest")
    page.locator("#more a").evaluate("link => link.click()")  # a click of Playwright scrolls it into view before
    expect(page.locator("tr[data-row]")).to_have_count(100)
    ana.settle()
    assert numbers(page) == [alert.pk for alert in many[:100]]
    assert ana.complaints == []


def styled(page: Page, keys: Sequence[str]) -> int:
    """How many elements the browser looked up styles for at once, at most, while these keys were pressed."""
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    for key in keys:
        press(page, key)
        page.wait_for_timeout(400)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    looks = [one["args"] for one in events if one["name"] == "UpdateLayoutTree"]
    return max(int(one.get("elementCount", 0)) for one in looks)


@pytest.mark.parametrize("keys", [["j", "j"], ["Space", "Space"], ["c", "b"], ["c", "d", "Escape"]])
def test_a_key_has_its_row_and_the_preview_styled_anew_and_not_the_page(
    visit: Visit, many: list[Alert], keys: list[str]
) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?sort=newest")
    fifty_more(page)
    ana.settle()
    press(page, "j")
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelectorAll('*').length") > 3000
    page.route("**/alerts/bulk/", lambda _: None)  # its answer draws all rows that say something else now
    assert styled(page, keys) < 800
    page.unroute_all(behavior="ignoreErrors")
