"""An exception over a slow line: no act is lost over a look at what was typed, and what was typed meanwhile stays."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, Request, Route, expect

from alerts.models import Alert
from tests.browser.conftest import Visit, Visitor

LOOK = 500  # longer than a look waits for the hands to rest


class Line:
    """What the page asks about an exception is answered when the test says so."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.held: list[Route] = []
        page.route("**/preview/", lambda route: self.held.append(route))

    def asked(self) -> Request:
        """The newest question, as soon as there is one."""
        for _ in range(250):
            if self.held:
                break
            self.page.wait_for_timeout(20)
        return self.held[-1].request

    def answer(self) -> None:
        """Answer the newest question; nobody waits for those before it any more."""
        self.asked()
        self.held[-1].continue_()
        self.held.clear()

    def goes_on(self) -> None:
        """Answer all, from now on at once."""
        self.page.unroute("**/preview/")
        for one in self.held:
            with suppress(Error):
                one.continue_()


@pytest.fixture
def rosa(visit: Visit) -> Visitor:
    return visit("rosa")


@pytest.fixture
def line(rosa: Visitor, alerts: list[Alert]) -> Iterator[Line]:
    line = Line(rosa.open(f"/alerts/{alerts[0].pk}/?side=exception&add=host.name"))
    yield line
    line.goes_on()
    rosa.settle()
    assert rosa.complaints == []


def test_a_look_at_what_was_typed_does_not_make_the_page_give_up_another_operator(line: Line) -> None:
    line.page.get_by_label("Operator of condition 1").select_option("exists")
    line.page.wait_for_timeout(LOOK)
    assert line.asked().headers["hx-target"] == "side"
    line.answer()
    expect(line.page.get_by_label("Value of condition 1", exact=False)).to_have_count(0)
    expect(line.page.get_by_label("Operator of condition 1")).to_have_value("exists")


def test_what_was_typed_just_before_and_is_not_given_up_either(line: Line) -> None:
    line.page.get_by_label("Value of condition 1", exact=False).press_sequentially("x")
    line.page.get_by_role("button", name="And", exact=True).click()
    line.page.wait_for_timeout(LOOK)
    assert line.asked().headers["hx-target"] == "side"
    line.answer()
    expect(line.page.get_by_label("Field of condition 2")).to_be_focused()
    assert line.page.get_by_label("Value of condition 1", exact=False).input_value().startswith("x")


def test_a_field_that_is_clicked_is_not_given_up_and_no_older_look_comes_after_it(line: Line) -> None:
    line.page.get_by_label("Value of condition 1", exact=False).press_sequentially("x")
    assert line.asked().headers["hx-target"] == "preview"
    with line.page.expect_event("requestfailed"):  # the look, which nobody waits for any more
        line.page.locator("button[name=add_field][value='user.name']").first.click()
    line.page.wait_for_timeout(LOOK)
    assert line.asked().headers["hx-target"] == "side"
    line.answer()
    expect(line.page.get_by_label("Field of condition 2")).to_have_value("user.name")


def test_what_is_typed_while_an_act_is_answered_stays_and_is_looked_at(line: Line) -> None:
    value = line.page.get_by_label("Value of condition 1", exact=False)
    line.page.get_by_label("Operator of condition 1").select_option("is_not")
    value.fill("elsewhere")
    line.page.locator("#id_reason").fill("The nightly job.")
    line.page.locator("#id_reason").press("ArrowLeft")
    line.answer()
    expect(line.page.get_by_label("Operator of condition 1")).to_have_value("is_not")
    expect(value).to_have_value("elsewhere")
    expect(line.page.locator("#id_reason")).to_have_value("The nightly job.")
    expect(line.page.locator("#id_reason")).to_be_focused()
    assert line.page.locator("#id_reason").evaluate("box => box.selectionStart") == len("The nightly job")
    assert "value=elsewhere" in (line.asked().post_data or "")


def test_what_was_typed_into_a_condition_that_is_gone_goes_into_no_other(line: Line) -> None:
    page = line.page
    page.goto(page.url + "&add=user.name&add=process.name")
    values = page.locator("textarea[name=value]")
    _, user, process = values.evaluate_all("all => all.map(one => one.value)")
    page.locator("#cx0").click()
    values.nth(1).fill("nobody")
    line.answer()
    expect(values).to_have_count(2)
    assert values.evaluate_all("all => all.map(one => one.value)") == [user, process]


def test_after_an_act_that_came_to_nothing_what_was_typed_is_looked_at(line: Line, rosa: Visitor) -> None:
    line.page.get_by_label("Operator of condition 1").select_option("is_not")
    line.page.get_by_label("Value of condition 1", exact=False).fill("elsewhere")
    line.page.wait_for_timeout(LOOK)
    line.held.pop().abort()
    line.page.wait_for_timeout(LOOK)
    line.answer()
    expect(line.page.locator(".htmx-request")).to_have_count(0)
    expect(line.page.get_by_label("Value of condition 1", exact=False)).to_have_value("elsewhere")
    rosa.complaints.clear()  # of the request that was cut off
