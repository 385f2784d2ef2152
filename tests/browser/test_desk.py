"""The desk in a real browser: ten alerts by keyboard alone, who was first, a sign-in that ends, all that match."""

import re
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import Page, Route, expect

from alerts.bulk_work import work_portion
from alerts.models import Alert, BulkAct, Comment
from alerts.views import queue
from cases.models import Case
from soc.web import clock
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit

SESSION = "sessionid"
REASONS = {"b": "benign_positive", "t": "true_positive", "f": "false_positive"}
LOOK_NOW = """htmx.ajax("GET", htmx.find("#pulse").getAttribute("hx-get"),
    {source: "#pulse", target: "#pulse", swap: "outerHTML"})"""
LATE = re.compile(r"^Could not refresh at \d\d:\d\d \(500\). Showing \d\d:\d\d.$")
QUICK = """() => new Promise((done) => {
    const from = performance.now(), before = document.querySelector("tr.cursor");
    const told = { key: "j", code: "KeyJ", bubbles: true, cancelable: true };
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", told));
    requestAnimationFrame(() => requestAnimationFrame(() =>
        done(document.querySelector("tr.cursor") === before ? 9999 : performance.now() - from)));
})"""


@pytest.fixture
def alerts(world: World) -> list[Alert]:
    """Twelve alerts that do not fold: each is of another host."""
    return world.send([world.perl(number, host__name=f"node-{number:02d}") for number in range(1, 13)])


def at(page: Page) -> str:
    """The number of the alert under the cursor."""
    return str(page.locator("tr.cursor").get_attribute("data-id"))


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_ten_alerts_by_keyboard_alone(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    done: dict[str, str] = {}
    for number in range(10):
        key = "bbfbtbbfbb"[number]
        alert = at(page)
        expect(page.locator(f"#peek [data-peeked='{alert}']")).to_be_visible()
        press(page, "c", key)
        done[alert] = REASONS[key]
        expect(page.locator(f"#alert-{alert}")).not_to_be_visible()
        assert at(page) not in done
    expect(page.locator("tr[data-row]:visible")).to_have_count(2)
    page.wait_for_function("() => wb.busy() === 0")
    assert {str(one.pk): one.reason for one in Alert.objects.filter(status="closed")} == done
    press(page, "z")
    expect(page.locator("[data-toast]")).to_contain_text("Undone: 1 alert is as before.")
    assert Alert.objects.filter(status="closed").count() == 9
    assert ana.complaints == []


def test_the_cursor_moves_within_a_tenth_of_a_second(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/")
    page.wait_for_function("document.querySelector('#peek [data-peeked]')")
    took = sorted(page.evaluate(QUICK) for _ in range(9))
    assert took[2] < 100, took  # the machine does other things besides


def test_a_colleague_acts_first(visit: Visit, alerts: list[Alert], world: World) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    mine = Alert.objects.get(pk=int(at(page)))
    expect(page.locator(f"#peek [data-peeked='{mine.pk}']")).to_be_visible()
    world.now = clock.now()
    world.close([mine], by="rosa")
    press(page, "c", "f")
    expect(page.locator("#list [role=alert]")).to_contain_text("Rosa closed")
    mine.refresh_from_db()
    assert mine.reason == "benign_positive"
    page.get_by_role("button", name="Overwrite").click()
    expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert as false positive.")
    mine.refresh_from_db()
    assert mine.reason == "false_positive"


def test_a_selection_grows_with_shift_and_survives_further_rows(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/")
    press(page, "Shift+J", "Shift+J")
    expect(page.locator("[data-selected-count]")).to_have_text("3")
    page.evaluate("htmx.ajax('GET', '/alerts/', {target: '#list', swap: 'outerHTML'})")
    page.wait_for_timeout(400)
    expect(page.locator("[data-selected-count]")).to_have_text("3")
    press(page, "w", "1")
    expect(page.locator("[data-toast]")).to_contain_text("Snoozed 3 alerts.")
    assert Alert.objects.filter(snoozed_until__isnull=False).count() == 3
    expect(page.locator("tr[data-row]:visible")).to_have_count(9)


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


def test_after_closing_the_next_step_is_offered(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open(f"/alerts/{alerts[0].pk}/")
    press(page, "c", "b")
    page.locator("[data-toast]").get_by_role("link", name="Stop alerting on this?").click()
    page.wait_for_url(re.compile("side=exception"))


def test_the_sign_in_expires_mid_form(visit: Visit, alerts: list[Alert], world: World) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[0].pk}/?side=activity")
    page.locator("#comment").fill("The vendor confirmed it.")
    Session.objects.all().delete()
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator("#sign-in-again")).to_be_visible()
    assert not Comment.objects.exists()
    ana.settle()  # an answer to the session that ended would take the new cookie away
    client = Client()
    client.force_login(world.ana, backend="django.contrib.auth.backends.ModelBackend")
    ana.context.add_cookies([{"name": SESSION, "value": client.cookies[SESSION].value, "url": ana.base}])
    page.get_by_role("button", name="I have signed in").click()
    expect(page.locator(".activity")).to_contain_text("The vendor confirmed it.")
    assert Comment.objects.count() == 1


def test_all_that_match_are_closed_with_one_undo(visit: Visit, alerts: list[Alert], world: World, monkeypatch) -> None:
    monkeypatch.setitem(queue._found.__kwdefaults__, "limit", 5)
    ana = visit("ana")
    page = ana.open("/alerts/")
    press(page, " ")
    page.locator("[data-all-matching]").check()
    press(page, "c", "b")
    expect(page.locator(".act")).to_contain_text("Closing: 0 of 12.")
    work()
    expect(page.locator(".act")).to_contain_text("Closing is done: 12 alerts.")
    expect(page.locator("tr[data-row]")).to_have_count(0)
    press(page, "z")
    expect(page.locator(".act")).to_contain_text("Undoing")
    work()
    expect(page.locator(".act")).to_contain_text("Undone: 12 alerts as before.")
    assert Alert.objects.filter(status="open").count() == 12
    assert ana.complaints == []


def work() -> None:
    while work_portion(now=clock.now(), worker=uuid4()):
        pass


def test_all_that_match_without_scripts(visit: Visit, alerts: list[Alert], monkeypatch) -> None:
    monkeypatch.setitem(queue._found.__kwdefaults__, "limit", 5)
    page = visit("ana", scripts=False).open("/alerts/")
    page.locator("tr[data-row] input[type=checkbox]").first.check()
    page.locator("[data-all-matching]").check()
    page.locator("#bulk").get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".act")).to_contain_text("Acknowledging: 0 of 12.")
    work()
    done = "Acknowledging is done: 12 alerts."
    expect(page.locator(".act")).to_contain_text(done, timeout=15_000)  # the page asks again by itself
    page.locator(".act").get_by_role("button", name="Undo").click()
    work()
    expect(page.locator(".act")).to_contain_text("Undone: 12 alerts as before.")
    assert BulkAct.objects.get().undoing


def test_folds_open_and_close_by_arrow_and_are_acted_on_whole(visit: Visit, world: World) -> None:
    world.send([world.perl(number, host__name="one") for number in range(1, 5)])
    ana = visit("ana")
    page = ana.open("/alerts/")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    press(page, "ArrowRight")
    expect(page.locator("tr.inside")).to_have_count(3)
    press(page, "ArrowLeft")
    expect(page.locator("tr.inside")).to_have_count(0)
    press(page, "c", "b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 4 alerts as benign positive.")
    assert ana.complaints == []


def test_keys_wait_for_the_preview_of_the_row_they_are_meant_for(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/")
    page.wait_for_function("document.querySelector('#peek [data-peeked]')")
    page.wait_for_timeout(500)  # what lies beside the first row is fetched ahead

    def late(route: Route) -> None:
        page.wait_for_timeout(700)
        route.continue_()

    page.route("**/peek/**", late)
    press(page, "j", "j", "j", "j", "j", "j")
    here = at(page)
    assert page.locator("#peek").get_attribute("inert") is not None
    press(page, "c", "b")
    expect(page.locator(f"#alert-{here}")).not_to_be_visible()
    page.wait_for_function("() => wb.busy() === 0")
    page.unroute_all(behavior="ignoreErrors")
    assert [str(one.pk) for one in Alert.objects.filter(status="closed")] == [here]


def test_undo_waits_for_the_answer_to_the_act_that_it_takes_back(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/")
    first, held = at(page), list[Route]()
    press(page, "c", "b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert")
    second = at(page)
    expect(page.locator(f"#peek [data-peeked='{second}']")).to_be_visible()
    page.route("**/alerts/bulk/", lambda route: held.append(route))
    press(page, "c", "f", "z")
    page.wait_for_timeout(300)
    held[0].continue_()
    page.wait_for_function("() => document.body.textContent.includes('Undone: 1 alert is as before.')")
    page.unroute_all(behavior="ignoreErrors")
    assert [str(one.pk) for one in Alert.objects.filter(status="closed")] == [first]


def test_closing_one_of_a_fold_leaves_the_queue_as_it_is(visit: Visit, world: World) -> None:
    same = [world.perl(number, host__name="same") for number in range(1, 5)]
    world.send([*same, *(world.perl(number, host__name=f"other-{number}") for number in range(10, 14))])
    page = visit("ana").open("/alerts/")
    page.locator("tr[data-fold]").evaluate("row => wb.moveTo(row)")
    press(page, "ArrowRight")
    expect(page.locator("tr.inside")).to_have_count(3)
    press(page, "j")
    one = at(page)
    press(page, "c", "b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert")
    assert [str(alert.pk) for alert in Alert.objects.filter(status="closed")] == [one]
    expect(page.locator("tr[data-row]:visible")).to_have_count(7)
    assert at(page) != one


def test_undo_moves_no_row_and_puts_the_cursor_on_what_came_back(
    visit: Visit, alerts: list[Alert], world: World
) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?sort=newest")
    numbers = "() => [...document.querySelectorAll('tr[data-row]')].map((one) => one.dataset.id)"
    before = page.evaluate(numbers)
    press(page, "j", "j")
    expect(page.locator(f"#peek [data-peeked='{before[2]}']")).to_be_visible()
    press(page, "c", "b")
    expect(page.locator(f"#alert-{before[2]}")).to_have_count(0)
    assert at(page) == before[3]
    world.send([world.perl(40, host__name="came-later")])
    for undo in (lambda: press(page, "z"), lambda: page.get_by_role("button", name="Undo").click()):
        undo()
        expect(page.locator("[data-toast]")).to_contain_text("Undone: 1 alert is as before.")
        assert page.evaluate(numbers) == before
        assert at(page) == before[2]
        assert page.evaluate("document.activeElement.closest('tr').dataset.id") == before[2]
        expect(page.locator(f"#peek [data-peeked='{before[2]}']")).to_be_visible()
        press(page, "c", "b")
        expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert")
    press(page, "a")
    expect(page.locator("[data-toast]")).to_contain_text("cknowledged")
    assert page.evaluate(numbers) == [one for one in before if one != before[2]]
    assert at(page) == before[3]
    assert ana.complaints == []


DOUBLE = """() => { const ids = [...document.querySelectorAll("#rows > tr[data-row]")].map((one) => one.id);
    return ids.filter((one, at) => ids.indexOf(one) !== at); }"""


def test_undo_outlives_a_lost_network_and_leads_to_no_row_twice(visit: Visit, world: World) -> None:
    world.send([world.perl(number, host__name=f"node-{number:03d}") for number in range(1, 71)])
    page = visit("ana").open("/alerts/?fold=off&sort=newest")
    first, rows, more = at(page), page.locator("#rows > tr[data-row]:visible"), page.locator("#more a")
    expect(page.locator(f"#peek [data-peeked='{first}']")).to_be_visible()
    further = more.get_attribute("href")
    press(page, "c", "b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert")
    expect(rows).to_have_count(50)
    expect(page.locator(f"#peek [data-peeked='{at(page)}']")).to_be_visible()
    page.wait_for_function("() => wb.busy() === 0")
    for refuse in (lambda route: route.abort(), lambda route: route.fulfill(status=502)):
        page.route("**/alerts/undo/**", refuse)
        for undo in (lambda: press(page, "z"), lambda: page.get_by_role("button", name="Undo").click()):
            undo()
            expect(page.locator("#strip p")).to_contain_text(re.compile("Nothing was changed|502"))
            page.locator("#strip [data-dismiss]").click()
            page.wait_for_function("() => wb.busy() === 0")
        page.unroute("**/alerts/undo/**")
    press(page, "z")
    expect(page.locator("[data-toast]")).to_contain_text("Undone")
    expect(rows).to_have_count(51)
    more.click()
    expect(rows).to_have_count(70)
    assert page.evaluate(DOUBLE) == []
    page.evaluate(
        """(url) => { const more = document.createElement("tr"); more.id = "more"; htmx.find("#rows").append(more);
        return htmx.ajax("GET", url, { target: "#more", swap: "outerHTML" }); }""",
        further,
    )
    expect(page.locator("#more")).to_have_count(0)
    page.wait_for_timeout(100)
    assert (page.evaluate(DOUBLE), rows.count()) == ([], 70)


def test_an_answer_shorter_than_the_screen_makes_nothing_below_it_seen(
    visit: Visit, alerts: list[Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(queue._found.__kwdefaults__ or {}, "limit", 5)
    ana = visit("ana")
    page = ana.open("/alerts/?fold=off&sort=newest")
    seen, rows = page.locator("#bulk [name=seen]"), page.locator("#rows > tr[data-row]:visible")
    page.evaluate("htmx.find('#list').scrollTop = 1e6")
    expect(rows).to_have_count(12)  # further rows come by themselves
    before = seen.input_value()
    press(page, "a")
    expect(page.locator("[data-toast]")).to_contain_text("cknowledged")
    page.wait_for_function("() => wb.busy() === 0")
    assert seen.input_value() == before
    expect(page.locator("#more")).to_have_count(0)
    assert (page.evaluate(DOUBLE), rows.count()) == ([], 12)
    assert ana.complaints == []


def test_one_mishap_ends_no_later_act_and_a_late_note_wipes_no_other(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/?fold=off&sort=newest")
    one, held = at(page), list[Route]()
    expect(page.locator(f"#peek [data-peeked='{one}']")).to_be_visible()
    page.route("**/comments/**", lambda route: held.append(route))
    press(page, "n")
    page.keyboard.type("The first.")
    press(page, "Control+Enter")
    page.locator("tr[data-row]").nth(1).evaluate("row => wb.moveTo(row)")
    two = at(page)
    expect(page.locator(f"#peek [data-peeked='{two}']")).to_be_visible()
    press(page, "n")
    page.keyboard.type("The second")
    with page.expect_response("**/comments/"):
        held[0].continue_()
    page.wait_for_timeout(100)
    expect(page.locator("#peek-text")).to_have_value("The second")
    expect(page.locator("#peek-text")).to_be_focused()
    page.locator("#peek-text").fill("")
    press(page, "Escape", "Escape")
    page.evaluate("() => { wb.forgetPreviews = () => { wb.forgetPreviews = () => {}; throw new Error('Oh'); }; }")
    press(page, "c", "b")
    expect(page.locator("#strip p")).to_contain_text("What you see may be out of date.")
    expect(page.locator(f"#alert-{two}")).to_be_visible()
    page.locator(f"#alert-{one}").evaluate("row => wb.moveTo(row)")
    expect(page.locator(f"#peek [data-peeked='{one}']")).to_be_visible()
    press(page, "c", "b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert")
    assert Alert.objects.filter(status="closed").count() == 2


def test_tab_leaves_the_query_whatever_is_offered(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/")
    press(page, "/")
    page.keyboard.type("host.na")
    option = page.locator("#complete [role=option]").first
    expect(option).to_be_visible()
    box, shown = page.locator("#q").bounding_box(), option.bounding_box()
    assert box
    assert shown
    assert shown["y"] >= box["y"] + box["height"]  # under what is typed, not over it
    press(page, "Tab")
    expect(page.locator("#q")).to_have_value("host.na")
    expect(page.locator("#q")).not_to_be_focused()


def test_the_query_is_offered_every_value_that_fits(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/")
    press(page, "/")
    page.keyboard.type("host.name: node-0")
    expect(page.locator("#complete [role=option]")).to_have_count(9)
    expect(page.locator("#complete [role=option]").first).to_contain_text("seen once lately")


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


def test_keys_have_alt_in_front_when_asked(visit: Visit, alerts: list[Alert], world: World) -> None:
    world.ana.alt_shortcuts = True
    world.ana.save()
    page = visit("ana").open("/alerts/")
    first = at(page)
    press(page, "j")
    assert at(page) == first
    press(page, "Alt+j")
    assert at(page) != first


def test_the_query_is_completed_and_the_histogram_brushed(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    press(page, "/")
    page.keyboard.type("host.na")
    expect(page.locator("#complete [role=option]").first).to_be_visible()
    press(page, "ArrowDown", "Enter")
    expect(page.locator("#q")).to_have_value(re.compile(r"^host\.name"))
    press(page, "Escape", "Escape")
    page.locator("#q").fill("")
    ana.settle()
    box = page.locator("svg[data-brush]").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.95, box["y"] + 10, steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile("since=.*until="))
    assert ana.complaints == []


@pytest.mark.parametrize("scripts", [True, False])
def test_all_that_match_go_into_a_new_case(
    visit: Visit, alerts: list[Alert], monkeypatch: pytest.MonkeyPatch, scripts: bool
) -> None:
    monkeypatch.setitem(queue._found.__kwdefaults__ or {}, "limit", 5)
    ana = visit("ana", scripts=scripts)
    page = ana.open("/alerts/")
    page.locator("tr[data-row] input[type=checkbox]").first.check()
    menu = page.locator("#bulk details[data-menu=case]")
    menu.locator("summary").click()
    expect(menu.get_by_role("button", name="New case from all")).to_have_count(0)
    page.locator("[data-all-matching]").check()
    if not menu.evaluate("one => one.open"):
        menu.locator("summary").click()
    menu.get_by_role("button", name="New case from all 12…").click()
    page.wait_for_url("**/cases/new/**")
    expect(page.get_by_role("heading", name="With all 12 alerts that match")).to_be_visible()
    page.get_by_label("Title").fill("A wave")
    page.get_by_role("button", name="Open the case").click()
    expect(page.locator(".act")).to_contain_text("Adding to the case: 0 of 12.")
    work()
    expect(page.locator(".act")).to_contain_text("Adding to the case is done: 12 alerts.", timeout=15_000)
    case = Case.objects.get(title="A wave")
    assert case.joined.count() == 12
    page.locator(".act").get_by_role("button", name="Undo").click()
    expect(page.locator(".act")).to_contain_text("Undoing")
    work()
    expect(page.locator(".act")).to_contain_text("Undone: 12 alerts as before.", timeout=15_000)
    assert not case.joined.exists()
    assert ana.complaints == []


def test_beside_the_queue_every_key_has_its_control(visit: Visit, alerts: list[Alert], world: World) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?sort=newest")
    one = at(page)
    expect(page.locator(f"#peek [data-peeked='{one}']")).to_be_visible()
    press(page, "t", "n")  # no menu is open: no verdict, no case
    expect(page.locator("#peek-text")).to_be_focused()
    page.keyboard.type("Asked the owner.")
    press(page, "Control+Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Comment added.")
    expect(page.locator("#peek-text")).not_to_be_visible()
    assert Comment.objects.get().alert_id == int(one)
    press(page, "s")
    expect(page.locator("#peek-assignee")).to_be_visible()
    page.locator("#peek-assignee").select_option(label="Rosa")
    page.locator("#peek").get_by_role("button", name="Assign").click()
    expect(page.locator("[data-toast]")).to_contain_text("ssigned")
    assert str(Alert.objects.get(pk=int(one)).assignee) == "Rosa"
    press(page, "j")
    two = at(page)
    expect(page.locator(f"#peek [data-peeked='{two}']")).to_be_visible()
    press(page, "e")
    menu, choice = page.locator("#peek [data-menu=case] .menu-panel"), page.locator("#peek [data-key=n]").last
    assert menu.bounding_box()["width"] - choice.bounding_box()["width"] < 40
    press(page, "Escape")
    world.now = clock.now()
    world.close([Alert.objects.get(pk=int(two))], by="rosa")
    page.evaluate(LOOK_NOW)
    expect(page.locator(f"#note-{two}")).to_contain_text("Closed by Rosa")
    expect(page.locator(f"#alert-{two} .ev")).not_to_be_visible()
    expect(page.locator("#peek")).to_contain_text("Reopen")
    page.mouse.move(500, 620)
    press(page, "j", " ", "j", " ")
    expect(page.locator("#bulk strong")).to_have_text("2 selected one rule", use_inner_text=True)
    expect(page.locator("#bulk [data-except]")).to_have_attribute("href", re.compile("side=exception"))
    assert ana.complaints == []
    page.route("**/alerts/pulse/**", lambda route: route.fulfill(status=500))
    page.evaluate(LOOK_NOW)
    expect(page.locator("#strip p")).to_have_text(LATE)
    expect(page.locator(".is-late")).to_be_visible()
    strip, button = page.locator("#strip").bounding_box(), page.locator("#strip [data-dismiss]").bounding_box()
    assert strip["y"] <= button["y"]


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
