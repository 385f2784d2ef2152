"""The page and the file of a SOC at work: what they show to whom, as of when, and what they cost."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from datetime import timezone as fixed_zone
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from alerts import triage
from alerts.models import Alert
from rules.models import Rule
from tests.kept import laid_once
from tests.overview.page import csv_of, text_of
from tests.overview.world import Soc
from tests.people import sign_in

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BUDGET = 34  # queries of the page, signing in and frame included; a number that grows shows in review


@pytest.fixture(scope="module")
def _laid(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Soc]]:
    with laid_once(lambda: at_work(Soc(tmp_path_factory.mktemp("rules"))), django_db_blocker) as copy:
        yield copy


def at_work(soc: Soc) -> Soc:
    """Thirty alerts of two weeks, most of them closed."""
    now = timezone.now()
    for number in range(30):
        alert = soc.alert(now - number * 11 * HOUR - MINUTE)
        if number % 6:
            triage.set_status(
                alert_ids=[alert.pk], status="closed", reason="false_positive" if number % 2 else "true_positive",
                actor=soc.people.ana, now=alert.created_at + 20 * MINUTE, team_ids=soc.teams,
            )  # fmt: skip
    return soc


@pytest.fixture
def busy(soc: Soc) -> Soc:
    """A SOC at work."""
    return soc


def test_everybody_who_signs_in_sees_it_and_only_managers_are_led_to_the_targets(busy):
    assert "Open alerts by age" in text_of(sign_in(busy.people.vera))
    assert "Set the targets" not in text_of(sign_in(busy.people.vera))


def test_the_past_is_shown_as_the_past(busy, now):
    said = text_of(sign_in(busy.people.mona), f"/overview/?at={quote((now - DAY).isoformat())}")
    assert "everything as it stood then" in said
    assert "/alerts/?past_target=1" not in said


def test_a_plus_that_became_a_blank_is_understood(busy, now):
    moment = (now - DAY).isoformat()
    assert "+" in moment
    assert "everything as it stood then" in text_of(sign_in(busy.people.mona), f"/overview/?at={moment}")


@pytest.mark.parametrize(
    "query",
    [
        "at=yesterday", "at=0001-01-01T00:00Z", "at=9999-12-31T23:59:59Z", "range=decade", "from=2026-13-01&to=x",
        "from=2026-11-20&to=2026-11-01", "from=0001-01-01&to=9999-12-31",
    ],
)  # fmt: skip
def test_a_choice_that_does_not_hold_is_left_out_and_said(busy, query):
    said = text_of(sign_in(busy.people.mona), f"/overview/?{query}")
    assert "overview-note" in said


@pytest.mark.parametrize("path", ["/overview/", "/overview/figures.csv"])
@pytest.mark.parametrize(
    "query",
    [
        {"at": "2026-11-20T14:00:00+23:00"}, {"at": "2026-11-20T14:00:00-23:59"},
        {"at": "2026-11-20T14:00:00+15:59:59"},
        {"at": "2026-11-20T14:00:00+00:00:30.5"}, {"at": "2000-01-01T00:00+23:59:59"}, {"at": "2000-01-01"},
        {"at": "0001-01-01T00:00+23:00"}, {"at": "9999-12-31T23:59-23:00"}, {"at": "0001-01-01"}, {"at": "9999-12-31"},
        {"at": "9000-12-31T23:59-23:59"}, {"range": "quarter", "at": "2000-01-01T00:00Z"},
        {"range": "custom", "from": "0001-01-01", "to": "0001-01-01"}, {"from": "9999-12-31", "to": "9999-12-31"},
        {"from": "2000-01-01", "to": "9000-12-31"}, {"from": "9000-12-30", "to": "9000-12-31"},
        {"from": "2026-11-20", "to": "2020-01-01"}, {"range": "custom", "from": "2026-11-20"},
        {"from": "2000-01-01", "to": "2000-01-01", "at": "2000-01-01T00:00+23:00"},
        {"from": "2026-11-20", "to": "2026-11-20", "at": "2001-01-01T00:00-15:59:30"},
    ],
)  # fmt: skip
def test_no_moment_is_too_far_off_to_be_answered(busy, path, query):
    answer = sign_in(busy.people.mona).get(path, query)
    assert answer.status_code == 200
    assert answer.getvalue()


def test_a_moment_with_an_offset_that_no_place_has_is_the_moment_it_names(busy, now):
    wanted = (now - DAY).replace(microsecond=0)
    shifted = wanted.astimezone(fixed_zone(timedelta(hours=23)))
    found = csv_of(sign_in(busy.people.mona), f"/overview/figures.csv?at={quote(shifted.isoformat())}")
    assert {row["to"] for row in found if row["figure"] == "open alerts"} == {f"{wanted:%Y-%m-%dT%H:%M:%S}.000Z"}


def test_from_one_day_to_another(busy, now):
    first, last = (now - 3 * DAY).date(), (now - 2 * DAY).date()
    found = csv_of(sign_in(busy.people.mona), f"/overview/figures.csv?from={first}&to={last}")
    opened = next(row for row in found if row["figure"] == "opened")
    assert (opened["from"], opened["to"]) == (f"{first}T00:00:00.000Z", f"{last + DAY}T00:00:00.000Z")


def test_another_teams_figures_are_not_there(busy, now):
    assert sign_in(busy.people.mona).get(f"/overview/?team={busy.other.pk}").status_code == 404
    assert sign_in(busy.people.mona).get("/overview/figures.csv?team=999999").status_code == 404
    busy.alert(now - HOUR, team=busy.other)
    mona, ana = csv_of(sign_in(busy.people.mona)), csv_of(sign_in(busy.people.ana))
    assert int(ana[0]["value"]) == int(mona[0]["value"]) + 1
    core = csv_of(sign_in(busy.people.ana), f"/overview/figures.csv?team={busy.core.pk}")
    assert core[0]["value"] == mona[0]["value"]
    assert {row["team"] for row in core} == {busy.core.name}


def test_the_file_has_every_number_of_the_page_and_runs_nowhere(busy, now):
    Rule.objects.filter(pk="perl").update(name="=cmd|'/C calc'!A0")
    found = csv_of(sign_in(busy.people.mona))
    figures = {row["figure"] for row in found}
    assert figures >= {
        "open alerts", "open alerts past target", "target", "open alerts by age", "backlog", "opened", "closed",
        "time to detect", "time to acknowledge", "time to resolve", "opened per day", "closed per day",
        "weekly time to acknowledge", "weekly time to resolve", "opened by rule", "closed by rule", "worth tuning",
        "cases in progress", "cases overdue",
    }  # fmt: skip
    assert not any(cell.startswith(("=", "+", "@")) for row in found for cell in row.values())
    assert any(row["dimension"].startswith("'=cmd") for row in found)


@pytest.mark.parametrize("asked", ["", "?range=today", "?range=30d", "?range=quarter"])
def test_the_file_says_nothing_twice(busy, asked):
    found = csv_of(sign_in(busy.people.mona), f"/overview/figures.csv{asked}")
    seen = [(row["figure"], row["dimension"], row["from"], row["to"]) for row in found]
    assert [row for row in set(seen) if seen.count(row) > 1] == []
    instants = [row["dimension"] for row in found if row["figure"] == "backlog"]
    assert instants == sorted(instants)


def test_hostile_names_stay_text(busy):
    Rule.objects.update(name="<script>alert(1)</script>")
    assert "<script>alert(1)" not in text_of(sign_in(busy.people.mona))


def test_the_page_costs_the_same_however_many_alerts(busy, now):
    client = sign_in(busy.people.mona)
    client.get("/overview/")
    with CaptureQueriesContext(connection) as few:
        client.get("/overview/")
    for number in range(40):
        busy.alert(now - number * HOUR)
    with CaptureQueriesContext(connection) as many:
        client.get("/overview/")
    assert len(many) <= len(few) <= BUDGET, [query["sql"][:90] for query in few]
    assert Alert.objects.count() == 70
