"""The palette of Ctrl and K, and keys that a person replaced, in a real browser."""

import re

from playwright.sync_api import Locator, Page, Route, expect

from alerts.models import Alert
from tests.alerts.pages.world import World
from tests.browser.axe import violations
from tests.browser.conftest import PHONE, Visit


def test_the_palette_goes_by_keyboard_and_back_to_where_one_was(visit: Visit, world: World) -> None:
    alert = world.send([world.perl(number) for number in range(1, 4)])[0]
    ana = visit("ana")
    page = ana.open("/alerts/")
    assert "palette.js" not in page.content().replace('data-palette="/static/js/palette.js"', "")
    page.locator("#q").focus()
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Go to")
    expect(box).to_be_focused()
    options = page.locator(".palette [role=option][href]")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", str(options.nth(1).get_attribute("id")))
    assert violations(page, ana.judged) == []
    page.keyboard.press("Escape")
    expect(page.locator(".palette")).not_to_be_visible()
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    page.keyboard.type(f"al-{alert.pk}")
    expect(options.first).to_contain_text(f"AL-{alert.pk}")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/alerts/{alert.pk}/"))
    assert ana.complaints == []


def test_what_is_typed_before_the_script_has_come_is_text_and_no_shortcut(visit: Visit, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    ana = visit("ana")
    page = ana.open("/alerts/")
    scripts: list[Route] = []

    def hold(route: Route) -> None:
        scripts.append(route)

    page.route("**/js/palette.js", hold)
    page.keyboard.press("Control+k")
    page.keyboard.type("ac b")  # acknowledge; close as benign
    expect(page.get_by_role("combobox", name="Go to")).to_have_value("ac b")
    page.keyboard.press("Control+k")
    expect(page.locator(".palette")).not_to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("rules")
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert [len(scripts), page.locator("dialog.palette").count()] == [1, 1]
    scripts[0].continue_()
    page.wait_for_url(re.compile(r"/rules/$"))
    alert.refresh_from_db()
    assert alert.status == "open"
    ana.settle()
    assert ana.complaints == []


def test_enter_goes_to_what_fits_the_text_in_the_box(visit: Visit, world: World) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    page.keyboard.press("Control+k")
    expect(page.locator(".palette [aria-selected=true]")).to_contain_text("Alerts")
    page.keyboard.type("rules")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/rules/$"))
    page.keyboard.press("Control+k")
    page.keyboard.type("ove", delay=15)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/overview/"))
    ana.settle()
    assert ana.complaints == []


def test_the_palette_says_when_nothing_is_called_so_and_opens_by_click(visit: Visit, world: World) -> None:
    ana = visit("ana", dark=True)
    page = ana.open("/settings/you/")
    page.get_by_role("link", name="Go to").click()
    expect(page.get_by_role("combobox", name="Go to")).to_be_focused()
    page.keyboard.press("j")  # typed, not a shortcut
    expect(page.locator(".palette [role=option]")).to_have_count(2)
    expect(page.locator(".palette .go-name").first).to_contain_text("Events with")
    page.keyboard.press("Control+k")
    expect(page.locator(".palette")).not_to_be_visible()
    ana.settle()
    assert ana.complaints == []


def test_the_palette_gives_way_when_the_server_fails(visit: Visit, world: World) -> None:
    ana = visit("ana")
    page = ana.open("/settings/you/")
    page.route(re.compile(r"/go/\?"), lambda route: route.fulfill(status=500))
    page.keyboard.press("Control+k")
    expect(page.locator("#strip")).to_contain_text("That did not work (500)")
    expect(page.locator(".palette")).not_to_be_visible()
    page.unroute(re.compile(r"/go/\?"))
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Go to")).to_be_focused()
    ana.settle()


def test_the_palette_is_a_page_without_scripts_and_on_a_phone(visit: Visit, world: World) -> None:
    plain = visit("ana", scripts=False)
    page = plain.open("/alerts/")
    page.get_by_role("link", name="Go to").first.click()
    page.get_by_label("Go to").first.fill("perl")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Interactive Terminal Spawned via Perl").click()
    expect(page.locator("h1")).to_contain_text("Interactive Terminal Spawned via Perl")
    phone = visit("ana", phone=True).open("/go/?q=rules")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_no_hint_names_a_key_while_keys_are_off(visit: Visit, world: World) -> None:
    world.send([world.perl(1)])
    world.ana.single_key_shortcuts = False
    world.ana.save()
    ana = visit("ana")
    page = ana.open("/alerts/")
    expect(page.locator("#peek a[data-key=o]")).to_have_attribute("title", "Open")
    expect(page.locator("#peek [data-key=a] kbd")).to_be_hidden()
    expect(page.locator(".query kbd")).to_be_hidden()
    ana.settle()


def test_keys_that_were_replaced_do_what_the_usual_did(visit: Visit, world: World) -> None:
    world.send([world.perl(number) for number in range(1, 5)])
    world.ana.keymap = {"j": "l", "a": "q", "?": "!"}
    world.ana.save()
    ana = visit("ana")
    page = ana.open("/alerts/")
    first = page.locator("tr.cursor").get_attribute("id")
    page.keyboard.press("j")  # no longer of use
    assert page.locator("tr.cursor").get_attribute("id") == first
    page.keyboard.press("l")
    second = page.locator("tr.cursor").get_attribute("id")
    assert second != first
    expect(page.locator(f"#peek [data-peeked='{str(second).removeprefix('alert-')}']")).to_be_visible()
    expect(page.locator("#peek [data-key=a] kbd")).to_have_text("q")
    expect(page.locator("[data-open=help] kbd")).to_have_text("!")
    page.keyboard.press("!")
    expect(page.locator("#help .keylist")).to_contain_text("Next, previous alert")
    expect(page.locator("#help dd").first).to_have_text("lk")
    page.keyboard.press("Escape")
    page.keyboard.press("g")  # then the place's own letter, whatever took its place
    page.keyboard.press("a")
    page.wait_for_url(re.compile(r"/alerts/$"))
    ana.settle()
    assert ana.complaints == []


def palette(page: Page, text: str = "") -> Locator:
    """The palette, asked for this; the acts of the page that it offers."""
    page.keyboard.press("Control+k")
    expect(page.locator(".palette [aria-selected=true]")).to_be_visible()
    if text:
        page.keyboard.type(text)
        expect(page.locator(".palette [href='/rules/']")).to_have_count(0)  # the list is that of the text
    return page.locator(".palette [data-here]")


def test_what_can_be_done_on_the_queue_is_offered_with_its_keys(visit: Visit, world: World) -> None:
    alert = world.send([world.perl(number) for number in range(1, 4)])[0]
    world.ana.keymap = {"a": "q"}
    world.ana.save()
    ana = visit("ana")
    page = ana.open("/alerts/")
    page.locator("#q").focus()
    acts = palette(page)
    expect(page.locator("#go-here")).to_have_text("On this page")
    expect(acts.filter(has_text="Acknowledge")).to_contain_text(f"AL-{alert.pk}")
    expect(acts.filter(has_text="Acknowledge").locator("kbd")).to_have_text("q")
    expect(acts.filter(has_text="Snooze").locator("kbd")).to_have_text("w")
    expect(acts.filter(has_text="Filter alerts with KQL").locator("kbd")).to_have_text("/")
    expect(acts.filter(has_text="Height of rows: Compact")).to_be_visible()
    expect(page.locator(".palette [role=status]")).to_contain_text("on this page")
    assert violations(page, ana.judged) == []
    page.keyboard.type("ack")
    expect(page.locator(".palette [aria-selected=true]")).to_contain_text("Acknowledge")
    page.keyboard.press("Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Acknowledged")
    expect(page.locator("#q")).to_be_focused()
    palette(page, "undo")
    expect(page.locator(".palette [aria-selected=true]")).to_contain_text("Acknowledged")
    page.keyboard.press("Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Undone")
    ana.settle()
    assert set(Alert.objects.values_list("status", flat=True)) == {"open"}
    assert ana.complaints == []


def test_what_can_be_done_with_what_is_ticked_says_so_and_a_click_opens_its_menu(visit: Visit, world: World) -> None:
    world.send([world.perl(number) for number in range(1, 7)])
    ana = visit("ana")
    page = ana.open("/alerts/")
    acts = palette(page)
    expect(acts.filter(has_text="Close…")).to_contain_text("2 alerts")
    page.goto(f"{ana.base}/alerts/?fold=off")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+J")
    acts = palette(page)
    expect(acts.filter(has_text="Close…")).to_contain_text("2 selected")
    acts.filter(has_text="Close…").click()
    expect(page.locator("#bulk details[data-menu=close]")).to_have_attribute("open", "")
    page.keyboard.press("b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 2 alerts")
    ana.settle()
    assert ana.complaints == []


def test_what_can_be_done_with_an_alert_is_offered_while_help_is_up_or_a_note_is_written(
    visit: Visit, world: World
) -> None:
    alert = world.send([world.perl(1)])[0]
    ana = visit("ana")
    page = ana.open(f"/alerts/{alert.pk}/?side=activity")
    page.locator("#comment").fill("to be seen")
    acts = palette(page)
    expect(acts.filter(has_text="Exception").locator("kbd")).to_have_text("x")
    expect(acts.filter(has_text="Back to").locator("kbd")).to_have_text("u")
    acts.filter(has_text="Close…").click()
    expect(page.locator("#alert-head details[data-menu=close]")).to_have_attribute("open", "")
    expect(page.locator("#alert-head details[data-menu=close] > summary")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    palette(page, "snoo")
    expect(page.locator("#help")).not_to_be_visible()
    expect(page.locator(".palette [aria-selected=true]")).to_contain_text("Snooze")
    page.keyboard.press("Enter")
    expect(page.locator("#alert-head details[data-menu=snooze]")).to_have_attribute("open", "")
    expect(page.locator("#comment")).to_have_value("to be seen")
    ana.settle()
    assert ana.complaints == []


def test_what_a_key_no_longer_does_is_not_done_and_keys_that_are_off_are_not_named(visit: Visit, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    world.ana.single_key_shortcuts = False
    world.ana.save()
    ana = visit("ana")
    page = ana.open(f"/alerts/{alert.pk}/")
    acts = palette(page, "acknow")
    expect(acts.filter(has_text="Acknowledge").locator("kbd")).to_be_hidden()
    page.locator("#alert-head [data-key=a]").evaluate("one => one.textContent = 'Reopen'")
    page.keyboard.press("Enter")
    expect(page.locator("#strip")).to_contain_text("“Acknowledge” is no longer on this page. Nothing was done.")
    page.reload()
    palette(page, "acknow")
    expect(page.locator(".palette [aria-selected=true]")).to_contain_text("Acknowledge")
    page.keyboard.press("Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Acknowledged")
    ana.settle()
    assert ana.complaints == []


def test_a_viewer_is_offered_nothing_that_he_may_not_do(visit: Visit, world: World) -> None:
    world.send([world.perl(1)])
    vera = visit("vera")
    page = vera.open("/alerts/")
    acts = palette(page)
    expect(acts.filter(has_text="Open")).to_have_count(1)
    expect(acts.filter(has_text="Acknowledge")).to_have_count(0)
    vera.settle()


def rows(page: Page, world: World) -> list[int]:
    """A queue of four rows, its cursor on the first; the numbers of their alerts."""
    world.send([world.perl(number, host__name=f"db-{number}") for number in range(1, 5)])
    page.reload()
    page.locator("#peek [data-peeked]").wait_for()
    return [int(str(row.get_attribute("data-id"))) for row in page.locator("#rows [data-row]").all()]


def acknowledged() -> list[int]:
    return list(Alert.objects.filter(status="acknowledged").values_list("pk", flat=True))


def test_the_palette_names_the_alert_under_the_cursor_and_not_that_of_the_preview_before(
    visit: Visit, world: World
) -> None:
    ana, held = visit("ana"), list[Route]()
    page = ana.open("/alerts/")
    second = rows(page, world)[1]
    page.wait_for_load_state("networkidle")
    page.evaluate("wb.forgetPreviews()")

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/peek/"), hold)
    page.keyboard.press("j")
    page.keyboard.press("Control+k")
    page.locator(".palette [href='/rules/']").wait_for()
    expect(page.locator(".palette [data-here=a]")).to_have_count(0)
    for route in held:
        route.continue_()
    page.unroute(re.compile(r"/peek/"))
    expect(page.locator(".palette [data-here=a]")).to_contain_text(f"AL-{second}")
    page.locator(".palette [data-here=a]").click()
    expect(page.locator("[data-toast]")).to_contain_text("Acknowledged")
    ana.settle()
    assert acknowledged() == [second]
    assert ana.complaints == []


def test_what_was_offered_for_one_alert_is_not_done_to_another(visit: Visit, world: World) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    first, _, third, _ = rows(page, world)
    acts = palette(page, "ackn")
    expect(acts).to_contain_text(f"AL-{first}")
    page.evaluate("wb.moveTo(wb.rows()[2])")  # as the answer of an act before may
    expect(page.locator(f"#peek [data-peeked='{third}']")).to_be_attached()
    page.keyboard.press("Enter")
    expect(page.locator("#strip")).to_contain_text("Nothing was done")
    ana.settle()
    assert acknowledged() == []
    assert ana.complaints == []


def test_a_g_before_the_palette_leads_nowhere_from_it(visit: Visit, world: World) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    first = rows(page, world)[0]
    palette(page)
    page.keyboard.press("Escape")
    page.clock.set_fixed_time(world.now)  # what was begun by g ends with time
    page.keyboard.press("g")
    acts = palette(page, "ackn")
    expect(acts).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Acknowledged")
    ana.settle()
    assert acknowledged() == [first]


def test_only_the_way_up_is_called_a_way_back(visit: Visit, world: World) -> None:
    alerts = world.send([world.perl(number, host__name=f"db-{number}") for number in range(1, 3)])
    page = visit("ana").open(f"/alerts/{alerts[0].pk}/")
    acts = palette(page)
    expect(acts.filter(has_text="Back to")).to_have_count(1)
    expect(acts.filter(has_text=re.compile(r"^(Next|Previous) alert"))).to_have_count(1)
