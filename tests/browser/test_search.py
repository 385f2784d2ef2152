"""Search in a real browser: by keyboard rows open and close, the histogram is brushed, fields are found; what takes
long is looked on at, stopped, and comes to its end.
"""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Route, expect

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


@pytest.mark.parametrize("phone", [False, True])
def test_back_leads_to_the_row_that_was_left(visit: Visit, world: World, phone: bool) -> None:
    world.send([world.perl(number) for number in range(1, 131)])
    ana = visit("ana", phone=phone)
    page = ana.open("/search/?q=process.name:perl")
    page.locator("#more a").click()
    page.wait_for_url(re.compile("after="))
    expect(page.locator(".ev-row")).to_have_count(130)
    for place in (115, 30):
        row = page.locator(".ev-row").nth(place)
        named = row.locator(".twist").get_attribute("href")
        row.locator(".twist").click()
        expect(row.locator(".expanded")).to_be_visible()
        expect(row.locator(".twist")).to_be_focused()
        assert "event=" in page.url
        row.locator(".opened-head a", has_text="Why no alert").click()
        page.wait_for_url(re.compile("why-not"))
        page.go_back()
        expect(page.locator(".expanded")).to_have_count(1)
        came = page.locator("[data-row].cursor .twist")
        assert came.get_attribute("href") == named
        expect(came).to_be_focused()
        expect(came).to_be_in_viewport()
        if phone:
            break
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".expanded")).to_have_count(0)
        page.wait_for_url(lambda url: "event=" not in url)
        page = ana.open("/search/?q=process.name:perl")
    page.go_back()
    page.wait_for_load_state()
    assert ana.complaints == []


SEQUENCE = "/search/?lang=eql&q=" + quote("sequence by host.name [process where true] [process where true]")
PIPED = "/search/?lang=eql&q=" + quote("process where true | tail 5")
ROWS = "/search/?lang=esql&q=" + quote("FROM logs-* | STATS n = COUNT(*) BY host.name")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing is found at once, but the first row is read, however busy the machine."""
    monkeypatch.setattr("events.searching._LEAST_SECONDS", 5)
    monkeypatch.setattr("events.searching._ROWS_IN_A_HURRY", 1)
    monkeypatch.setattr("events.pages.results.FIRST_SECONDS", 0)
    monkeypatch.setattr("events.views.AT_ONCE_SECONDS", 0)
    return monkeypatch


@pytest.mark.parametrize("phone", [False, True])
def test_a_long_search_that_finds_nothing_ends_without_an_empty_table(
    visit: Visit, world: World, slow: pytest.MonkeyPatch, phone: bool
) -> None:
    world.send([world.perl(number) for number in range(1, 9)])
    ana = visit("ana", phone=phone)
    page = ana.open("/search/?q=process.nam:perl")
    expect(page.locator("#results h2")).to_have_text("No events match.")
    expect(page.locator("#results")).to_contain_text("Nothing seems to have a field process.nam. There is process.name")
    expect(page.locator("#counted strong")).to_have_text("0 events")
    expect(page.locator("#results table, #results .fieldlist, #more")).to_have_count(0)
    assert page.url.endswith("/search/?q=process.nam:perl")
    ana.settle()
    assert ana.complaints == []


def test_a_new_search_is_not_replaced_by_the_end_of_the_one_before(
    visit: Visit, world: World, slow: pytest.MonkeyPatch
) -> None:
    world.send([world.perl(number) for number in range(1, 9)])
    ana, held = visit("ana"), list[Route]()
    ana.page.route("**/search/?*after=*", lambda route: held.append(route))
    page = ana.open("/search/?q=process.name:zzzz")
    expect(page.locator("#more [data-cancel]")).to_be_visible()
    slow.setattr("events.pages.results.FIRST_SECONDS", 1)
    page.locator("#search-form [name=q]").fill("process.name: perl")
    page.locator("#search-form [name=q]").press("Enter")
    expect(page.locator(".ev-row")).to_have_count(8)
    with page.expect_response(lambda answer: "after=" in answer.url):
        held[0].continue_()
    ana.settle()
    page.wait_for_timeout(200)
    expect(page.locator(".ev-row")).to_have_count(8)
    assert ana.complaints == []


def test_who_stops_a_long_search_sees_how_far_it_came(visit: Visit, world: World, slow: pytest.MonkeyPatch) -> None:
    world.send([world.perl(number) for number in range(1, 9)])
    ana, held, counted = visit("ana"), list[Route](), list[Route]()
    ana.page.route("**/search/?*part=counts*", lambda route: counted.append(route))
    ana.page.route(re.compile("after=(?!.*pause)"), lambda route: held.append(route))
    page = ana.open("/search/?q=process.name:zzzz")
    expect(page.locator(".counting")).to_be_visible()
    told = page.locator("#more .muted").inner_text()
    page.locator("#more [data-cancel]").click()
    expect(page.locator("#more .muted")).to_have_text(f"Stopped. {told}")
    expect(page.locator(".counting")).to_be_hidden()
    expect(page.locator(".uncounted")).to_be_visible()
    expect(page.locator("#more a")).to_be_focused()
    before = page.locator("#counted").inner_text()
    counted[0].fulfill(body='<div id="counted">One more count</div>')
    page.wait_for_timeout(300)
    assert page.locator("#counted").inner_text() == before
    assert ana.complaints == []
    ana.page.unroute_all()
    page.keyboard.press("Enter")
    expect(page.locator("#results h2")).to_have_text("No events match.")


@pytest.mark.parametrize("phone", [False, True])
@pytest.mark.parametrize("address", [SEQUENCE, PIPED, ROWS], ids=["EQL", "EQL with pipes", "ES|QL"])
def test_a_long_search_that_is_opened_by_its_address_can_be_looked_on_at_and_stopped(
    visit: Visit, world: World, slow: pytest.MonkeyPatch, address: str, phone: bool
) -> None:
    world.send([world.perl(number) for number in range(1, 3)])
    ana, held = visit("ana", phone=phone), list[Route]()
    ana.page.route("**/search/?*run=*", lambda route: held.append(route))
    page = ana.open(address)
    expect(page.locator("#results .run-told")).to_contain_text("Searching…")
    assert page.locator("[name=q]").input_value()
    page.locator("#results .btn", has_text="Cancel").click()
    expect(page.locator("#results")).to_contain_text("Stopping…")
    held[0].continue_()
    expect(page.locator("#results")).to_contain_text("You stopped this search.")
    ana.page.unroute_all()
    page = ana.open(address)
    expect(page.locator("#results .statusline")).to_contain_text(" s.")
    assert "run=" not in page.url
    ana.settle()
    assert ana.complaints == []


@pytest.mark.parametrize("address", [SEQUENCE, PIPED, ROWS], ids=["EQL", "EQL with pipes", "ES|QL"])
def test_without_scripts_a_long_search_gives_its_answer(
    visit: Visit, world: World, slow: pytest.MonkeyPatch, address: str
) -> None:
    world.send([world.perl(number) for number in range(1, 3)])
    page = visit("ana", scripts=False).open(address)
    expect(page.locator("#results .statusline")).to_contain_text(" s.")


def test_without_scripts_a_long_search_is_led_on_by_hand_to_its_end(
    visit: Visit, world: World, slow: pytest.MonkeyPatch
) -> None:
    world.send([world.perl(number) for number in range(1, 9)])
    page = visit("ana", scripts=False).open("/search/?q=process.name:zzzz")
    expect(page.locator("#more .btn:visible")).to_have_text("Search further back")
    expect(page.locator(".counting")).to_be_hidden()
    expect(page.locator(".uncounted")).to_be_visible()
    page.locator("#more .btn:visible").click()
    expect(page.locator("#results h2")).to_have_text("No events match.")
