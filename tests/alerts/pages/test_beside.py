"""The rows before and after an alert in the queue that it was opened from, and its place there."""

from dataclasses import replace

import pytest

from alerts import selectors
from alerts.models import Alert
from alerts.selectors import QueueFilters, beside
from alerts.selectors.shapes import Neighbours
from tests.alerts.pages.conftest import SignIn
from tests.alerts.pages.test_folds import FILTERS, many, plainly
from tests.alerts.pages.world import World

PLAIN = {name: filters for name, filters in FILTERS.items() if not filters.kql}


def found_of(world: World, number: int, filters: QueueFilters) -> Neighbours:
    alert = Alert.objects.get(pk=number)
    return beside.neighbours(user=world.ana, filters=filters, alert=alert, now=world.now)


@pytest.mark.parametrize("looked_at", [9, 60])
@pytest.mark.parametrize("name", PLAIN)
def test_each_row_is_between_its_neighbours_and_knows_its_place(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, looked_at: int
) -> None:
    monkeypatch.setattr(beside, "LOOKED_AT", looked_at)
    many(world, 90, 5)
    rows = [number for number, _ in plainly(world, PLAIN[name])]
    neighbours = zip([None, *rows], rows, [*rows[1:], None], strict=False)
    for place, (before, number, after) in enumerate(neighbours, start=1):
        found = found_of(world, number, PLAIN[name])
        assert (found.previous_id, found.next_id) == (before, after)
        assert found.total is not None
        assert (found.place, found.total.number) == (place, len(rows))


def test_an_alert_behind_its_row_has_the_place_of_the_row(world: World) -> None:
    many(world, 60, 6)
    [first, *others] = Alert.objects.filter(fold=b"\x01" * 16, status="open", severity=2)
    behind = min([first, *others], key=lambda alert: (alert.risk_score, alert.pk))
    places = {number: at for at, (number, _) in enumerate(plainly(world, FILTERS["everything"]), start=1)}
    shown = next(
        number for number in places if Alert.objects.filter(pk=number, fold=behind.fold).exclude(status="closed")
    )
    assert found_of(world, behind.pk, FILTERS["everything"]).place == places[shown]


def test_what_the_queue_does_not_show_has_no_place_and_a_long_queue_is_counted_to_a_bound(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "LOOKED_AT", 5)
    monkeypatch.setattr(beside, "MOST_COUNTED", 20)
    filters = replace(FILTERS["newest"], folded=False)
    made = many(world, 90, 7)
    rows = [alert.pk for alert in selectors_of(world, filters)]
    early, late = found_of(world, rows[2], filters), found_of(world, rows[40], filters)
    assert (early.place, str(early.total), late.place) == (3, "21+", None)
    closed = next(alert for alert in made if alert.status == "closed")
    assert found_of(world, closed.pk, filters).place is None


def selectors_of(world: World, filters: QueueFilters) -> list[Alert]:
    page = selectors.queue(user=world.ana, filters=filters, now=world.now, limit=100)
    return [row.alert for row in page.rows]


def test_the_page_says_the_place(world: World, sign_in: SignIn) -> None:
    [alert] = world.send([world.perl()])
    page = sign_in("ana").get(f"/alerts/{alert.pk}/").content.decode()
    assert "1 of 1" in page
