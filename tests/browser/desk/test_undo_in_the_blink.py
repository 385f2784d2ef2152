"""Undo, asked for while the answer to an act is being read."""

from playwright.sync_api import expect

from alerts.models import Alert
from tests.browser.conftest import Visit
from tests.browser.desk.hands import at, press

IN_THE_BLINK = """() => document.addEventListener("htmx:afterSettle", () => {
    const told = { key: "z", code: "KeyZ", bubbles: true, cancelable: true }, done = document.body.dataset;
    if (done.pressed || !wb.busy() || !document.querySelector("[data-toast]")) return;
    done.pressed = "yes";
    document.body.dispatchEvent(new KeyboardEvent("keydown", told));
})"""


def test_undo_asked_for_between_the_toast_of_an_act_and_its_end_takes_back_that_act(
    visit: Visit, alerts: list[Alert]
) -> None:
    page = visit("ana").open("/alerts/")
    expect(page.locator(f"#peek [data-peeked='{at(page)}']")).to_be_visible()
    page.evaluate(IN_THE_BLINK)
    press(page, "c", "b")
    page.wait_for_function("() => document.body.dataset.pressed && wb.busy() === 0")
    expect(page.locator("[data-toast]")).to_contain_text("Undone: 1 alert is as before.")
    assert not Alert.objects.filter(status="closed").exists()
