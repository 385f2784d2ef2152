"""The searches of a guide: their numbers in one call, the newest of each in place, all of it within bounds."""

import re
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from alerts.guides import checklist_of, counting, guide_of
from alerts.guides.counting import count_all
from alerts.guides.pivoting import ShownPivot
from alerts.guides.values import values_of
from alerts.models import Alert
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import World


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast it is does not belong here: what is slow because the machine is busy would say "still counting"."""
    monkeypatch.setattr(counting, "EACH_SECONDS", 20.0)
    monkeypatch.setattr(counting, "ALL_SECONDS", 60.0)


@pytest.fixture
def alert(world: World) -> Alert:
    """An alert of the Perl rule whose shell ran two programs, reached an address and wrote nothing."""
    found = world.send(
        [
            world.perl(process__entity_id="p-1"),
            _child(world, "id", "c-1"),
            _child(world, "curl", "c-2"),
            _connection(world, "c-2"),
            world.perl(30, process__entity_id="other", host__name="db-9", event__id="other"),
        ]
    )
    return next(one for one in found if one.host_name == "db-2")


def _child(world: World, name: str, entity_id: str) -> dict[str, object]:
    event = world.perl(0, process__name=name, process__entity_id=entity_id, event__id=entity_id, host__name="db-2")
    event["process"] |= {"parent": {"entity_id": "p-1", "name": "perl"}, "command_line": f"{name} -x", "args": [name]}
    return event


def _connection(world: World, entity_id: str) -> dict[str, object]:
    event = world.perl(0, process__name="curl", process__entity_id=entity_id, event__id="net", host__name="db-2")
    return event | {
        "event": {"category": ["network"], "type": ["start"], "id": "net"},
        "destination": {"ip": "203.0.113.9", "port": 443},
        "data_stream": {"type": "logs", "dataset": "endpoint.events.network", "namespace": "default"},
    }


def pivots(alert: Alert, world: World) -> dict[str, ShownPivot]:
    seen = Alert.objects.select_related("revision").get(pk=alert.pk)
    definition, guide = guide_of(seen)
    found = checklist_of(definition, guide, values_of(seen, [world.team.pk]), {})
    return {one.pivot.label: one for one in found.all_pivots}


def counts(client: Client, alert: Alert) -> dict[int, str]:
    text = client.get(reverse("alerts:pivot_counts", args=[alert.pk]), headers=HTMX).content.decode()
    spans = re.findall(r'<span class="n(?: none)?" id="pn-(\d+)" hx-swap-oob="true">(.*?)</span>', text)
    return {int(number): found for number, found in spans}


def test_the_guide_shows_its_searches_and_asks_for_their_numbers_at_once(
    ana: Client, world: World, alert: Alert
) -> None:
    page = ana.get(reverse("alerts:detail", args=[alert.pk])).content.decode()
    assert f'hx-get="/alerts/{alert.pk}/pivots/counts/" hx-trigger="load"' in page
    assert "Children of <bdi>perl</bdi>" in page or "Children of perl" in page
    assert 'data-key="1"' in page
    assert 'data-key="10"' not in page


def test_one_call_gives_the_number_behind_each(ana: Client, world: World, alert: Alert) -> None:
    shown, found = pivots(alert, world), counts(ana, alert)
    assert found[shown["Children of perl"].number] == "2"
    assert found[shown["Connections in this tree"].number] == "1"
    assert found[shown["Files in this tree"].number] == "none"
    assert found[shown["Hosts used by postgres"].number] == "2"
    assert found[shown["Same command on other hosts"].number] == "1"
    assert found[shown["Other alerts of postgres"].number] == "1"


def test_the_newest_of_a_search_come_in_place_with_the_way_to_all(ana: Client, world: World, alert: Alert) -> None:
    one = pivots(alert, world)["Children of perl"]
    text = ana.get(reverse("alerts:pivot", args=[alert.pk, one.number]), headers=HTMX).content.decode()
    assert text.count("<li>") == 2
    assert "curl -x" in text
    assert "All 2 in search" in text
    answer = ana.get(reverse("alerts:pivot", args=[alert.pk, one.number]))
    assert answer.status_code == 303
    assert answer["Location"].startswith("/search/?q=event.category%3A+process+and+process.parent.entity_id")
    page = ana.get(answer["Location"]).content.decode()
    assert "curl -x" in page


def test_values_and_alerts_are_rows_too(ana: Client, world: World, alert: Alert) -> None:
    shown = pivots(alert, world)
    hosts = ana.get(
        reverse("alerts:pivot", args=[alert.pk, shown["Hosts used by postgres"].number]), headers=HTMX
    ).content.decode()
    assert "db-9" in hosts
    others = ana.get(
        reverse("alerts:pivot", args=[alert.pk, shown["Other alerts of postgres"].number]), headers=HTMX
    ).content.decode()
    assert others.count("<li>") == 1
    assert "Open in the queue" in others
    queue = ana.get(shown["Other alerts of postgres"].url).content.decode()
    assert queue.count("data-row") >= 2, "the alert itself and the other one"


def test_a_search_for_what_the_alert_lacks_says_so_and_cannot_be_asked(ana: Client, world: World) -> None:
    event = world.perl()
    del event["process"]["entity_id"]
    alert = world.send([event])[0]
    shown = pivots(alert, world)["Children of perl"]
    assert shown.pivot.problem == "the alert has no process.entity_id"
    assert "the alert has no process.entity_id" in ana.get(reverse("alerts:detail", args=[alert.pk])).content.decode()
    answer = ana.get(reverse("alerts:pivot", args=[alert.pk, shown.number]), headers=HTMX)
    assert answer.status_code == 404


def test_hostile_values_are_asked_for_and_nothing_else(ana: Client, world: World) -> None:
    hostile = 'p"* or host.name:*\\\n\u202e<script>'
    alert = world.send([world.perl(process__entity_id=hostile, user__name=hostile), world.perl(2, event__id="x")])[-2]
    alert = Alert.objects.get(user_name__startswith='p"')
    found = counts(ana, alert)
    shown = pivots(alert, world)
    assert found[shown["Children of perl"].number] == "none"
    page = ana.get(reverse("alerts:detail", args=[alert.pk])).content.decode()
    assert "<script>" not in page.replace("<script src", "")


def test_the_other_teams_alert_is_not_there(sign_in: SignIn, alert: Alert) -> None:
    otto = sign_in("otto")
    assert otto.get(reverse("alerts:pivot_counts", args=[alert.pk])).status_code == 404
    assert otto.get(reverse("alerts:pivot", args=[alert.pk, 1])).status_code == 404
    assert otto.get(reverse("alerts:pivot", args=[alert.pk, 999])).status_code == 404


def test_only_events_of_the_persons_teams_are_counted(world: World, alert: Alert) -> None:
    shown = list(pivots(alert, world).values())
    assert all(not total.number for _, total in count_all(shown, [world.other.pk], alert_id=alert.pk))


def test_without_time_every_number_says_that_it_is_not_done(world: World, alert: Alert) -> None:
    shown = list(pivots(alert, world).values())
    started = time.monotonic()
    found = count_all(shown, [world.team.pk], alert_id=alert.pk, seconds=0)
    assert time.monotonic() - started < 1
    assert all(total.stopped for _, total in found)


def test_the_alerts_own_time_is_the_middle_of_what_is_looked_at(world: World, alert: Alert) -> None:
    window = pivots(alert, world)["Children of perl"].window
    assert window.start == alert.event_time - timedelta(hours=24)
    assert window.end > alert.event_time + timedelta(hours=24)
