"""A list that cannot be fetched anew: the page says from when it is, and says so no longer than that is so."""

import re

from playwright.sync_api import expect

from tests.alerts.pages.world import World
from tests.browser.conftest import Visit


def test_a_queue_that_cannot_be_fetched_says_from_when_it_is_until_it_can_be(visit: Visit, world: World) -> None:
    world.send([world.perl(1)])
    page = visit("ana").open("/alerts/")
    page.route("**/alerts/?*", lambda route: route.abort())
    page.select_option("#id_sort", "newest")
    strip = page.locator("#strip")
    expect(strip).to_contain_text(re.compile(r"Could not refresh at \d\d?:\d\d.*\. Showing \d\d?:\d\d"))
    expect(strip.get_by_role("link", name="Try again")).to_be_visible()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.unroute("**/alerts/?*")
    page.select_option("#id_sort", "oldest")
    expect(strip).to_be_empty()
