"""Where the focus is after what was drawn anew, for whoever works by keyboard or has the page read out."""

from playwright.sync_api import Page, expect

from alerts.models import Alert
from tests.browser.conftest import Visit
from tests.browser.desk.hands import press

REGION = "() => document.activeElement.getAttribute('aria-label')"


def test_a_tab_beside_an_alert_takes_the_focus_into_what_it_opened(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[0].pk}/")
    page.locator("#side .tabs a", has_text="Respond").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Response")).to_be_focused()
    press(page, "n")
    expect(page.locator("#comment")).to_be_focused()  # where one types at once
    page.keyboard.type("Asked the owner.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#side")).to_contain_text("Asked the owner.")
    expect(page.get_by_role("region", name="Activity")).to_be_focused()
    press(page, "j")  # keys are keys again
    assert ana.complaints == []


def test_a_toast_stays_while_the_focus_or_the_mouse_is_in_it(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    ana.page.clock.install()
    page = ana.open("/alerts/")
    page.wait_for_function("document.querySelector('#peek [data-peeked]')")
    press(page, "c", "b")
    toast = page.locator("[data-toast]")
    toast.get_by_role("button", name="Undo").focus()
    toast.hover()
    page.mouse.move(300, 400)
    passes(page, 30)
    expect(toast).to_be_visible()
    toast.hover()
    page.locator("tr.cursor a[href]").first.focus()
    passes(page, 30)
    expect(toast).to_be_visible()
    page.mouse.move(300, 400)
    passes(page, 11)
    expect(toast).to_have_count(0)
    assert ana.complaints == []


def passes(page: Page, seconds: int) -> None:
    """Let so much of the page's time pass."""
    page.clock.run_for(seconds * 1_000)
