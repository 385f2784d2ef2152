"""A note on a selection, by keys alone."""

from playwright.sync_api import expect

from alerts.models import Alert, Comment
from tests.browser.conftest import Visit
from tests.browser.desk.hands import press


def test_a_selection_is_noted_and_undone_by_keys_alone(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    press(page, " ", "j", " ", "n")
    expect(page.locator("#bulk-text")).to_be_focused()
    page.keyboard.type("Known to the owner")
    press(page, "Control+Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Note added to 2 alerts.")
    assert set(Comment.objects.values_list("text", flat=True)) == {"Known to the owner"}
    expect(page.locator("tr[data-row]:visible")).to_have_count(12)
    page.wait_for_function("() => wb.busy() === 0")
    press(page, "z")
    expect(page.locator("[data-toast]")).to_contain_text("Undone")
    assert not Comment.objects.exists()
    assert ana.complaints == []
