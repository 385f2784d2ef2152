"""The row one comes back to: where an alert is in the list however deep, or what took its place."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from alerts import selectors
from alerts.models import Alert
from alerts.selectors import QueueFilters, QueuePage
from alerts.views import queue
from tests.alerts.pages.conftest import HTMX
from tests.alerts.pages.test_folds import FILTERS, each, fold, like, many, place, plainly
from tests.alerts.pages.world import World

QUEUE = reverse("alerts:queue")
SIZE, MOST = 8, 24


def at(world: World, filters: QueueFilters, number: int) -> tuple[QueuePage, int | None]:
    page = selectors.queue(user=world.ana, filters=filters, now=world.now, limit=SIZE)
    return selectors.page_with(user=world.ana, filters=filters, now=world.now, page=page, number=number, most=MOST)


def shown(page: QueuePage) -> list[int]:
    return [row.alert.pk for row in page.rows]


def checked(world: World, filters: QueueFilters, page: QueuePage, rows: list[int]) -> None:
    """What is drawn is a piece of the list: from its top on, or it says with what it begins; the next page goes on."""
    here = shown(page)
    start = rows.index(here[0])
    assert here == rows[start : start + len(here)]
    assert page.begins_with == (here[0] if start else None)
    assert start == 0 or len(here) <= SIZE
    assert page.total.number == selectors.queue(user=world.ana, filters=filters, now=world.now, limit=1).total.number
    after = page.next_key
    following = after and selectors.queue(user=world.ana, filters=filters, now=world.now, after=after, limit=3)
    assert (shown(following) if following else []) == rows[start + len(here) :][:3]


@pytest.mark.parametrize("name", FILTERS)
def test_an_alert_of_the_list_is_found_in_its_row(world: World, name: str) -> None:
    many(world, 110, 3)
    filters = FILTERS[name]
    rows, everything = [number for number, _ in plainly(world, filters)], each(world, filters)
    faces = {fold(alert): alert.pk for alert in Alert.objects.filter(pk__in=rows)}
    for number in everything[:: max(len(everything) // 9, 1)]:
        page, found = at(world, filters, number)
        alert = Alert.objects.get(pk=number)
        assert found == (faces[fold(alert)] if fold(alert) else number)
        assert found in shown(page)
        checked(world, filters, page, rows)


@pytest.mark.parametrize("name", [name for name in FILTERS if "everything" not in name])
def test_of_one_that_left_the_list_the_row_that_took_its_place_is_found(world: World, name: str) -> None:
    many(world, 110, 4)
    filters = FILTERS[name]
    everything = each(world, filters)
    for number in [*everything[:: max(len(everything) // 6, 1)], everything[-1]]:
        before = Alert.objects.get(pk=number)
        Alert.objects.filter(pk=number).update(status="closed", closed_at=world.now, reason="other")
        rows = [one for one, _ in plainly(world, filters)]
        behind = [one.pk for one in Alert.objects.filter(pk__in=rows) if is_behind(one, before, filters, world)]
        page, found = at(world, filters, number)
        assert found == next((one for one in rows if one in behind), rows[-1])
        assert found in shown(page)
        checked(world, filters, page, rows)
        Alert.objects.filter(pk=number).update(status=before.status, closed_at=None, reason="")


def is_behind(one: Alert, other: Alert, filters: QueueFilters, world: World) -> bool:
    here, there = place(one, filters, world), place(other, filters, world)
    return here < there if filters.sort == "oldest" else here > there


def test_what_one_does_not_see_or_closed_long_ago_leads_to_the_top(world: World) -> None:
    made = many(world, 60, 5)
    filters = FILTERS["triage"]
    foreign = next(alert for alert in made if alert.team == world.other)
    closed = next(alert for alert in made if alert.status == "closed" and alert.team == world.team)
    Alert.objects.filter(pk=closed.pk).update(closed_at=world.now - timedelta(days=2))
    low = next(alert for alert in made if alert.severity == 1 and alert.team == world.team)
    for number, asked in ((foreign.pk, filters), (closed.pk, filters), (10**17, filters), (low.pk, FILTERS["grave"])):
        page, found = at(world, asked, number)
        assert found is None
        assert page.begins_with is None


@pytest.fixture
def long(world: World) -> list[int]:
    """The numbers of 130 alerts a minute apart, newest first; none folds."""
    pattern = world.send([world.perl()])[0]
    made = [like(pattern, n, fold=None, created_at=world.now - timedelta(minutes=n)) for n in range(1, 131)]
    Alert.objects.bulk_create(made)
    pattern.delete()
    return list(Alert.objects.order_by("-created_at").values_list("pk", flat=True))


def listed(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<tr id="alert-([0-9]+)"', page)]


def cursor(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<tr id="alert-([0-9]+)" class="cursor', page)]


def test_the_page_is_drawn_as_far_as_the_row(ana: Client, long: list[int]) -> None:
    page = ana.get(f"{QUEUE}?sort=newest&at={long[64]}").content.decode()
    assert (listed(page), cursor(page)) == (long[:100], [long[64]])
    assert f'data-peeked="{long[64]}"' in page
    assert "what stands before it is left out" not in page
    part = ana.get(f"{QUEUE}?sort=newest&at={long[64]}", headers=HTMX).content.decode()
    assert (listed(part), cursor(part)) == (long[:100], [long[64]])


def test_a_row_too_deep_for_that_is_the_first_and_an_act_there_keeps_it_so(
    ana: Client, long: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MOST_ROWS", 100)
    page = ana.get(f"{QUEUE}?sort=newest&at={long[110]}").content.decode()
    assert (listed(page), cursor(page)) == (long[110:], [long[110]])
    assert f"The list is shown from AL-{long[110]} on" in page
    assert "130" in page  # as many as there are in all
    seen = unescape(re.findall(r'name="seen" value="([^"]*)"', page)[0])
    told = {"alert": f"{long[110]}:1", "action": "close", "reason": "other", "note": "Known.", "seen": seen}
    answer = ana.post(reverse("alerts:bulk"), {**told, "from": "sort=newest", "rows": 20}, headers=HTMX)
    page = answer.content.decode()
    assert Alert.objects.get(pk=long[110]).status == "closed"
    assert listed(page) == long[111:]
    assert f"The list is shown from AL-{long[110]} on" in page


def test_only_a_row_that_is_not_on_the_first_page_is_asked_for(ana: Client, long: list[int]) -> None:
    def asked(at: object = "") -> int:
        with CaptureQueriesContext(connection) as found:
            ana.get(f"{QUEUE}?sort=newest&at={at}")
        return len(found)

    asked()
    plain = asked()
    assert asked(at=long[30]) == plain
    assert asked(at="x") == plain
    assert asked(at=10**17) <= plain + 2
    assert asked(at=long[60]) > plain


def test_an_alerts_page_leads_back_to_its_row(ana: Client, long: list[int]) -> None:
    for told, way in (("", f"?at={long[3]}"), ("?from=sort%3Dnewest", f"?sort=newest&at={long[3]}")):
        page = unescape(ana.get(reverse("alerts:detail", args=[long[3]]) + told).content.decode())
        assert page.count(f'href="{QUEUE}{way}"') == 2  # on the desk and on a phone
