"""A change of an exception, sent, seen side by side and approved in a real browser, at the desk, in the dark and on a
phone, and without scripts."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import RolePolicy
from accounts.roles import Role
from alerts import exceptions
from alerts.models import Alert, ExceptionDraft
from rules.models import ExceptionItem
from tests.alerts.pages.world import World
from tests.browser.axe import violations
from tests.browser.conftest import Visit

LOOKS = [(False, False), (False, True), (True, False), (True, True)]
LONG: list[dict[str, Any]] = [
    {"field": "process.parent.executable", "type": "match", "operator": "included", "value": "/opt/menu/run.sh" * 9},
    {"field": "host.name", "type": "match_any", "operator": "included", "value": ["db-1", "db-2"]},
]


@pytest.fixture
def item(world: World, alerts: list[Alert]) -> ExceptionItem:
    RolePolicy.objects.create(role=Role.ANALYST, exceptions="draft")
    entries = [{"field": "user.name", "type": "match", "operator": "included", "value": "postgres"}]
    by: dict[str, Any] = {"actor": world.rosa, "now": world.now, "team_ids": [world.team.pk]}
    ends = world.now + timedelta(days=90)
    return exceptions.add(alert=alerts[0], entries=entries, reason="The menu.", name="Menu", expires_at=ends, **by).item


@pytest.mark.parametrize(("phone", "dark"), LOOKS)
def test_what_stands_and_what_is_proposed_can_be_read(
    visit: Visit, world: World, item: ExceptionItem, phone: bool, dark: bool
) -> None:
    exceptions.draft_change(
        item=item, version=1, entries=[*item.entries, *LONG], more=[LONG], name="Menu", actor=world.ana, now=world.now,
        reason="Only where the vendor's menu runs. " * 9, team_ids=[world.team.pk],
    )  # fmt: skip
    rosa = visit("rosa", phone=phone, dark=dark)
    for address in ("/exceptions/", f"/exceptions/{item.pk}/", f"/alerts/exceptions/{item.pk}/"):
        page = rosa.open(address)
        expect(page.locator("main")).to_contain_text("Ana")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")
        assert violations(page, rosa.judged) == []
    page = rosa.open("/exceptions/")
    expect(page.locator(".versus tr.other td").nth(1)).to_contain_text("process.parent.executable")
    ana = visit("ana", phone=phone, dark=dark)
    page = ana.open(f"/alerts/exceptions/{item.pk}/?draft={ExceptionDraft.objects.get().pk}")
    page.get_by_text("What stands beside your change").click()
    expect(page.locator(".versus")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")
    assert violations(page, ana.judged) == []
    if phone:
        page.locator("#id_reason").scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="Send for review")).to_be_in_viewport()
    assert rosa.complaints + ana.complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_change_is_sent_and_approved(visit: Visit, item: ExceptionItem, scripts: bool) -> None:
    ana, rosa = visit("ana", scripts=scripts), visit("rosa", scripts=scripts)
    page = ana.open(f"/alerts/exceptions/{item.pk}/")
    page.locator("textarea[name=reason]").fill("The menu, which is the vendor's.")
    ana.settle()
    page.get_by_role("button", name="Send for review").click()
    expect(page.get_by_text("The exception stays as it is until the change is approved.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("A change waits for review, by Ana")
    assert ExceptionDraft.objects.get().edits == item
    page = rosa.open("/exceptions/")
    expect(page.locator(".versus ins")).to_have_text("The menu, which is the vendor's.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Exception changed.")).to_be_visible()
    assert ExceptionItem.objects.get().reason == "The menu, which is the vendor's."
