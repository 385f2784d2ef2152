"""Alerts that say the same are one row, which opens, closes and is acted on whole or in part."""

from playwright.sync_api import expect

from alerts.models import Alert
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit
from tests.browser.desk.hands import at, press


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
