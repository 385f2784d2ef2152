"""Whoever closes one alert after the other waits for nothing; what may lag behind is fetched once the hands rest."""

from collections import Counter

from playwright.sync_api import Request, expect

from alerts.models import Alert
from tests.browser.conftest import Visit
from tests.browser.desk.hands import at, press

# Hands rest after five seconds instead of one: on a busy machine one goes by between two keys.
SLOWLY = """() => {
    const was = window.setTimeout;
    window.setTimeout = (act, wait, ...given) => was(act, wait === 1000 ? 5000 : wait, ...given);
}"""


def test_each_preview_is_fetched_once_and_anew_when_the_hands_rest(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    asked = Counter[str]()

    def count(request: Request) -> None:
        path = request.url.removeprefix(ana.base).split("?")[0]
        asked.update([path] if path.endswith("/peek/") else [])

    ana.page.on("request", count)
    ana.page.add_init_script(f"({SLOWLY})()")
    page = ana.open("/alerts/?fold=off&sort=newest")
    for _ in range(4):
        expect(page.locator(f"#peek [data-peeked='{at(page)}']")).to_be_visible()
        press(page, "c", "b")
    page.wait_for_function("() => wb.busy() === 0")
    before = Counter(asked)
    assert set(before.values()) == {1}
    following = page.locator("tr.cursor + tr").get_attribute("data-id")
    with page.expect_request(f"**/alerts/{following}/peek/**"):
        page.wait_for_timeout(100)
    assert ana.complaints == []


def test_the_bars_are_drawn_again_when_the_hands_rest(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?fold=off&sort=newest")
    bars = page.locator("#histogram > p")
    expect(bars).to_contain_text("12 alerts")
    for _ in range(2):
        expect(page.locator(f"#peek [data-peeked='{at(page)}']")).to_be_visible()
        press(page, "c", "b")
    expect(bars).to_contain_text("10 alerts")
    press(page, "z")
    expect(bars).to_contain_text("11 alerts")
    assert ana.complaints == []


def test_bars_that_were_put_away_stay_away(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?fold=off&sort=newest")
    press(page, "h")
    expect(page.locator("#histogram")).to_be_hidden()
    expect(page.locator(f"#peek [data-peeked='{at(page)}']")).to_be_visible()
    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "histogram"):
        press(page, "c", "b")
    page.wait_for_timeout(100)
    expect(page.locator("#histogram")).to_be_hidden()
    assert ana.complaints == []
