"""Triage in a real browser: by keyboard, by click, without scripts, on a phone, and for everybody."""

import re

import pytest
from playwright.sync_api import expect

from alerts.models import Alert
from cases.opening import open_case
from rules.models import ExceptionItem
from tests.alerts.pages.world import World
from tests.browser.axe import violations
from tests.browser.conftest import Visit, Visitor

LOOK_NOW = "htmx.ajax('GET', htmx.find('#pulse').getAttribute('hx-get'), {target: '#pulse', swap: 'outerHTML'})"
PREVIEW_FOLLOWS = """() => {
    const row = document.querySelector("tr.cursor"), peek = document.querySelector("#peek [data-peeked]");
    return row && peek && row.dataset.id === peek.dataset.peeked;
}"""


@pytest.fixture
def alerts(world: World) -> list[Alert]:
    return world.send([world.perl(number) for number in range(1, 7)])


def test_from_queue_to_alert_to_closed_by_keyboard(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    page.keyboard.press("j")
    second = str(page.locator("tr.cursor").get_attribute("id"))
    expect(page.locator(f"#peek [data-peeked='{second.removeprefix('alert-')}']")).to_be_visible()
    page.keyboard.press("o")
    page.wait_for_url(re.compile(r"/alerts/\d+/"))
    page.keyboard.press("c")
    page.keyboard.press("b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed as benign positive.")
    assert Alert.objects.get(pk=int(second.removeprefix("alert-"))).reason == "benign_positive"
    page.keyboard.press("z")
    expect(page.locator("[data-toast]")).to_contain_text("Undone")
    assert ana.complaints == []


def test_closing_in_the_queue_takes_two_keys_and_the_cursor_stays(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    page.keyboard.press("j")
    gone = str(page.locator("tr.cursor").get_attribute("id"))
    expect(page.locator(f"#peek [data-peeked='{gone.removeprefix('alert-')}']")).to_be_visible()
    page.keyboard.press("c")
    page.keyboard.press("b")
    expect(page.locator(f"#{gone}")).to_have_count(0)
    expect(page.locator("[data-toast]")).to_contain_text("Closed 2 alerts as benign positive.")
    assert page.locator("tr[data-row]").count() == 2
    page.wait_for_function(PREVIEW_FOLLOWS)
    expect(page.locator("tr[data-row]").nth(1)).to_have_class(re.compile("cursor"))
    assert ana.complaints == []


def test_a_selection_is_closed_together_and_undone_together(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    page.keyboard.press("*")
    expect(page.locator("#bulk")).to_be_visible()
    expect(page.locator("[data-selected-count]")).to_have_text("6")
    page.keyboard.press("c")
    page.keyboard.press("f")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 6 alerts as false positive.")
    page.keyboard.press("z")
    expect(page.locator("[data-toast]")).to_contain_text("Undone: 6 alerts are as before.")
    assert Alert.objects.filter(status="open").count() == 6
    assert ana.complaints == []


def test_an_exception_by_click(visit: Visit, alerts: list[Alert], world: World) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[0].pk}/?side=exception&add=host.name")
    expect(page.locator("#preview")).to_contain_text("Silences 2 of 6 alerts, and no true positive.")
    page.get_by_label("Operator of condition 1").select_option("matches")
    ana.settle()
    page.get_by_label("Value of condition 1", exact=False).fill("db-*")
    expect(page.locator("#preview")).to_contain_text("Silences 6 of 6 alerts")
    expect(page.locator("#match-0")).to_contain_text("6")
    row = page.locator(".f", has=page.locator("dt[title='user.name']")).first
    row.hover()
    row.get_by_label("Use user.name in the exception").click()
    expect(page.get_by_label("Field of condition 2")).to_have_value("user.name")
    page.get_by_label("Why is this safe?").fill("The vendor's maintenance menu.")
    expect(page.get_by_role("button", name="Add exception, close 6")).to_be_visible()
    ana.settle()  # sending the form would cut off a preview that is on its way, and the console would say so
    page.get_by_role("button", name="Add exception, close 6").click()
    expect(page.locator("[data-toast]")).to_contain_text("Exception added, 6 alerts closed.")
    assert [entry["field"] for entry in ExceptionItem.objects.get().entries] == ["host.name", "user.name"]
    assert world.send([world.perl(20)]) == []
    assert ana.complaints == []


def test_new_alerts_are_announced_and_never_move_the_list(visit: Visit, alerts: list[Alert], world: World) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    before = page.locator("tr[data-row]").count()
    world.send([world.perl(number, host__name=f"new-{number}") for number in (50, 51)])
    page.evaluate(LOOK_NOW)
    expect(page.get_by_role("status").filter(has_text="2 new")).to_be_visible()
    assert page.locator("tr[data-row]").count() == before
    page.keyboard.press(".")
    expect(page.locator("tr[data-row]")).to_have_count(before + 2)
    expect(page.locator("#new-alerts")).to_have_count(0)
    assert ana.complaints == []


def test_everything_works_without_scripts(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana", scripts=False)
    page = ana.open("/alerts/")
    page.locator("tr[data-row] input[type=checkbox]").first.check()
    page.locator("#bulk summary", has_text="Close").click()
    page.locator("#bulk").get_by_role("button", name="Duplicate").click()
    expect(page.locator(".toast")).to_contain_text("Closed 2 alerts as duplicate.")
    page.locator("tr[data-row] a").first.click()
    page.locator(".actions").get_by_role("link", name="Exception").click()
    page.get_by_label("Why is this safe?").fill("Known.")
    page.locator("#conditions").get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("Silences")
    page.locator("#exception-foot [data-submit]").click()
    expect(page.locator(".toast")).to_contain_text("Exception added")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    assert not ExceptionItem.objects.filter(removed_at=None).exists()


def test_axe_finds_nothing_on_the_first_run(visit: Visit) -> None:
    assert faults(visit("ana"), "/alerts/") == []
    assert faults(visit("ana", phone=True), "/alerts/") == []


def test_axe_finds_nothing_on_open_menus_and_the_guard(visit: Visit, alerts: list[Alert], world: World) -> None:
    world.close(alerts[:1], reason="true_positive")
    rosa = visit("rosa")
    page = rosa.open(f"/alerts/{alerts[1].pk}/?side=exception&add=user.name")
    expect(page.locator("#preview")).to_contain_text("Would have hidden 1 true positive.")
    page.locator(".actions summary", has_text="Close").click()
    assert faults(rosa) == []


def test_on_a_phone_an_alert_is_closed_by_touch(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana", phone=True)
    page = ana.open("/alerts/")
    page.locator("tr[data-row] a").first.tap()
    page.locator(".actionbar summary").first.tap()
    page.locator(".actionbar").get_by_role("button", name="False positive").tap()
    expect(page.locator(".toast")).to_contain_text("Closed as false positive.")
    assert ana.complaints == []


def test_on_a_phone_one_part_is_shown_and_an_exception_is_a_page_of_its_own(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana", phone=True)
    page = ana.open(f"/alerts/{alerts[0].pk}/")
    parts, facts, side = page.locator(".seg.phone"), page.locator("#facts"), page.locator("#side")
    expect(parts.locator("[aria-current]")).to_have_text("Facts")
    expect(side).to_be_hidden()
    parts.get_by_role("link", name="Related").tap()
    expect(parts.locator("[aria-current]")).to_have_text("Related")
    expect(facts).to_be_hidden()
    side.get_by_role("link", name="Respond").tap()
    expect(parts.locator("[aria-current]")).to_have_text("Guide")
    page.locator(".actionbar").get_by_role("link", name="Exception").tap()
    expect(page.locator("#preview")).to_contain_text("Silences")
    for gone in (parts, facts, page.locator(".actionbar"), page.locator(".tabbar")):
        expect(gone).to_be_hidden()
    foot = page.locator("#exception-foot")
    expect(foot.locator("p")).to_contain_text("Silences")
    box = foot.bounding_box()
    assert box
    assert box["y"] + box["height"] == pytest.approx(844, abs=1)
    assert page.locator("#cf0").evaluate("one => one.scrollWidth <= one.clientWidth")
    assert ana.complaints == []
    assert faults(ana) == []


def faults(visitor: Visitor, address: str = "") -> list[str]:
    """What axe has against the page, one line each."""
    page = visitor.open(address) if address else visitor.page
    found = violations(page, visitor.judged)
    return [f"{one['id']}: {node['target']} {node['html'][:160]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("address", ["/alerts/", "/cases/"])
def test_enter_in_a_filter_asks_once_and_so_does_leaving_it(
    visit: Visit, world: World, alerts: list[Alert], address: str
) -> None:
    team = world.team
    open_case(title="Shells", severity=3, team=team, actor=world.ana, now=world.now, team_ids=[team.pk])
    ana = visit("ana")
    page = ana.open(address)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if f"{address}?" in one.url else None)
    box = page.locator(".filterbar input[type=search]")
    box.focus()
    page.keyboard.type("shell")
    with page.expect_response(lambda answer: "q=shell" in answer.url):
        page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    ana.settle()
    assert len(asked) == 1, asked
    page.keyboard.type("s")
    with page.expect_response(lambda answer: "q=shells" in answer.url):
        page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    ana.settle()
    assert len(asked) == 2, asked
    assert ana.complaints == []


def test_the_key_for_an_exception_leads_to_its_form(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[0].pk}/")
    page.keyboard.press("x")
    heading = page.get_by_role("heading", name="New exception")
    expect(heading).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Back to the guide")).to_be_focused()
    assert violations(page, ana.judged) == []
    page.locator("#id_reason").fill("The nightly backup.")
    page.get_by_role("button", name="Preview").or_(page.locator("#and-0")).first.click()
    ana.settle()
    expect(heading).not_to_be_focused()
    page.goto(f"{ana.base}/alerts/")
    page.keyboard.press("x")
    expect(heading).to_be_focused()
    ana.settle()
    assert ana.complaints == []
