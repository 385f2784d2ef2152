"""The desk on a phone: everything has room, and one filters, selects and acts."""

import re

from playwright.sync_api import expect

from accounts.access import reason_against
from accounts.roles import Permission
from alerts.models import Alert
from tests.browser.conftest import Visit


def test_what_a_phone_offers_has_room(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana", phone=True).open(f"/alerts/{alerts[0].pk}/")
    spilt = "bar => [...bar.querySelectorAll('.btn')].filter(one => one.scrollWidth > one.clientWidth).length"
    bar = page.locator(".actionbar")
    assert bar.evaluate(spilt) == 0
    for menu in ("close", "more"):
        bar.locator(f"[data-menu={menu}] > summary").click()
        panel = bar.locator(f"[data-menu={menu}] > .menu-panel").bounding_box()
        assert panel
        assert panel["x"] >= 0
        assert panel["x"] + panel["width"] <= 390
        assert panel["y"] >= 0


def test_on_a_phone_one_filters_and_selects(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana", phone=True)
    page = ana.open("/alerts/?sort=newest")
    expect(page.locator("#id_sort")).not_to_be_visible()
    page.locator("#filters .filters > summary").click()
    for what in ("#id_time", "#id_sort", "#id_severity", "#filters .foldseg"):
        expect(page.locator(what)).to_be_visible()
    page.locator("#id_sort").select_option("oldest")
    page.wait_for_url(re.compile("sort=oldest"))
    page.get_by_role("button", name="Show alerts").click()
    expect(page.locator("#id_sort")).not_to_be_visible()
    ana.settle()
    page.get_by_text("Select", exact=True).click()
    for row in page.locator("tr[data-row]").all()[:2]:
        row.click()
    expect(page.locator("#bulk strong")).to_have_text("2 selected one rule", use_inner_text=True)
    page.locator("#bulk [data-menu=close] > summary").click()
    panel = page.locator("#bulk [data-menu=close] .menu-panel").bounding_box()
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= 390
    page.locator("#bulk").get_by_role("button", name="Benign positive").click()
    expect(page.locator("[data-toast]")).to_contain_text("Closed 2 alerts")
    assert ana.complaints == []


def test_on_a_phone_an_alert_is_put_into_a_case_from_its_page(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana", phone=True)
    page = ana.open(f"/alerts/{alerts[0].pk}/")
    bar = page.locator(".actionbar")
    bar.locator("[data-menu=more] > summary").tap()
    bar.locator("[data-menu=case] > summary").tap()
    bar.get_by_role("button", name="New case").tap()
    page.get_by_label("Title").fill("Shells on node-01")
    page.locator("[data-submit]").first.tap()
    page.wait_for_url(re.compile(r"/cases/\d+/"))
    page = ana.open(f"/alerts/{alerts[0].pk}/")
    expect(page.locator("#alert-head")).to_contain_text("CASE-")
    page.locator(".actionbar [data-menu=more] > summary").tap()
    expect(page.locator(".actionbar [data-menu=case]")).to_have_count(0)
    assert ana.complaints == []


def test_on_a_phone_a_viewer_sees_why_there_are_no_exceptions_for_them(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("vera", phone=True).open(f"/alerts/{alerts[0].pk}/")
    refused = page.locator(".actionbar").get_by_role("button", name="Exception")
    expect(refused).to_be_disabled()
    expect(refused).to_have_attribute("title", reason_against(Permission.EXCEPT))
