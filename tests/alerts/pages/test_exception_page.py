"""The page of one exception, and the ledger's signs, as people see them."""

import html
import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Change, RolePolicy
from accounts.roles import Role
from alerts import exceptions
from alerts.models import Alert
from alerts.reviewing.checks import check
from alerts.reviewing.renewing import AGAIN_AFTER
from rules.models import ExceptionItem, Rule
from tests.alerts.pages.conftest import SignIn
from tests.alerts.pages.world import World

LIST = reverse("alerts:exceptions")


def added(world: World, alert: Alert, user: str = "postgres") -> ExceptionItem:
    entries = [{"field": "user.name", "type": "match", "operator": "included", "value": user}]
    return exceptions.add(
        alert=alert, entries=entries, reason="The vendor's menu.", actor=world.rosa, now=world.now,
        team_ids=[world.team.pk],
    ).item  # fmt: skip


def page_of(item: ExceptionItem) -> str:
    return reverse("alerts:exception", args=[item.pk])


def test_the_page_shows_what_was_held_back_and_who_wrote_it(ana: Client, world: World) -> None:
    item = added(world, world.send([world.perl(1)])[0])
    world.send([world.perl(2), world.perl(3)])
    shown = ana.get(page_of(item)).content.decode()
    assert "2 events held back in 90 days" in shown
    assert "Held back on each of 90 days, 2 events in all." in shown
    assert shown.count("<strong>perl") >= 2 or shown.count("perl") >= 2
    assert "The vendor&#x27;s menu." in shown
    assert str(world.rosa) in shown
    heading = shown[shown.index("<h1>") : shown.index("</h1>")]
    assert "The vendor&#x27;s menu." in heading
    assert 'class="why-safe"' not in shown


def test_one_that_hides_a_true_positive_says_which(ana: Client, sign_in: SignIn, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    item = added(world, alert)
    ana.post(
        reverse("alerts:set_status", args=[alert.pk]),
        {"status": "closed", "reason": "true_positive", "version": alert.version},
    )
    check(item, world.now)
    shown = sign_in("rosa").get(LIST).content.decode()
    assert "1 hides a true positive" in shown
    assert f">AL-{alert.pk}</a>" in shown


def test_reviewed_from_the_list_leads_back_to_the_list(sign_in: SignIn, world: World) -> None:
    item, rosa = added(world, world.send([world.perl(1)])[0]), sign_in("rosa")
    answer = rosa.post(reverse("alerts:exception_reviewed", args=[item.pk]), {"version": item.version, "back": LIST})
    assert (answer.status_code, answer["Location"]) == (303, LIST)
    assert "Reviewed. It comes up again in 90 days." in rosa.get(LIST).content.decode()
    moved = ExceptionItem.objects.get(pk=item.pk)
    assert moved.review_at is not None
    assert moved.review_at > world.now + AGAIN_AFTER / 2


def test_a_stale_review_is_told(sign_in: SignIn, world: World) -> None:
    item, rosa = added(world, world.send([world.perl(1)])[0]), sign_in("rosa")
    rosa.post(reverse("alerts:exception_reviewed", args=[item.pk]), {"version": item.version})
    again = rosa.post(reverse("alerts:exception_reviewed", args=[item.pk]), {"version": item.version}, follow=True)
    assert "Reviewed." not in again.content.decode().split("toast")[-1]


def test_a_viewer_reads_it_and_is_told_why_he_cannot_change_it(sign_in: SignIn, world: World) -> None:
    item = added(world, world.send([world.perl(1)])[0])
    shown = sign_in("vera").get(page_of(item)).content.decode()
    assert "Reviewed, again" not in shown


def test_what_left_storage_says_so(ana: Client, world: World) -> None:
    item = added(world, world.send([world.perl(1)])[0])
    world.send([world.perl(2)])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM event")
    assert "The event has left storage." in ana.get(page_of(item)).content.decode()


def undo_in(page: str) -> str:
    """The address of the undo in the toast."""
    toast = page[page.index('class="toasts"') :]
    return toast[toast.index('action="/alerts/undo/') + len('action="') :].split('"')[0]


def test_switching_off_has_an_undo_of_its_own_that_leads_back(sign_in: SignIn, world: World) -> None:
    item, rosa = added(world, world.send([world.perl(1)])[0]), sign_in("rosa")
    answer = rosa.post(reverse("alerts:exception_disable", args=[item.pk]), {"version": item.version})
    page = rosa.get(answer["Location"]).content.decode()
    assert "Exception disabled." in page
    answer = rosa.post(undo_in(page).replace("&amp;", "&"))
    assert answer["Location"] == reverse("rules:detail", args=[item.rule_id]) + "?tab=exceptions"
    assert "Undone. 1 exception is as before." in rosa.get(answer["Location"]).content.decode()
    assert ExceptionItem.objects.get(pk=item.pk).enabled


def test_the_history_and_the_list_offer_the_undo_for_ten_minutes(sign_in: SignIn, world: World) -> None:
    item, rosa = added(world, world.send([world.perl(1)])[0]), sign_in("rosa")
    rosa.post(reverse("alerts:exception_disable", args=[item.pk]), {"version": item.version})
    rosa.get(LIST)
    group = Change.objects.get(object_type="exception", verb="disable").group
    undo = reverse("alerts:undo", args=[group])
    assert undo in rosa.get(page_of(item)).content.decode()
    assert undo in rosa.get(LIST).content.decode()
    assert undo not in sign_in("vera").get(page_of(item)).content.decode()
    rosa.post(undo + "?to=//evil.example/")
    assert undo not in rosa.get(page_of(item)).content.decode()
    assert undo not in rosa.get(LIST).content.decode()


def test_what_was_taken_back_comes_back_from_the_list(sign_in: SignIn, world: World) -> None:
    item, rosa = added(world, world.send([world.perl(1)])[0]), sign_in("rosa")
    rosa.post(reverse("alerts:exception_undo", args=[item.pk]), {"version": item.version})
    rosa.get(LIST)
    assert "Done just now" in rosa.get(LIST).content.decode()
    undo = reverse("alerts:undo", args=[Change.objects.get(object_type="exception", verb="remove").group])
    assert rosa.post(f"{undo}?to={LIST}")["Location"] == LIST
    assert ExceptionItem.objects.get(pk=item.pk).removed_at is None


def test_an_act_that_its_person_may_not_undo_has_the_older_one_forgotten(sign_in: SignIn, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    item = added(world, alert)
    ExceptionItem.objects.filter(pk=item.pk).update(owner=world.people["ana"])
    RolePolicy.objects.create(role=Role.ANALYST, exceptions=RolePolicy.Exceptions.DRAFT)
    ana = sign_in("ana")
    answer = ana.post(reverse("alerts:exception_disable", args=[item.pk]), {"version": item.version})
    page = ana.get(answer["Location"]).content.decode()
    assert 'data-toast="final"><span>Exception disabled.' in page
    assert "/alerts/undo/" not in page


def tab_of(item: ExceptionItem) -> str:
    return reverse("rules:detail", args=[item.rule_id]) + "?tab=exceptions"


def test_the_tab_of_a_rule_shows_hits_over_time_the_last_one_and_the_flags(ana: Client, world: World) -> None:
    item = added(world, world.send([world.perl(1)])[0])
    world.send([world.perl(2), world.perl(3)])
    ExceptionItem.objects.filter(pk=item.pk).update(expires_at=world.now + timedelta(days=3))
    shown = ana.get(tab_of(item)).content.decode()
    line = shown[shown.index(f'id="exception-{item.pk}"') :].split("</tr>")[0]
    assert f'href="{page_of(item)}"' in line
    assert ">2<span" in line
    assert "never" not in line
    assert "daybars" in line
    assert "Ends soon" in line
    assert f'{LIST}?rule={item.rule_id}"' in shown


def test_the_tab_costs_the_same_for_one_exception_and_for_many(
    ana: Client, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    alert = world.send([world.perl(1)])[0]
    item = added(world, alert)
    with CaptureQueriesContext(connection) as one:
        ana.get(tab_of(item))
    for user in ("a", "b", "c"):
        added(world, alert, user)
    with django_assert_num_queries(len(one)):
        ana.get(tab_of(item))


def test_the_ledger_is_narrowed_to_a_rule_with_its_numbers(ana: Client, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    item = added(world, alert)
    other = Rule.objects.exclude(pk=item.rule_id).order_by("pk").first()
    assert other is not None
    shown = ana.get(f"{LIST}?rule={item.rule_id}").content.decode()
    assert f'id="exception-{item.pk}"' in shown
    assert f"?rule={item.rule_id}&amp;show=mine" in shown
    shown = ana.get(f"{LIST}?rule={other.pk}").content.decode()
    assert f'id="exception-{item.pk}"' not in shown
    assert ana.get(f"{LIST}?rule=nothing").status_code == 404


def hidden_back(page: str, action: str) -> str:
    """Where the form with this action says that it leads back to."""
    form = page[page.index(f'action="{action}"') :]
    found = re.search(r'name="back" value="([^"]*)"', form[: form.index("</form>")])
    assert found
    return html.unescape(found[1])


def test_acts_from_the_ledger_come_back_to_it_as_it_was_narrowed(sign_in: SignIn, world: World) -> None:
    item, rosa = added(world, world.send([world.perl(1)])[0]), sign_in("rosa")
    narrowed = f"{LIST}?show=mine&q=postgres"
    back = quote(narrowed, safe="")
    ledger = rosa.get(narrowed).content.decode()
    assert hidden_back(ledger, reverse("alerts:exception_reviewed", args=[item.pk])) == narrowed
    edit = f"{reverse('alerts:exception_edit', args=[item.pk])}?back={back}"
    assert f'href="{edit}"' in ledger
    assert f'href="{page_of(item)}?back={back}"' in ledger
    panel = rosa.get(edit).content.decode()
    assert f'action="{edit}"' in panel
    assert "Back to exceptions" in panel
    form = {"field": "user.name", "operator": "is", "value": "postgres", "case": "", "expires": "keep", "name": "N"}
    saved = rosa.post(edit, form | {"reason": "Narrower.", "version": item.version, "expires": "90"})
    assert (saved.status_code, saved["Location"]) == (303, narrowed)
    page = rosa.get(f"{page_of(item)}?back={back}").content.decode()
    assert f'href="{html.escape(narrowed)}" data-key="u"' in page
    off = reverse("alerts:exception_disable", args=[item.pk])
    assert hidden_back(page, off) == narrowed
    answer = rosa.post(off, {"back": narrowed})
    assert answer["Location"] == narrowed
    undo = undo_in(rosa.get(narrowed).content.decode()).replace("&amp;", "&")
    assert rosa.post(undo)["Location"] == narrowed


def test_acts_on_the_page_of_an_exception_stay_on_it(sign_in: SignIn, world: World) -> None:
    item, rosa = added(world, world.send([world.perl(1)])[0]), sign_in("rosa")
    off = reverse("alerts:exception_disable", args=[item.pk])
    back = hidden_back(rosa.get(page_of(item)).content.decode(), off)
    assert rosa.post(off, {"back": back})["Location"] == page_of(item)


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example/exceptions/", "https://evil.example/exceptions/", "/alerts/", "/exceptions/../alerts/"],
)
def test_what_is_no_page_of_exceptions_is_not_led_back_to(sign_in: SignIn, world: World, elsewhere: str) -> None:
    item, rosa = added(world, world.send([world.perl(1)])[0]), sign_in("rosa")
    answer = rosa.post(reverse("alerts:exception_disable", args=[item.pk]), {"back": elsewhere})
    assert answer["Location"] == reverse("rules:detail", args=[item.rule_id]) + "?tab=exceptions"
    assert "evil" not in rosa.get(page_of(item), {"back": elsewhere}).content.decode()
