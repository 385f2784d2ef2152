"""Exceptions by keyboard: z takes back what was done last, and w reviews the one under the cursor."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import RolePolicy
from accounts.roles import Role
from alerts import exceptions
from alerts.models import Alert
from rules.models import ExceptionItem
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit
from tests.browser.desk.hands import at, press


def added(world: World, alert: Alert, host: str) -> ExceptionItem:
    entries = [{"field": "host.name", "type": "match", "operator": "included", "value": host}]
    who: dict[str, Any] = {"actor": world.people["ana"], "now": world.now, "team_ids": [world.team.pk]}
    review = world.now + timedelta(days=3)
    return exceptions.add(alert=alert, entries=entries, reason=host, review_at=review, **who).item


def closes_one(page: Page) -> str:
    """Close the alert under the cursor; its number."""
    closed = at(page)
    press(page, "c", "b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert")
    page.wait_for_function("() => wb.busy() === 0")
    return closed


def switch_off(page: Page, item: ExceptionItem) -> None:
    page.goto(page.url.split("/alerts/")[0] + f"/rules/{item.rule_id}/?tab=exceptions")
    page.locator(f"#exception-{item.pk}").get_by_role("button", name="Disable").click()
    expect(page.locator("[data-toast]")).to_contain_text("Exception disabled.")


def test_z_takes_back_the_exception_and_not_the_alert_before_it(
    visit: Visit, alerts: list[Alert], world: World
) -> None:
    item, ana = added(world, alerts[0], "nowhere"), visit("ana")
    page = ana.open("/alerts/")
    closed = closes_one(page)
    switch_off(page, item)
    press(page, "z")
    expect(page.locator("[data-toast]")).to_contain_text("Undone. 1 exception is as before.")
    assert ExceptionItem.objects.get(pk=item.pk).enabled
    press(page, "z")
    expect(page.locator("#announce")).to_have_text("Nothing to undo")
    assert Alert.objects.get(pk=closed).status == "closed"
    assert ana.complaints == []


def test_z_on_the_queue_takes_back_what_was_done_on_the_page_before(
    visit: Visit, alerts: list[Alert], world: World
) -> None:
    item = added(world, alerts[0], "nowhere")
    page = visit("ana").open("/alerts/")
    switch_off(page, item)
    page.goto(page.url.split("/rules/")[0] + "/alerts/")
    press(page, "z")
    expect(page.locator("[data-toast]")).to_contain_text("Undone. 1 exception is as before.")
    assert ExceptionItem.objects.get(pk=item.pk).enabled


def test_z_forgets_the_act_before_one_that_the_person_may_not_undo(
    visit: Visit, alerts: list[Alert], world: World
) -> None:
    item = added(world, alerts[0], "nowhere")
    RolePolicy.objects.create(role=Role.ANALYST, exceptions=RolePolicy.Exceptions.DRAFT)
    page = visit("ana").open("/alerts/")
    closed = closes_one(page)
    switch_off(page, item)
    press(page, "z")
    expect(page.locator("#announce")).to_have_text("Nothing to undo")
    assert Alert.objects.get(pk=closed).status == "closed"
    assert not ExceptionItem.objects.get(pk=item.pk).enabled


@pytest.mark.parametrize("steps", [1, 2])
def test_w_reviews_the_exception_under_the_cursor_and_none_without_a_cursor(
    visit: Visit, alerts: list[Alert], world: World, steps: int
) -> None:
    first, second = (added(world, alerts[0], host) for host in ("nowhere", "elsewhere"))
    page = visit("ana").open("/exceptions/")
    press(page, "w")
    page.wait_for_timeout(200)
    assert set(ExceptionItem.objects.values_list("version", flat=True)) == {1}
    press(page, *"j" * steps, "w")
    expect(page.locator("[data-toast]")).to_contain_text("Reviewed. It comes up again in 90 days.")
    chosen = second if steps == 1 else first  # the newest is on top
    assert list(ExceptionItem.objects.filter(version=2)) == [chosen]


def test_slash_searches_the_ledger_and_what_is_saved_there_leads_back_to_it(
    visit: Visit, alerts: list[Alert], world: World
) -> None:
    found, other = added(world, alerts[0], "nowhere"), added(world, alerts[0], "elsewhere")
    page = visit("rosa").open("/exceptions/")
    press(page, "/")
    page.keyboard.type("nowhere")
    page.keyboard.press("Enter")
    expect(page.locator(f"#exception-{other.pk}")).to_have_count(0)
    page.locator(f"#exception-{found.pk}").get_by_role("link", name="Edit").click()
    page.locator("#id_name").fill("Renamed")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("[data-toast]")).to_contain_text("Exception saved.")
    assert page.url.endswith("/exceptions/?q=nowhere")
