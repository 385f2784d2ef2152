"""The overview in a real browser: without a fault in each of its states, and usable without scripts."""

import pytest
from playwright.sync_api import expect

from alerts.models import Alert
from cases.opening import open_case
from tests.alerts.pages.world import World
from tests.browser.conftest import DESK, PHONE, Visit
from tests.browser.test_every_page import wrong_with
from tests.browser.test_triage import faults


@pytest.fixture
def busy(world: World) -> World:
    """Alerts open and closed, and a case that is overdue."""
    alerts = world.send([world.perl(number) for number in range(1, 16)])
    world.close(alerts[3:], "false_positive")
    world.close(alerts[2:3], "true_positive")
    open_case(
        team=world.team, alert_ids=[alerts[0].pk], owner=world.ana, next_step="Ask <the> owner", due_at=world.now,
        actor=world.mona, now=world.now, team_ids=[world.team.pk],
    )  # fmt: skip
    return world


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)], ids=["desk-light", "phone-dark"])
def test_no_state_of_the_overview_has_a_fault(visit: Visit, busy: World, phone: bool, dark: bool) -> None:
    width = (PHONE if phone else DESK)["width"]
    mona = visit("mona", phone=phone, dark=dark)
    states = (
        "",
        "?range=today",
        "?range=quarter",
        "?at=2020-01-02T03:04Z",
        "?at=never",
        "?from=2026-01-01&to=2026-01-02",
    )
    found = {state: wrong_with(mona, f"/overview/{state}", width) for state in states}
    mona.open("/overview/")
    for part in mona.page.locator("main details").all():
        part.evaluate("part => { part.open = true }")
    found["everything unfolded"] = faults(mona)
    assert {state: wrong for state, wrong in found.items() if wrong} == {}


def test_the_first_day_has_no_fault(visit: Visit, world: World) -> None:
    vera = visit("vera")
    assert wrong_with(vera, "/overview/", DESK["width"]) == []
    expect(vera.page.locator("h2").first).to_have_text("No alert has been raised yet.")


def test_another_range_is_chosen_without_scripts(visit: Visit, busy: World) -> None:
    page = visit("mona", scripts=False).open("/overview/")
    page.get_by_role("link", name="30 days").click()
    expect(page.get_by_role("link", name="30 days")).to_have_attribute("aria-current", "true")
    page.locator(".overview-choice summary").click()
    page.locator("input[name=from]").fill("2026-01-01")
    page.locator("input[name=to]").fill("2026-01-02")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".overview-note").first).to_contain_text("As of")


def test_the_sentence_leads_to_the_alerts_it_speaks_of(visit: Visit, busy: World) -> None:
    Alert.objects.filter(status="open").update(severity=4, assignee=None)
    page = visit("mona").open("/overview/")
    page.locator(".headline a").click()
    expect(page.locator("tr[data-row]").first).to_be_visible()
    assert page.locator("tr[data-row]").count() == Alert.objects.filter(status="open").count()
