"""A false positive may say why it is one: by one key more, or beside the note, and never of anything else."""

from playwright.sync_api import Page, expect

from alerts.models import Alert
from tests.browser.conftest import Visit
from tests.browser.desk.hands import at, press


def settled(page: Page, number: str) -> tuple[str, str]:
    expect(page.locator(f"#alert-{number}")).not_to_be_visible()
    page.wait_for_function("() => wb.busy() === 0")
    alert = Alert.objects.get(pk=int(number))
    return alert.reason, alert.fault


def beside(page: Page) -> str:
    number = at(page)
    expect(page.locator(f"#peek [data-peeked='{number}']")).to_be_visible()
    return number


def test_one_key_more_says_why_a_false_positive_is_one(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    one = beside(page)
    press(page, "c", "f")
    assert settled(page, one) == ("false_positive", "")
    two = beside(page)
    press(page, "c", "r", "f")
    assert settled(page, two) == ("false_positive", "rule_logic")
    expect(page.locator("[data-toast]").last).to_contain_text("Closed 1 alert as false positive, rule logic.")
    three = beside(page)
    press(page, "c", "w", "F")
    expect(page.locator("#peek-note")).to_be_focused()
    page.keyboard.type("The agent told a process twice.")
    press(page, "Enter")
    assert settled(page, three) == ("false_positive", "data_wrong")
    expect(page.locator("[data-toast]").last.get_by_role("link", name="Tune the rule")).not_to_be_attached()
    press(page, "z")
    expect(page.locator("[data-toast]").last).to_contain_text("Undone")
    assert (Alert.objects.get(pk=int(three)).status, Alert.objects.get(pk=int(three)).fault) == ("open", "")
    assert ana.complaints == []


def test_the_why_is_a_group_of_choices_after_the_note_and_enter_there_closes(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    one = beside(page)
    press(page, "c", "F", "Tab", "ArrowDown", "ArrowRight")
    expect(page.locator("#peek input[value=data_wrong]")).to_be_focused()
    expect(page.locator("#peek input[value=data_wrong]")).to_be_checked()
    press(page, "Enter")
    assert settled(page, one) == ("false_positive", "data_wrong")
    two = beside(page)
    press(page, "c", "n", "Tab", "ArrowDown", "Enter")  # no reason was chosen: only one has a fault
    assert settled(page, two) == ("false_positive", "rule_logic")
    assert ana.complaints == []


def test_a_why_that_was_left_is_not_taken_for_the_next_one_and_of_others_it_is_refused(
    visit: Visit, alerts: list[Alert]
) -> None:
    page = visit("ana").open("/alerts/")
    one = beside(page)
    press(page, "c", "r", "Escape", "c", "f")
    assert settled(page, one) == ("false_positive", "")
    two = beside(page)
    press(page, "c", "r", "t")
    expect(page.locator("#list [role=alert]")).to_contain_text("Only a false positive has a fault")
    expect(page.locator(f"#alert-{two}")).to_be_visible()
    assert Alert.objects.get(pk=int(two)).status == "open"


IN_ONE_BREATH = """() => {
  const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  ["c", "r", "Escape", "c", "f"].forEach(press);
}"""


def test_a_why_that_was_left_is_gone_before_the_next_key(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/")
    one = beside(page)
    page.evaluate(IN_ONE_BREATH)  # a busy page hears several keys before it hears that a menu was closed
    assert settled(page, one) == ("false_positive", "")


def test_all_that_is_ticked_says_why_and_the_page_of_an_alert_does(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/")
    beside(page)
    press(page, " ", "j", " ", "c", "r", "f")
    expect(page.locator("[data-toast]").last).to_contain_text("Closed 2 alerts as false positive, rule logic.")
    page.wait_for_function("() => wb.busy() === 0")
    assert Alert.objects.filter(fault="rule_logic").count() == 2
    left = Alert.objects.filter(status="open").latest("pk")
    page = ana.open(f"/alerts/{left.pk}/")
    press(page, "c", "w", "f")
    expect(page.locator("[data-toast]")).to_contain_text("Closed as false positive, data wrong.")
    expect(page.locator("#alert-head .chip.benign")).to_have_text("False positive, data wrong")
    assert ana.complaints == []


def test_on_a_phone_the_why_has_room_for_a_finger(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana", phone=True).open(f"/alerts/{alerts[0].pk}/")
    page.locator("[data-menu=close] > summary").locator("visible=true").first.click()
    choices = page.locator("fieldset.legend:visible label")
    expect(choices).to_have_count(3)
    boxes = [choices.nth(number).bounding_box() for number in range(3)]
    assert all(box and box["x"] + box["width"] <= 390 for box in boxes)
    assert all(box and box["height"] >= 24 for box in boxes), boxes
