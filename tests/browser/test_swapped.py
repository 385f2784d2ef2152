"""A page of which a part was drawn anew tells what it tells when it is opened so: nothing outside of that part says
what was asked before.
"""

import contextlib
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as Timeout

from alerts.models import Alert
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit

# What leads somewhere, is sent, or is marked; sorted, for scripts move some of it. Moments are left out.
_TOLD = """() => {
    const plain = (text) => (text || "").replace(/([?&])(at|seen)=[^&]*/g, "$1")
        .replace(/=2\\d{3}-[^&]*/g, "=").replace(/&[a-z]+=(?=&|$)/g, "");
    const words = (one) => one.textContent.replace(/\\s+/g, " ").replace(/\\d\\d:\\d\\d/g, "").trim();
    const all = (selector, said) => [...document.querySelectorAll(selector)].map(said);
    const left = ["csrfmiddlewaretoken", "seen", "rows", "at"];
    const value = (one) => one.type === "checkbox" ? one.checked : plain(one.value);
    return [
        document.title,
        ...all("a[href]", (one) => `link ${words(one)} ${plain(one.getAttribute("href"))}`),
        ...all("form[action]", (one) => `form ${one.getAttribute("action")}`),
        ...all("input, select, textarea", (one) => one.closest("dialog, noscript") || left.includes(one.name) ? ""
            : `field ${one.name} ${one.type} ${value(one)}`),
        ...all("[aria-current], [aria-pressed]", (one) => `mark ${words(one)} ${one.ariaCurrent} ${one.ariaPressed}`),
        ...all("[aria-invalid]", (one) => `mistaken ${one.name} ${one.ariaInvalid}`),
    ].sort();
}"""
_SAYS = f"(told) => JSON.stringify(({_TOLD})()) === JSON.stringify(told)"
_COMING = ".htmx-request, .htmx-swapping, .htmx-settling, .running"

Act = Callable[[Page], None]


def ask(text: str) -> Act:
    """Type a query and send it."""

    def asking(page: Page) -> None:
        box = page.locator("[name=q]").first
        box.fill(text)
        box.press("Enter" if box.get_attribute("type") == "search" else "Control+Enter")

    return asking


def choose(name: str, value: str) -> Act:
    """Choose from a list of the bar that is sent at once."""

    def choosing(page: Page) -> None:
        page.locator(f".filterbar > [name={name}]").select_option(value)

    return choosing


def mark_a_stretch(page: Page) -> None:
    """Brush the right half of the bars."""
    box = page.locator("svg[data-brush]").bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, y, steps=4)
    page.mouse.up()


def search_in(what: str, text: str) -> Act:
    """Choose what is searched, and send a query."""

    def searching(page: Page) -> None:
        page.locator("#search-form [name=in]").select_option(what)
        ask(text)(page)

    return searching


PERL = "/search/?q=process.name:+perl"
CASES: dict[str, tuple[str, Act]] = {
    "queue, query": ("/alerts/", ask("host.name: node-0*")),
    "queue, other query": ("/alerts/?q=host.name:+node-01&fold=off", ask("host.name: node-02")),
    "queue, no query": ("/alerts/?q=host.name:+node-01", ask("")),
    "queue, nothing fits": ("/alerts/", ask("host.name: nowhere")),
    "queue, mistake": ("/alerts/", ask("host.name: (")),
    "queue, order": ("/alerts/", choose("sort", "newest")),
    "queue, time": ("/alerts/?host=node-01", choose("time", "24h")),
    "queue, stretch": ("/alerts/?view=all", mark_a_stretch),
    "groups, query": ("/alerts/groups/?by=host&fold=off", ask("host.name: node-0*")),
    "groups, no query": ("/alerts/groups/?by=user&q=host.name:+node-01&view=all", ask("")),
    "groups, mistake": ("/alerts/groups/", ask("host.name: (")),
    "groups, time": ("/alerts/groups/?by=host&view=all", choose("time", "24h")),
    "KQL, first": ("/search/", ask("process.name: perl")),
    "KQL, other": (PERL, ask("user.name: root")),
    "KQL, mistake": (PERL, ask("process.name: (")),
    "KQL, alerts": (PERL, search_in("alerts", "process.name: perl")),
    "KQL, none": (PERL, ask("process.name: nothing")),
    "EQL, first": ("/search/?lang=eql", ask('process where process.name == "perl"')),
    "EQL, sequence": (
        "/search/?lang=eql&q=any+where+true",
        ask("sequence by host.name [process where true] [process where true]"),
    ),
    "ES|QL, first": ("/search/?lang=esql", ask("FROM logs-* | STATS n = COUNT(*) BY host.name")),
    "ES|QL, other": ("/search/?lang=esql&q=FROM+logs-*", ask("FROM logs-* | WHERE process.name == \"perl\"")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_was_not_drawn_anew_tells_of_now_too(visit: Visit, world: World, alerts: list[Alert], case: str) -> None:
    start, act = CASES[case]
    ana = visit("ana")
    page = ana.open(start)
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
        act(page)
    expect(page.locator(_COMING)).to_have_count(0)
    opened = told_anew(page)
    with contextlib.suppress(Timeout):  # the preview follows a moment later
        page.wait_for_function(_SAYS, arg=opened)
    swapped = page.evaluate(_TOLD)
    assert (sorted(set(swapped) - set(opened)), sorted(set(opened) - set(swapped))) == ([], [])
    assert [one for one in ana.complaints if "422" not in one] == []  # the answer to a mistake


LONG = {
    "KQL, none": "/search/?q=process.nam:+perl",
    "sequence": "/search/?lang=eql&q=sequence+by+host.name+[process+where+true]+[process+where+true]&from=now-7d",
    "ES|QL": "/search/?lang=esql&q=FROM+logs-*+|+KEEP+host.name&values=any",
}


@pytest.mark.parametrize("case", LONG)
def test_what_took_long_tells_what_it_tells_at_once(
    visit: Visit, world: World, alerts: list[Alert], case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as slow:
        for name in ("events.pages.results.FIRST_SECONDS", "events.views.AT_ONCE_SECONDS"):
            slow.setattr(name, 0)
        slow.setattr("events.searching._ROWS_IN_A_HURRY", 1)
        ana = visit("ana")
        page = ana.open(LONG[case])
        expect(page.locator(f"{_COMING}, #more")).to_have_count(0)
        ana.settle()
    opened, swapped = told_anew(page), page.evaluate(_TOLD)
    offers = [
        one for one in swapped if case == "KQL, none" and one.startswith(("link 7 d ", "link 30 d ", "link all "))
    ]
    assert (sorted(set(swapped) - set(opened) - set(offers)), sorted(set(opened) - set(swapped))) == ([], [])
    assert ana.complaints == []


def told_anew(page: Page) -> list[str]:
    """What the page tells when its address is opened."""
    anew = page.context.new_page()
    anew.goto(page.url, wait_until="networkidle")
    expect(anew.locator(_COMING)).to_have_count(0)
    told: list[str] = anew.evaluate(_TOLD)
    return told


@pytest.fixture
def alerts(world: World) -> list[Alert]:
    """Twelve alerts that do not fold: each is of another host."""
    return world.send([world.perl(number, host__name=f"node-{number:02d}") for number in range(1, 13)])
