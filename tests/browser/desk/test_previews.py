"""The preview is that of the row under the cursor, as the alert is now, whatever comes late or not at all."""

from typing import Any

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from alerts import triage
from alerts.models import Alert
from soc.web import clock
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit
from tests.browser.desk.hands import at, press

NEWEST = "/alerts/?fold=off&sort=newest"


@pytest.fixture
def page(visit: Visit, alerts: list[Alert]) -> Page:
    """Ana's queue, with the first alert in the preview and the next ones fetched ahead."""
    opened = visit("ana").open(NEWEST)
    stands(opened)
    opened.wait_for_timeout(600)
    return opened


def stands(page: Page) -> None:
    """The preview is of the row under the cursor."""
    expect(page.locator(f"#peek [data-peeked='{at(page)}']")).to_be_visible()


def following(page: Page) -> str:
    return str(page.locator("tr.cursor + tr").get_attribute("data-id"))


def version_shown(page: Page) -> str:
    return str(page.locator("#peek [name=alert]").first.get_attribute("value"))


def version_of(number: str) -> str:
    return f"{number}:{Alert.objects.get(pk=number).version}"


def forget(page: Page) -> None:
    page.evaluate("wb.forgetPreviews()")


def taken_by_mona(world: World, number: str) -> None:
    triage.assign(
        alert_ids=[int(number)], assignee=world.mona, actor=world.mona, now=clock.now(), team_ids=[world.team.pk]
    )


def test_a_row_that_a_colleague_acted_on_keeps_its_columns(page: Page, world: World) -> None:
    other = str(page.locator("tr[data-row]").nth(3).get_attribute("data-id"))
    taken_by_mona(world, other)
    page.evaluate(
        "other => htmx.ajax('GET', htmx.find('#pulse').getAttribute('hx-get') + '&shown=' + other, "
        "{target: '#pulse', swap: 'outerHTML'})",
        other,
    )
    expect(page.locator(f"#note-{other}")).to_contain_text("by")
    expect(page.locator(f"#alert-{other}")).to_have_class("touched")
    rights = "rows => rows.map(row => Math.round(row.cells[6].getBoundingClientRect().x))"
    assert len(set(page.locator("tr[data-row]").evaluate_all(rights))) == 1
    expect(page.locator(f"#alert-{other} .ev")).to_be_hidden()


def test_letters_meant_for_a_note_overwrite_nobody(page: Page, world: World) -> None:
    taken, held = at(page), list[Route]()
    page.route("**/alerts/bulk/", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/alerts/bulk/"):
        press(page, "c", "b")
    taken_by_mona(world, taken)
    press(page, "j")
    stands(page)
    press(page, "n")
    page.keyboard.type("Known to")
    held[0].continue_()
    page.wait_for_function("() => wb.busy() === 0")
    page.keyboard.type(" the bake")
    page.wait_for_timeout(600)
    expect(page.locator("#peek-text")).to_have_value("Known to the bake")
    stands(page)
    assert not Alert.objects.filter(status="closed").exists()


def test_one_that_hangs_is_asked_for_again(page: Page) -> None:
    held = list[Route]()
    page.route(f"**/alerts/{following(page)}/peek/**", lambda route: route.continue_() if held else held.append(route))
    forget(page)
    for key in ("j", "k", "j"):
        press(page, key)
        page.wait_for_timeout(700)
    stands(page)
    assert not page.evaluate("wb.late()")


def test_one_that_was_forgotten_on_its_way_is_never_of_another_row(page: Page) -> None:
    held = list[Route]()
    page.route(f"**/alerts/{following(page)}/peek/**", lambda route: held.append(route))
    forget(page)
    press(page, "j")
    page.wait_for_timeout(200)
    forget(page)
    page.wait_for_timeout(300)
    press(page, "j")
    stands(page)
    for one in held:
        one.continue_()
    page.wait_for_timeout(500)
    stands(page)
    assert not page.evaluate("wb.late()")


def test_after_an_undo_it_is_of_the_alert_as_it_is(page: Page) -> None:
    first = at(page)
    press(page, "a")
    page.wait_for_function("() => wb.busy() === 0")
    page.wait_for_timeout(400)
    press(page, "j")
    stands(page)
    page.wait_for_timeout(1_200)
    press(page, "z")
    expect(page.locator("[data-toast]")).to_contain_text("Undone")
    expect(page.locator(f"#peek [data-peeked='{first}']")).to_be_visible()
    assert version_shown(page) == version_of(first)


def test_what_was_read_before_an_act_is_not_shown_after_it(page: Page) -> None:
    number, held = following(page), list[tuple[Route, APIResponse]]()

    def read_early(route: Route) -> Any:
        return route.continue_() if held else held.append((route, route.fetch()))

    page.route(f"**/alerts/{number}/peek/**", read_early)
    forget(page)
    press(page, "j")
    page.wait_for_timeout(300)
    press(page, " ", "a")  # ticked: the bar over the list acts
    page.wait_for_function("() => wb.busy() === 0")
    page.unroute(f"**/alerts/{number}/peek/**")
    expect(page.locator(f"#peek [data-peeked='{number}']")).to_be_visible()
    assert version_shown(page) == version_of(number)


def test_none_stands_beside_an_empty_list(page: Page) -> None:
    held = list[Route]()
    page.route("**/peek/**", lambda route: held.append(route))
    forget(page)
    press(page, "j")
    page.wait_for_timeout(300)
    page.evaluate("htmx.ajax('GET', '/alerts/?host=nowhere', {target: '#list', swap: 'outerHTML'})")
    expect(page.locator("tr[data-row]")).to_have_count(0)
    for one in held:
        one.continue_()
    page.wait_for_timeout(500)
    expect(page.locator("[data-peeked]")).to_have_count(0)


def test_bars_are_not_drawn_again_under_the_hand(page: Page) -> None:
    press(page, "c", "b")
    page.wait_for_function("() => wb.busy() === 0")
    slider = page.locator("[data-brush-range=from]")
    press(page, "b", "ArrowRight", "ArrowRight")
    page.wait_for_timeout(1_500)
    expect(slider).to_be_focused()
    expect(slider).to_have_value("2")
    page.locator("tr.cursor a").first.focus()
    expect(page.locator("#histogram > p")).to_contain_text("11 alerts")


def test_a_stretch_is_marked_where_the_hand_lets_go(page: Page) -> None:
    press(page, "c", "b")
    page.wait_for_function("() => wb.busy() === 0")
    box = page.locator("#histogram svg[data-brush]").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 20)
    page.mouse.down()
    page.wait_for_timeout(1_500)
    with page.expect_request("**/alerts/?*since=*") as asked:
        page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 20)
        page.mouse.up()
    last = page.locator("#histogram svg[data-brush]").get_attribute("data-brush-to")
    assert last
    assert last[:13] not in asked.value.url
