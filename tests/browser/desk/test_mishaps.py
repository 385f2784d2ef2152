"""A colleague is first, a sign-in ends, an answer is short or breaks: nothing is lost and nothing else stops."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Route, expect

from alerts.models import Alert, Comment
from alerts.views import queue
from soc.web import clock
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit
from tests.browser.desk.hands import DOUBLE, at, press, sign_in_elsewhere

# What the queue asks by itself every so often.
ASK = "htmx.ajax('GET', htmx.find('#pulse').getAttribute('hx-get'), {source: '#pulse', swap: 'outerHTML'})"


def test_a_colleague_acts_first(visit: Visit, alerts: list[Alert], world: World) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    mine = Alert.objects.get(pk=int(at(page)))
    expect(page.locator(f"#peek [data-peeked='{mine.pk}']")).to_be_visible()
    world.now = clock.now()
    world.close([mine], by="rosa")
    press(page, "c", "f")
    expect(page.locator("#list [role=alert]")).to_contain_text("Rosa closed")
    expect(page.locator("#list [role=alert]")).to_be_focused()
    press(page, "Enter", " ")  # meant for the row; nothing is overwritten by a key that was on its way
    page.wait_for_function("() => wb.busy() === 0")
    mine.refresh_from_db()
    assert mine.reason == "benign_positive"
    page.get_by_role("button", name="Overwrite").click()
    expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert as false positive.")
    mine.refresh_from_db()
    assert mine.reason == "false_positive"


def test_a_queue_whose_session_ended_says_that_it_is_not_live_and_keeps_what_is_ticked(
    visit: Visit, alerts: list[Alert], world: World
) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?fold=off")
    press(page, " ")
    Session.objects.all().delete()
    page.evaluate(ASK)
    strip = page.locator("#strip")
    expect(strip).to_contain_text("Signed out. Sign in, your selection is kept.")
    expect(page.get_by_text("Not live")).to_be_visible()
    expect(page.locator("#sign-in-again")).to_be_hidden()  # nobody is interrupted who only reads
    page.evaluate(ASK)
    expect(strip.locator("p")).to_have_count(1)
    strip.get_by_role("link", name="Sign in").click()
    expect(page.locator("#sign-in-again")).to_be_visible()
    sign_in_elsewhere(ana, world.ana)
    expect(page.locator("#sign-in-again")).to_be_hidden(timeout=10_000)  # it looks by itself
    expect(strip).to_be_empty()
    page.evaluate(ASK)
    expect(page.get_by_text("Not live")).to_be_hidden()
    expect(page.locator("tbody .check:checked")).to_have_count(1)
    assert [said for said in ana.complaints if "401" not in said] == []


def test_the_sign_in_expires_mid_form(visit: Visit, alerts: list[Alert], world: World) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[0].pk}/?side=activity")
    page.locator("#comment").fill("The vendor confirmed it.")
    Session.objects.all().delete()
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator("#sign-in-again")).to_be_visible()
    assert not Comment.objects.exists()
    sign_in_elsewhere(ana, world.ana)
    page.get_by_role("button", name="I have signed in").click()
    expect(page.locator(".activity")).to_contain_text("The vendor confirmed it.")
    assert Comment.objects.count() == 1


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
    page.evaluate("() => { wb.agePreviews = () => { wb.agePreviews = () => {}; throw new Error('Oh'); }; }")
    press(page, "c", "b")
    expect(page.locator("#strip p")).to_contain_text("What you see may be out of date.")
    expect(page.locator(f"#alert-{two}")).to_be_visible()
    page.locator(f"#alert-{one}").evaluate("row => wb.moveTo(row)")
    expect(page.locator(f"#peek [data-peeked='{one}']")).to_be_visible()
    press(page, "c", "b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert")
    assert Alert.objects.filter(status="closed").count() == 2
