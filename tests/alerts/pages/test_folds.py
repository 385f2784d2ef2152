"""Folding: open alerts that say the same are one row, in whatever order and under whatever filters, on every page."""

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from alerts import selectors
from alerts.models import Alert
from alerts.selectors import QueueFilters, folding
from alerts.selectors.filtering import filtered
from alerts.targets import targets
from alerts.triage import set_status
from tests.alerts.pages.conftest import HTMX
from tests.alerts.pages.world import World

WAITING = ("open", "acknowledged")
TRIAGE = QueueFilters(statuses=WAITING, snoozed="out", folded=True)
FILTERS = {
    "triage": TRIAGE,
    "newest": replace(TRIAGE, sort="newest"),
    "oldest": replace(TRIAGE, sort="oldest"),
    "open only": replace(TRIAGE, statuses=("open",)),
    "mine": replace(TRIAGE, assignee="me"),
    "grave": replace(TRIAGE, severities=(3, 4)),
    "everything": QueueFilters(folded=True),
    "everything, newest": QueueFilters(folded=True, sort="newest"),
    "asleep": QueueFilters(snoozed="only", folded=True),
    "one host": replace(TRIAGE, host="db-1"),
    "one host, everything": QueueFilters(host="db-2", folded=True),
    "one host, by columns": replace(TRIAGE, kql="host.name: db-1"),
    "kql": replace(TRIAGE, kql="kibana.alert.risk_score > 50"),
    "kql, newest": replace(TRIAGE, kql="kibana.alert.severity: (high or low)", sort="newest"),
    "kql, everything": QueueFilters(folded=True, kql="kibana.alert.risk_score > 30"),
}


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few dozen alerts go through what thousands do."""
    monkeypatch.setattr(folding, "PORTION", 7)
    monkeypatch.setattr(folding, "MOST_PORTION", 15)
    monkeypatch.setattr(folding, "MOST_PORTIONS", 3)


def many(world: World, number: int, seed: int) -> list[Alert]:
    """Alerts of a dozen folds in every state, as if they had come at random."""
    dice, pattern = random.Random(seed), world.send([world.perl()])[0]
    folds = [None, *(bytes([letter]) * 16 for letter in range(1, 13))]
    made = []
    for step in range(number):
        status = dice.choices(["open", "acknowledged", "closed"], [6, 3, 3])[0]
        made.append(
            like(
                pattern,
                step,
                fold=dice.choice(folds),
                severity=dice.choice([1, 2, 2, 3, 4]),
                risk_score=dice.choice([21, 47, 73]),
                status=status,
                created_at=world.now - timedelta(hours=dice.randrange(200)),
                host_name=dice.choice(["db-1", "db-2"]),
                assignee=dice.choice([None, None, world.ana]),
                team=dice.choice([world.team, world.team, world.team, world.other]),
                snoozed_until=dice.choice([None, None, None, world.now + timedelta(hours=1), world.now]),
            )
        )
    Alert.objects.bulk_create(made)
    return made


def like(pattern: Alert, step: int, **fields: Any) -> Alert:
    values = {one.attname: getattr(pattern, one.attname) for one in Alert._meta.concrete_fields}
    alert = Alert(**values | {"id": None, "identity": step.to_bytes(16, "big")})
    for name, value in fields.items():
        setattr(alert, name, value)
    return alert


def pages(world: World, filters: QueueFilters, limit: int) -> Iterator[selectors.QueuePage]:
    after: str | None = ""
    while after is not None:
        page = selectors.queue(user=world.ana, filters=filters, now=world.now, after=after or None, limit=limit)
        assert len(page.rows) <= limit
        yield page
        after = page.next_key


def each(world: World, filters: QueueFilters) -> list[int]:
    """The numbers of all alerts that the filters let through, unfolded on one page."""
    page = selectors.queue(user=world.ana, filters=replace(filters, folded=False), now=world.now, limit=1_000)
    assert page.next_key is None
    return [row.alert.pk for row in page.rows]


def plainly(world: World, filters: QueueFilters) -> list[tuple[int, int]]:
    """The same in Python: all alerts in order, the first of each fold, and how many there are of it."""
    alerts = list(filtered(world.ana, replace(filters, kql=""), world.now))
    if filters.kql:
        ids = set(each(world, filters))
        alerts = [alert for alert in alerts if alert.pk in ids]
    alerts.sort(key=lambda alert: place(alert, filters, world), reverse=filters.sort == "oldest")
    sizes = Counter(fold(alert) for alert in alerts)
    met, rows = set[bytes](), list[tuple[int, int]]()
    for alert in alerts:
        name = fold(alert)
        if name not in met:
            rows.append((alert.pk, sizes[name] if name else 1))
        met |= {name} if name else set()
    return rows


def fold(alert: Alert) -> bytes:
    return b"" if alert.fold is None or alert.status == "closed" else bytes(alert.fold)


def place(alert: Alert, filters: QueueFilters, world: World) -> tuple[Any, ...]:
    if filters.sort != "urgent":
        return (-alert.created_at.timestamp(), -alert.pk)
    late = alert.status != "closed" and alert.created_at < world.now - targets()[alert.severity]
    return (-alert.severity, not late, -alert.risk_score, -alert.pk)


def told(rows: Iterable[selectors.QueueRow]) -> list[tuple[int, int]]:
    return [(row.alert.pk, row.fold.count.number if row.fold else 1) for row in rows]


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("seed", [1, 2])
def test_pages_hold_each_fold_once_where_its_first_alert_stands(
    world: World, small_portions: None, name: str, seed: int
) -> None:
    many(world, 160, seed)
    expected = plainly(world, FILTERS[name])
    number = sum(size for _, size in expected)
    for limit in (3, 11, 200):
        listed = list(pages(world, FILTERS[name], limit))
        assert told(row for page in listed for row in page.rows) == expected
        assert {page.total.number for page in listed} == {number}


@pytest.mark.parametrize("name", ["triage", "newest", "kql"])
def test_what_happens_between_two_pages_doubles_nothing(world: World, small_portions: None, name: str) -> None:
    many(world, 120, 3)
    filters, shown = FILTERS[name], list[int]()
    for number, page in enumerate(pages(world, filters, 5)):
        if number == 0:
            first = page.rows[0].alert
            Alert.objects.bulk_create([like(first, 9_000 + step, fold=first.fold) for step in range(8)])
        shown += [row.alert.pk for row in page.rows]
    folds = [fold(alert) for alert in Alert.objects.filter(pk__in=shown)]
    assert len(shown) == len(set(shown))
    assert max(Counter(name for name in folds if name).values()) == 1


@pytest.mark.parametrize("name", ["triage", "newest", "oldest", "everything"])
def test_the_next_and_the_previous_are_rows_of_the_queue(world: World, small_portions: None, name: str) -> None:
    many(world, 120, 4)
    rows = [number for number, _ in plainly(world, FILTERS[name])]
    for before, number, after in zip([None, *rows], rows, [*rows[1:], None], strict=False):
        alert = Alert.objects.get(pk=number)
        found = selectors.neighbours(user=world.ana, filters=FILTERS[name], alert=alert, now=world.now)
        assert (found.previous_id, found.next_id) == (before, after)


def test_the_same_deed_on_the_same_host_is_one_fold(world: World) -> None:
    one, other = world.send([world.perl(1), world.perl(4)])
    assert one.fold is not None
    assert one.fold == other.fold


@pytest.mark.parametrize(
    "fields",
    [
        {"host__name": "elsewhere"},
        {"user__name": "root"},
        {"process__executable": "/tmp/perl"},
        {"process__command_line": "perl -e " + "x" * 400 + "1"},
        {"process__hash": {"sha256": "1" * 64}},
        {"process__parent": {"name": "bash", "pid": 1, "executable": "/tmp/bash", "entity_id": "shell-1"}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_tells_two_deeds_apart_keeps_them_apart(world: World, fields: dict[str, Any]) -> None:
    long = {"process__command_line": "perl -e " + "x" * 400 + "2"} if "process__command_line" in fields else {}
    one, other = world.send([world.perl(1, **long), world.perl(4, **fields)])
    assert one.fold != other.fold


def test_what_is_closed_folds_no_more(world: World) -> None:
    alerts = world.send([world.perl(1 + 3 * step) for step in range(4)])
    world.close(alerts[:2])
    page = selectors.queue(user=world.ana, filters=FILTERS["everything"], now=world.now)
    assert sorted(count for _, count in told(page.rows)) == [1, 1, 2]


@pytest.mark.parametrize("name", ["triage", "open only", "everything", "kql"])
def test_a_row_tells_how_many_of_its_alerts_are_open_and_nobodys(world: World, name: str) -> None:
    many(world, 160, 5)
    filters = FILTERS[name]
    seen = each(world, filters)
    fresh = Counter(
        fold(alert) for alert in Alert.objects.filter(pk__in=seen) if alert.status == "open" and not alert.assignee_id
    )
    folds = [row.fold for page in pages(world, filters, 11) for row in page.rows if row.fold]
    assert folds
    assert {one.key: one.fresh.number for one in folds} == {one.key: fresh[bytes.fromhex(one.key)] for one in folds}


def test_a_new_alert_behind_an_acknowledged_one_is_told_and_can_be_taken(ana: Client, world: World) -> None:
    alerts = world.send([world.perl(4), world.perl(7)])
    face = alerts[0] if alerts[0].pk > alerts[1].pk else alerts[1]
    by: dict[str, Any] = {"actor": world.rosa, "now": world.now, "team_ids": [world.team.pk]}
    set_status(alert_ids=[alert.pk for alert in alerts], status="acknowledged", **by)
    # Graver than the new one by nothing but its number, so that it stays the one that is shown.
    Alert.objects.filter(pk=face.pk).update(risk_score=face.risk_score + 1)
    new = world.send([world.perl(1)])[0]
    page = ana.get(reverse("alerts:queue")).content.decode()
    row = page.split(f'id="alert-{face.pk}"')[1].split("</tr>")[0]
    assert "1 new of 3" in row
    assert "seen" not in row.split('class="')[1].split('"')[0]
    peek = ana.get(row.split('data-peek="')[1].split('"')[0].replace("&amp;", "&"), headers=HTMX).content.decode()
    assert 'value="acknowledge"' in peek
    assert "1 of them is open, and nobody owns it." in peek
    key = row.split('data-fold="')[1].split('"')[0]
    ana.post(reverse("alerts:bulk"), {"fold": key, "action": "acknowledge"}, headers=HTMX)
    owners = [Alert.objects.get(pk=one.pk).assignee for one in (new, *alerts)]
    assert owners == [world.ana, world.rosa, world.rosa]
    assert "new of 3" not in ana.get(reverse("alerts:queue")).content.decode()


def peek_of(page: str, alert: Alert) -> str:
    """The address of the preview of the row of an alert."""
    return unescape(page.split(f'id="alert-{alert.pk}"')[1].split('data-peek="')[1].split('"')[0])


def test_the_preview_of_a_fold_says_before_an_act_how_many_it_reaches(ana: Client, world: World) -> None:
    alerts = world.send([world.perl(1), world.perl(4), world.perl(7), world.perl(2)])
    alone = next(alert for alert in alerts if alert.host_name == "db-3")
    page = ana.get(reverse("alerts:queue")).content.decode()
    face = next(alert for alert in alerts if f'id="alert-{alert.pk}"' in page and alert != alone)
    drawn = ana.get(reverse("alerts:queue"), {"at": face.pk}).content.decode().split('id="peek"')[1]
    for peek in (ana.get(peek_of(page, face), headers=HTMX).content.decode(), drawn):
        assert "reach all 3 alerts of this row" in peek
        assert f"are of AL-{face.pk}, which is shown" in peek
        assert "Close all 3 alerts of this row as" in peek
        assert "Snooze all 3" in peek
        assert "Assign all 3" in peek
        assert 'data-reach="3 alerts"' in peek
    for one in (peek_of(page, alone), reverse("alerts:peek", args=[face.pk])):
        peek = ana.get(one, headers=HTMX).content.decode()
        assert "of this row" not in peek
        assert "data-reach" not in peek


@pytest.mark.parametrize(("told", "said"), [("1000+", "all 1,000+ alerts"), ("1", ""), ("x+", ""), ("9" * 30, "")])
def test_what_a_row_tells_of_its_number_is_read_with_care(ana: Client, world: World, told: str, said: str) -> None:
    alert = world.send([world.perl(1)])[0]
    peek = ana.get(reverse("alerts:peek", args=[alert.pk]), {"behind": told}, headers=HTMX).content.decode()
    assert said in peek
    assert ("of this row" in peek) is bool(said)


@pytest.mark.parametrize(
    "act",
    [{"action": "acknowledge"}, {"reason": "benign_positive"}, {"until": "4h"}, {"action": "assign", "assignee": ""}],
)
def test_without_scripts_an_act_from_the_preview_is_on_all_that_the_row_stands_for(
    ana: Client, world: World, act: dict[str, str]
) -> None:
    alerts = world.send([world.perl(1), world.perl(4), world.perl(7)])
    by: dict[str, Any] = {"actor": world.ana, "now": world.now, "team_ids": [world.team.pk]}
    set_status(alert_ids=[alerts[0].pk], status="acknowledged", **by)
    before = Alert.objects.in_bulk()
    page = ana.get(reverse("alerts:queue"), {"at": alerts[-1].pk}).content.decode()
    form = page.split('id="peek"')[1].split("<form")[1].split("</form>")[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    assert ana.post(reverse("alerts:bulk"), hidden | act).status_code == 303
    moved = [one.pk for one in Alert.objects.all() if one.version != before[one.pk].version]
    assert len(moved) == {"acknowledge": 2, "assign": 1}.get(act.get("action", ""), 3)
