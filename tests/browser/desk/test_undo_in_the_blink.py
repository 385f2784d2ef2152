"""Undo, asked for while the answer to an act is being read."""

from playwright.sync_api import Route, expect

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


def test_undo_takes_back_the_act_that_it_waited_for_though_another_was_begun_meanwhile(
    visit: Visit, alerts: list[Alert]
) -> None:
    page = visit("ana").open("/alerts/")
    first, held = at(page), list[Route]()
    expect(page.locator(f"#peek [data-peeked='{first}']")).to_be_visible()
    page.route("**/alerts/bulk/", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/alerts/bulk/"):
        press(page, "c", "b")
    press(page, "z")
    second = at(page)
    expect(page.locator(f"#peek [data-peeked='{second}']")).to_be_visible()
    press(page, "c", "f")
    held[0].continue_()
    page.wait_for_function("() => wb.busy() === 0")
    assert [str(one.pk) for one in Alert.objects.filter(status="closed")] == [second]
    expect(page.locator(f"#alert-{first}")).to_be_visible()
    expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert")
    press(page, "z")
    expect(page.locator("[data-toast]")).to_contain_text("Undone: 1 alert is as before.")
    assert not Alert.objects.filter(status="closed").exists()
