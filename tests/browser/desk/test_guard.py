"""The guard catches a true positive before it is hidden: an analyst cannot pass it, an engineer says why he does."""

from playwright.sync_api import Page, expect

from alerts.models import Alert, ExceptionDraft
from rules.models import ExceptionItem
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit


def composed(page: Page) -> None:
    """A reason for the exception, and a preview that has come back."""
    expect(page.locator("#preview")).to_contain_text("Would have hidden 1 true positive.")
    page.get_by_label("Why is this safe?").fill("Nobody looks at it.")


def test_an_analyst_is_shown_what_would_be_hidden_and_can_only_ask(
    visit: Visit, alerts: list[Alert], world: World
) -> None:
    world.close(alerts[:1], reason="true_positive")
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[1].pk}/?side=exception&add=user.name")
    composed(page)
    expect(page.locator(f"#preview a[href*='/alerts/{alerts[0].pk}/']").first).to_be_visible()
    expect(page.locator("#guard")).to_contain_text("Rosa")
    foot = page.locator("#exception-foot")
    expect(foot.get_by_role("button")).to_have_count(1)
    ana.settle()
    foot.get_by_role("button", name="Send for review").click()
    expect(page.locator(".toast")).to_contain_text("review")
    assert (ExceptionDraft.objects.count(), ExceptionItem.objects.count()) == (1, 0)
    assert ana.complaints == []


def test_an_engineer_passes_only_with_a_reason_which_stays_on_record(
    visit: Visit, alerts: list[Alert], world: World
) -> None:
    world.close(alerts[:1], reason="true_positive")
    rosa = visit("rosa")
    page = rosa.open(f"/alerts/{alerts[1].pk}/?side=exception&add=user.name")
    composed(page)
    page.locator("#exception-foot [data-submit]").click()
    expect(page.locator("#guard [role=alert]")).to_contain_text("write here why it may be")
    expect(page.get_by_label("Why may true positives be hidden?")).to_be_focused()
    expect(page.get_by_label("Why may true positives be hidden?")).to_be_in_viewport()
    assert not ExceptionItem.objects.exists()
    page.get_by_label("Why may true positives be hidden?").fill("That was an exercise.")
    rosa.settle()
    page.locator("#exception-foot [data-submit]").click()
    expect(page.locator(".toast")).to_contain_text("Exception added")
    assert ExceptionItem.objects.count() == 1
    for told in (f"/alerts/{alerts[1].pk}/?side=activity", f"/exceptions/{ExceptionItem.objects.get().pk}/"):
        expect(rosa.open(told).locator("main")).to_contain_text("That was an exercise.")
    assert [said for said in rosa.complaints if "422" not in said] == []
