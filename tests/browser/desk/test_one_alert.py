"""The page of one alert: closing it with what a reason asks for, what comes next, and what lies in menus."""

import re

from playwright.sync_api import expect

from alerts.models import Alert
from tests.browser.conftest import Visit
from tests.browser.desk.hands import press


def test_other_waits_for_its_note_and_a_duplicate_says_of_which(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[0].pk}/")
    press(page, "c", "o")
    page.keyboard.type("Asked the owner.")
    press(page, "Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Closed as other.")
    Alert.objects.filter(pk__in=[alerts[1].pk, alerts[2].pk]).update(host_name="same")
    page = ana.open(f"/alerts/{alerts[1].pk}/")
    press(page, "c", "d")
    expect(page.locator("[data-originals] button").first).to_be_focused()
    press(page, "1")
    expect(page.locator("[data-toast]")).to_contain_text("Closed as duplicate.")
    expect(ana.open(f"/alerts/{alerts[1].pk}/?side=activity").locator(".activity")).to_contain_text(
        f"Duplicate of AL-{alerts[2].pk}"
    )
    assert ana.complaints == []


def test_while_a_duplicate_says_of_which_nothing_else_can_be_pressed(visit: Visit, alerts: list[Alert]) -> None:
    Alert.objects.filter(pk__in=[alerts[0].pk, alerts[1].pk]).update(host_name="same")
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[0].pk}/")
    press(page, "c", "d")
    expect(page.locator("[data-originals] button").first).to_be_focused()
    for other in page.locator(".menu[open] .menu-panel > :not([data-originals])").all():
        expect(other).to_be_hidden()
    press(page, "d")  # without naming one
    expect(page.locator("[data-toast]")).to_contain_text("Closed as duplicate.")
    assert not Alert.objects.exclude(duplicate_of=None).exists()
    assert ana.complaints == []


def test_after_closing_the_next_step_is_offered(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open(f"/alerts/{alerts[0].pk}/")
    press(page, "c", "b")
    page.locator("[data-toast]").get_by_role("link", name="Stop alerting on this?").click()
    page.wait_for_url(re.compile("side=exception"))


def test_what_is_rarer_lies_in_a_menu_that_its_keys_open(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[0].pk}/")
    head = page.locator("#alert-head").bounding_box()
    assert head
    assert head["height"] < 120  # the facts are what the page is for
    press(page, "s")
    expect(page.locator("#head-assignee")).to_be_visible()
    press(page, "w")
    expect(page.locator("#head-assignee")).not_to_be_visible()
    press(page, "Escape", "w", "1")
    expect(page.locator("[data-toast]")).to_contain_text("Snoozed")
    assert Alert.objects.get(snoozed_until__isnull=False) == alerts[0]
    assert ana.complaints == []


def test_the_queue_it_was_opened_from_is_not_lost_on_the_way(visit: Visit, alerts: list[Alert]) -> None:
    rosa = visit("rosa")
    page = rosa.open("/alerts/?host=node-03")
    page.wait_for_function("document.querySelector('#peek [data-peeked]')")
    press(page, "x")
    page.wait_for_url(re.compile("side=exception"))
    expect(page.locator(".crumbs")).to_contain_text("1 of 1")
    press(page, "Escape")
    page.wait_for_url(re.compile(r"/\?from=host%3Dnode-03$"))
    press(page, "]")
    expect(page.locator("#side .tabs [aria-current]")).to_contain_text("False positives")
    press(page, "]")
    expect(page.locator("#side .tabs [aria-current]")).to_contain_text("Respond")
    page.get_by_role("link", name="All fields").click()
    expect(page.locator("#fields .fields.one")).to_be_visible()
    expect(page.locator("#side .tabs [aria-current]")).to_contain_text("Respond")
    press(page, "]")
    expect(page.locator("#side .tabs [aria-current]")).to_contain_text("Related")
    page.reload()
    expect(page.locator("#fields .fields.one")).to_be_visible()
    press(page, "u")
    page.wait_for_url(re.compile(r"/alerts/\?host=node-03"))
    expect(page.locator("tr[data-row]")).to_have_count(1)
    assert rosa.complaints == []


def test_of_several_values_the_one_that_is_clicked_goes_into_the_exception(visit: Visit, alerts: list[Alert]) -> None:
    rosa = visit("rosa")
    page = rosa.open(f"/alerts/{alerts[0].pk}/?side=exception&add=user.name")
    row = page.locator("#fields .f", has=page.locator(".vals")).first
    row.hover()
    row.get_by_role("button", name="Use -e of process.args in the exception").click()
    expect(page.locator("#cv1")).to_have_value("-e")
    expect(page.locator("#co1")).to_have_value("is")
    expect(page.locator("#fields .f.used .val .on")).to_have_count(1)
    page.get_by_role("button", name="Use -e of process.args in the exception").press("Enter")
    expect(page.locator("#cf1")).to_have_count(0)
    expect(page.locator("#fields .val .on")).to_have_count(0)
    assert rosa.complaints == []
