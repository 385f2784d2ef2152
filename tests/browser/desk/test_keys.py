"""Keys that no other test presses: through a tree, along the tabs beside an alert, and for what the queue shows."""

import re

import pytest
from playwright.sync_api import Route, expect

from alerts.models import Alert
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit
from tests.browser.desk.hands import press

IN_TREE = "() => document.activeElement.closest('[data-tree] li')?.innerText.split('\\n')[0] ?? ''"
DEPTH = """() => { let depth = 0;
    let one = document.activeElement.closest("[data-tree] li");
    for (; one; one = one.parentElement.closest("li")) depth++;
    return depth; }"""
SEQUENCE = "sequence by host.name [process where true] [process where true]"
ROWS = "FROM * | STATS n = COUNT(*) BY host.name"


@pytest.fixture
def nested(world: World) -> Alert:
    """An alert in the middle of a tree: what it ran under, and what it ran, are stored too."""
    documents = [world.perl(number, host__name="db-1") for number in (3, 2, 1)]
    for number, document in zip((3, 2, 1), documents, strict=True):
        document["process"]["parent"] |= {"entity_id": f"perl-{number + 1}", "name": "perl"}
    return world.send(documents)[1]


def test_arrows_walk_the_tree_of_processes(visit: Visit, nested: Alert) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{nested.pk}/")
    ana.settle()
    press(page, "ArrowRight")
    top, said = page.evaluate(DEPTH), page.evaluate(IN_TREE)
    assert top > 0
    press(page, "ArrowRight")
    assert page.evaluate(DEPTH) > top
    press(page, "ArrowLeft")
    assert (page.evaluate(DEPTH), page.evaluate(IN_TREE)) == (top, said)
    assert ana.complaints == []


def test_brackets_walk_the_tabs_beside_an_alert(visit: Visit, nested: Alert) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{nested.pk}/")
    titles = page.locator("#side .tabs a").all_inner_texts()
    here = page.locator("#side .tabs a[aria-current]")
    at = titles.index(here.inner_text())
    press(page, "]")
    expect(here).to_have_text(titles[at + 1])
    press(page, "[")
    expect(here).to_have_text(titles[at])
    ana.settle()
    assert ana.complaints == []


def test_the_histogram_is_put_away_and_taken_out_again(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    expect(page.locator("#histogram")).to_be_visible()
    press(page, "h")
    expect(page.locator("#histogram")).to_be_hidden()
    page = ana.open("/alerts/")
    expect(page.locator("#histogram")).to_be_hidden()
    press(page, "h")
    expect(page.locator("#histogram")).to_be_visible()
    assert ana.complaints == []


def test_rows_become_low_and_high_again(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    for density in ("compact", "evidence"):
        press(page, "d")
        expect(page.locator(".split")).to_have_attribute("data-density", density)
        page.wait_for_load_state()
    assert ana.complaints == []


@pytest.mark.parametrize(("language", "query"), [("eql", SEQUENCE), ("esql", ROWS)])
def test_a_search_that_takes_long_is_cancelled(visit: Visit, alerts: list[Alert], language: str, query: str) -> None:
    ana = visit("ana")
    page = ana.open(f"/search/?lang={language}")
    late, asking = list[Route](), re.compile(r"[?&]run=")
    page.route(asking, lambda route: late.append(route))
    page.locator("#search-form [name=q]").fill(query)
    press(page, "Control+Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.locator("h1").click()
    press(page, "Escape")
    expect(page.locator("#results")).to_contain_text("Stopping…")
    late[0].continue_()
    page.unroute(asking)
    expect(page.locator("#results")).to_contain_text("You stopped this search.")
    assert ana.complaints == []
