"""Enter in a field of an exception: it is looked at anew, and no condition comes or goes."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error, Locator, Page, Route, expect

from alerts.models import Alert
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit
from tests.browser.desk.test_exceptions import added

CONDITIONS = """() => [...document.querySelectorAll("#conditions [name=field], #conditions [name=value]")]
    .map((one) => one.value)"""
BOXES = "#exception-form input:is([name=field], [type=text], :not([type])):visible"


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_takes_no_condition_out_of_an_exception_that_is_edited(
    visit: Visit, alerts: list[Alert], world: World, scripts: bool
) -> None:
    item, rosa = added(world, alerts[0], "nowhere"), visit("rosa", scripts=scripts)
    page = rosa.open(f"/alerts/exceptions/{item.pk}/")
    for at in range(page.locator(BOXES).count()):
        assert entered(page, at) == ["host.name", "nowhere"]
    assert rosa.complaints == []


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_adds_no_condition_to_one_that_is_new(visit: Visit, alerts: list[Alert], scripts: bool) -> None:
    rosa = visit("rosa", scripts=scripts)
    page = rosa.open(f"/alerts/{alerts[0].pk}/?side=exception&add=host.name&add=user.name")
    page.locator("[name=scope]").select_option("rules")
    before = page.evaluate(CONDITIONS)
    for at in range(page.locator(BOXES).count()):
        assert entered(page, at) == before
    assert rosa.complaints == []


@pytest.mark.parametrize("enter_first", [True, False])
def test_of_enter_and_a_choice_that_overlap_the_later_is_answered(
    visit: Visit, alerts: list[Alert], enter_first: bool
) -> None:
    rosa = visit("rosa")
    page = rosa.open(f"/alerts/{alerts[0].pk}/?side=exception&add=host.name")
    first: list[Route] = []

    def slowly(route: Route) -> None:
        if not first:
            first.append(route)  # answered after the other
            return
        route.continue_()

    page.route("**/preview/", slowly)
    acts = [lambda: page.locator(BOXES).first.press("Enter"), lambda: scope(page).select_option("rules")]
    acts[0 if enter_first else 1]()
    page.wait_for_timeout(200)
    with page.expect_response(lambda answer: "/preview/" in answer.url):
        acts[1 if enter_first else 0]()
    expect(page.get_by_label("Name of a further rule")).to_be_visible()
    with suppress(Error):  # nobody waits for it any more
        first[0].continue_()
    page.wait_for_timeout(500)
    expect(scope(page)).to_have_value("rules")
    page.unroute_all(behavior="ignoreErrors")
    assert rosa.complaints == []


def scope(page: Page) -> Locator:
    return page.locator("[name=scope]")


def entered(page: Page, at: int) -> list[str]:
    """What the conditions are after Enter in one of the boxes."""
    with page.expect_response(lambda answer: "/preview/" in answer.url):
        page.locator(BOXES).nth(at).press("Enter")
    page.wait_for_load_state()
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    found: list[str] = page.evaluate(CONDITIONS)
    return found


def test_a_condition_that_is_corrected_is_red_no_longer(visit: Visit, alerts: list[Alert]) -> None:
    rosa = visit("rosa")
    page = rosa.open(f"/alerts/{alerts[0].pk}/?side=exception&add=host.name")
    page.get_by_role("button", name="And", exact=True).click()
    page.get_by_label("Field of condition 2").fill("user.name")
    page.get_by_label("Operator of condition 2").select_option("is_not")
    wrong = page.locator(".cond-error.bad:not(:empty)")
    expect(wrong).to_have_count(1)
    page.get_by_label("Value of condition 2").fill("nobody")
    expect(wrong).to_have_count(0)
    expect(page.get_by_label("Value of condition 2")).to_have_value("nobody")
    assert rosa.complaints == []


def test_a_form_is_sent_though_its_button_was_drawn_anew_meanwhile(visit: Visit, alerts: list[Alert]) -> None:
    rosa = visit("rosa")
    page = rosa.open(f"/alerts/{alerts[0].pk}/?side=exception&add=host.name")
    page.locator("#id_reason").fill("The nightly job.")
    looks = list[Route]()
    page.route("**/alerts/pulse/", lambda route: looks.append(route))
    page.keyboard.press("Control+Enter")
    with page.expect_response(lambda answer: "/preview/" in answer.url):
        page.get_by_label("Value of condition 1").press_sequentially("x")
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    for look in looks:
        look.continue_()
    expect(page.locator(".toast")).to_contain_text("Exception added.")
    assert rosa.complaints == []
