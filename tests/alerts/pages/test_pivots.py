"""The searches of a guide: their numbers in one call, the newest of each in place, all of it within bounds."""

import re
import time
from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from alerts.guides import checklist_of, counting, guide_of
from alerts.guides.counting import count_all
from alerts.guides.pivoting import ShownPivot
from alerts.guides.rows import Line, rows_of
from alerts.guides.values import values_of
from alerts.models import Alert
from alerts.views import pivots as pivot_views
from engine.pivots import Search, fill, phrases
from events import prevalence_notes
from events.summing import Counted
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


def test_without_time_every_number_says_that_it_is_not_done(
    world: World, alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "ALL_SECONDS", 0)
    shown = list(pivots(alert, world).values())
    started = time.monotonic()
    found = count_all(shown, [world.team.pk], alert_id=alert.pk)
    assert time.monotonic() - started < 1
    assert all(total.stopped for _, total in found)


def test_what_was_not_finished_is_counted_once_more_and_only_that(
    ana: Client, world: World, alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "AGAIN_SECONDS", 20.0)
    monkeypatch.setattr(counting, "ALL_AGAIN_SECONDS", 60.0)
    address, shown = reverse("alerts:pivot_counts", args=[alert.pk]), pivots(alert, world)
    children, files = shown["Children of perl"].number, shown["Files in this tree"].number
    assert "again=" not in ana.get(address, headers=HTMX).content.decode()
    monkeypatch.setattr(counting, "ALL_SECONDS", 0)
    first = ana.get(address, headers=HTMX).content.decode()
    assert "still counting" in first
    assert {f"again={children}", f"again={files}"} <= set(re.findall(r"again=\d+", first))
    again = ana.get(f"{address}?again={children}&again={files}&again=999", headers=HTMX).content.decode()
    assert set(re.findall(r'id="pn-(\d+)"', again)) == {str(children), str(files)}
    assert ">2</span>" in again
    assert "still counting" not in again
    monkeypatch.setattr(counting, "ALL_AGAIN_SECONDS", 0)
    unfinished = ana.get(f"{address}?again={children}", headers=HTMX).content.decode()
    assert "not counted to the end" in unfinished
    assert "again=" not in unfinished


def of_search(search: Search, alert: Alert, world: World) -> ShownPivot:
    seen = Alert.objects.select_related("revision").get(pk=alert.pk)
    return ShownPivot(1, fill(search, values_of(seen, [world.team.pk])), seen.event_time)


def noted(world: World) -> None:
    prevalence_notes.forget_written()
    while prevalence_notes.note(now=world.now + timedelta(minutes=5)):
        pass


def lines(search: Search, alert: Alert, world: World) -> tuple[Counted, list[Line]]:
    shown = of_search(search, alert, world)
    answer = counting.answer_of(shown, [world.team.pk], alert.pk, 20.0)
    return answer.total, rows_of(shown, answer)


def test_how_common_is_not_known_before_it_is_noted_and_that_is_no_none(world: World, alert: Alert) -> None:
    total, shown = lines(phrases.HOW_USUAL, alert, world)
    assert (total.number, total.stopped, total.unknown, shown) == (0, False, True, [])


def test_a_baseline_says_on_how_many_hosts_each_value_is_and_since_when(world: World, alert: Alert) -> None:
    noted(world)
    total, shown = lines(phrases.HOW_USUAL, alert, world)
    assert (total.number, total.stopped) == (2, False)
    assert [(line.name, line.number) for line in shown] == [("/usr/bin/perl", 2), ("postgres", 2)]
    assert re.fullmatch(r"of 2 hosts, since \d+ \w{3} \d{4}, here since \d+ \w{3} \d{4}", shown[0].text)
    assert "process.executable" in shown[0].url
    assert "user.name" not in shown[0].url


def _ask(alert: Alert, text: str) -> None:
    """Let the guide of the alert's rule ask this and nothing else."""
    revision = Alert.objects.select_related("revision").get(pk=alert.pk).revision
    revision.pk, revision.number = None, revision.number + 1
    revision.definition |= {"note": f"## Possible investigation steps\n- A step. {text}"}
    revision.save(force_insert=True)
    Alert.objects.filter(pk=alert.pk).update(revision=revision)


def test_what_is_not_noted_yet_is_not_counted_again(ana: Client, world: World, alert: Alert) -> None:
    _ask(alert, "{{pivot: Usual | user.name: {user.name} | seen}}")
    text = ana.get(reverse("alerts:pivot_counts", args=[alert.pk]), headers=HTMX).content.decode()
    number = pivots(alert, world)["Usual"].number
    assert f'<span class="n none" id="pn-{number}" hx-swap-oob="true">not known yet</span>' in text
    assert f"again={number}" not in text


@pytest.mark.parametrize(
    ("search", "problem"),
    [
        ("host.name: {host.name} | seen", "it names no value of a field"),
        ("host.name: {host.name} | seen by user.email", "how common values of user.email are"),
        ("host.name: *b* | seen by destination.ip", "rare values are known only of"),
    ],
)
def test_how_common_is_not_asked_of_what_is_never_noted(
    ana: Client, world: World, alert: Alert, search: str, problem: str
) -> None:
    _ask(alert, "{{pivot: Usual | " + search + "}}")
    shown = pivots(alert, world)["Usual"]
    assert problem in shown.pivot.problem
    assert not shown.can_be_asked
    assert problem in ana.get(reverse("alerts:detail", args=[alert.pk])).content.decode()


def test_hosts_with_a_hash_are_counted_without_a_search(world: World) -> None:
    one, _, _ = world.send([world.perl(number, process__hash={"sha256": "ab" * 32}) for number in (1, 2, 3)])
    noted(world)
    total, shown = lines(phrases.HOSTS_OF_HASH, one, world)
    assert (total.number, shown[0].name) == (3, "ab" * 32)
    otto = counting.answer_of(of_search(phrases.HOSTS_OF_HASH, one, world), [world.other.pk], one.pk, 20.0)
    assert otto.total.number == 0
    assert not otto.seen


def test_a_destination_that_few_hosts_reach_is_rare_and_one_that_is_not_noted_too(world: World, alert: Alert) -> None:
    def reached(host: str, address: str) -> dict[str, object]:
        event = _connection(world, "x") | {"host": {"name": host}, "destination": {"ip": address, "port": 53}}
        return event | {"event": {"category": ["network"], "id": f"{host} {address}"}}

    world.send([reached(host, "198.51.100.1") for host in ("db-1", "db-2", "db-3")])
    noted(world)
    world.send([reached("db-2", "203.0.113.77")])
    total, shown = lines(phrases.RARE_DESTINATIONS, alert, world)
    assert (total.number, total.capped, total.stopped) == (2, False, False)
    assert [(line.name, line.number, line.text) for line in shown] == [
        ("203.0.113.77", 0, "of 4 hosts, not noted before, 1 event here"),
        ("203.0.113.9", 1, "of 4 hosts, 1 event here"),
    ]
    assert "destination.ip" in shown[0].url


def test_the_processes_above_are_found_by_their_ids_up_to_a_bound(world: World) -> None:
    def started(number: int, parent: int) -> dict[str, object]:
        event = world.perl(0, process__name=f"n{number}", process__entity_id=f"p-{number}", event__id=f"n{number}")
        event["process"] |= {"parent": {"entity_id": f"p-{parent}", "name": "x"}, "args": ["x"]}
        return event

    world.send([started(number, number - 1) for number in range(1, 20)])
    found = world.send([world.perl(1, process__entity_id="p-20", process__parent={"entity_id": "p-19"})])
    total, shown = lines(phrases.ANCESTORS_OF, found[0], world)
    assert (total.number, len(shown)) == (10, 5)


def test_a_ring_of_forged_ids_above_ends(world: World) -> None:
    [one] = world.send([world.perl(1, process__entity_id="a", process__parent={"entity_id": "a"})])
    assert lines(phrases.ANCESTORS_OF, one, world)[0].number == 1


def test_how_common_is_said_in_place(world: World, alert: Alert) -> None:
    shown = of_search(phrases.HOW_USUAL, alert, world)

    def drawn() -> str:
        answer = counting.answer_of(shown, [world.team.pk], alert.pk, 20.0)
        told = {"alert": alert, "shown": shown, "answer": answer, "rows": rows_of(shown, answer)}
        return render_to_string("alerts/_pivot_rows.html", told | {"longer": False, "counted": [(shown, answer.total)]})

    first = drawn()
    assert "Not known yet: values are noted" in first
    assert ">not known yet</span>" in first
    assert "Count on" not in first, "time cannot help"
    assert "load delay" not in first
    assert "still counting" not in first
    noted(world)
    assert "of 2 hosts, since" in drawn()
    assert "Open in search" in drawn()


def test_a_search_that_goes_on_by_itself_answers_once(
    ana: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pivot_views, "ROWS_SECONDS", 0.0)  # the first event that is looked at uses it up
    [alert] = world.send([world.perl(1)])
    world.send([world.perl(2, host__name="db-9", process__command_line="perl another.pl")])
    shown = pivots(alert, world)["Same command on other hosts"]
    address = reverse("alerts:pivot", args=[alert.pk, shown.number])
    first = ana.get(address, headers=HTMX).content.decode()
    assert first.count("load delay") == 1
    assert "still counting</span>" in first
    assert "Nothing so far" not in first
    assert "None" not in first
    then = ana.get(address, {"longer": "1"}, headers=HTMX).content.decode()
    assert "load delay" not in then
    assert "still counting" not in then
    assert f"None, {shown.pivot.span}." in then


def test_the_alerts_own_time_is_the_middle_of_what_is_looked_at(world: World, alert: Alert) -> None:
    window = pivots(alert, world)["Children of perl"].window
    assert window.start == alert.event_time - timedelta(hours=24)
    assert window.end > alert.event_time + timedelta(hours=24)
