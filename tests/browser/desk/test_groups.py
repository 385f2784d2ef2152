"""The queue in groups: from the list to them and into one, by keyboard and on a phone, without scripts too."""

import re

from playwright.sync_api import expect

from alerts.models import Alert
from tests.browser.conftest import Visit
from tests.browser.desk.hands import press


def test_the_keys_walk_over_groups_and_open_one(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?fold=off&view=all")
    page.get_by_role("link", name="By host").click()
    page.wait_for_url(re.compile(r"groups/\?by=host"))
    rows = page.locator("tr[data-row]")
    press(page, "j", "j", "k")
    expect(rows.first).to_have_class("cursor")
    expect(rows.first.locator("a")).to_be_focused()
    name, number = rows.first.locator("a").inner_text(), rows.first.locator("td").nth(2).inner_text()
    press(page, "o")
    page.wait_for_url(re.compile(rf"/alerts/\?view=all&host={name}&fold=off"))
    expect(page.locator("#rows tr[data-row]")).to_have_count(int(number))
    page.go_back()
    page.locator("#folding").get_by_role("link", name="Each").click()
    page.wait_for_url(re.compile(r"/alerts/\?view=all&fold=off"))
    assert ana.complaints == []


def test_a_filter_stays_with_the_groups(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/groups/?by=host")
    page.locator("#q").fill(f"host.name: {alerts[0].host_name}")
    page.locator("#q").press("Enter")
    page.wait_for_url(re.compile(r"groups/\?by=host&q="))
    expect(page.locator("tr[data-row]")).to_have_count(1)
    expect(page.locator("#folding [aria-current]")).to_have_text("By host")
    assert ana.complaints == []


def test_on_a_phone_the_way_to_the_groups_is_in_the_sheet_and_without_scripts_above_the_list(
    visit: Visit, alerts: list[Alert]
) -> None:
    page = visit("ana", phone=True).open("/alerts/")
    page.locator("#filters .filters > summary").click()
    page.locator("#filters").get_by_role("link", name="By user").click()
    page.wait_for_url(re.compile(r"groups/\?by=user"))
    plain = visit("ana", phone=True, scripts=False).open("/alerts/")
    plain.get_by_role("link", name="By rule").click()
    plain.wait_for_url(re.compile(r"groups/\?by=rule"))
    plain.locator("table.groups a").first.click()
    plain.wait_for_url(re.compile(r"/alerts/\?rule="))
    expect(plain.locator("#rows tr[data-row]").first).to_be_visible()
