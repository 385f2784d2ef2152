"""The page of one exception, and the ledger's signs, as people see them."""

from django.test import Client
from django.urls import reverse

from alerts import exceptions
from alerts.models import Alert
from alerts.reviewing.checks import check
from alerts.reviewing.renewing import AGAIN_AFTER
from rules.models import ExceptionItem
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
    answer = rosa.post(reverse("alerts:exception_reviewed", args=[item.pk]), {"version": item.version, "list": "1"})
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
    from django.db import connection

    item = added(world, world.send([world.perl(1)])[0])
    world.send([world.perl(2)])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM event")
    assert "The event has left storage." in ana.get(page_of(item)).content.decode()
