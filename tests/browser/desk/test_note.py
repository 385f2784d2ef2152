"""A note on a selection, by keys alone."""

from playwright.sync_api import Route, expect

from accounts.models import Change
from alerts import triage
from alerts.models import Alert, Comment
from soc.web import clock
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit
from tests.browser.desk.hands import at, press


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


def test_what_is_being_typed_stays_when_an_earlier_act_is_answered_and_closing_offers_it(
    visit: Visit, alerts: list[Alert]
) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?sort=newest")
    expect(page.locator(f"#peek [data-peeked='{at(page)}']")).to_be_visible()
    held = list[Route]()
    page.route("**/alerts/bulk/", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/alerts/bulk/"):
        press(page, "a")
    press(page, "j", " ", "j", " ", "n")
    page.keyboard.type("Known to ")
    held[0].continue_()
    page.wait_for_function("() => wb.busy() === 0")
    page.keyboard.type("the owner")
    expect(page.locator("#bulk-text")).to_have_value("Known to the owner")
    expect(page.locator("#bulk [name=seen]")).to_have_count(1)
    press(page, "Escape", "c")
    expect(page.locator("#bulk-note")).to_have_value("Known to the owner")
    press(page, "b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 2 alerts")
    assert set(Change.objects.filter(verb="closed").values_list("note", flat=True)) == {"Known to the owner"}
    expect(page.locator("#bulk-text")).to_have_value("")
    expect(page.locator("#bulk-note")).to_have_value("")
    assert not Comment.objects.exists()
    assert ana.complaints == []


def test_a_note_half_typed_goes_on_where_it_was_when_an_earlier_act_is_refused(
    visit: Visit, world: World, alerts: list[Alert]
) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?fold=off&sort=newest")
    taken = at(page)
    expect(page.locator(f"#peek [data-peeked='{taken}']")).to_be_visible()
    held = list[Route]()
    page.route("**/alerts/bulk/", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/alerts/bulk/"):
        press(page, "c", "b")
    triage.assign(
        alert_ids=[int(taken)], assignee=world.mona, actor=world.mona, now=clock.now(), team_ids=[world.team.pk]
    )
    press(page, "j", " ", "n")
    page.keyboard.type("Known to ")
    held[0].continue_()
    page.wait_for_function("() => wb.busy() === 0")
    expect(page.locator(f"#alert-{taken}")).to_be_visible()
    page.keyboard.type("the bake")  # no letter of it becomes a key
    expect(page.locator("#bulk-text")).to_have_value("Known to the bake")
    expect(page.locator("#bulk-text")).to_be_focused()
    press(page, "Control+Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Note added to 1 alert.")
    assert [one.text for one in Comment.objects.all()] == ["Known to the bake"]
    assert Alert.objects.filter(status="closed").count() == 0
