"""Taking an act back: in its turn, in its place, and after the network was lost."""

import re

from playwright.sync_api import Route, expect

from alerts.models import Alert
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit
from tests.browser.desk.hands import DOUBLE, at, press


def test_undo_waits_for_the_answer_to_the_act_that_it_takes_back(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/")
    first, held = at(page), list[Route]()
    press(page, "c", "b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert")
    second = at(page)
    expect(page.locator(f"#peek [data-peeked='{second}']")).to_be_visible()
    page.route("**/alerts/bulk/", lambda route: held.append(route))
    with page.expect_request("**/alerts/bulk/"):
        press(page, "c", "f", "z")
    page.wait_for_timeout(300)
    held[0].continue_()
    page.wait_for_function("() => document.body.textContent.includes('Undone: 1 alert is as before.')")
    page.unroute_all(behavior="ignoreErrors")
    assert [str(one.pk) for one in Alert.objects.filter(status="closed")] == [first]


def test_undo_moves_no_row_and_puts_the_cursor_on_what_came_back(
    visit: Visit, alerts: list[Alert], world: World
) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?sort=newest")
    numbers = "() => [...document.querySelectorAll('tr[data-row]')].map((one) => one.dataset.id)"
    before = page.evaluate(numbers)
    press(page, "j", "j")
    expect(page.locator(f"#peek [data-peeked='{before[2]}']")).to_be_visible()
    press(page, "c", "b")
    expect(page.locator(f"#alert-{before[2]}")).to_have_count(0)
    assert at(page) == before[3]
    world.send([world.perl(40, host__name="came-later")])
    for undo in (lambda: press(page, "z"), lambda: page.get_by_role("button", name="Undo").click()):
        undo()
        expect(page.locator("[data-toast]")).to_contain_text("Undone: 1 alert is as before.")
        assert page.evaluate(numbers) == before
        assert at(page) == before[2]
        assert page.evaluate("document.activeElement.closest('tr').dataset.id") == before[2]
        expect(page.locator(f"#peek [data-peeked='{before[2]}']")).to_be_visible()
        press(page, "c", "b")
        expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert")
    press(page, "a")
    expect(page.locator("[data-toast]")).to_contain_text("cknowledged")
    assert page.evaluate(numbers) == [one for one in before if one != before[2]]
    assert at(page) == before[3]
    assert ana.complaints == []


def test_undo_outlives_a_lost_network_and_leads_to_no_row_twice(visit: Visit, world: World) -> None:
    world.send([world.perl(number, host__name=f"node-{number:03d}") for number in range(1, 71)])
    page = visit("ana").open("/alerts/?fold=off&sort=newest")
    first, rows, more = at(page), page.locator("#rows > tr[data-row]:visible"), page.locator("#more a")
    expect(page.locator(f"#peek [data-peeked='{first}']")).to_be_visible()
    further = more.get_attribute("href")
    press(page, "c", "b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert")
    expect(rows).to_have_count(50)
    expect(page.locator(f"#peek [data-peeked='{at(page)}']")).to_be_visible()
    page.wait_for_function("() => wb.busy() === 0")
    for refuse in (lambda route: route.abort(), lambda route: route.fulfill(status=502)):
        page.route("**/alerts/undo/**", refuse)
        for undo in (lambda: press(page, "z"), lambda: page.get_by_role("button", name="Undo").click()):
            undo()
            expect(page.locator("#strip p")).to_contain_text(re.compile("Nothing was changed|502"))
            page.locator("#strip [data-dismiss]").click()
            page.wait_for_function("() => wb.busy() === 0")
        page.unroute("**/alerts/undo/**")
    press(page, "z")
    expect(page.locator("[data-toast]")).to_contain_text("Undone")
    expect(rows).to_have_count(51)
    more.click()
    expect(rows).to_have_count(70)
    assert page.evaluate(DOUBLE) == []
    page.evaluate(
        """(url) => { const more = document.createElement("tr"); more.id = "more"; htmx.find("#rows").append(more);
        return htmx.ajax("GET", url, { target: "#more", swap: "outerHTML" }); }""",
        further,
    )
    expect(page.locator("#more")).to_have_count(0)
    page.wait_for_timeout(100)
    assert (page.evaluate(DOUBLE), rows.count()) == ([], 70)
