"""What hands do without thinking: click a row, press Enter in a field, begin to type, look aside and come back."""

import re

from django.contrib.sessions.models import Session
from playwright.sync_api import Route, expect

from alerts.models import Alert, Status
from cases.models import Case
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit
from tests.browser.desk.hands import at, press, sign_in_elsewhere


def test_a_click_on_a_row_brings_the_cursor_and_keys_are_meant_for_it(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?fold=off&sort=newest")
    row = page.locator("#rows > tr[data-row]").nth(3)
    number = int(str(row.get_attribute("data-id")))
    row.locator("td").last.click()
    expect(row).to_have_class(re.compile("cursor"))
    expect(page.locator(f"#peek [data-peeked='{number}']")).to_be_visible()
    press(page, "c", "b")
    expect(page.locator("[data-toast]")).to_contain_text("Closed 1 alert")
    assert Alert.objects.get(status=Status.CLOSED).pk == number
    assert ana.complaints == []


def test_enter_in_how_often_it_may_recur_snoozes_and_does_nothing_else(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?fold=off")
    one = int(at(page))
    press(page, "w")
    page.locator("#peek-recurs").fill("3")
    press(page, "Enter")
    expect(page.locator("[data-toast]")).to_contain_text("Snoozed 1 alert")
    told = Alert.objects.get(pk=one)
    assert (told.status, told.snooze_recurs, told.assignee_id) == (Status.OPEN, 3, None)
    press(page, "*", "w")
    page.locator("#bulk-recurs").fill("4")
    press(page, "Enter")
    expect(page.locator("[data-toast]").last).to_contain_text("Snoozed 11 alerts")
    assert Alert.objects.filter(snooze_recurs=4, status=Status.OPEN).count() == 11
    assert ana.complaints == []


def test_a_number_that_cannot_be_is_said_and_does_nothing(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/?fold=off")
    press(page, "w")
    page.locator("#peek-recurs").fill("0")
    press(page, "Enter")
    expect(page.locator("[role=alert]").filter(has_text="1").first).to_be_visible()
    assert not Alert.objects.exclude(snoozed_until=None).exists()


def test_on_an_alert_enter_there_snoozes_until_it_recurs(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open(f"/alerts/{alerts[0].pk}/")
    press(page, "w")
    page.locator("[name=recurs]:visible").fill("3")
    press(page, "Enter")
    expect(page.locator(".toast")).to_contain_text("Snoozed")
    alerts[0].refresh_from_db()
    assert (alerts[0].snooze_recurs, alerts[0].status) == (3, Status.OPEN)


def test_without_scripts_enter_there_does_nothing_at_all(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana", scripts=False).open(f"/alerts/{alerts[0].pk}/")
    page.get_by_label("More actions").first.click()
    page.locator("details.part summary", has_text="Snooze").first.click()
    page.locator("[name=recurs]:visible").fill("3")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Snooze, 7 days at most").click()
    expect(page.locator(".toast")).to_contain_text("Snoozed")
    alerts[0].refresh_from_db()
    assert alerts[0].snooze_recurs == 3


def test_n_on_an_alert_opens_the_activity_and_what_follows_is_text(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[0].pk}/")
    press(page, "n")
    expect(page.locator("#comment")).to_be_focused()
    page.keyboard.type("cb seen")
    expect(page.locator("#comment")).to_have_value("cb seen")
    page.get_by_role("link", name="Related").click()
    expect(page.locator("#comment")).to_have_count(0)
    page.get_by_role("link", name="Activity").click()
    expect(page.locator("#comment")).to_have_value("cb seen")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".toast")).to_contain_text("cknowledged")
    press(page, "n")
    expect(page.locator("#comment")).to_have_value("cb seen")
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator(".activity")).to_contain_text("cb seen")
    expect(page.locator("#comment")).to_have_value("")
    page.reload()
    expect(page.locator("#comment")).to_have_value("")
    assert ana.complaints == []


def test_a_view_that_is_to_be_saved_takes_its_name_at_once(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("ana").open("/alerts/?host=node-01")
    page.locator("summary", has_text="Save view").focus()
    press(page, "Enter")
    page.keyboard.type("oacb")
    expect(page.locator("#new-view-name")).to_have_value("oacb")


def test_a_new_case_begins_with_its_title_and_outlives_a_reload(
    visit: Visit, alerts: list[Alert], world: World
) -> None:
    ana = visit("ana")
    page = ana.open(f"/cases/new/?alert={alerts[0].pk}")
    expect(page.get_by_label("Title")).to_be_focused()
    page.get_by_label("What is known so far").fill("Two shells.")
    page.reload()
    expect(page.get_by_label("What is known so far")).to_have_value("Two shells.")
    other = ana.open(f"/cases/new/?alert={alerts[1].pk}")
    expect(other.get_by_label("What is known so far")).to_have_value("")
    page = ana.open(f"/cases/new/?alert={alerts[0].pk}")
    page.get_by_role("button", name="Open the case").click()
    page.wait_for_url(re.compile(r"/cases/\d+/"))
    assert Case.objects.get().summary == "Two shells."
    page = ana.open(f"/cases/new/?alert={alerts[0].pk}")
    expect(page.get_by_label("What is known so far")).to_have_value("")


def test_why_an_exception_is_safe_is_not_lost_by_looking_aside(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[0].pk}/?side=exception")
    page.get_by_label("Why is this safe?").fill("The backup does it.")
    press(page, "Escape", "Escape")
    expect(page.get_by_label("Why is this safe?")).to_have_count(0)
    press(page, "x")
    expect(page.get_by_label("Why is this safe?")).to_have_value("The backup does it.")
    page = ana.open(f"/alerts/{alerts[0].pk}/?side=exception&add=host.name")  # another exception
    expect(page.get_by_label("Why is this safe?")).to_have_value("")


def test_an_exception_that_was_not_saved_is_taken_up_as_it_was_left(visit: Visit, alerts: list[Alert]) -> None:
    rosa, where = visit("rosa"), f"/alerts/{alerts[0].pk}/"
    page = rosa.open(where + "?side=exception&add=user.name")
    page.locator("#cv0").fill("somebody")
    page.locator("#fields button[value='host.name']").click()
    expect(page.locator("#cf1")).to_have_value("host.name")
    page.get_by_label("Ends after").select_option("30")
    page.get_by_label("Why is this safe?").fill("A test.")
    press(page, "Escape", "Escape")
    expect(page.locator("#exception-form")).to_have_count(0)
    press(page, "x")
    expect(page.get_by_text("As you left it")).to_be_visible()
    expect(page.locator("#exc-h")).to_be_focused()
    values = page.locator("#conditions textarea").evaluate_all("all => all.map((one) => one.value)")
    assert values == ["somebody", "node-01"]
    expect(page.get_by_label("Ends after")).to_have_value("30")
    expect(page.get_by_label("Why is this safe?")).to_have_value("A test.")
    page.reload()
    expect(page.locator("#cv1")).to_have_value("node-01")
    page = rosa.open(where + "?side=exception&add=process.name")  # another exception
    expect(page.locator("#cv0")).to_have_value("perl")
    rosa.settle()
    expect(page.locator("#cf1")).to_have_count(0)
    page = rosa.open(where + "?side=exception")
    expect(page.locator("#cv0")).to_have_value("somebody")
    page.get_by_role("link", name="Start over").click()
    expect(page.locator("#conditions")).to_contain_text("Suggested from this alert")
    rosa.settle()
    assert "somebody" not in page.locator("#conditions textarea").evaluate_all("all => all.map((one) => one.value)")
    assert rosa.complaints == []


def test_an_exception_that_was_saved_is_not_taken_up_again(visit: Visit, alerts: list[Alert]) -> None:
    rosa, where = visit("rosa"), f"/alerts/{alerts[0].pk}/?side=exception&add=host.name"
    page = rosa.open(where)
    page.locator("#cv0").fill("nowhere")
    expect(page.locator("#preview")).to_contain_text("Silences 0 of 12")
    page.get_by_label("Why is this safe?").fill("A test.")
    rosa.settle()
    page.wait_for_timeout(200)
    rosa.settle()
    press(page, "Control+Enter")
    expect(page.locator("[data-toast]")).to_contain_text("xception added")
    for again in (where, f"/alerts/{alerts[0].pk}/?side=exception"):
        page = rosa.open(again)
        rosa.settle()
        expect(page.locator("#cv0")).not_to_have_value("nowhere")
        expect(page.get_by_label("Why is this safe?")).to_have_value("")


def test_a_look_at_other_facts_leaves_the_exception_as_it_is(visit: Visit, alerts: list[Alert]) -> None:
    rosa = visit("rosa")
    page = rosa.open(f"/alerts/{alerts[0].pk}/?side=exception&add=user.name")
    page.locator("#cv0").fill("somebody")
    page.get_by_label("Why is this safe?").fill("A test.")
    page.get_by_role("button", name="All fields").press("Enter")
    expect(page.locator("#fields .fields.one")).to_be_visible()
    expect(page.locator("#facts-way-1")).to_be_focused()
    page.get_by_role("button", name="Use data_stream.dataset in the exception").press("Enter")
    expect(page.locator("#cf1")).to_have_value("data_stream.dataset")
    expect(page.locator("#fields .fields.one")).to_be_visible()
    page.get_by_role("button", name="Raw event").click()
    expect(page.locator("#fields pre")).to_be_visible()
    expect(page.locator("#cv0")).to_have_value("somebody")
    expect(page.locator("#cf1")).to_have_value("data_stream.dataset")
    expect(page.get_by_label("Why is this safe?")).to_have_value("A test.")
    assert rosa.complaints == []


def test_a_look_at_other_facts_leaves_it_without_scripts_too(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("rosa", scripts=False).open(f"/alerts/{alerts[0].pk}/?side=exception&add=user.name")
    page.locator("#cv0").fill("somebody")
    page.get_by_role("button", name="All fields").click()
    expect(page.locator("#fields .fields.one")).to_be_visible()
    expect(page.locator("#cv0")).to_have_value("somebody")
    page.get_by_role("button", name="Use data_stream.dataset in the exception").click(force=True)
    expect(page.locator("#cf1")).to_have_value("data_stream.dataset")
    expect(page.locator("#fields .fields.one")).to_be_visible()
    expect(page.locator("#cv0")).to_have_value("somebody")


def test_who_takes_a_condition_out_goes_on_where_another_is_added(visit: Visit, alerts: list[Alert]) -> None:
    page = visit("rosa").open(f"/alerts/{alerts[0].pk}/?side=exception&add=user.name&add=host.name")
    page.locator("#cx1").click()
    expect(page.locator("#cf1")).to_have_count(0)
    expect(page.locator("#and-0")).to_be_focused()


def test_what_was_not_taken_is_still_there_and_what_is_given_up_is_not(visit: Visit, alerts: list[Alert]) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[0].pk}/?side=activity")
    page.route("**/comments/**", lambda route: route.abort())
    page.locator("#comment").fill("Lost on its way.")
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator("#strip")).to_contain_text("does not answer")
    page.reload()
    expect(page.locator("#comment")).to_have_value("Lost on its way.")
    page = ana.open("/cases/new/")
    page.get_by_label("Title").fill("Abandoned")
    page.get_by_role("link", name="Cancel").click()
    page = ana.open("/cases/new/")
    expect(page.get_by_label("Title")).to_have_value("")


def test_nobody_reads_what_another_has_not_sent(visit: Visit, alerts: list[Alert], world: World) -> None:
    ana = visit("ana")
    page = ana.open(f"/alerts/{alerts[0].pk}/?side=activity")
    page.locator("#comment").fill("Between us.")
    sign_in_elsewhere(ana, world.rosa)
    page = ana.open(f"/alerts/{alerts[0].pk}/?side=activity")
    expect(page.locator("#comment")).to_have_value("")
    sign_in_elsewhere(ana, world.ana)
    page = ana.open(f"/alerts/{alerts[0].pk}/?side=activity")
    expect(page.locator("#comment")).to_have_value("Between us.")
    page = ana.open("/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login/**")
    assert page.evaluate("Object.keys(sessionStorage).filter(one => one.startsWith('unsent'))") == []


def test_what_one_began_is_not_done_in_the_name_of_who_signs_in_next(
    visit: Visit, alerts: list[Alert], world: World
) -> None:
    ana = visit("ana")
    page = ana.open("/alerts/?fold=off")
    Session.objects.all().delete()
    press(page, "c", "b")
    expect(page.locator("#sign-in-again")).to_be_visible()
    sign_in_elsewhere(ana, world.rosa)
    expect(page.locator("body")).to_have_attribute("data-person", str(world.rosa.pk))
    assert not Alert.objects.filter(status=Status.CLOSED).exists()


def test_letters_go_on_where_they_are_written_when_the_activity_comes_late(visit: Visit, alerts: list[Alert]) -> None:
    page, held = visit("ana").open(f"/alerts/{alerts[0].pk}/"), list[Route]()
    page.route("**/*side=activity*", lambda route: held.append(route))
    press(page, "n", "c")
    note = page.locator("details[data-menu=close][open] textarea[name=note]")
    note.fill("clo")
    held[0].continue_()
    expect(page.locator("#comment")).to_be_visible()
    page.keyboard.type("sing")
    expect(note).to_have_value("closing")
