"""An exception over a slow line: no act is lost over a look at what was typed, and what was typed meanwhile stays."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Locator, Page, Request, Route, expect

from alerts.models import Alert
from tests.browser.conftest import Visit, Visitor

LOOK = 500  # longer than a look waits for the hands to rest
CUT_OFF = ("net::ERR_FAILED", "htmx:sendError")


class Line:
    """From now on what a page asks about an exception is answered when the test says so."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.held: list[Route] = []
        page.route("**/preview/", lambda route: self.held.append(route))

    def asked(self) -> Request:
        """The newest question, as soon as there is one."""
        for _ in range(1000):
            if self.held:
                break
            self.page.wait_for_timeout(20)
        return self.held[-1].request

    def asks_for(self) -> str:
        """What the answer to it is drawn into."""
        return self.asked().headers["hx-target"]

    def answer(self) -> None:
        """Answer it; nobody waits for those before it any more."""
        self._newest().continue_()

    def cut(self) -> None:
        """Never answer it."""
        self._newest().abort()

    def _newest(self) -> Route:
        self.asked()
        *given_up, newest = self.held
        self.held.clear()
        for one in given_up:
            with suppress(Error):
                one.abort()
        return newest

    def goes_on(self) -> None:
        """Answer all, from now on at once."""
        self.page.unroute("**/preview/")
        for one in self.held:
            with suppress(Error):
                one.continue_()


@pytest.fixture
def rosa(visit: Visit) -> Iterator[Visitor]:
    rosa = visit("rosa")
    yield rosa
    rosa.settle()
    assert [said for said in rosa.complaints if not any(cut in said for cut in CUT_OFF)] == []


@pytest.fixture
def line(rosa: Visitor, alerts: list[Alert]) -> Iterator[Line]:
    rosa.open(f"/alerts/{alerts[0].pk}/?side=exception&add=host.name&add=user.name&add=process.name")
    rosa.settle()
    line = Line(rosa.page)
    yield line
    line.goes_on()


def operator(page: Page, number: int) -> Locator:
    return page.get_by_label(f"Operator of condition {number}")


def value(page: Page, number: int) -> Locator:
    return page.get_by_label(f"Value of condition {number}", exact=False)


def adds(page: Page) -> None:
    page.get_by_role("button", name="And", exact=True).click()


def conditions(page: Page) -> dict[str, str]:
    """The value of each field that is asked about."""
    texts = "all => all.map(one => one.value)"
    fields, values = (page.locator(f"#conditions [name={name}]").evaluate_all(texts) for name in ("field", "value"))
    return dict(zip(fields, values, strict=True))


def test_a_look_at_what_was_typed_does_not_make_the_page_give_up_another_operator(line: Line) -> None:
    operator(line.page, 1).select_option("exists")
    line.page.wait_for_timeout(LOOK)
    assert line.asks_for() == "side"
    line.answer()
    expect(value(line.page, 1)).to_have_count(0)
    expect(operator(line.page, 1)).to_have_value("exists")


def test_a_condition_that_is_added_right_after_typing_is_not_given_up_either(line: Line) -> None:
    value(line.page, 1).press_sequentially("x")
    adds(line.page)
    line.page.wait_for_timeout(LOOK)
    assert line.asks_for() == "side"
    line.answer()
    expect(line.page.get_by_label("Field of condition 4")).to_be_focused()
    assert value(line.page, 1).input_value().startswith("x")


@pytest.mark.parametrize("pressed", ["button[name=add_field][value='@timestamp']", "#facts-way-1"])
def test_what_lies_outside_the_form_takes_turns_with_it(line: Line, pressed: str) -> None:
    value(line.page, 1).press_sequentially("x")
    assert line.asks_for() == "preview"
    with line.page.expect_event("requestfailed"):  # the look, which nobody waits for any more
        line.page.locator(pressed).first.click()
    line.page.wait_for_timeout(LOOK)
    assert line.asks_for() == "side"
    with line.page.expect_event("requestfailed"):
        adds(line.page)
    line.answer()
    expect(line.page.get_by_label("Field of condition 4")).to_be_focused()


def test_the_search_for_a_further_rule_waits_for_an_act(line: Line) -> None:
    line.page.locator("[name=scope]").select_option("rules")
    line.answer()
    line.page.get_by_label("Name of a further rule").press_sequentially("Per")
    adds(line.page)
    line.page.wait_for_timeout(LOOK)
    assert "add=0" in (line.asked().post_data or "")
    line.answer()
    expect(line.page.get_by_label("Field of condition 4")).to_be_focused()
    expect(line.page.get_by_label("Name of a further rule")).to_have_value("Per")


def test_what_is_typed_while_an_act_is_answered_stays_and_is_looked_at(line: Line) -> None:
    page, reason = line.page, line.page.locator("#id_reason")
    operator(page, 1).select_option("is_not")
    value(page, 1).fill("elsewhere")
    reason.fill("The nightly job.")
    reason.press("ArrowLeft")
    line.answer()
    expect(operator(page, 1)).to_have_value("is_not")
    expect(value(page, 1)).to_have_value("elsewhere")
    expect(reason).to_have_value("The nightly job.")
    expect(reason).to_be_focused()
    assert reason.evaluate("box => box.selectionStart") == len("The nightly job")
    assert "value=elsewhere" in (line.asked().post_data or "")


def test_the_condition_that_was_added_takes_no_letters_away_from_what_is_typed(line: Line) -> None:
    reason = line.page.locator("#id_reason")
    adds(line.page)
    reason.press_sequentially("The nig")
    line.answer()
    expect(line.page.get_by_label("Field of condition 4")).to_have_count(1)
    line.page.keyboard.type("htly job.")
    expect(reason).to_have_value("The nightly job.")


def test_what_was_typed_is_kept_by_the_condition_on_its_field(line: Line) -> None:
    line.page.locator("#cx0").click()
    line.page.locator("#cv2").fill("python")
    line.page.locator("#cc1").select_option("no")
    line.answer()
    expect(value(line.page, 3)).to_have_count(0)
    assert conditions(line.page)["process.name"] == "python"
    assert line.page.locator("[name=case]").evaluate_all("all => all.map(one => one.value)") == ["no", ""]


def test_what_was_typed_into_a_condition_that_is_gone_goes_into_no_other(line: Line) -> None:
    before = conditions(line.page)
    line.page.locator("#cx1").click()
    value(line.page, 2).fill("nobody")
    line.answer()
    expect(value(line.page, 3)).to_have_count(0)
    assert conditions(line.page) == {name: said for name, said in before.items() if name != "user.name"}


def test_what_was_typed_is_not_taken_for_a_list(line: Line) -> None:
    value(line.page, 1).fill("")
    operator(line.page, 1).select_option("in_list")
    value(line.page, 1).fill("abc")
    line.answer()
    expect(line.page.get_by_label("Value list of condition 1")).to_have_value("")
    assert conditions(line.page)["host.name"] == ""


def test_what_is_to_be_seen_is_asked_for_after_an_act(line: Line) -> None:
    operator(line.page, 1).select_option("matches")
    line.page.locator("#see-silenced").click()
    line.page.wait_for_timeout(LOOK)
    assert line.asks_for() == "side"
    line.answer()
    expect(line.page.locator("#see-silenced")).to_have_attribute("aria-expanded", "false")
    assert "see=silenced" in (line.asked().post_data or "")
    line.answer()
    expect(line.page.locator("#see-silenced")).to_have_attribute("aria-expanded", "true")


@pytest.mark.parametrize("typed", [False, True])
def test_after_an_act_that_came_to_nothing_what_the_form_says_is_looked_at(line: Line, typed: bool) -> None:
    operator(line.page, 1).select_option("is_not")
    if typed:
        value(line.page, 1).fill("elsewhere")
        line.page.wait_for_timeout(LOOK)
    assert line.asks_for() == "side"
    line.cut()
    assert line.asks_for() == "preview"
    assert ("value=elsewhere" in (line.asked().post_data or "")) == typed
    line.answer()
    expect(line.page.locator(".htmx-request")).to_have_count(0)
    expect(operator(line.page, 1)).to_have_value("is_not")
