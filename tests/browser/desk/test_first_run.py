"""The queue's place before the first alert: it ticks itself off, and becomes the queue, with scripts and without."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.alerts.pages.world import World
from tests.browser.conftest import Visit, Visitor

POLL = 11_000


def opened(visitor: Visitor) -> Page:
    """With a clock of its own, so that nobody waits for it."""
    visitor.page.clock.install()
    return visitor.open("/alerts/")


def poll(visitor: Visitor) -> None:
    visitor.page.clock.run_for(POLL)
    visitor.settle()


def test_it_asks_again_and_again_and_leaves_what_is_marked_while_nothing_comes(visit: Visit, world: World) -> None:
    ana = visit("ana")
    page = opened(ana)
    page.locator(".snippet code").first.evaluate(
        "one => { one.dataset.here = 1; getSelection().selectAllChildren(one); }"
    )
    for _ in range(2):
        with page.expect_response(lambda answer: "told=" in answer.url) as asked:
            poll(ana)
        assert asked.value.status == 204
    assert "curl" in page.evaluate("getSelection().toString()")
    expect(page.locator("#first-run [data-here]")).to_have_count(1)
    world.send([world.perl(process__name="ls")])
    poll(ana)
    expect(page.locator("#first-run")).to_contain_text("Events arrive.")
    expect(page.locator("h1")).to_have_count(1)
    world.now += timedelta(seconds=1)
    world.send([world.perl(2, process__name="ls")])
    with page.expect_response(lambda answer: "told=" in answer.url) as asked:
        poll(ana)
    assert asked.value.status == 200
    expect(page.locator("#first-run .todo-n.ok")).to_have_count(2)
    assert ana.complaints == []


def test_with_the_first_alert_it_is_the_whole_queue(visit: Visit, world: World) -> None:
    ana = visit("ana")
    page = opened(ana)
    [alert] = world.send([world.perl(1)])
    page.clock.run_for(POLL)
    expect(page.locator(f"#alert-{alert.pk}")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Alerts")
    for part in ("#filters", "#histogram", "#pulse", f"#peek [data-peeked='{alert.pk}']"):
        expect(page.locator(part)).to_have_count(1)
    expect(page.locator("#first-run")).to_have_count(0)
    ana.settle()
    assert ana.complaints == []


def test_without_scripts_the_page_itself_asks_again_until_there_is_an_alert(visit: Visit, world: World) -> None:
    ana = visit("ana", scripts=False)
    page = ana.open("/alerts/")
    expect(page.locator("meta[http-equiv=refresh]")).to_have_attribute("content", "10")
    world.send([world.perl(1)])
    page.reload()
    expect(page.locator("h1")).to_have_text("Alerts")
    expect(page.locator("meta[http-equiv=refresh]")).to_have_count(0)
